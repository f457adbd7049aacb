#include "services/airflow_stack_state.h"

#include "base/text.h"
#include "services/compose_file.h"
#include "support/test.h"

enum { START = 1000, NOW = 5000, GIB = 1 << 30 };

static const char *const services[] = {"postgres", "airflow-init", "airflow-webserver", "airflow-scheduler"};
enum { POSTGRES, INIT, WEB, SCHEDULER, SERVICES };

// A platform in which all is well.
static AirflowStack make_stack(Arena *arena) {
    static const AirflowService own[] = {{.name = "webserver", .label = "web server"},
                                         {.name = "scheduler", .label = "scheduler"}};
    AirflowStack stack = {.profile = {.docker = {.web_service = "airflow-webserver"}}};
    for (size_t i = 0; i < 2; i++) list_push(arena, &stack.profile.services, own[i]);
    for (size_t i = 0; i < SERVICES; i++) {
        bool is_init = i == INIT;
        DockerContainer container = {.id = services[i],
                                     .name = arena_format(arena, "shop-%s-1", services[i]),
                                     .service = services[i],
                                     .state = is_init ? "exited" : "running",
                                     .health = is_init ? DOCKER_HEALTH_NONE : DOCKER_HEALTH_HEALTHY,
                                     .pid = is_init ? 0 : (int)(10 + i),
                                     .started_ms = START,
                                     .error = ""};
        if (i == WEB) list_push(arena, &container.ports, ((DockerPort){.inside = 8080, .outside = 8081}));
        list_push(arena, &stack.containers, container);
    }
    return stack;
}

static const ServiceStatus *judge(Arena *arena, AirflowStack *stack, const char *name) {
    Project project = {.state = "/shop/.devbox", .config = {.airflow = {.version = "2.10.3"}}};
    airflow_stack_judge(arena, &project, stack);
    list_each(const ServiceStatus, status, &stack->state.services) {
        if (text_equals(status->name, name)) return status;
    }
    return NULL;
}

static void a_whole_platform_is_healthy_and_its_one_shot_no_service(void **state) {
    AirflowStack stack = make_stack(*state);
    assert_null(judge(*state, &stack, "airflow-init"));
    assert_int_equal(stack.state.phase, RUNTIME_HEALTHY);
    assert_int_equal(stack.state.services.count, 3);
    assert_int_equal(stack.state.port, 8081);
    assert_string_equal(judge(*state, &stack, "webserver")->label, "web server");
}

static void without_containers_nothing_is_missing(void **state) {
    AirflowStack stack = make_stack(*state);
    stack.containers.count = 0;
    assert_null(judge(*state, &stack, "scheduler"));
    assert_int_equal(stack.state.phase, RUNTIME_STOPPED);
}

static void a_removed_container_is_a_failed_service(void **state) {
    AirflowStack stack = make_stack(*state);
    stack.containers.count = SCHEDULER;
    const ServiceStatus *scheduler = judge(*state, &stack, "scheduler");
    assert_int_equal(scheduler->state, SERVICE_FAILED);
    assert_string_equal(scheduler->message, "has no container any more");
    assert_null(scheduler->container);
    assert_int_equal(stack.state.phase, RUNTIME_FAILED);
}

static void until_the_one_shot_is_done_the_others_are_only_waited_for(void **state) {
    AirflowStack stack = make_stack(*state);
    stack.containers.count = WEB;
    stack.containers.items[INIT].state = "running";
    assert_int_equal(judge(*state, &stack, "scheduler")->state, SERVICE_STARTING);
    assert_int_equal(judge(*state, &stack, "airflow-init")->state, SERVICE_STARTING);
    assert_int_equal(stack.state.phase, RUNTIME_STARTING);
}

static void a_failing_health_check_is_quoted(void **state) {
    AirflowStack stack = make_stack(*state);
    stack.containers.items[SCHEDULER].health = DOCKER_HEALTH_UNHEALTHY;
    stack.containers.items[SCHEDULER].health_words = "curl: (22) The requested URL returned error: 503";
    assert_string_equal(judge(*state, &stack, "scheduler")->message,
                        "its health check fails: curl: (22) The requested URL returned error: 503");
}

typedef struct Row {
    const char *docker_state, *error;
    DockerHealth health;
    int exit_code, restarts;
    bool is_out_of_memory;
    ServiceState expected;
    const char *message;
    RuntimePhase phase;
} Row;

