#include "services/airflow_docker_start.h"

#include "base/text.h"
#include "io/clock.h"
#include "io/file_system.h"
#include "model/event.h"
#include "services/airflow_docker_sql.h"
#include "services/airflow_stack_state.h"
#include "services/compose_program.h"
#include "services/compose_trouble.h"
#include "services/docker_events.h"
#include "services/failure_card.h"
#include "services/port.h"

enum {
    DATABASE_TIMEOUT_MS = 60 * 1000,
    DATABASE_PAUSE_MS = 100,
    HEALTHY_TIMEOUT_MS = 4 * 60 * 1000,
    TURN_MS = 250,
    PSQL_TIMEOUT_MS = 10 * 1000,
    KNOWN_TIMEOUT_MS = 30 * 1000
};

static bool is_running(const DockerContainer *container) { return text_equals(container->state, "running"); }

// The services of the rendered file: the keys below "services:".
static StringList list_services(Arena *arena, const char *text) {
    StringList services = {0}, lines = text_split_lines(arena, text);
    bool is_inside = false;
    list_each(const char *const, line, &lines) {
        if (**line != ' ' && **line != '\0' && **line != '#') is_inside = text_equals(*line, "services:");
        bool is_key =
            is_inside && text_starts_with(*line, "  ") && (*line)[2] != ' ' && (*line)[2] != '#' && text_ends_with(*line, ":");
        if (is_key) list_push(arena, &services, arena_copy_bytes(arena, *line + 2, strlen(*line) - 3));
    }
    return services;
}

static const char *label_of(const DockerContainer *container, const char *key) {
    list_each(const Pair, label, &container->labels) {
        if (text_equals(label->key, key)) return label->value;
    }
    return NULL;
}

// Made from this very file; the database has no fingerprint, since it does not depend on Airflow's settings.
static bool is_current(const DockerContainer *container, const ComposeFile *file) {
    const char *fingerprint = label_of(container, LABEL_FINGERPRINT);
    return fingerprint == NULL ? text_equals(container->service, AIRFLOW_STACK_DATABASE)
                               : text_equals(fingerprint, file->fingerprint);
}

typedef enum StackNeed { NEED_NOTHING, NEED_START, NEED_COMPOSE } StackNeed;

static StackNeed find_need(Arena *arena, const AirflowStack *stack, const ComposeFile *file) {
    StringList services = list_services(arena, file->text);
    StackNeed need = NEED_NOTHING;
    list_each(const char *const, service, &services) {
        const DockerContainer *container = airflow_stack_find(stack, *service);
        if (container == NULL || !is_current(container, file)) return NEED_COMPOSE;
        if (airflow_stack_is_one_shot(*service)) {
            bool is_done = text_equals(container->state, "exited") && container->exit_code == 0;
            if (!is_done) return NEED_COMPOSE;
        } else if (!is_running(container)) {
            need = NEED_START;
        }
    }
    return need;
}

static bool wait_for_database(Context *ctx, const DockerEngine *engine, const char *container, Error *err) {
    static const char *const argv[] = {"pg_isready", "-q", "-U", "airflow", NULL};
    DockerProgram program = {.container = container, .argv = argv, .timeout_ms = PSQL_TIMEOUT_MS};
    long long deadline_ms = clock_now_ms() + DATABASE_TIMEOUT_MS;
    for (DockerProgramResult result; clock_now_ms() < deadline_ms; clock_sleep_ms(DATABASE_PAUSE_MS)) {
        if (!docker_program_run(ctx, engine, &program, &result, err)) return false;
        if (result.exit_code == 0) return true;
        if (context_is_cancelled(ctx)) return error_set(err, ERROR_INTERRUPTED, "interrupted while the database was starting");
        event_tick(ctx);
    }
    error_set(err, ERROR_TIMEOUT, "the database of Airflow takes no connections after %s",
              text_duration(ctx->arena, DATABASE_TIMEOUT_MS));
    return error_hint(err, "its log says why: devbox logs postgres");
}

