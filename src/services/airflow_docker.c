#include "services/airflow_docker.h"

#include "base/text.h"
#include "io/clock.h"
#include "io/file_system.h"
#include "model/event.h"
#include "model/sensitive.h"
#include "services/airflow_docker_logs.h"
#include "services/airflow_docker_settings.h"
#include "services/airflow_docker_sql.h"
#include "services/airflow_docker_start.h"
#include "services/airflow_docker_wait.h"
#include "services/airflow_stack_state.h"
#include "services/compose_program.h"
#include "services/docker_checks.h"
#include "services/docker_images.h"
#include "services/docker_session.h"
#include "services/failure_card.h"
#include "services/port.h"
#include "services/workbench.h"

enum { GRACE_S = 10, RESTART_GRACE_S = 5 };

static const char *describe_engine(Context *ctx) {
    const DockerEngine *engine;
    Error silent = {.arena = ctx->arena};
    if (!docker_session_engine(ctx, true, &engine, &silent)) return "docker";
    const DockerEndpoint *endpoint = &engine->endpoint;
    // Who has several engines wants to know which it is; a socket is told by the engine's name.
    const char *by = endpoint->is_named ? arena_format(ctx->arena, ", by %s", endpoint->reason) : "";
    return arena_format(ctx->arena, "docker (%s%s, %d CPUs, %.1f GB)", engine->name, by, engine->processors,
                        (double)engine->memory_bytes / 1e9);
}

// The page's port while it is published, 0 else.
static bool find_used_port(Context *ctx, const Project *project, const DockerEngine *engine, int *used, Error *err) {
    AirflowStack stack;
    if (!airflow_stack_observe(ctx, project, engine, &stack, err)) return false;
    *used = stack.state.port;
    return true;
}

static bool choose_port(Context *ctx, const Project *project, int *port, Error *err) {
    const DockerEngine *engine;
    PortWish wish = {.who = "airflow",
                     .key = "airflow.port",
                     .wanted = project->config.airflow.port,
                     .is_explicit = project->config.airflow.is_port_explicit};
    if (!docker_session_engine(ctx, false, &engine, err)) return false;
    return find_used_port(ctx, project, engine, &wish.used, err) && port_choose(ctx, project, &wish, port, err);
}

// What is to run, and the file that says so.
typedef struct Description {
    AirflowContainer container;
    ComposeFile file;
} Description;

static bool describe(Context *ctx, const Project *project, const DockerEngine *engine, int port, Description *described,
                     Error *err) {
    return airflow_container_describe(ctx, project, engine, port, &described->container, err) &&
           compose_file_render(ctx, project, &described->container, port, &described->file, err);
}

bool airflow_docker_describe_file(Context *ctx, const Project *project, bool reveals, const char **text, const char **path,
                                  Error *err) {
    AirflowContainer container;
    ComposeFile file;
    const DockerEngine nobody = {0}, *engine;
    Error silent = {.arena = ctx->arena};
    if (!docker_session_engine(ctx, true, &engine, &silent)) engine = &nobody;
    int port = port_first_choice(ctx, project,
                                 &(PortWish){.key = "airflow.port",
                                             .wanted = project->config.airflow.port,
                                             .is_explicit = project->config.airflow.is_port_explicit});
    if (!project_prepare_state(ctx, project, err)) return false;
    Project shown = *project;
    if (!reveals) shown.config.airflow.password = "****";
    if (!airflow_container_describe(ctx, &shown, engine, port, &container, err)) return false;
    list_each(Pair, pair, &container.environment) {
        if (!reveals) pair->value = value_masked(ctx->arena, pair->key, pair->value);
    }
    if (!compose_file_render(ctx, &shown, &container, port, &file, err)) return false;
    *text = file.text;
    *path = file.path;
    return true;
}

static bool prepare(Context *ctx, const Project *project, const char *step, const char **summary, Error *err) {
    const DockerEngine *engine;
    AirflowContainer container;
    bool was_there, has_database;
    if (!docker_session_engine(ctx, true, &engine, err)) return false;
    if (!airflow_container_describe(ctx, project, engine, project->config.airflow.port, &container, err)) return false;
    AirflowImageUse use = {.engine = engine, .image = &container.image, .step = step};
    if (!airflow_image_ensure(ctx, project, &use, &was_there, err)) return false;
    if (!airflow_image_ensure_database(ctx, project, &use, &has_database, err)) return false;
    if (!workbench_check_mounts(ctx, project, step, err)) return false;
    *summary = arena_format(ctx->arena, "%s %s", container.image.name, was_there && has_database ? "is there" : "is built");
    return true;
}

static bool check_live_link(Context *ctx, const Project *project, const DockerEngine *engine, Error *err) {
    AirflowStack stack;
    if (!airflow_stack_observe(ctx, project, engine, &stack, err)) return false;
    const DockerContainer *scheduler = airflow_stack_find(&stack, "airflow-scheduler");
    return scheduler == NULL || workbench_check_live_link(ctx, project, scheduler->id, err);
}

