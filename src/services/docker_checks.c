#include "services/docker_checks.h"

#include "base/text.h"
#include "io/file_system.h"
#include "io/platform.h"
#include "model/event.h"
#include "services/airflow_container.h"
#include "services/airflow_docker.h"
#include "services/compose_program.h"
#include "services/docker_images.h"
#include "services/docker_session.h"

enum {
    NEEDED_GIB = 3,
    WANTED_GIB = 4,
    NEEDED_PROCESSORS = 2,
    SMALLEST_LIMIT_MIB = 512,
    BUILDING_DISK_GIB = 5,
    RUNNING_DISK_MIB = 500
};

typedef struct Facts {
    const DockerEngine *engine;
    ComposeProgram compose;
} Facts;

static void add(Context *ctx, CheckList *checks, const Check *check) { list_push(ctx->arena, checks, *check); }

static void add_error(Context *ctx, CheckList *checks, const char *name, const Error *err) {
    add(ctx, checks, &(Check){.name = name, .state = CHECK_BAD, .finding = err->message, .remedy = err->hint, .code = err->code});
}

static bool check_engine(Context *ctx, CheckList *checks, Facts *facts) {
    Error err = {.arena = ctx->arena};
    if (!docker_session_engine(ctx, true, &facts->engine, &err)) {
        add_error(ctx, checks, "engine", &err);
        return false;
    }
    const DockerEngine *engine = facts->engine;
    const char *what = arena_format(ctx->arena, "%s, API %s, by %s (%s)", engine->name, engine->api_version,
                                    engine->endpoint.reason, engine->endpoint.address);
    if (engine->endpoint.is_remote) {
        add(ctx, checks,
            &(Check){.name = "engine",
                     .state = CHECK_BAD,
                     .finding =
                         arena_format(ctx->arena, "%s is on another machine, which has not got the files of this checkout", what),
                     .remedy = "unset DOCKER_HOST, or set runtime: native in devbox.yaml"});
        return false;
    }
    add(ctx, checks, &(Check){.name = "engine", .state = CHECK_GOOD, .finding = what});
    return true;
}

static void check_size(Context *ctx, CheckList *checks, const DockerEngine *engine) {
    long long mebibytes = engine->memory_bytes >> 20;
    const char *size = arena_format(ctx->arena, "%d CPUs, %.1f GiB for containers, %s", engine->processors,
                                    (double)mebibytes / 1024, engine->architecture);
    Check check = {.name = "engine size", .state = CHECK_GOOD, .finding = size};
    if (mebibytes < NEEDED_GIB * 1024) {
        check.state = CHECK_BAD;
        check.remedy =
            "Airflow's containers need 3 GiB: give the engine more (Docker Desktop: Settings, Resources), or set runtime: native";
    } else if (mebibytes < WANTED_GIB * 1024 || engine->processors < NEEDED_PROCESSORS) {
        check.state = CHECK_WARNING;
        check.remedy = "Airflow runs better with 2 CPUs and 4 GiB for the engine";
    }
    bool is_known = text_equals(engine->architecture, "x86_64") || text_equals(engine->architecture, "aarch64") ||
                    text_equals(engine->architecture, "amd64") || text_equals(engine->architecture, "arm64");
    if (!is_known) {
        check.state = CHECK_BAD;
        check.remedy = "Airflow's images exist for amd64 and arm64 only; set runtime: native in devbox.yaml";
    }
    add(ctx, checks, &check);
}

static void check_compose(Context *ctx, CheckList *checks, Facts *facts) {
    Error err = {.arena = ctx->arena};
    if (!compose_program_find(ctx, &facts->compose, &err)) {
        add_error(ctx, checks, "compose", &err);
        return;
    }
    add(ctx, checks,
        &(Check){.name = "compose",
                 .state = CHECK_GOOD,
                 .finding = arena_format(ctx->arena, "%s (%s)", facts->compose.version, facts->compose.path)});
}

static bool find_image(Context *ctx, const Project *project, const DockerEngine *engine, const char **name, bool *exists,
                       Error *err) {
    AirflowProfile profile;
    AirflowImage image;
    if (!airflow_profile_load(ctx, project->config.airflow.version, &profile, err)) return false;
    if (!airflow_image_describe(ctx, project, &profile, &image, err)) return false;
    *name = image.name;
    return docker_image_exists(ctx, engine, image.name, exists, err);
}

