// fakes: clock http
// The fakes stand in for whole io files: what links against them must never reach the real ones.
#include "fakes/fake_clock.h"
#include "fakes/fake_http.h"
#include "io/clock.h"
#include "support/test.h"

static void the_fake_clock_moves_only_when_told_or_slept_on(void **state) {
    fake_clock_set(100, 1795421564000);
    assert_int_equal(clock_now_ms(), 100);
    clock_sleep_ms(3600000);
    assert_int_equal(clock_now_ms(), 3600100);
    assert_int_equal(fake_clock_slept_ms(), 3600000);
    fake_clock_advance(5);
    assert_int_equal(clock_wall_ms(), 1795421564000 + 3600005);
    assert_string_equal(clock_format(*state, 1795421564000), "2026-11-23T08:12:44+00:00");
}

static void the_fake_network_answers_in_the_order_of_its_script(void **state) {
    static const FakeHttpAnswer script[] = {
        {.url = "http://x/health", .failure = ERROR_NETWORK, .times = 2},
        {.url = "http://x/health", .status = 200, .body = "{}"},
        {.method = "POST", .url = "http://x/dags", .expected_body = "\"a\"", .status = 409},
    };
    Context ctx = {.arena = *state};
    Error err = {.arena = *state};
    HttpResponse response = {0};
    fake_http_script(script, 3);
    assert_null(fake_http_last_request());
    for (int i = 0; i < 2; i++) assert_false(http_request(&ctx, &(HttpRequest){.url = "http://x/health"}, &response, &err));
    assert_string_equal(err.message, "nothing listens at http://x/health");
    assert_true(http_request(&ctx, &(HttpRequest){.url = "http://x/health", .user = "admin"}, &response, &err));
    assert_int_equal(response.status, 200);
    assert_string_equal(response.body, "{}");
    assert_string_equal(fake_http_last_request()->user, "admin");
    assert_true(
        http_request(&ctx, &(HttpRequest){.method = "POST", .url = "http://x/dags", .body = "{\"a\":1}"}, &response, &err));
    assert_int_equal(response.status, 409);
    assert_int_equal(response.length, 0);
    fake_http_assert_used();
}

int main(void) {
    const struct CMUnitTest tests[] = {
        test_with_arena(the_fake_clock_moves_only_when_told_or_slept_on),
        test_with_arena(the_fake_network_answers_in_the_order_of_its_script),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
