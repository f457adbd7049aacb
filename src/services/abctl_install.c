#include "base/text.h"
#include "io/clock.h"
#include "io/file_system.h"
#include "io/platform.h"
#include "io/process.h"
#include "model/abctl_output.h"
#include "model/event.h"
#include "services/abctl.h"
#include "services/airbyte_cluster.h"
#include "services/child_environment.h"

#define MARK_NAME "DEVBOX_ABCTL"
#define MARK_VALUE "install"

enum {
    POLL_MS = 250,
    HEARTBEAT_MS = 10 * 1000,
    GRACE_MS = 12 * 1000,  // abctl v0.30.4 ignores TERM for 8 s while it creates the node
    DETAIL_LINES = 12,
};

typedef struct Installation {
    Context *ctx;
    const DockerEngine *engine;
    const AbctlInstall *install;
    const char *phase;
    bool has_node;  // so that pods can be asked for
    long long next_heartbeat_ms;
} Installation;

static void read_line(void *state, const char *line) {
    Installation *run = state;
    AbctlMessage message = abctl_message_read(run->ctx->arena, line);
    const char *phase = abctl_phase(run->ctx->arena, &message);
    bool has_node =
        strstr(message.text, "Cluster 'airbyte-abctl' created") != NULL || strstr(message.text, "Existing cluster") != NULL;
    if (has_node) run->next_heartbeat_ms = clock_now_ms() + HEARTBEAT_MS;
    run->has_node = run->has_node || has_node;
    if (phase == NULL || text_equals(phase, run->phase)) return;
    run->phase = phase;
    event_step_progress(run->ctx, run->install->step, "%s", phase);
}

// The chart takes minutes in which abctl says nothing.
static void beat(Installation *run) {
    AirbytePods pods;
    Error ignored = {.arena = run->ctx->arena};
    long long now = clock_now_ms();
    if (!run->has_node || now < run->next_heartbeat_ms) return;
    if (airbyte_cluster_pods(run->ctx, run->engine, &pods, &ignored) && pods.total > 0) {
        const char *trouble = pods.trouble == NULL ? "" : arena_format(run->ctx->arena, " (%s)", pods.trouble);
        event_step_progress(run->ctx, run->install->step, "%s: %d of %d pods ready%s", run->phase, pods.ready, pods.total,
                            trouble);
    }
    run->next_heartbeat_ms = clock_now_ms() + HEARTBEAT_MS;
}

static const char *const *make_environment(Context *ctx, const DockerEngine *engine) {
    // abctl takes a login for Docker Hub from these and from nowhere else.
    static const char *const logins[] = {"ABCTL_LOCAL_INSTALL_DOCKER_SERVER", "ABCTL_LOCAL_INSTALL_DOCKER_USERNAME",
                                         "ABCTL_LOCAL_INSTALL_DOCKER_PASSWORD", "ABCTL_LOCAL_INSTALL_DOCKER_EMAIL"};
    ChildEnvironment environment = child_environment_create(ctx, NULL);
    child_environment_set(&environment, "DO_NOT_TRACK", "1");
    child_environment_set(&environment, "NO_COLOR", "1");
    child_environment_set(&environment, MARK_NAME, MARK_VALUE);
    child_environment_set(&environment, "DOCKER_HOST", engine->endpoint.address);
    for (size_t i = 0; i < sizeof logins / sizeof *logins; i++) {
        if (getenv(logins[i]) != NULL) child_environment_set(&environment, logins[i], getenv(logins[i]));
    }
    return child_environment_vector(&environment);
}

static const char *const *make_arguments(Arena *arena, const AbctlInstall *install) {
    StringList argv = {0};
    const char *const words[] = {install->abctl,    "local",       "install",
                                 "--no-browser",    "--port",      arena_format(arena, "%d", install->port),
                                 "--chart-version", install->chart};
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) list_push(arena, &argv, words[i]);
    if (install->is_low_resource) list_push(arena, &argv, "--low-resource-mode");
    return string_list_to_argv(arena, &argv);
}

static const char *add_log_path(Arena *arena, const char *evidence, const char *log_path) {
    const char *last = text_last_lines(arena, evidence, DETAIL_LINES);
    return arena_format(arena, "%s%slog: %s", last, *last == '\0' ? "" : "\n", log_path);
}

