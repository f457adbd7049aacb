// Where a container engine may be reached: DOCKER_HOST, the current Docker context, the usual sockets of Docker, Docker Desktop,
// Rancher Desktop, Colima, OrbStack, Podman and Lima.
#pragma once
#include "base/context.h"
#include "base/error.h"
#include "base/list.h"

typedef struct DockerEndpoint {
    const char *address;        // as DOCKER_HOST takes it: "unix:///var/run/docker.sock", "tcp://10.0.0.5:2376"
    const char *unix_socket;    // its path; NULL: TCP
    const char *base_url;       // "http://docker", "https://10.0.0.5:2376"
    const char *tls_folder;     // holds ca.pem, cert.pem and key.pem; NULL: no TLS
    const char *provider;       // whose it is: "Colima", "Docker Desktop", "Docker"
    const char *reason;         // why it is tried: "DOCKER_HOST", "the Docker context colima", "a socket that is there"
    bool is_named;              // by DOCKER_HOST or a context, and not only found
    const char *start_command;  // what brings this provider up: "colima start"; NULL when nobody knows
    bool is_remote;             // on another machine: its bind mounts are not our files
} DockerEndpoint;

typedef LIST_OF(DockerEndpoint) DockerEndpointList;

// All candidates in the order in which they are tried. DOCKER_HOST alone, when it is set. A context or address that devbox cannot
// speak to (ssh://) is ERROR_CONFIG with its name.
bool docker_endpoint_list(Context *ctx, DockerEndpointList *endpoints, Error *err) MUST_USE;

// True when DOCKER_HOST says which one, so that no other is looked for.
bool docker_endpoint_is_given(void);

// The command that starts an engine which seems to be installed here; NULL when none seems to be.
const char *docker_endpoint_suggest_start(Context *ctx);
