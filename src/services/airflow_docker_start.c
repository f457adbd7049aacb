#include "services/airflow_docker_start.h"

#include "base/text.h"
#include "io/clock.h"
#include "io/file_system.h"
#include "model/event.h"
#include "services/airflow_stack_state.h"
#include "services/compose_program.h"
#include "services/compose_trouble.h"
#include "services/failure_card.h"
#include "services/port.h"
#include "services/service_times.h"

enum { DATABASE_TIMEOUT_MS = 60 * 1000, DATABASE_PAUSE_MS = 100, PSQL_TIMEOUT_MS = 10 * 1000 };

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

// Made from this very file; the database has no fingerprint, since it does not depend on Airflow's settings.
static bool is_current(const DockerContainer *container, const ComposeFile *file) {
    const char *fingerprint = docker_container_label(container, LABEL_FINGERPRINT);
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

typedef struct BringUp {
    const Project *project;
    const ComposeTask *task;
    const AirflowStack *before;
    ServiceTimes times;
    const char *slow;  // the service whose time is over; NULL: none's
    long long limit_ms;
} BringUp;

// Of what compose waits for itself. The others come later, and images of the team may have to be fetched first.
static bool is_any_overdue(Context *ctx, BringUp *work, const AirflowStack *stack) {
    RuntimeState first = {0};
    SlowService slow;
    list_each(const ServiceStatus, status, &stack->state.services) {
        bool comes_first = text_equals(status->name, AIRFLOW_STACK_DATABASE) || airflow_stack_is_one_shot(status->name);
        if (comes_first && status->pid > 0) list_push(ctx->arena, &first.services, *status);
    }
    if (first.services.count == 0 || !service_times_are_over(&work->times, &first, &slow) || slow.status == NULL) return false;
    work->slow = arena_copy_string(work->times.arena, slow.status->name);
    work->limit_ms = slow.limit_ms;
    return true;
}

// Compose would wait until its own time is over.
static bool can_come_up(Context *ctx, void *state) {
    AirflowStack stack;
    BringUp *work = state;
    Error ignored = {.arena = ctx->arena};
    if (!airflow_stack_observe(ctx, work->project, work->task->engine, &stack, &ignored)) return true;
    return !airflow_stack_database_crashes(&stack, work->before) && !is_any_overdue(ctx, work, &stack);
}

static bool report_slow(Context *ctx, const BringUp *work, const AirflowStack *stack, Error *err) {
    const ServiceStatus gone = {.label = work->slow, .name = work->slow};
    SlowService slow = {.status = &gone, .limit_ms = work->limit_ms};
    list_each(const ServiceStatus, status, &stack->state.services) {
        if (text_equals(status->name, work->slow)) slow.status = status;
    }
    failure_card_fill_slow(ctx, work->project, work->task->engine, stack, &slow, err);
    return error_hint(
        err, "nothing that needs it was started; look with: devbox logs %s · then, with more time: devbox start --timeout %lldm",
        work->slow, service_times_more_minutes(&slow));
}

// One that crashed before this start too may be about to be replaced, and must not be blamed until compose gets to it.
static void end_crashing_database(Context *ctx, const ComposeTask *task, const AirflowStack *before) {
    const AirflowStack nothing = {0};
    Error ignored = {.arena = ctx->arena};
    if (!airflow_stack_database_crashes(before, &nothing)) return;
    const DockerContainer *database = airflow_stack_find(before, AIRFLOW_STACK_DATABASE);
    if (!docker_container_stop(ctx, task->engine, database->id, 0, &ignored)) event_note(ctx, "%s", ignored.message);
}

static bool compose_up(Context *ctx, const Project *project, const ComposeTask *task, const AirflowStack *before, Error *err) {
    AirflowStack stack;
    const char *failed;
    Error lost = {.arena = ctx->arena};
    BringUp work = {.project = project, .task = task, .before = before};
    work.times = service_times_begin(ctx->arena, &before->profile);
    work.times.least_ms = ctx->timeout_ms;
    ComposeWatch watch = {.is_hopeful = can_come_up, .state = &work};
    end_crashing_database(ctx, task, before);
    if (compose_program_up(ctx, project, task, &watch, &failed, err)) return true;
    if (err->code == ERROR_PORT_BUSY) return port_report_taken(ctx, compose_trouble_find_port(err->detail), err);
    if (failed == NULL && err->code != ERROR_CHILD) return false;
    if (!airflow_stack_observe(ctx, project, task->engine, &stack, &lost)) return false;
    if (work.slow != NULL) return report_slow(ctx, &work, &stack, err);
    if (failed == NULL) failed = airflow_stack_find_culprit(&stack, before);
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
    return compose_file_write(ctx, task->file, err) && compose_up(ctx, project, task, &stack, err);
}
