#include "services/airbyte_cluster.h"

#include "base/text.h"
#include "io/json.h"

#define NAMESPACE "airbyte-abctl"

enum { KUBECTL_TIMEOUT_MS = 10 * 1000, STOP_GRACE_S = 20, LOG_LINES = 15, OUTPUT_LIMIT = 8 * 1024 * 1024 };

// The engine keeps the bindings of a stopped container in its HostConfig only.
static int read_port(const Value *answer) {
    long long port;
    const Value *bindings = value_get(value_get(value_get(answer, "HostConfig"), "PortBindings"), "80/tcp");
    if (bindings == NULL || bindings->kind != VALUE_ARRAY || bindings->count == 0) return 0;
    const char *text = value_get_string(bindings->members[0].value, "HostPort", "");
    return text_parse_integer(text, &port) && port > 0 && port <= 65535 ? (int)port : 0;
}

static AirbyteState read_state(const char *word) {
    if (strcmp(word, "running") == 0 || strcmp(word, "restarting") == 0) return AIRBYTE_RUNNING;
    return strcmp(word, "paused") == 0 ? AIRBYTE_PAUSED : AIRBYTE_STOPPED;
}

bool airbyte_cluster_inspect(Context *ctx, const DockerEngine *engine, AirbyteCluster *cluster, Error *err) {
    Value *answer = NULL;
    DockerRequest request = {.path = "/containers/" AIRBYTE_CONTAINER "/json", .accepts_missing = true};
    if (!docker_request(ctx, engine, &request, &answer, err)) return false;
    if (answer == NULL) {
        *cluster = (AirbyteCluster){.state = AIRBYTE_ABSENT, .engine_state = "absent"};
        return true;
    }
    const Value *state = value_get(answer, "State"), *labels = value_get(value_get(answer, "Config"), "Labels");
    if (!text_equals(value_get_string(labels, "io.x-k8s.kind.cluster", NULL), NAMESPACE)) {
        error_set(err, ERROR_SERVICE, "the container %s is no cluster of abctl's", AIRBYTE_CONTAINER);
        return error_hint(err, "see what it is: docker inspect %s", AIRBYTE_CONTAINER);
    }
    const char *word = value_get_string(state, "Status", "");
    *cluster = (AirbyteCluster){.state = read_state(word),
                                .engine_state = word,
                                .exit_code = (int)value_get_integer(state, "ExitCode", 0),
                                .port = read_port(answer)};
    return true;
}

bool airbyte_cluster_wake(Context *ctx, const DockerEngine *engine, const AirbyteCluster *cluster, Error *err) {
    if (cluster->state == AIRBYTE_RUNNING) return true;
    bool is_awake = cluster->state == AIRBYTE_PAUSED ? docker_container_unpause(ctx, engine, AIRBYTE_CONTAINER, err)
                                                     : docker_container_start(ctx, engine, AIRBYTE_CONTAINER, err);
    if (is_awake) return true;
    if (strcasestr(err->message, "already allocated") != NULL || strcasestr(err->message, "address already in use") != NULL) {
        error_set(err, ERROR_PORT_BUSY, "port %d, which Airbyte's cluster was made with, is held by another program",
                  cluster->port);
        return error_hint(err, "end that program (docker ps; ss -ltnp 'sport = :%d'), then: devbox airbyte start", cluster->port);
    }
    return error_wrap(err, "Airbyte's node does not start");
}

bool airbyte_cluster_stop(Context *ctx, const DockerEngine *engine, Error *err) {
    AirbyteCluster cluster;
    // A frozen process cannot answer TERM: the engine would wait out the grace and kill its database.
    if (!airbyte_cluster_inspect(ctx, engine, &cluster, err)) return false;
    if (cluster.state == AIRBYTE_PAUSED && !docker_container_unpause(ctx, engine, AIRBYTE_CONTAINER, err)) return false;
    return docker_container_stop(ctx, engine, AIRBYTE_CONTAINER, STOP_GRACE_S, err);
}

static bool run_kubectl(Context *ctx, const DockerEngine *engine, const char *const *argv, const char **output, Error *err) {
    DockerProgramResult result;
    DockerProgram program = {
        .container = AIRBYTE_CONTAINER, .argv = argv, .timeout_ms = KUBECTL_TIMEOUT_MS, .size_limit = OUTPUT_LIMIT};
    if (!docker_program_run(ctx, engine, &program, &result, err)) return false;
    if (result.exit_code != 0) {
        error_set(err, ERROR_SERVICE, "the Kubernetes in Airbyte's node does not answer");
        error_hint(err, "devbox airbyte start waits for it");
        return error_detail(err, text_last_lines(ctx->arena, result.errors, LOG_LINES));
    }
    *output = result.output;
    return true;
}

