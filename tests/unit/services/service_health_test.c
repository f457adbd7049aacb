#include "services/service_health.h"

#include "base/text.h"
#include "support/test.h"

enum { START = 1000, NOW = 5000 };

static RuntimeState make_state(Arena *arena, RuntimePhase phase) {
    static const char *const names[] = {"webserver", "scheduler", "dag-processor"};
    RuntimeState state = {.phase = phase};
    for (size_t i = 0; i < 3; i++) {
        ServiceStatus status = {.name = names[i], .label = names[i], .pid = (pid_t)(10 + i), .started_ms = START};
        status.state = phase == RUNTIME_STARTING ? SERVICE_STARTING : SERVICE_HEALTHY;
        list_push(arena, &state.services, status);
    }
    return state;
}

static ComponentHealthList all_healthy(Arena *arena) {
    static const ComponentHealth healthy[] = {
        {"metadatabase", true, 0}, {"scheduler", true, START}, {"dag_processor", true, START + 1}};
    ComponentHealthList components = {0};
    for (size_t i = 0; i < 3; i++) list_push(arena, &components, healthy[i]);
    return components;
}

static void all_are_healthy_with_heartbeats_newer_than_their_start(void **state) {
    RuntimeState runtime = make_state(*state, RUNTIME_STARTING);
    ComponentHealthList components = all_healthy(*state);
    assert_true(service_health_judge(*state, &runtime, &components, NOW));
    assert_int_equal(runtime.phase, RUNTIME_HEALTHY);
    assert_int_equal(runtime.healthy_ms, NOW);
    list_each(const ServiceStatus, status, &runtime.services) assert_int_equal(status->state, SERVICE_HEALTHY);
    assert_false(service_health_judge(*state, &runtime, &components, NOW + 1));
    assert_int_equal(runtime.healthy_ms, NOW);
}

static void what_is_stale_red_or_dead_is_not_healthy(void **state) {
    static const struct {
        bool is_healthy;
        long long heartbeat_ms;
        pid_t pid;
    } rows[] = {{true, 0, 11}, {false, START, 11}, {true, START, 0}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        for (int was_up = 0; was_up < 2; was_up++) {
            RuntimeState runtime = make_state(*state, was_up ? RUNTIME_HEALTHY : RUNTIME_STARTING);
            ComponentHealthList components = all_healthy(*state);
            components.items[1].is_healthy = rows[i].is_healthy;
            components.items[1].heartbeat_ms = rows[i].heartbeat_ms;
            runtime.services.items[1].pid = rows[i].pid;
            assert_true(service_health_judge(*state, &runtime, &components, NOW));
            assert_int_equal(runtime.phase, was_up ? RUNTIME_DEGRADED : RUNTIME_STARTING);
            assert_int_equal(runtime.services.items[1].state, was_up ? SERVICE_UNHEALTHY : SERVICE_STARTING);
            assert_true(text_equals(runtime.services.items[1].message, was_up ? "no fresh heartbeat" : NULL));
            assert_int_equal(runtime.services.items[2].state, SERVICE_HEALTHY);
        }
    }
}

static void a_clock_that_was_put_back_makes_nobody_sick(void **state) {
    for (int was_up = 0; was_up < 2; was_up++) {
        RuntimeState runtime = make_state(*state, was_up ? RUNTIME_HEALTHY : RUNTIME_STARTING);
        ComponentHealthList components = all_healthy(*state);
        components.items[1].heartbeat_ms = 1;
        service_health_judge(*state, &runtime, &components, 2);
        // One that was not seen healthy yet may show the heartbeat of the one before it.
        assert_int_equal(runtime.services.items[1].state, was_up ? SERVICE_HEALTHY : SERVICE_STARTING);
    }
}

static void a_sick_metadata_database_keeps_all_from_being_healthy(void **state) {
    RuntimeState runtime = make_state(*state, RUNTIME_HEALTHY);
    ComponentHealthList components = all_healthy(*state);
    components.items[0].is_healthy = false;
    assert_true(service_health_judge(*state, &runtime, &components, NOW));
    assert_int_equal(runtime.phase, RUNTIME_DEGRADED);
    components.items[0].is_healthy = true;
    assert_true(service_health_judge(*state, &runtime, &components, NOW));
    assert_int_equal(runtime.phase, RUNTIME_HEALTHY);
}