static void the_state_of_a_container_says_how_its_service_is(void **state) {
    static const Row rows[] = {
        {"running", "", DOCKER_HEALTH_UNHEALTHY, 0, 0, false, SERVICE_UNHEALTHY, "its health check fails", RUNTIME_DEGRADED},
        {"running", "", DOCKER_HEALTH_STARTING, 0, 0, false, SERVICE_STARTING, NULL, RUNTIME_STARTING},
        {"running", "", DOCKER_HEALTH_STARTING, 1, 4, false, SERVICE_RESTARTING, "crashes again and again", RUNTIME_DEGRADED},
        {"paused", "", DOCKER_HEALTH_HEALTHY, 0, 0, false, SERVICE_UNHEALTHY, "paused", RUNTIME_DEGRADED},
        {"created", "", DOCKER_HEALTH_NONE, 0, 0, false, SERVICE_STARTING, "waiting for what it depends on", RUNTIME_STARTING},
        {"created", "bind: address already in use", DOCKER_HEALTH_NONE, 128, 0, false, SERVICE_FAILED,
         "bind: address already in use", RUNTIME_FAILED},
        {"restarting", "", DOCKER_HEALTH_NONE, 1, 1, false, SERVICE_RESTARTING, "exited (1) 2.0s after its start",
         RUNTIME_DEGRADED},
        {"restarting", "", DOCKER_HEALTH_NONE, 1, 3, false, SERVICE_FAILED, "exited (1) 2.0s after its start", RUNTIME_FAILED},
        {"restarting", "", DOCKER_HEALTH_NONE, 137, 1, true, SERVICE_FAILED,
         "exited (137) 2.0s after its start: out of memory, limit 2 GiB", RUNTIME_FAILED},
        {"exited", "", DOCKER_HEALTH_NONE, 137, 0, false, SERVICE_FAILED,
         "exited (137) 2.0s after its start: killed from outside", RUNTIME_FAILED},
        {"exited", "", DOCKER_HEALTH_NONE, 0, 0, false, SERVICE_FAILED, "is stopped; devbox start starts it", RUNTIME_FAILED},
        {"exited", "", DOCKER_HEALTH_NONE, 143, 0, false, SERVICE_FAILED, "is stopped; devbox start starts it", RUNTIME_FAILED},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const Row *row = &rows[i];
        AirflowStack stack = make_stack(*state);
        DockerContainer *container = &stack.containers.items[SCHEDULER];
        container->state = row->docker_state;
        container->error = row->error;
        container->health = row->health;
        container->exit_code = row->exit_code;
        container->restarts = row->restarts;
        container->is_out_of_memory = row->is_out_of_memory;
        container->memory_limit_bytes = 2LL * GIB;
        container->finished_ms = START + 2000;
        const ServiceStatus *scheduler = judge(*state, &stack, "scheduler");
        if (scheduler->state != row->expected || !text_equals(scheduler->message, row->message) ||
            stack.state.phase != row->phase)
            fail_msg("row %zu: %s, %s, %s", i, service_state_name(scheduler->state), scheduler->message,
                     runtime_phase_name(stack.state.phase));
    }
}

static void a_failed_one_shot_is_shown_and_fails_the_platform(void **state) {
    AirflowStack stack = make_stack(*state);
    stack.containers.items[INIT].exit_code = 3;
    assert_int_equal(judge(*state, &stack, "airflow-init")->state, SERVICE_FAILED);
    assert_int_equal(stack.state.phase, RUNTIME_FAILED);
}

static ComponentHealthList make_page(Arena *arena, bool has_database) {
    ComponentHealthList components = {0};
    list_push(arena, &components, ((ComponentHealth){"metadatabase", has_database, 0}));
    list_push(arena, &components, ((ComponentHealth){"scheduler", true, START + 1}));
    return components;
}

static void the_page_knows_a_healthy_service_before_the_engine_does(void **state) {
    for (int has_database = 0; has_database < 2; has_database++) {
        AirflowStack stack = make_stack(*state);
        ComponentHealthList page = make_page(*state, has_database);
        stack.containers.items[SCHEDULER].health = stack.containers.items[WEB].health = DOCKER_HEALTH_STARTING;
        judge(*state, &stack, "scheduler");
        assert_true(airflow_stack_is_waiting(&stack));
        airflow_stack_take_page(*state, &page, NOW, &stack);
        assert_int_equal(stack.state.phase, has_database ? RUNTIME_HEALTHY : RUNTIME_STARTING);
    }
}

