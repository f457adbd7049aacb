#include <unistd.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "io/clock.h"
#include "io/file_system.h"
#include "io/lock_file.h"
#include "io/network.h"
#include "io/process.h"
#include "services/abctl.h"
#include "services/airbyte.h"
#include "services/airbyte_api.h"
#include "services/airbyte_wait.h"
#include "services/child_environment.h"
#include "services/consent.h"

#define NOT_INSTALLED "Airbyte is not installed on this machine yet"
#define HOW_TO_INSTALL "installing fetches about 6 GB and takes 10 to 30 minutes: devbox airbyte start --yes"

// Airbyte asks for 8 GB; decimal, so that a machine sold with 8 GB passes though its firmware keeps some.
#define ROOMY_MEMORY_BYTES 8000000000LL

enum {
    INSTALL_TIMEOUT_MS = 30 * 60 * 1000,
    WAKE_TIMEOUT_MS = 15 * 60 * 1000,
    PROBE_TIMEOUT_MS = 10 * 1000,
};

typedef struct Start {
    Context *ctx;
    const Project *project;
    const char *step;
    DockerEngine engine;
    AirbyteCluster cluster;
    AbctlPins pins;
    const char *abctl;  // NULL: to be fetched
    bool may_install, was_asked;
} Start;

static long long budget_ms(const Context *ctx, long long usual_ms) { return ctx->timeout_ms > 0 ? ctx->timeout_ms : usual_ms; }

// kind drives the `docker` program: another one in its place (Podman's) makes it look in the wrong engine.
static bool check_docker_program(Start *start, Error *err) {
    Context *ctx = start->ctx;
    ProcessResult result;
    const char *docker = process_find_program(ctx->arena, "docker", NULL);
    const char *const argv[] = {docker, "-v", NULL};
    if (docker == NULL) {
        error_set(err, ERROR_RUNTIME_MISSING, "the program docker is not on PATH, and abctl needs it to make Airbyte's node");
        return error_hint(err, "install Docker's command line (https://docs.docker.com/get-docker/), then: devbox airbyte start");
    }
    ChildEnvironment environment = child_environment_create(ctx, NULL);
    ProcessSpec spec = {.argv = argv, .environment = child_environment_vector(&environment), .timeout_ms = PROBE_TIMEOUT_MS};
    if (!process_run(ctx, &spec, &result, err)) return false;
    if (result.outcome == PROCESS_EXITED && text_starts_with(result.output, "Docker version")) return true;
    error_set(err, ERROR_RUNTIME_MISSING, "%s is not Docker's own program, and abctl works with no other", docker);
    error_hint(err, "put Docker's docker first on PATH, then: devbox airbyte start");
    return error_detail(err, text_last_lines(ctx->arena, *result.output != '\0' ? result.output : result.errors, 3));
}

// abctl keeps its state in the home folder; an attempt with sudo leaves it to root.
static bool check_home(Start *start, Error *err) {
    const char *home = getenv("HOME");
    if (text_is_empty(home)) return error_set(err, ERROR_CONFIG, "HOME is not set, and abctl keeps Airbyte's data below it");
    FileInfo info = file_info(path_join(start->ctx->arena, home, ".airbyte"));
    if (info.kind == FILE_MISSING || info.owner == getuid()) return true;
    error_set(err, ERROR_FILE, "the folder ~/.airbyte belongs to another user");
    return error_hint(err, "sudo chown -R \"$USER\" ~/.airbyte, then: devbox airbyte start");
}

static bool find_abctl(Start *start, Error *err) {
    if (!abctl_pins_load(start->ctx, start->project, &start->pins, err)) return false;
    if (!abctl_find(start->ctx, start->project, &start->pins, &start->abctl, err)) return false;
    return start->abctl != NULL || abctl_check_download(&start->pins, err);
}

static bool refuse_to_install(Error *err) {
    error_set(err, ERROR_CONFIRMATION_NEEDED, "%s", NOT_INSTALLED);
    return error_hint(err, "%s", HOW_TO_INSTALL);
}

// Everything that would stop an installation is found out before the user is asked.
static bool agree_to_install(Start *start, Error *err) {
    Arena *arena = start->ctx->arena;
    if (start->was_asked) return true;
    if (!start->may_install) return refuse_to_install(err);
    if (!check_docker_program(start, err) || !check_home(start, err) || !find_abctl(start, err)) return false;
    const char *program = start->abctl == NULL ? arena_format(arena, "abctl %s and ", start->pins.version) : "";
    const char *question = arena_format(
        arena, "Airbyte is not installed yet. Installing fetches %sabout 6 GB and takes 10 to 30 minutes. Go on?", program);
    start->was_asked = true;
    return consent_get(start->ctx, question, NOT_INSTALLED, HOW_TO_INSTALL, err);
}

static bool report_busy_port(int port, Error *err) {
    error_set(err, ERROR_PORT_BUSY, "port %d, which devbox.yaml wants for Airbyte, is held by another program", port);
    return error_hint(err, "see which: ss -ltnp 'sport = :%d'; or set another airbyte.port", port);
}

static bool choose_port(Start *start, int *port, Error *err) {
    int family;
    const AirbyteConfig *config = &start->project->config.airbyte;
    // An existing cluster keeps the port that it was made with.
    if (start->cluster.state != AIRBYTE_ABSENT && start->cluster.port != 0) {
        *port = start->cluster.port;
        return true;
    }
    if (network_port_is_free(config->port, &family)) {
        *port = config->port;
        return true;
    }
    if (config->is_port_explicit) return report_busy_port(config->port, err);
    int free_port = network_find_free_port(config->port + 1);
    if (free_port == 0) return report_busy_port(config->port, err);
    event_emit(start->ctx,
               &(Event){.kind = EVENT_WARNING,
                        .step = start->step,
                        .text = arena_format(start->ctx->arena, "port %d is held by another program → Airbyte gets %d",
                                             config->port, free_port)});
    *port = free_port;
    return true;
}

