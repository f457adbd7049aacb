// The container in which tests and tools run in the Docker runtime: Airflow's image with this checkout, asleep until a program is
// run in it. It needs no running platform. The checkout has one, and a pushed commit with other requirements one of its own.
#pragma once
#include "io/process.h"
#include "services/airflow_container.h"
#include "services/docker_containers.h"

// Makes sure that it runs with today's settings and image (built if need be), and says which container it is.
bool workbench_ensure(Context *ctx, const Project *project, const char *step, const char **container, Error *err) MUST_USE;

// Rewrites the spec so that its program runs inside the workbench, with only these variables beyond the container's own: same
// streams, same exit code, ended when we are.
bool workbench_wrap(Context *ctx, const Project *project, const char *step, const PairList *variables, ProcessSpec *spec,
                    Error *err) MUST_USE;

// Looks through the mount from inside: is it the checkout that we see, may it be written, do SQLite's locks cross. What was found
// is kept in .devbox/run/mounts.json and looked at again only with another engine or image.
bool workbench_check_mounts(Context *ctx, const Project *project, const char *step, Error *err) MUST_USE;

// Proves that this container sees what the host writes now: file sharing of a VM has been seen to stop passing changes on.
bool workbench_check_live_link(Context *ctx, const Project *project, const char *container, Error *err) MUST_USE;

// What brings the file sharing of a provider's VM back.
const char *workbench_sharing_remedy(const char *provider);

// True when host and containers may have the sandbox database open at the same time.
bool workbench_shares_locks(Context *ctx, const Project *project);

// Removes the workbenches of this checkout.
bool workbench_remove_all(Context *ctx, const Project *project, size_t *count, Error *err) MUST_USE;