// Its heartbeat is newer than its start, and stays so.
static void the_page_does_not_make_a_paused_service_healthy(void **state) {
    AirflowStack stack = make_stack(*state);
    ComponentHealthList page = make_page(*state, true);
    stack.containers.items[WEB].health = DOCKER_HEALTH_STARTING;
    stack.containers.items[SCHEDULER].state = "paused";
    judge(*state, &stack, "scheduler");
    airflow_stack_take_page(*state, &page, NOW, &stack);
    assert_int_equal(stack.state.phase, RUNTIME_DEGRADED);
    list_each(const ServiceStatus, status, &stack.state.services) {
        bool is_scheduler = text_equals(status->name, "scheduler");
        assert_int_equal(status->state, is_scheduler ? SERVICE_UNHEALTHY : SERVICE_HEALTHY);
    }
}

static void the_page_knows_nothing_of_a_one_shot_at_work(void **state) {
    AirflowStack stack = make_stack(*state);
    ComponentHealthList page = make_page(*state, true);
    stack.containers.items[INIT].state = "running";
    stack.containers.items[INIT].pid = 11;
    judge(*state, &stack, "airflow-init");
    assert_false(airflow_stack_is_waiting(&stack));
    airflow_stack_take_page(*state, &page, NOW, &stack);
    assert_int_equal(stack.state.phase, RUNTIME_STARTING);
}

static void a_platform_whose_checks_all_spoke_need_not_be_asked(void **state) {
    AirflowStack stack = make_stack(*state);
    stack.containers.items[SCHEDULER].health = DOCKER_HEALTH_UNHEALTHY;
    judge(*state, &stack, "scheduler");
    assert_false(airflow_stack_is_waiting(&stack));
}

static void what_ended_badly_keeps_the_others_down_before_what_is_sick(void **state) {
    AirflowStack stack = make_stack(*state), before = make_stack(*state), nothing = {0};
    assert_null(airflow_stack_find_culprit(&stack, &nothing));
    stack.containers.items[SCHEDULER].health = DOCKER_HEALTH_UNHEALTHY;
    assert_string_equal(airflow_stack_find_culprit(&stack, &nothing), "airflow-scheduler");
    stack.containers.items[INIT].exit_code = 3;
    assert_string_equal(airflow_stack_find_culprit(&stack, &nothing), "airflow-init");
    // What ended in an earlier session is not why this one fails.
    stack.containers.items[INIT].finished_ms = before.containers.items[INIT].finished_ms = 1000;
    assert_string_equal(airflow_stack_find_culprit(&stack, &before), "airflow-scheduler");
    stack.containers.items[INIT].finished_ms = 2000;
    assert_string_equal(airflow_stack_find_culprit(&stack, &before), "airflow-init");
}

static void a_database_that_crashes_again_and_again_is_given_up(void **state) {
    AirflowStack stack = make_stack(*state), before = make_stack(*state), nothing = {0};
    DockerContainer *database = &stack.containers.items[POSTGRES];
    assert_false(airflow_stack_database_crashes(&stack, &nothing));
    database->restarts = 3;
    assert_false(airflow_stack_database_crashes(&stack, &nothing));  // it is up again, and healthy
    database->state = "restarting";
    database->finished_ms = 2000;
    assert_true(airflow_stack_database_crashes(&stack, &nothing));
    assert_true(airflow_stack_database_crashes(&stack, &before));
    assert_string_equal(airflow_stack_find_culprit(&stack, &before), "postgres");
    database->state = "running";
    database->health = DOCKER_HEALTH_STARTING;
    assert_true(airflow_stack_database_crashes(&stack, &before));
    database->restarts = 2;
    assert_false(airflow_stack_database_crashes(&stack, &before));
    // It crashed before this start, and has not yet since.
    database->restarts = 9;
    before.containers.items[POSTGRES].finished_ms = 2000;
    assert_false(airflow_stack_database_crashes(&stack, &before));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        test_with_arena(a_whole_platform_is_healthy_and_its_one_shot_no_service),
        test_with_arena(without_containers_nothing_is_missing),
        test_with_arena(a_removed_container_is_a_failed_service),
        test_with_arena(until_the_one_shot_is_done_the_others_are_only_waited_for),
        test_with_arena(a_failing_health_check_is_quoted),
        test_with_arena(the_state_of_a_container_says_how_its_service_is),
        test_with_arena(a_failed_one_shot_is_shown_and_fails_the_platform),
        test_with_arena(the_page_knows_a_healthy_service_before_the_engine_does),
        test_with_arena(the_page_does_not_make_a_paused_service_healthy),
        test_with_arena(the_page_knows_nothing_of_a_one_shot_at_work),
        test_with_arena(what_ended_badly_keeps_the_others_down_before_what_is_sick),
        test_with_arena(a_database_that_crashes_again_and_again_is_given_up),
        test_with_arena(a_platform_whose_checks_all_spoke_need_not_be_asked),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