static void the_web_server_needs_no_heartbeat_but_a_process(void **state) {
    RuntimeState runtime = make_state(*state, RUNTIME_STARTING);
    ComponentHealthList components = all_healthy(*state);
    runtime.services.items[0].pid = 0;
    assert_true(service_health_judge(*state, &runtime, &components, NOW));
    assert_int_equal(runtime.services.items[0].state, SERVICE_STARTING);
    assert_int_equal(runtime.phase, RUNTIME_STARTING);
}

static void a_crashed_service_is_judged_by_its_restarts_only(void **state) {
    RuntimeState runtime = make_state(*state, RUNTIME_HEALTHY);
    ComponentHealthList components = all_healthy(*state);
    runtime.services.items[1].state = SERVICE_RESTARTING;
    assert_true(service_health_judge(*state, &runtime, &components, NOW));
    assert_int_equal(runtime.services.items[1].state, SERVICE_RESTARTING);
    assert_int_equal(runtime.phase, RUNTIME_DEGRADED);
    runtime.services.items[1].state = SERVICE_FAILED;
    assert_true(service_health_judge(*state, &runtime, &components, NOW));
    assert_int_equal(runtime.phase, RUNTIME_FAILED);
    assert_string_equal(runtime.message, "a service crashed too often");
    assert_false(service_health_judge(*state, &runtime, &components, NOW));
}

static void silence_is_blamed_on_who_should_have_answered(void **state) {
    StringList components = {0};
    char reason[] = "refused";
    list_push(*state, &components, "scheduler");
    list_push(*state, &components, "dag_processor");
    RuntimeState runtime = make_state(*state, RUNTIME_HEALTHY);
    assert_true(service_health_judge_silence(*state, &runtime, &components, reason, NOW));
    memset(reason, 'x', strlen(reason));
    assert_int_equal(runtime.phase, RUNTIME_DEGRADED);
    assert_string_equal(runtime.message, "refused");
    assert_int_equal(runtime.services.items[0].state, SERVICE_UNHEALTHY);
    assert_string_equal(runtime.services.items[0].message, "refused");
    assert_int_equal(runtime.services.items[1].state, SERVICE_HEALTHY);
    assert_int_equal(runtime.services.items[2].state, SERVICE_HEALTHY);
    assert_false(service_health_judge_silence(*state, &runtime, &components, "still refused", NOW));
    // While it starts, silence is no news; a service that failed for good is.
    runtime = make_state(*state, RUNTIME_STARTING);
    assert_false(service_health_judge_silence(*state, &runtime, &components, "refused", NOW));
    runtime.services.items[2].state = SERVICE_FAILED;
    assert_true(service_health_judge_silence(*state, &runtime, &components, "refused", NOW));
    assert_int_equal(runtime.phase, RUNTIME_FAILED);
}

static void only_the_service_that_is_no_component_serves_the_page(void **state) {
    StringList components = {0};
    list_push(*state, &components, "dag_processor");
    assert_false(service_health_serves_page(&components, "dag-processor"));
    assert_true(service_health_serves_page(&components, "dag"));
    assert_true(service_health_serves_page(&components, "dag-processor-2"));
    assert_true(service_health_serves_page(&components, "api-server"));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        test_with_arena(all_are_healthy_with_heartbeats_newer_than_their_start),
        test_with_arena(what_is_stale_red_or_dead_is_not_healthy),
        test_with_arena(a_sick_metadata_database_keeps_all_from_being_healthy),
        test_with_arena(a_clock_that_was_put_back_makes_nobody_sick),
        test_with_arena(the_web_server_needs_no_heartbeat_but_a_process),
        test_with_arena(a_crashed_service_is_judged_by_its_restarts_only),
        test_with_arena(silence_is_blamed_on_who_should_have_answered),
        test_with_arena(only_the_service_that_is_no_component_serves_the_page),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
