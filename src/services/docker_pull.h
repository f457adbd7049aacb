// Part of docker_pull.c, for its test.
#pragma once
#include "base/error.h"

// What a registry's or engine's refusal to pull means, with the remedy. Returns false.
bool docker_report_pull(const char *image, const char *message, Error *err);