static bool launch(Context *ctx, const Project *project, const char *step, bool *already_runs, Error *err) {
    const DockerEngine *engine;
    Description described;
    int port;
    bool was_there;
    if (!docker_session_engine(ctx, true, &engine, err) || !choose_port(ctx, project, &port, err)) return false;
    if (!describe(ctx, project, engine, port, &described, err)) return false;
    AirflowImageUse use = {.engine = engine, .image = &described.container.image, .step = step};
    if (!airflow_image_ensure(ctx, project, &use, &was_there, err)) return false;
    ComposeTask task = {.engine = engine, .file = &described.file, .step = step};
    if (!airflow_docker_bring_up(ctx, project, &task, already_runs, err)) return false;
    if (!airflow_docker_wait_healthy(ctx, project, &task, err)) return false;
    if (!airflow_docker_write_pools(ctx, project, err)) return false;
    if (*already_runs) return true;
    return check_live_link(ctx, project, engine, err) && airflow_docker_unpause(ctx, project, err);
}

// --- stop -----------------------------------------------------------------------------------------------------------------

// All are told first and waited for afterwards, so that their graces pass side by side.
static bool tell_to_stop(Context *ctx, const DockerEngine *engine, const DockerContainer *container, Error *err) {
    DockerRequest request = {.method = "POST",
                             .path = arena_format(ctx->arena, "/containers/%s/kill?signal=SIGTERM", container->id),
                             .accepts_missing = true};
    Value *answer;
    Error raced = {.arena = ctx->arena};
    // It may have ended by itself between the two requests, which the engine calls a conflict.
    if (docker_request(ctx, engine, &request, &answer, &raced) || raced.code == ERROR_SERVICE) return true;
    *err = raced;
    return false;
}

static bool stop_containers(Context *ctx, const DockerEngine *engine, const AirflowStack *stack, size_t *count, Error *err) {
    *count = 0;
    list_each(const DockerContainer, container, &stack->containers) {
        bool is_database = text_equals(container->service, "postgres");
        if (!airflow_stack_is_alive(container) || is_database) continue;
        if (text_equals(container->state, "running") && !tell_to_stop(ctx, engine, container, err)) return false;
    }
    for (int turn = 0; turn < 2; turn++) {
        list_each(const DockerContainer, container, &stack->containers) {
            bool is_database = text_equals(container->service, "postgres");
            // The database goes last: the others still write to it.
            if (!airflow_stack_is_alive(container) || is_database != (turn == 1)) continue;
            event_step_progress(ctx, "airflow", "stopping %s", container->service);
            if (!docker_container_stop(ctx, engine, container->id, GRACE_S, err)) return false;
            (*count)++;
        }
    }
    return true;
}

static bool stop(Context *ctx, const Project *project, bool *was_running, Error *err) {
    const DockerEngine *engine;
    AirflowStack stack;
    size_t count, benches;
    if (!docker_session_engine(ctx, false, &engine, err)) return false;
    if (!airflow_stack_observe(ctx, project, engine, &stack, err)) return false;
    if (!stop_containers(ctx, engine, &stack, &count, err) || !workbench_remove_all(ctx, project, &benches, err)) return false;
    *was_running = count > 0;
    return true;
}

static bool describe_running(Context *ctx, const Project *project, const char **what, Error *err) {
    const DockerEngine *engine;
    AirflowStack stack;
    size_t count = 0;
    if (!docker_session_engine(ctx, false, &engine, err)) return false;
    if (!airflow_stack_observe(ctx, project, engine, &stack, err)) return false;
    list_each(const DockerContainer, container, &stack.containers) count += airflow_stack_is_alive(container);
    *what = count == 0 ? NULL : arena_format(ctx->arena, "%zu containers", count);
    return true;
}

// --- restart, state -------------------------------------------------------------------------------------------------------

// By devbox's name, and by that in the compose file.
static bool is_known(const AirflowStack *stack, const StringList *known, const char *name) {
    if (string_list_contains(known, name)) return true;
    list_each(const DockerContainer, container, &stack->containers) {
        if (text_equals(container->service, name)) return !airflow_stack_is_one_shot(name);
    }
    return false;
}

static bool check_names(Context *ctx, const AirflowStack *stack, const StringList *names, Error *err) {
    StringList known = {0};
    list_each(const ServiceStatus, status, &stack->state.services) list_push(ctx->arena, &known, status->name);
    list_each(const char *const, name, names) {
        if (is_known(stack, &known, *name)) continue;
        const char *nearest = text_nearest(*name, known.items, known.count);
        error_set(err, ERROR_USAGE, "there is no service '%s'", *name);
        if (nearest != NULL) return error_hint(err, "did you mean: devbox restart %s", nearest);
        return error_hint(err, "services: %s", text_join(ctx->arena, &known, ", "));
    }
    return true;
}

static bool is_wanted(Context *ctx, const AirflowStack *stack, const DockerContainer *container, const StringList *names) {
    if (airflow_stack_is_one_shot(container->service)) return false;
    return string_list_contains(names, container->service) ||
           string_list_contains(names, airflow_stack_short_name(ctx->arena, &stack->profile, container->service));
}

