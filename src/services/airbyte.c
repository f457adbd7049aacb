#include "services/airbyte.h"

#include "base/text.h"
#include "io/file_system.h"
#include "services/airbyte_api.h"
#include "services/airbyte_credentials.h"

// Decimal, so that a machine sold with 4 GB passes though its firmware keeps some.
#define LEAST_MEMORY_BYTES 4000000000LL
enum { LEAST_PROCESSORS = 2 };

static bool refuse(Error *err, const char *hint) {
    return error_hint(err, "%s, or set airbyte: {enabled: false} in devbox.yaml", hint);
}

static bool check_engine(Context *ctx, const DockerEngine *engine, Error *err) {
    static const char *const architectures[] = {"x86_64", "amd64", "aarch64", "arm64"};
    bool is_known = engine->architecture == NULL;
    for (size_t i = 0; i < sizeof architectures / sizeof *architectures; i++) {
        is_known = is_known || text_equals(engine->architecture, architectures[i]);
    }
    if (!is_known) {
        error_set(err, ERROR_RUNTIME_MISSING, "Airbyte is not made for this processor (%s)", engine->architecture);
        return refuse(err, "use a machine with amd64 or arm64");
    }
    double gigabytes = (double)engine->memory_bytes / 1e9;
    if (engine->memory_bytes < LEAST_MEMORY_BYTES || engine->processors < LEAST_PROCESSORS) {
        error_set(err, ERROR_RUNTIME_MISSING, "Airbyte needs 4 GB of memory and 2 CPUs; %s has %.1f GB and %d", engine->name,
                  gigabytes, engine->processors);
        return refuse(err, "give the engine more");
    }
    (void)ctx;
    return true;
}

// What is asked of an engine that runs Airbyte already.
static bool find_local_engine(Context *ctx, DockerEngine *engine, Error *err) {
    if (!docker_engine_find(ctx, engine, err)) return false;
    if (!engine->endpoint.is_remote) return true;
    error_set(err, ERROR_RUNTIME_MISSING, "Airbyte cannot run on the remote engine %s: its node mounts files of this machine",
              engine->endpoint.address);
    return refuse(err, "use a local engine (unset DOCKER_HOST, or: docker context use default)");
}

bool airbyte_find_engine(Context *ctx, DockerEngine *engine, Error *err) {
    return find_local_engine(ctx, engine, err) && docker_engine_describe(ctx, engine, err) && check_engine(ctx, engine, err);
}

bool airbyte_stop(Context *ctx, bool *was_running, Error *err) {
    DockerEngine engine;
    AirbyteCluster cluster;
    if (!find_local_engine(ctx, &engine, err) || !airbyte_cluster_inspect(ctx, &engine, &cluster, err)) return false;
    bool runs = cluster.state == AIRBYTE_RUNNING || cluster.state == AIRBYTE_PAUSED;
    if (runs && !ctx->is_dry_run && !airbyte_cluster_stop(ctx, &engine, err)) return false;
    *was_running = runs;
    return true;
}

bool airbyte_observe(Context *ctx, AirbyteReport *report, Error *err) {
    DockerEngine engine;
    AirbyteReport seen = {0};
    Error unready = {.arena = ctx->arena};
    if (!find_local_engine(ctx, &engine, err) || !airbyte_cluster_inspect(ctx, &engine, &seen.cluster, err)) return false;
    if (seen.cluster.state == AIRBYTE_RUNNING) {
        seen.is_healthy = airbyte_api_health(ctx, seen.cluster.port) == AIRBYTE_HEALTHY;
        if (!airbyte_cluster_pods(ctx, &engine, &seen.pods, &unready)) seen.pods = (AirbytePods){0};
    }
    *report = seen;
    return true;
}

bool airbyte_was_installed(Context *ctx) {
    const char *home = getenv("HOME");
    return !text_is_empty(home) && folder_exists(path_join(ctx->arena, home, ".airbyte/abctl"));
}

void airbyte_say_still_running(Context *ctx, const Project *project) {
    DockerEngine engine;
    AirbyteCluster cluster;
    Error ignored = {.arena = ctx->arena};
    if (project->config.airbyte.enabled == CHOICE_FALSE || !airbyte_was_installed(ctx)) return;
    if (!find_local_engine(ctx, &engine, &ignored) || !airbyte_cluster_inspect(ctx, &engine, &cluster, &ignored)) return;
    if (cluster.state == AIRBYTE_RUNNING) event_note(ctx, "Airbyte runs on, for all checkouts; to end it: devbox airbyte stop");
}

bool airbyte_connection_find(Context *ctx, const Project *project, const char *host, const char **json, Error *err) {
    DockerEngine engine;
    AirbyteCluster cluster;
    AirbyteCredentials credentials;
    *json = NULL;
    if (project->config.airbyte.enabled == CHOICE_FALSE || !airbyte_was_installed(ctx)) return true;
    if (!find_local_engine(ctx, &engine, err) || !airbyte_cluster_inspect(ctx, &engine, &cluster, err)) return false;
    if (cluster.state != AIRBYTE_RUNNING) return true;
    if (!airbyte_credentials_read(ctx, &engine, &credentials, err)) return false;
    *json = airbyte_connection_json(ctx->arena, &credentials, host, cluster.port);
    return true;
}
