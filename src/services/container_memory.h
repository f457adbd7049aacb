// Sizes of memory as devbox.yaml and compose write them: "2g", "512m". Pure.
#pragma once
#include "base/arena.h"

long long container_memory_bytes(const char *size);

// The next size to try after that one was too small: twice as much, and at least what Airflow itself takes ("1g").
const char *container_memory_more(Arena *arena, const char *size);
