#include "services/doctor.h"

#include "base/text.h"
#include "io/file_system.h"
#include "io/network.h"
#include "io/platform.h"
#include "io/process.h"
#include "services/airbyte_examine.h"
#include "services/airflow_native_checks.h"
#include "services/airflow_runtime.h"
#include "services/dag_folder.h"
#include "services/docker_session.h"
#include "services/hook.h"
#include "services/port.h"

enum { MEBIBYTE = 1 << 20, GIBIBYTE = 1 << 30, INSTALLING_DISK_GIB = 3, RUNNING_DISK_MIB = 200, NEEDED_MEMORY_GIB = 2 };

static void add(Context *ctx, CheckList *checks, const char *name, CheckState state, const char *finding, const char *remedy) {
    Check check = {.name = name, .state = state, .finding = finding, .remedy = remedy};
    list_push(ctx->arena, checks, check);
}

// The folder itself, or where it would be made.
static const char *existing_folder(Arena *arena, const char *path) {
    while (!folder_exists(path) && strlen(path) > 1) path = path_folder(arena, path);
    return path;
}

static const char *describe_bytes(Arena *arena, long long bytes) {
    return bytes >= GIBIBYTE ? arena_format(arena, "%lld GiB", bytes / GIBIBYTE)
                             : arena_format(arena, "%lld MiB", bytes / MEBIBYTE);
}

static void check_disk(Context *ctx, CheckList *checks, const char *folder, long long needed) {
    Arena *arena = ctx->arena;
    long long available = platform_free_disk_bytes(existing_folder(arena, folder));
    const char *size = describe_bytes(arena, available);
    if (available >= needed) {
        add(ctx, checks, "disk", CHECK_GOOD, arena_format(arena, "%s free for %s", size, folder), NULL);
        return;
    }
    add(ctx, checks, "disk", CHECK_BAD, arena_format(arena, "only %s free for %s", size, folder),
        arena_format(arena, "free %s there: %s", describe_bytes(arena, needed),
                     needed < GIBIBYTE ? "databases and logs need it" : "environments and databases need it"));
}

// Databases and logs are the checkout's, environments the user's; .devbox may well be a mount of its own.
static void check_disks(Context *ctx, const Project *project, CheckList *checks) {
    const char *cache = path_folder(ctx->arena, user_cache_path(ctx->arena, "venvs"));
    uint64_t state_device = file_info(existing_folder(ctx->arena, project->state)).device;
    bool is_same = file_info(existing_folder(ctx->arena, cache)).device == state_device;
    long long running = (long long)RUNNING_DISK_MIB * MEBIBYTE, installing = (long long)INSTALLING_DISK_GIB * GIBIBYTE;
    bool must_install = project->config.runtime != RUNTIME_DOCKER && !airflow_native_is_installed(ctx, project);
    check_disk(ctx, checks, project->state, must_install && is_same ? installing : running);
    if (!is_same) check_disk(ctx, checks, cache, must_install ? installing : 0);
}

static void check_system(Context *ctx, const Project *project, CheckList *checks) {
    Arena *arena = ctx->arena;
    long long memory = platform_memory_bytes() / GIBIBYTE;
    const char *machine =
        arena_format(arena, "%s, %d CPUs, %lld GiB memory", platform_name(arena), platform_processor_count(), memory);
    bool has_memory = memory >= NEEDED_MEMORY_GIB;
    add(ctx, checks, "machine", has_memory ? CHECK_GOOD : CHECK_WARNING, machine,
        has_memory ? NULL : "Airflow wants 2 GiB; close something before devbox start");
    check_disks(ctx, project, checks);
}

static void check_git(Context *ctx, CheckList *checks) {
    const char *git = process_find_program(ctx->arena, "git", NULL);
    add(ctx, checks, "git", git != NULL ? CHECK_GOOD : CHECK_WARNING, git != NULL ? git : "not found",
        git != NULL ? NULL : "install git, so that pushes are tested: sudo apt install git");
}

static void check_dags(Context *ctx, const Project *project, CheckList *checks) {
    DagFolderReport report = {0};
    Error err = {.arena = ctx->arena};
    if (!dag_folder_inspect(ctx, project, &report, &err)) {
        add(ctx, checks, "DAGs", CHECK_BAD, err.message, err.hint);
        return;
    }
    list_each(DagFolderFinding, finding, &report.findings) {
        add(ctx, checks, "DAGs", finding->is_error ? CHECK_BAD : CHECK_WARNING, finding->message, finding->hint);
    }
    bool has_folder = folder_exists(project->dags_dir);
    const char *count = arena_format(ctx->arena, "%zu Python files in ./%s", report.files.count, project->config.dags);
    add(ctx, checks, "DAGs", has_folder ? CHECK_GOOD : CHECK_WARNING,
        has_folder ? count : arena_format(ctx->arena, "no folder ./%s", project->config.dags),
        has_folder ? NULL : "set dags in devbox.yaml to the folder with the DAG files");
}

