#include "services/docker_checks.h"

#include "base/text.h"
#include "io/file_system.h"
#include "model/event.h"
#include "services/airflow_container.h"
#include "services/airflow_docker.h"
#include "services/compose_program.h"
#include "services/docker_capacity.h"
#include "services/docker_images.h"
#include "services/docker_session.h"

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

typedef struct ImageFacts {
    const char *name;
    bool exists, is_base_missing;  // the base matters only where the image is to be built
} ImageFacts;

static bool look_for_image(Context *ctx, const Project *project, const DockerEngine *engine, ImageFacts *facts, Error *err) {
    AirflowContainer container;
    bool has_base = true;
    if (!airflow_container_describe(ctx, project, engine, project->config.airflow.port, &container, err)) return false;
    facts->name = container.image.name;
    if (!docker_image_exists(ctx, engine, facts->name, &facts->exists, err)) return false;
    if (!facts->exists && !docker_image_exists(ctx, engine, container.image.base, &has_base, err)) return false;
    facts->is_base_missing = !has_base;
    return true;
}

static void check_image(Context *ctx, const Project *project, CheckList *checks, const DockerEngine *engine) {
    ImageFacts image;
    Error err = {.arena = ctx->arena};
    if (!look_for_image(ctx, project, engine, &image, &err)) {
        add_error(ctx, checks, "image", &err);
        return;
    }
    add(ctx, checks,
        &(Check){.name = "image",
                 .state = image.exists ? CHECK_GOOD : CHECK_WARNING,
                 .finding = arena_format(ctx->arena, image.exists ? "%s" : "%s is not built yet", image.name),
                 .remedy = image.exists ? NULL : "devbox start builds it"});
    if (image.is_base_missing) docker_capacity_judge_disk(ctx->arena, engine, checks);
}

// What a team adds to the stack; compose sees it as the last start wrote its own part.
static void check_override(Context *ctx, const Project *project, CheckList *checks, const DockerEngine *engine) {
    ComposeFile file = compose_file_of(ctx->arena, project);
    ComposeTask task = {.engine = engine, .file = &file};
    Error err = {.arena = ctx->arena};
    if (file.override_path == NULL || !file_exists(file.path)) return;
    const char *name = path_name(file.override_path);
    if (!compose_program_check_file(ctx, project, &task, &err)) {
        const char *words = err.detail == NULL ? err.message : text_last_lines(ctx->arena, err.detail, 1);
        add(ctx, checks,
            &(Check){.name = name, .state = CHECK_BAD, .finding = words, .remedy = "mend the file, then: devbox start"});
        return;
    }
    add(ctx, checks, &(Check){.name = name, .state = CHECK_GOOD, .finding = "compose can merge it"});
}

void docker_checks_examine(Context *ctx, const Project *project, CheckList *checks) {
    Facts facts = {0};
    if (!check_engine(ctx, checks, &facts)) return;
    docker_capacity_judge(ctx->arena, facts.engine, checks);
    check_compose(ctx, checks, &facts);
    if (facts.compose.path != NULL) check_override(ctx, project, checks, facts.engine);
    check_image(ctx, project, checks, facts.engine);
    docker_capacity_judge_limit(ctx->arena, project->config.airflow.memory, checks);
}

// While the platform runs as it should, compose is not needed and not asked: that alone would take longer than all the rest.
static bool is_up(Context *ctx, const Project *project) {
    RuntimeState state;
    Error ignored = {.arena = ctx->arena};
    return airflow_docker_runtime.read_state(ctx, project, &state, &ignored) && state.phase == RUNTIME_HEALTHY;
}

// A missing image is no finding before a start, which makes it; only the room for it is.
static void check_room(Context *ctx, const Project *project, CheckList *checks, const DockerEngine *engine) {
    ImageFacts image;
    Error told_by_the_build = {.arena = ctx->arena};
    if (!look_for_image(ctx, project, engine, &image, &told_by_the_build)) return;
    if (image.is_base_missing) docker_capacity_judge_disk(ctx->arena, engine, checks);
}

bool docker_checks_run(Context *ctx, const Project *project, const char **finding, Error *err) {
    CheckList checks = {0};
    Facts facts = {0};
    if (check_engine(ctx, &checks, &facts)) {
        docker_capacity_judge(ctx->arena, facts.engine, &checks);
        docker_capacity_judge_limit(ctx->arena, project->config.airflow.memory, &checks);
        bool starts = !is_up(ctx, project);
        if (starts) check_compose(ctx, &checks, &facts);
        if (starts) check_room(ctx, project, &checks, facts.engine);
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