static bool report_failure(Installation *run, const ProcessResult *result, Error *err) {
    Arena *arena = run->ctx->arena;
    // Spinners on stderr have no prefix: first, so that they do not go on with an error of stdout.
    const char *output = arena_format(arena, "%s\n%s", result->errors, result->output);
    AbctlFailure failure = abctl_failure_explain(arena, output);
    const char *evidence = failure.evidence;
    // With charts from 2.0 on abctl does not know the bootloader's name and only says that helm failed.
    const char *bootloader =
        run->has_node && failure.code != ERROR_NETWORK ? airbyte_cluster_bootloader_log(run->ctx, run->engine) : NULL;
    if (bootloader != NULL && strcasestr(bootloader, "exception") != NULL)
        evidence = arena_format(arena, "%s\nbootloader: %s", evidence, text_trim(arena, text_last_lines(arena, bootloader, 5)));
    error_set(err, failure.code, "Airbyte was not installed: %s", failure.cause);
    error_hint(err, "%s", failure.remedy);
    return error_detail(err, add_log_path(arena, evidence, run->install->log_path));
}

static bool judge(Installation *run, const ProcessResult *result, Error *err) {
    Arena *arena = run->ctx->arena;
    const AbctlInstall *install = run->install;
    switch (result->outcome) {
        case PROCESS_INTERRUPTED:
            error_set(err, ERROR_INTERRUPTED, "interrupted while installing Airbyte (%s)", run->phase);
            return error_hint(err, "what is there stays; devbox airbyte start goes on");
        case PROCESS_TIMED_OUT:
            error_set(err, ERROR_TIMEOUT, "Airbyte was not installed within %s; the last that abctl did: %s",
                      text_duration(arena, install->timeout_ms), run->phase);
            error_hint(err, "what is there stays; go on with more time: devbox airbyte start --yes --timeout 60m");
            return error_detail(err, add_log_path(arena, "", install->log_path));
        case PROCESS_SIGNALED:
            error_set(err, ERROR_CHILD, "abctl was killed by signal %d while installing Airbyte (%s)", result->signal,
                      run->phase);
            error_hint(err, "see that memory is free, then: devbox airbyte start");
            return error_detail(err, add_log_path(arena, "", install->log_path));
        case PROCESS_EXITED:
            break;
    }
    return result->exit_code == 0 || report_failure(run, result, err);
}

bool abctl_check_alone(Context *ctx, Error *err) {
    ProcessInfoList processes = platform_processes_with_marker(ctx->arena, MARK_NAME "=" MARK_VALUE);
    if (processes.count == 0) return true;
    int pid = (int)processes.items[0].pid;
    error_set(err, ERROR_BUSY, "the abctl of a devbox that was killed still installs Airbyte (pid %d)", pid);
    return error_hint(err, "let it end, or end it (kill %d); then: devbox airbyte start", pid);
}

bool abctl_install(Context *ctx, const DockerEngine *engine, const AbctlInstall *install, Error *err) {
    Process *process;
    ProcessResult result;
    Installation run = {.ctx = ctx, .engine = engine, .install = install, .phase = "starting abctl"};
    ProcessSpec spec = {.argv = make_arguments(ctx->arena, install),
                        .environment = make_environment(ctx, engine),
                        .log_path = install->log_path,
                        .on_output = read_line,
                        .on_error = read_line,
                        .handler_state = &run,
                        .timeout_ms = install->timeout_ms,
                        .grace_ms = GRACE_MS};
    if (!folder_create(ctx->arena, path_folder(ctx->arena, install->log_path), err)) return false;
    if (!file_remove(ctx->arena, install->log_path, err)) return false;
    event_step_progress(ctx, install->step, "%s", run.phase);
    if (!process_start(ctx, &spec, &process, err)) return false;
    while (!process_is_finished(process, &result)) {
        processes_poll(ctx, &process, 1, POLL_MS);
        if (!context_is_cancelled(ctx)) beat(&run);
        event_tick(ctx);
    }
    return judge(&run, &result, err);
}