static bool wants_low_resource(const Start *start) {
    Choice choice = start->project->config.airbyte.low_resource;
    return choice == CHOICE_AUTO ? start->engine.memory_bytes < ROOMY_MEMORY_BYTES : choice == CHOICE_TRUE;
}

static bool install(Start *start, AbctlInstall *done, Error *err) {
    Context *ctx = start->ctx;
    const char *version = start->project->config.airbyte.version;
    AbctlInstall request = {.chart = version != NULL ? version : start->pins.chart,
                            .is_low_resource = wants_low_resource(start),
                            .step = start->step,
                            .log_path = project_state_path(ctx->arena, start->project, "logs/airbyte-install.log"),
                            .timeout_ms = budget_ms(ctx, INSTALL_TIMEOUT_MS)};
    if (!choose_port(start, &request.port, err)) return false;
    if (start->abctl == NULL && !abctl_download(ctx, &start->pins, start->step, &start->abctl, err)) return false;
    request.abctl = start->abctl;
    if (!abctl_install(ctx, &start->engine, &request, err)) return false;
    *done = request;
    return airbyte_cluster_inspect(ctx, &start->engine, &start->cluster, err);
}

static bool wait_healthy(Start *start, bool *is_installed, Error *err) {
    AirbyteWait wait = {.step = start->step, .port = start->cluster.port, .timeout_ms = budget_ms(start->ctx, WAKE_TIMEOUT_MS)};
    if (wait.port == 0) {
        error_set(err, ERROR_SERVICE, "the container %s publishes no port for Airbyte's page", AIRBYTE_CONTAINER);
        return error_hint(err, "see how it was made: docker inspect %s", AIRBYTE_CONTAINER);
    }
    return airbyte_wait_healthy(start->ctx, &start->engine, &wait, is_installed, err);
}

static const char *describe_install(Arena *arena, const AbctlInstall *done) {
    return arena_format(arena, "installed: chart %s%s", done->chart, done->is_low_resource ? ", low-resource mode" : "");
}

// *what: "started", in the words of the report.
static bool bring_up(Start *start, const char **what, Error *err) {
    AbctlInstall done;
    bool is_installed = false;
    AirbyteState before = start->cluster.state;
    *what = before == AIRBYTE_RUNNING ? "running already" : before == AIRBYTE_PAUSED ? "woken" : "started";
    if (before != AIRBYTE_ABSENT) {
        if (before != AIRBYTE_RUNNING) event_step_progress(start->ctx, start->step, "waking its node");
        if (!airbyte_cluster_wake(start->ctx, &start->engine, &start->cluster, err)) return false;
        if (!wait_healthy(start, &is_installed, err)) return false;
        if (is_installed) return true;
    }
    if (!abctl_check_alone(start->ctx, err)) return false;
    if (!agree_to_install(start, err) || !install(start, &done, err)) return false;
    *what = describe_install(start->ctx->arena, &done);
    if (!wait_healthy(start, &is_installed, err)) return false;
    if (is_installed) return true;
    error_set(err, ERROR_SERVICE, "abctl says that it is done, but Airbyte's chart is not deployed");
    return error_hint(err, "see the log: %s", done.log_path);
}

static bool take_lock(Start *start, int *fd, Error *err) {
    // One cluster per machine: two checkouts that start in the morning must not both wake or install it.
    const char *path = user_cache_path(start->ctx->arena, "airbyte.lock");
    if (!folder_create(start->ctx->arena, path_folder(start->ctx->arena, path), err)) return false;
    return lock_file_take(start->ctx, path, "start Airbyte", budget_ms(start->ctx, INSTALL_TIMEOUT_MS), fd, err);
}

static bool is_up(const Start *start, AirbyteReport *report) {
    if (start->cluster.state != AIRBYTE_RUNNING || start->cluster.port == 0) return false;
    report->is_healthy = airbyte_api_health(start->ctx, start->cluster.port) == AIRBYTE_HEALTHY;
    return report->is_healthy;
}

static void finish(const Start *start, const char *what, AirbyteReport *report) {
    Error unready = {.arena = start->ctx->arena};
    AirbytePods pods = {0};
    bool is_known = airbyte_cluster_pods(start->ctx, &start->engine, &pods, &unready);
    const char *count = arena_format(start->ctx->arena, "; %d of %d pods ready", pods.ready, pods.total);
    report->cluster = start->cluster;
    report->is_healthy = true;
    report->pods = pods;
    report->summary = arena_format(start->ctx->arena, "%s%s", what, is_known ? count : "");
}

bool airbyte_start(Context *ctx, const Project *project, const AirbyteStart *options, AirbyteReport *report, Error *err) {
    cleanup_fd int lock_fd = -1;
    const char *what = "running already";
    Start start = {.ctx = ctx, .project = project, .step = options->step, .may_install = options->may_install};
    if (!airbyte_find_engine(ctx, &start.engine, err)) return false;
    if (!airbyte_cluster_inspect(ctx, &start.engine, &start.cluster, err)) return false;
    if (!is_up(&start, report)) {
        if (start.cluster.state == AIRBYTE_ABSENT && !agree_to_install(&start, err)) return false;
        if (!take_lock(&start, &lock_fd, err)) return false;
        if (!airbyte_cluster_inspect(ctx, &start.engine, &start.cluster, err) || !bring_up(&start, &what, err)) return false;
    }
    finish(&start, what, report);
    return true;
}