// Only where its data is on this machine; the disk of a VM tells nothing of itself.
static void check_disk(Context *ctx, CheckList *checks, const DockerEngine *engine, bool has_image) {
    long long needed_mib = has_image ? RUNNING_DISK_MIB : BUILDING_DISK_GIB * 1024LL;
    if (text_is_empty(engine->data_folder) || !folder_exists(engine->data_folder)) return;
    long long free_mib = platform_free_disk_bytes(engine->data_folder) >> 20;
    bool is_enough = free_mib >= needed_mib;
    Check check = {.name = "engine disk", .state = is_enough ? CHECK_GOOD : CHECK_BAD};
    check.finding = arena_format(ctx->arena, "%s%.1f GiB free for images and volumes in %s", is_enough ? "" : "only ",
                                 (double)free_mib / 1024, engine->data_folder);
    if (!is_enough)
        check.remedy =
            arena_format(ctx->arena, "make room for %.1f GiB: docker system df shows what takes it", (double)needed_mib / 1024);
    add(ctx, checks, &check);
}

static void check_image(Context *ctx, const Project *project, CheckList *checks, const DockerEngine *engine) {
    const char *name;
    bool exists;
    Error err = {.arena = ctx->arena};
    if (!find_image(ctx, project, engine, &name, &exists, &err)) {
        add_error(ctx, checks, "image", &err);
        return;
    }
    Check check = {.name = "image", .finding = name};
    if (!exists)
        check = (Check){.name = "image",
                        .state = CHECK_WARNING,
                        .finding = arena_format(ctx->arena, "%s is not built yet", name),
                        .remedy = "devbox start builds it"};
    add(ctx, checks, &check);
    check_disk(ctx, checks, engine, exists);
}

static void check_limit(Context *ctx, const Project *project, CheckList *checks) {
    const char *memory = project->config.airflow.memory;
    if (airflow_container_memory_bytes(memory) >> 20 >= SMALLEST_LIMIT_MIB) return;
    add(ctx, checks,
        &(Check){.name = "airflow.memory",
                 .state = CHECK_WARNING,
                 .finding = arena_format(ctx->arena, "%s for each container is less than Airflow itself takes", memory),
                 .remedy = "set airflow.memory in devbox.yaml to 1g or more"});
}

void docker_checks_examine(Context *ctx, const Project *project, CheckList *checks) {
    Facts facts = {0};
    if (!check_engine(ctx, checks, &facts)) return;
    check_size(ctx, checks, facts.engine);
    check_compose(ctx, checks, &facts);
    check_image(ctx, project, checks, facts.engine);
    check_limit(ctx, project, checks);
}

// While the platform runs as it should, compose is not needed and not asked: that alone would take longer than all the rest.
static bool is_up(Context *ctx, const Project *project) {
    RuntimeState state;
    Error ignored = {.arena = ctx->arena};
    return airflow_docker_runtime.read_state(ctx, project, &state, &ignored) && state.phase == RUNTIME_HEALTHY;
}

static void check_before_start(Context *ctx, const Project *project, CheckList *checks, Facts *facts) {
    const char *name;
    bool exists;
    Error err = {.arena = ctx->arena};
    check_compose(ctx, checks, facts);
    if (find_image(ctx, project, facts->engine, &name, &exists, &err)) {
        check_disk(ctx, checks, facts->engine, exists);
    } else {
        add_error(ctx, checks, "image", &err);
    }
}

bool docker_checks_run(Context *ctx, const Project *project, const char **finding, Error *err) {
    CheckList checks = {0};
    Facts facts = {0};
    if (check_engine(ctx, &checks, &facts)) {
        check_size(ctx, &checks, facts.engine);
        check_limit(ctx, project, &checks);
        if (!is_up(ctx, project)) check_before_start(ctx, project, &checks, &facts);
    }
    list_each(const Check, check, &checks) {
        if (check->state == CHECK_WARNING) event_warning(ctx, check->remedy, "%s: %s", check->name, check->finding);
        if (check->state != CHECK_BAD) continue;
        error_set(err, check->code == ERROR_NONE ? ERROR_RUNTIME_MISSING : check->code, "%s", check->finding);
        return check->remedy == NULL ? false : error_hint(err, "%s", check->remedy);
    }
    *finding = facts.compose.version == NULL ? "engine" : arena_format(ctx->arena, "engine, compose %s", facts.compose.version);
    return true;
}
