// What `docker login` keeps for a registry: in docker's config.json itself, or in the credential helper that it names.
#pragma once
#include "base/context.h"

// The value of X-Registry-Auth for pulling this image; NULL when nothing is kept for its registry, or its helper gives nothing.
const char *docker_credentials_for(Context *ctx, const char *image);
