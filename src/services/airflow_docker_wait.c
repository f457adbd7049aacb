#include "services/airflow_docker_wait.h"

#include "base/text.h"
#include "io/clock.h"
#include "services/airflow_wait.h"
#include "services/docker_events.h"
#include "services/failure_card.h"

enum { HEALTHY_TIMEOUT_MS = 4 * 60 * 1000, TURN_MS = 250 };

typedef struct Wait {
    const Project *project;
    const ComposeTask *task;
    long long timeout_ms, deadline_ms;
    WaitNews news;
} Wait;

typedef enum WaitState { WAIT_GOES_ON, WAIT_HEALTHY, WAIT_FAILED } WaitState;

static const DockerContainer *find_container(const AirflowStack *stack, const ServiceStatus *status) {
    list_each(const DockerContainer, container, &stack->containers) {
        if (text_equals(container->name, status->container)) return container;
    }
    return NULL;
}

static bool report_slow(Context *turn, const Wait *wait, const AirflowStack *stack, Error *err) {
    const ServiceStatus *slow = airflow_wait_find(&stack->state, SERVICE_STARTING);
    if (slow == NULL) slow = airflow_wait_find(&stack->state, SERVICE_UNHEALTHY);
    if (slow == NULL) slow = airflow_wait_find(&stack->state, SERVICE_RESTARTING);
    const char *duration = text_duration(turn->arena, wait->timeout_ms);
    const DockerContainer *container = slow == NULL ? NULL : find_container(stack, slow);
    Error card = {.arena = err->arena};
    if (container != NULL) failure_card_fill(turn, wait->project, wait->task->engine, stack, container->service, &card);
    if (slow != NULL && slow->state == SERVICE_UNHEALTHY) {
        error_set(err, ERROR_TIMEOUT, "%s is not healthy after %s: %s", slow->label, duration, slow->message);
    } else {
        error_set(err, ERROR_TIMEOUT, "%s is still starting after %s", slow == NULL ? "Airflow" : slow->label, duration);
    }
    error_hint(err, "it goes on starting; look with: devbox status · more time: devbox start --timeout %lldm",
               wait->timeout_ms / 60000 * 2 + 1);
    return error_detail(err, card.detail);
}

static WaitState look_once(Context *turn, Wait *wait, Error *err) {
    AirflowStack stack;
    if (!airflow_stack_observe(turn, wait->project, wait->task->engine, &stack, err)) return WAIT_FAILED;
    const ServiceStatus *failed = airflow_wait_find(&stack.state, SERVICE_FAILED);
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
