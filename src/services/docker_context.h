// Docker's contexts: the address that `docker context use` chose, from the files of the docker command.
#pragma once
#include "services/docker_endpoint.h"

// $DOCKER_CONFIG, else ~/.docker; NULL without a home.
const char *docker_context_config_folder(Arena *arena);

// The context of DOCKER_CONTEXT, else the current one of config.json; *is_found false for none, for "default", and for a current
// one whose files are gone. A context that devbox cannot speak to is ERROR_CONFIG, and so is a DOCKER_CONTEXT that does not
// exist.
bool docker_context_find(Arena *arena, DockerEndpoint *endpoint, bool *is_found, Error *err) MUST_USE;

// Parts of services/docker_endpoint.c: what an address means (tls_folder is taken from *endpoint), and whose it is.
bool docker_endpoint_parse(Arena *arena, const char *address, const char *reason, DockerEndpoint *endpoint, Error *err) MUST_USE;
void docker_endpoint_name_provider(Arena *arena, DockerEndpoint *endpoint);
