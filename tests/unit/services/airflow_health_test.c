// fakes: http
#include "services/airflow_health.h"

#include "base/text.h"
#include "fakes/fake_http.h"
#include "support/event_log.h"

enum { NOON = 1795435200 };  // 2026-11-23T12:00:00Z

static AirflowProfile make_profile(Arena *arena) {
    AirflowProfile profile = {.health_path = "/health"};
    list_push(arena, &profile.health_components, "metadatabase");
    list_push(arena, &profile.health_components, "scheduler");
    list_push(arena, &profile.health_components, "dag_processor");
    return profile;
}

static bool ask(Arena *arena, const FakeHttpAnswer *answer, ComponentHealthList *components, Error *err) {
    Context ctx = {.arena = arena};
    AirflowProfile profile = make_profile(arena);
    fake_http_script(answer, 1);
    bool is_answered = airflow_health_ask(&ctx, &profile, 8081, 5000, components, err);
    fake_http_assert_used();
    return is_answered;
}

#define URL "http://127.0.0.1:8081/health"

static void each_component_has_its_state_and_heartbeat(void **state) {
    static const FakeHttpAnswer answer = {
        .url = URL,
        .status = 200,
        .body =
            "{\"metadatabase\": {\"status\": \"healthy\"},"
            " \"scheduler\": {\"status\": \"healthy\", \"latest_scheduler_heartbeat\": \"2026-11-23T12:00:00.5+00:00\"},"
            " \"triggerer\": {\"status\": \"healthy\"},"
            " \"dag_processor\": {\"status\": \"unhealthy\", \"latest_dag_processor_heartbeat\": null}}"};
    ComponentHealthList components = {0};
    Error err = {.arena = *state};
    assert_true(ask(*state, &answer, &components, &err));
    assert_int_equal(components.count, 3);
    assert_true(components.items[0].is_healthy && components.items[0].heartbeat_ms == 0);
    assert_string_equal(components.items[1].name, "scheduler");
    assert_true(components.items[1].is_healthy && components.items[1].heartbeat_ms == NOON * 1000LL + 500);
    assert_true(!components.items[2].is_healthy && components.items[2].heartbeat_ms == 0);
}

static void components_that_are_missing_or_odd_are_not_healthy(void **state) {
    static const char *const bodies[] = {"{}",
                                         "[]",
                                         "null",
                                         "\"healthy\"",
                                         "{\"metadatabase\": \"healthy\"}",
                                         "{\"metadatabase\": [\"healthy\"]}",
                                         "{\"metadatabase\": {\"status\": true, \"latest_heartbeat\": 5}}"};
    for (size_t i = 0; i < sizeof bodies / sizeof *bodies; i++) {
        FakeHttpAnswer answer = {.url = URL, .status = 200, .body = bodies[i]};
        ComponentHealthList components = {0};
        Error err = {.arena = *state};
        assert_true(ask(*state, &answer, &components, &err));
        assert_int_equal(components.count, 3);
        list_each(ComponentHealth, health, &components) assert_true(!health->is_healthy && health->heartbeat_ms == 0);
    }
}

static void whatever_is_no_health_page_is_an_error(void **state) {
    static const struct {
        FakeHttpAnswer answer;
        const char *expected;
    } rows[] = {
        {{.url = URL, .failure = ERROR_NETWORK, .body = "refused"}, "NETWORK refused"},
        {{.url = URL, .status = 503, .body = "{}"}, "SERVICE Airflow's health page answers 503"},
        {{.url = URL, .status = 302}, "SERVICE Airflow's health page answers 302"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        ComponentHealthList components = {.count = 7};
        Error err = {.arena = *state};
        assert_false(ask(*state, &rows[i].answer, &components, &err));
        assert_string_equal(error_as_text(&err), rows[i].expected);
        assert_int_equal(components.count, 7);
    }
    static const FakeHttpAnswer garbage = {.url = URL, .status = 200, .body = "<html>"};
    ComponentHealthList components = {.count = 7};
    Error err = {.arena = *state};
    assert_false(ask(*state, &garbage, &components, &err));
    assert_non_null(strstr(err.message, "Airflow's health page"));
    assert_int_equal(components.count, 7);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        test_with_arena(each_component_has_its_state_and_heartbeat),
        test_with_arena(components_that_are_missing_or_odd_are_not_healthy),
        test_with_arena(whatever_is_no_health_page_is_an_error),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