static bool start_one(Context *ctx, const ComposeTask *task, const DockerContainer *container, Error *err) {
    bool is_paused = text_equals(container->state, "paused");
    event_step_progress(ctx, task->step, "starting %s", container->service);
    bool is_done = is_paused ? docker_container_unpause(ctx, task->engine, container->id, err)
                             : docker_container_start(ctx, task->engine, container->id, err);
    if (is_done) return true;
    const char *words = err->message;
    if (strstr(words, "address already in use") != NULL || strstr(words, "already allocated") != NULL)
        return port_report_taken(ctx, compose_trouble_find_port(words), err);
    return false;
}

// As compose would do it, but for the one-shot, which has done its work on this database already.
static bool start_stopped(Context *ctx, const ComposeTask *task, const AirflowStack *stack, Error *err) {
    const DockerContainer *database = airflow_stack_find(stack, AIRFLOW_STACK_DATABASE);
    if (database != NULL) {
        if (!is_running(database) && !start_one(ctx, task, database, err)) return false;
        if (!wait_for_database(ctx, task->engine, database->id, err)) return false;
    }
    list_each(const DockerContainer, container, &stack->containers) {
        if (container->service == NULL || airflow_stack_is_one_shot(container->service) || is_running(container)) continue;
        if (container == database) continue;
        if (!start_one(ctx, task, container, err)) return false;
        if (context_is_cancelled(ctx)) return error_set(err, ERROR_INTERRUPTED, "interrupted; what was up stays up");
    }
    return true;
}

static bool compose_up(Context *ctx, const Project *project, const ComposeTask *task, Error *err) {
    AirflowStack stack;
    const char *failed;
    Error lost = {.arena = ctx->arena};
    if (compose_program_up(ctx, project, task, &failed, err)) return true;
    if (err->code == ERROR_PORT_BUSY) return port_report_taken(ctx, compose_trouble_find_port(err->detail), err);
    if (failed == NULL && err->code != ERROR_CHILD) return false;
    if (!airflow_stack_observe(ctx, project, task->engine, &stack, &lost)) return false;
    if (failed == NULL) failed = airflow_stack_find_culprit(&stack);
    if (failed == NULL) return false;
    return failure_card_fill(ctx, project, task->engine, &stack, failed, err);
}

bool airflow_docker_bring_up(Context *ctx, const Project *project, const ComposeTask *task, bool *already_runs, Error *err) {
    AirflowStack stack;
    if (!airflow_stack_observe(ctx, project, task->engine, &stack, err)) return false;
    // Compose would make the missing folder as root.
    const char *logs =
        project_state_path(ctx->arena, project, arena_format(ctx->arena, "airflow/%s/logs", stack.profile.version));
    if (!folder_create(ctx->arena, logs, err)) return false;
    StackNeed need = find_need(ctx->arena, &stack, task->file);
    *already_runs = need == NEED_NOTHING;
    if (need == NEED_NOTHING) return true;
    bool is_up = stack.state.phase != RUNTIME_STOPPED && !text_is_empty(stack.state.fingerprint);
    if (need == NEED_COMPOSE && is_up && !text_equals(stack.state.fingerprint, task->file->fingerprint)) {
        event_note(ctx, "the settings of Airflow changed since it was started: restarting it");
    }
    if (need == NEED_START) return start_stopped(ctx, task, &stack, err);
    return compose_file_write(ctx, task->file, err) && compose_up(ctx, project, task, err);
}

// --- waiting --------------------------------------------------------------------------------------------------------------

typedef struct Wait {
    const Project *project;
    const ComposeTask *task;
    long long timeout_ms, deadline_ms;
    Arena *arena;      // lives as long as the wait
    const char *said;  // the progress that was reported last; NULL: none
} Wait;

typedef enum WaitState { WAIT_GOES_ON, WAIT_HEALTHY, WAIT_FAILED } WaitState;

static const DockerContainer *find_container(const AirflowStack *stack, const ServiceStatus *status) {
    list_each(const DockerContainer, container, &stack->containers) {
        if (text_equals(container->name, status->container)) return container;
    }
    return NULL;
}

