// fakes: http
#include "services/airflow_health.h"

#include "base/text.h"
#include "fakes/fake_http.h"
#include "support/event_log.h"

enum { NOON = 1795435200 };  // 2026-11-23T12:00:00Z

static void times_are_read_with_their_offset(void **state) {
    static const struct {
        const char *text;
        long long expected_ms;
    } rows[] = {
        {"2026-11-23T12:00:00Z", NOON * 1000LL},
        {"2026-11-23T12:00:00", NOON * 1000LL},
        {"2026-11-23T12:00:00+00:00", NOON * 1000LL},
        {"2026-11-23T12:00:00.123456+00:00", NOON * 1000LL + 123},
        {"2026-11-23T12:00:00.5Z", NOON * 1000LL + 500},
        {"2026-11-23T12:00:00.07Z", NOON * 1000LL + 70},
        {"2026-11-23 12:00:00,250 rest", NOON * 1000LL + 250},
        {"2026-11-23T17:30:00+05:30", NOON * 1000LL},
        {"2026-11-23T17:30:00.000+0530] {x.py:1}", NOON * 1000LL},
        {"2026-11-23 12:00:00 +0000] [42] [INFO]", NOON * 1000LL},
        {"2026-11-23T04:00:00-08:00", NOON * 1000LL},
        {"2026-11-23T13:00:00+01", NOON * 1000LL},
        {"2024-02-29T00:00:00Z", 1709164800LL * 1000},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        if (airflow_health_parse_time(rows[i].text) != rows[i].expected_ms) fail_msg("%s", rows[i].text);
    }
}

static void what_is_no_time_is_zero(void **state) {
    static const char *const texts[] = {NULL,
                                        "",
                                        "never",
                                        "2026-11-23",
                                        "2026-11-23T12:00",
                                        "2026-13-01T00:00:00Z",
                                        "2026-11-32T00:00:00Z",
                                        "2026-11-23T24:00:00Z",
                                        "2026-11-23T12:60:00Z",
                                        "20 rows",
                                        "2026/11/23T12:00:00",
                                        "2026-11-23_12:00:00",
                                        "-026-11-23T12:00:00",
                                        "0026-11-23T12:00:00"};
    (void)state;
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) assert_int_equal(airflow_health_parse_time(texts[i]), 0);
}

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
        cmocka_unit_test(times_are_read_with_their_offset),
        cmocka_unit_test(what_is_no_time_is_zero),
        test_with_arena(each_component_has_its_state_and_heartbeat),
        test_with_arena(components_that_are_missing_or_odd_are_not_healthy),
        test_with_arena(whatever_is_no_health_page_is_an_error),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
