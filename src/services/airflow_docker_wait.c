#include "services/airflow_docker_wait.h"

#include "base/text.h"
#include "io/clock.h"
#include "services/airflow_wait.h"
#include "services/docker_events.h"
#include "services/failure_card.h"
#include "services/service_times.h"

enum { TURN_MS = 250 };

typedef struct Wait {
    const Project *project;
    const ComposeTask *task;
    ServiceTimes times;
    WaitNews news;
} Wait;

typedef enum WaitState { WAIT_GOES_ON, WAIT_HEALTHY, WAIT_FAILED } WaitState;

static WaitState look_once(Context *turn, Wait *wait, Error *err) {
    AirflowStack stack;
    if (!airflow_stack_observe(turn, wait->project, wait->task->engine, &stack, err)) return WAIT_FAILED;
    const ServiceStatus *failed = airflow_wait_find(&stack.state, SERVICE_FAILED);
    SlowService slow;
    bool goes_on = true;
    if (stack.state.phase == RUNTIME_HEALTHY) return WAIT_HEALTHY;
    if (failed != NULL) {
        const char *service = airflow_stack_service_of(&stack, failed);
        goes_on = failure_card_fill(turn, wait->project, wait->task->engine, &stack, service, err);
    } else if (context_is_cancelled(turn)) {
        goes_on = error_set(err, ERROR_INTERRUPTED, "interrupted while Airflow was starting");
    } else if (stack.state.phase == RUNTIME_STOPPED) {
        error_set(err, ERROR_SERVICE, "the containers of Airflow were stopped while they were starting");
        goes_on = error_hint(err, "bring them up again: devbox start");
    } else if (service_times_are_over(&wait->times, &stack.state, &slow)) {
        goes_on = failure_card_fill_slow(turn, wait->project, wait->task->engine, &stack, &slow, err);
    }
    if (!goes_on) return WAIT_FAILED;
    airflow_wait_report(turn, &wait->news, &stack.state);
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
    Wait wait = {.project = project, .task = task, .news = {.step = task->step, .arena = ctx->arena}};
    const char *label = compose_project_label(ctx->arena, project);
    AirflowProfile profile;
    if (!airflow_profile_load(ctx, project->config.airflow.version, &profile, err)) return false;
    wait.times = service_times_begin(ctx->arena, &profile);
    wait.times.whole_ms = ctx->timeout_ms;
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