static const ServiceStatus *find_state(const RuntimeState *state, ServiceState wanted) {
    list_each(const ServiceStatus, status, &state->services) {
        if (status->state == wanted) return status;
    }
    return NULL;
}

static bool report_slow(Context *turn, const Wait *wait, const AirflowStack *stack, Error *err) {
    const ServiceStatus *slow = find_state(&stack->state, SERVICE_STARTING);
    if (slow == NULL) slow = find_state(&stack->state, SERVICE_UNHEALTHY);
    const char *duration = text_duration(turn->arena, wait->timeout_ms);
    const DockerContainer *container = slow == NULL ? NULL : find_container(stack, slow);
    if (container != NULL) failure_card_fill(turn, wait->project, wait->task->engine, stack, container->service, err);
    if (slow != NULL && slow->state == SERVICE_UNHEALTHY) {
        error_set(err, ERROR_TIMEOUT, "%s is not healthy after %s: %s", slow->label, duration, slow->message);
    } else {
        error_set(err, ERROR_TIMEOUT, "%s is still starting after %s", slow == NULL ? "Airflow" : slow->label, duration);
    }
    return error_hint(err, "it goes on starting; look with: devbox status · more time: devbox start --timeout %lldm",
                      wait->timeout_ms / 60000 * 2 + 1);
}

static const char *describe_wait(Arena *arena, const RuntimeState *state) {
    StringList waiting = {0};
    list_each(const ServiceStatus, status, &state->services) {
        if (status->state == SERVICE_RESTARTING)
            return arena_format(arena, "%s %s; the engine starts it again", status->label, status->message);
        if (status->state != SERVICE_HEALTHY) list_push(arena, &waiting, status->label);
    }
    return arena_format(arena, "waiting for %s", waiting.count == 0 ? "Airflow" : text_join(arena, &waiting, ", "));
}

static void report_progress(Context *turn, Wait *wait, const RuntimeState *state) {
    const char *news = describe_wait(turn->arena, state);
    if (text_equals(news, wait->said)) {
        event_tick(turn);
        return;
    }
    wait->said = arena_copy_string(wait->arena, news);
    event_step_progress(turn, wait->task->step, "%s", news);
}

static WaitState look_once(Context *turn, Wait *wait, Error *err) {
    AirflowStack stack;
    if (!airflow_stack_observe(turn, wait->project, wait->task->engine, &stack, err)) return WAIT_FAILED;
    const ServiceStatus *failed = find_state(&stack.state, SERVICE_FAILED);
    const DockerContainer *dead = failed == NULL ? NULL : find_container(&stack, failed);
    bool goes_on = true;
    if (stack.state.phase == RUNTIME_HEALTHY) return WAIT_HEALTHY;
    if (failed != NULL) {
        const char *service = dead != NULL ? dead->service : failed->name;
        goes_on = failure_card_fill(turn, wait->project, wait->task->engine, &stack, service, err);
    } else if (context_is_cancelled(turn)) {
        goes_on = error_set(err, ERROR_INTERRUPTED, "interrupted while Airflow was starting");
    } else if (stack.state.phase == RUNTIME_STOPPED) {
        error_set(err, ERROR_SERVICE, "the containers of Airflow were stopped while they were starting");
        goes_on = error_hint(err, "bring them up again: devbox start");
    } else if (clock_now_ms() >= wait->deadline_ms) {
        goes_on = report_slow(turn, wait, &stack, err);
    }
    if (!goes_on) return WAIT_FAILED;
    report_progress(turn, wait, &stack.state);
    return WAIT_GOES_ON;
}

// Sleeps until the engine tells of something, at most one turn; without events it only sleeps.
static void wait_for_news(Context *turn, DockerEvents *events) {
    DockerEventList list = {0};
    Error silent = {.arena = turn->arena};
    if (events == NULL || !docker_events_read(turn, events, TURN_MS, &list, &silent)) clock_sleep_ms(TURN_MS);
}