static void check_port(Context *ctx, const Project *project, CheckList *checks) {
    RuntimeState state;
    const char *command;
    int family = 0, port = project->config.airflow.port;
    Error ignored = {.arena = ctx->arena};
    bool is_ours = airflow_runtime_of(project)->read_state(ctx, project, &state, &ignored) && state.phase != RUNTIME_STOPPED &&
                   state.port != 0;
    if (is_ours) port = state.port;
    if (is_ours || network_port_is_free(port, &family)) {
        add(ctx, checks, "port", CHECK_GOOD, arena_format(ctx->arena, "%d is %s", port, is_ours ? "Airflow's" : "free"), NULL);
        return;
    }
    const char *who = port_describe_holder(ctx, family, port, &command);
    bool is_explicit = project->config.airflow.is_port_explicit;
    add(ctx, checks, "port", is_explicit ? CHECK_BAD : CHECK_WARNING, arena_format(ctx->arena, "%d is held by %s", port, who),
        !is_explicit      ? "devbox start takes the next free one"
        : command == NULL ? "end that program, or change airflow.port in devbox.yaml"
                          : arena_format(ctx->arena, "end it with: %s · or change airflow.port in devbox.yaml", command));
}

static void check_hook(Context *ctx, const Project *project, CheckList *checks) {
    HookStatus status;
    Error err = {.arena = ctx->arena};
    if (!hook_status(ctx, project->root, &status, &err)) {
        add(ctx, checks, "push gate", CHECK_WARNING, err.message, err.hint);
        return;
    }
    bool is_ours = status.state == HOOK_OURS;
    add(ctx, checks, "push gate", is_ours ? CHECK_GOOD : CHECK_WARNING,
        is_ours ? status.path : "the pre-push hook is not installed", is_ours ? NULL : "devbox hook install");
}

static void check_services(Context *ctx, const Project *project, CheckList *checks) {
    RuntimeState state;
    Error err = {.arena = ctx->arena};
    if (!airflow_runtime_of(project)->read_state(ctx, project, &state, &err)) {
        add(ctx, checks, "services", CHECK_BAD, err.message, err.hint == NULL ? "devbox stop, then devbox start" : err.hint);
        return;
    }
    list_each(ServiceStatus, status, &state.services) {
        if (state.phase == RUNTIME_STOPPED || status->state != SERVICE_FAILED) continue;
        const char *why = status->message == NULL ? "failed" : status->message;
        add(ctx, checks, status->label, CHECK_BAD, why, arena_format(ctx->arena, "devbox logs %s", status->name));
    }
    bool has_failed = state.phase == RUNTIME_FAILED, is_degraded = state.phase == RUNTIME_DEGRADED;
    const char *remedy = has_failed    ? "devbox logs shows why; then devbox start"
                         : is_degraded ? "devbox status shows which"
                                       : NULL;
    add(ctx, checks, "services",
        has_failed    ? CHECK_BAD
        : is_degraded ? CHECK_WARNING
                      : CHECK_GOOD,
        runtime_phase_name(state.phase), remedy);
}

// Before the first start of a checkout what it would choose is looked at.
static void check_runtime(Context *ctx, Project *project, CheckList *checks) {
    const DockerEngine *engine;
    Error passed_over = {.arena = ctx->arena}, ignored = {.arena = ctx->arena};
    bool is_explicit = project->config.is_runtime_explicit, is_decided = project->config.runtime != RUNTIME_AUTO;
    if (!is_decided) airflow_runtime_find(ctx, project);
    if (project->config.runtime == RUNTIME_AUTO && !airflow_runtime_choose(ctx, project, &passed_over, &ignored)) return;
    bool is_native = project->config.runtime == RUNTIME_NATIVE, is_second_best = passed_over.code != ERROR_NONE;
    const char *why = is_explicit      ? "devbox.yaml says so"
                      : is_decided     ? "a start of this checkout chose it"
                      : is_second_best ? passed_over.message
                      : !is_native     ? "a container engine answers"
                      : docker_session_engine(ctx, false, &engine, &ignored)
                          ? "Airflow ran natively here, or its version has no image"
                          : "no container engine answers";
    add(ctx, checks, "runtime", is_second_best ? CHECK_WARNING : CHECK_GOOD,
        arena_format(ctx->arena, "%s: %s", airflow_runtime_of(project)->name, why), passed_over.hint);
}

CheckList doctor_examine(Context *ctx, const Project *given) {
    CheckList checks = {0};
    Project project = *given;
    check_runtime(ctx, &project, &checks);
    check_system(ctx, &project, &checks);
    check_git(ctx, &checks);
    airflow_runtime_of(&project)->examine(ctx, &project, &checks);
    airbyte_examine(ctx, &project, &checks);
    check_dags(ctx, &project, &checks);
    check_port(ctx, &project, &checks);
    check_hook(ctx, &project, &checks);
    check_services(ctx, &project, &checks);
    return checks;
}

bool doctor_check_prerequisites(Context *ctx, const Project *project, Error *err) {
    CheckList checks = {0};
    check_system(ctx, project, &checks);
    list_each(Check, check, &checks) {
        if (check->state != CHECK_BAD) continue;
        error_set(err, ERROR_RUNTIME_MISSING, "%s: %s", check->name, check->finding);
        return error_hint(err, "%s", check->remedy);
    }
    return true;
}