static bool restart_all(Context *ctx, const Project *project, const DockerEngine *engine, const AirflowStack *stack, Error *err) {
    size_t count;
    bool already_runs;
    return stop_containers(ctx, engine, stack, &count, err) && launch(ctx, project, "airflow", &already_runs, err);
}

static bool restart(Context *ctx, const Project *project, const StringList *names, Error *err) {
    const DockerEngine *engine;
    AirflowStack stack;
    if (!docker_session_engine(ctx, true, &engine, err)) return false;
    if (!airflow_stack_observe(ctx, project, engine, &stack, err)) return false;
    if (stack.state.phase == RUNTIME_STOPPED) {
        error_set(err, ERROR_NOT_RUNNING, "nothing runs here, so nothing can be restarted");
        return error_hint(err, "bring it up: devbox start");
    }
    if (!check_names(ctx, &stack, names, err)) return false;
    if (ctx->is_dry_run) return true;
    // Without names with the settings of now, which may take new containers.
    if (names->count == 0) return restart_all(ctx, project, engine, &stack, err);
    list_each(const DockerContainer, container, &stack.containers) {
        if (!is_wanted(ctx, &stack, container, names)) continue;
        event_step_progress(ctx, "airflow", "restarting %s", container->service);
        if (!docker_container_restart(ctx, engine, container->id, RESTART_GRACE_S, err)) return false;
    }
    ComposeFile file = {.project = compose_project_name(ctx->arena, project)};
    ComposeTask task = {.engine = engine, .file = &file, .step = "airflow"};
    return airflow_docker_wait_healthy(ctx, project, &task, err);
}

static bool read_state(Context *ctx, const Project *project, RuntimeState *state, Error *err) {
    const DockerEngine *engine;
    AirflowStack stack;
    if (!docker_session_engine(ctx, false, &engine, err)) return false;
    if (!airflow_stack_observe(ctx, project, engine, &stack, err)) return false;
    *state = stack.state;
    return true;
}

// --- doctor ---------------------------------------------------------------------------------------------------------------

static void examine(Context *ctx, const Project *project, CheckList *checks) {
    const DockerEngine *engine;
    RuntimeState state;
    Error err = {.arena = ctx->arena};
    docker_checks_examine(ctx, project, checks);
    if (!docker_session_engine(ctx, false, &engine, &err) || !read_state(ctx, project, &state, &err)) return;
    if (state.phase != RUNTIME_HEALTHY) return;
    Check check = {.name = "live link", .state = CHECK_GOOD, .finding = "Airflow's containers see what is written here"};
    if (!check_live_link(ctx, project, engine, &err)) {
        check = (Check){.name = "live link", .state = CHECK_BAD, .finding = err.message, .remedy = err.hint, .code = err.code};
    }
    list_push(ctx->arena, checks, check);
}

// --- where Python runs ----------------------------------------------------------------------------------------------------

// Reached from the workbench by the name that compose gives the database.
// In the container, whose user is nobody else's.
#define WARM_FOLDER "/tmp/devbox-warm"
#define LIVE_DATABASE "postgresql://airflow:airflow@postgres/airflow"

static bool open_place(Context *ctx, const Project *project, PythonTool tool, const char *step, PythonPlace *place, Error *err) {
    const char *container;
    bool is_checkout = path_is_inside(project->state, project->root);
    (void)tool;
    // Nothing inside opens the checkout's sandbox before it is known whether the host may too. A pushed commit has one of its
    // own.
    if (is_checkout && !workbench_check_mounts(ctx, project, step, err)) return false;
    if (!workbench_ensure(ctx, project, step, &container, err)) return false;
    *place = (PythonPlace){.workers = AIRFLOW_IMAGE_WORKERS,
                           .warm_folder = WARM_FOLDER,
                           .template_path = AIRFLOW_IMAGE_TEMPLATE,
                           .live = LIVE_DATABASE};
    return true;
}

static bool enter_place(Context *ctx, const Project *project, PythonTool tool, const PairList *variables, ProcessSpec *spec,
                        Error *err) {
    StringList argv = {0};
    list_push(ctx->arena, &argv, tool == PYTHON_DBT ? AIRFLOW_IMAGE_DBT_PYTHON : "python");
    for (const char *const *word = spec->argv; *word != NULL; word++) list_push(ctx->arena, &argv, *word);
    spec->argv = string_list_to_argv(ctx->arena, &argv);
    return workbench_wrap(ctx, project, "airflow", variables, spec, err);
}

const AirflowRuntime airflow_docker_runtime = {
    .name = "docker",
    .host_name = "host.docker.internal",
    .describe = describe_engine,
    .check = docker_checks_run,
    .examine = examine,
    .choose_port = choose_port,
    .prepare = prepare,
    .launch = launch,
    .stop = stop,
    .describe_running = describe_running,
    .restart = restart,
    .read_state = read_state,
    .show_logs = airflow_docker_show_logs,
    .run_sql = airflow_docker_run_sql,
    .open_place = open_place,
    .enter_place = enter_place,
};