bool airflow_docker_wait_healthy(Context *ctx, const Project *project, const ComposeTask *task, Error *err) {
    Context turn = *ctx;
    DockerEvents *events = NULL;
    Error silent = {.arena = ctx->arena}, found = {.arena = ctx->arena};
    Wait wait = {.project = project, .task = task, .arena = ctx->arena};
    const char *label = arena_format(ctx->arena, "com.docker.compose.project=%s", task->file->project);
    wait.timeout_ms = ctx->timeout_ms > 0 ? ctx->timeout_ms : HEALTHY_TIMEOUT_MS;
    wait.deadline_ms = clock_now_ms() + wait.timeout_ms;
    turn.arena = arena_create();
    WaitState state = look_once(&turn, &wait, &found);
    if (state == WAIT_GOES_ON && !docker_events_open(ctx, task->engine, label, clock_wall_ms(), &events, &silent)) events = NULL;
    ArenaMark mark = arena_mark(turn.arena);
    while (state == WAIT_GOES_ON) {
        arena_reset(turn.arena, mark);
        wait_for_news(&turn, events);
        state = look_once(&turn, &wait, &found);
    }
    if (events != NULL) docker_events_close(events);
    arena_destroy(turn.arena);
    if (state != WAIT_HEALTHY) *err = found;
    return state == WAIT_HEALTHY;
}

// --- airflow.pools and airflow.unpause
// ------------------------------------------------------------------------------------------------------

static const char *unpause_statement(Arena *arena, const StringList *ids) {
    Text text = {.arena = arena};
    text_append(&text, "UPDATE dag SET is_paused = false WHERE dag_id IN (");
    for (size_t i = 0; i < ids->count; i++) {
        text_append_format(&text, "%s'%s'", i > 0 ? ", " : "", text_replace(arena, ids->items[i], "'", "''"));
    }
    text_append(&text, ") RETURNING dag_id");
    return text_string(&text);
}

bool airflow_docker_write_pools(Context *ctx, const Project *project, Error *err) {
    Text sql = {.arena = ctx->arena};
    const char *rows;
    bool is_there;
    list_each(const PoolConfig, pool, &project->config.airflow.pools) {
        const char *description = pool->description == NULL ? "" : pool->description;
        text_append_format(&sql,
                           "INSERT INTO slot_pool (pool, slots, description, include_deferred) VALUES ('%s', %d, '%s', FALSE) "
                           "ON CONFLICT (pool) DO UPDATE SET slots = excluded.slots, description = excluded.description;\n",
                           text_replace(ctx->arena, pool->name, "'", "''"), pool->slots,
                           text_replace(ctx->arena, description, "'", "''"));
    }
    return sql.length == 0 || airflow_docker_run_sql(ctx, project, text_string(&sql), &rows, &is_there, err);
}

bool airflow_docker_unpause(Context *ctx, const Project *project, Error *err) {
    const StringList *wanted = &project->config.airflow.unpause;
    const char *output = "";
    bool is_there = true;
    if (wanted->count == 0) return true;
    long long deadline_ms = clock_now_ms() + KNOWN_TIMEOUT_MS;
    const char *sql = unpause_statement(ctx->arena, wanted);
    StringList known = {0};
    while (is_there && known.count < wanted->count && clock_now_ms() < deadline_ms) {
        if (!airflow_docker_run_sql(ctx, project, sql, &output, &is_there, err)) return false;
        known = text_split_lines(ctx->arena, output);
        if (known.count >= wanted->count || context_is_cancelled(ctx)) break;
        event_step_progress(ctx, "airflow", "waiting for Airflow to see the DAGs of airflow.unpause");
        clock_sleep_ms(TURN_MS * 2);
    }
    list_each(const char *const, id, wanted) {
        if (string_list_contains(&known, *id)) continue;
        event_warning(ctx, "check airflow.unpause in devbox.yaml; once the DAG is there: devbox start",
                      "airflow.unpause: Airflow knows no DAG '%s'", *id);
    }
    return true;
}