static bool is_all_ready(const Value *statuses) {
    for (size_t i = 0; statuses != NULL && i < statuses->count; i++) {
        if (!value_get_bool(statuses->members[i].value, "ready", false)) return false;
    }
    return statuses != NULL && statuses->count > 0;
}

// A container that waits for something that will not come by itself, as Kubernetes names it.
static const char *stuck_reason(const Value *statuses) {
    static const char *const reasons[] = {"ImagePullBackOff", "ErrImagePull", "InvalidImageName", "CrashLoopBackOff"};
    for (size_t i = 0; statuses != NULL && i < statuses->count; i++) {
        const Value *waiting = value_get(value_get(statuses->members[i].value, "state"), "waiting");
        const char *reason = value_get_string(waiting, "reason", "");
        for (size_t j = 0; j < sizeof reasons / sizeof *reasons; j++) {
            if (strcmp(reason, reasons[j]) == 0) return reasons[j];
        }
    }
    return NULL;
}

static void count_pod(Arena *arena, const Value *pod, AirbytePods *pods) {
    const Value *metadata = value_get(pod, "metadata"), *status = value_get(pod, "status");
    const Value *statuses = value_get(status, "containerStatuses");
    // Syncs run in pods of their own, which come and go.
    if (strcmp(value_get_string(value_get(metadata, "labels"), "airbyte", ""), "job-pod") == 0) return;
    if (strcmp(value_get_string(status, "phase", ""), "Succeeded") == 0) return;
    pods->total++;
    if (is_all_ready(statuses)) pods->ready++;
    const char *reason = stuck_reason(statuses);
    if (reason == NULL) reason = stuck_reason(value_get(status, "initContainerStatuses"));
    if (reason != NULL && pods->trouble == NULL)
        pods->trouble = arena_format(arena, "%s: %s", value_get_string(metadata, "name", "?"), reason);
}

bool airbyte_cluster_pods(Context *ctx, const DockerEngine *engine, AirbytePods *pods, Error *err) {
    static const char *const argv[] = {"kubectl", "-n", NAMESPACE, "get", "pods", "-o", "json", NULL};
    const char *output = "";
    Value *list;
    AirbytePods counted = {0};
    if (!run_kubectl(ctx, engine, argv, &output, err)) return false;
    if (!json_parse(ctx->arena, output, "kubectl get pods", &list, err)) return false;
    const Value *items = value_get(list, "items");
    for (size_t i = 0; items != NULL && i < items->count; i++) count_pod(ctx->arena, items->members[i].value, &counted);
    *pods = counted;
    return true;
}

bool airbyte_cluster_is_installed(Context *ctx, const DockerEngine *engine, bool *is_installed, Error *err) {
    // Helm keeps each revision of a release as a secret, with its status as a label.
    static const char *const argv[] = {"kubectl",
                                       "-n",
                                       NAMESPACE,
                                       "get",
                                       "secrets",
                                       "-l",
                                       "owner=helm,name=" NAMESPACE,
                                       "-o",
                                       "jsonpath={.items[*].metadata.labels.status}",
                                       NULL};
    const char *output = "";
    if (!run_kubectl(ctx, engine, argv, &output, err)) return false;
    StringList words = text_split(ctx->arena, text_trim(ctx->arena, output), ' ');
    *is_installed = string_list_contains(&words, "deployed") || string_list_contains(&words, "superseded");
    return true;
}

bool airbyte_cluster_read_secret(Context *ctx, const DockerEngine *engine, const char *name, Value **secret, Error *err) {
    const char *const argv[] = {"kubectl", "-n", NAMESPACE, "get", "secret", name, "-o", "json", NULL};
    const char *output = "";
    return run_kubectl(ctx, engine, argv, &output, err) && json_parse(ctx->arena, output, name, secret, err);
}

const char *airbyte_cluster_bootloader_log(Context *ctx, const DockerEngine *engine) {
    // Charts before 2.0 call the pod airbyte-abctl-airbyte-bootloader.
    static const char *const names[] = {NAMESPACE "-bootloader", NAMESPACE "-airbyte-bootloader"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        const char *const argv[] = {"kubectl", "-n", NAMESPACE, "logs", "--tail=15", names[i], NULL};
        const char *output = "";
        Error ignored = {.arena = ctx->arena};
        if (run_kubectl(ctx, engine, argv, &output, &ignored) && *output != '\0') return output;
    }
    return NULL;
}
