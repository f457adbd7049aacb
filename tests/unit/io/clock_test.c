#include "io/clock.h"

#include <signal.h>
#include <stdlib.h>
#include <sys/time.h>
#include <time.h>

#include "support/test.h"

static void the_monotonic_clock_never_goes_back(void **state) {
    (void)state;
    long long before_ms = clock_now_ms();
    for (int i = 0; i < 1000; i++) {
        long long now_ms = clock_now_ms();
        assert_true(now_ms >= before_ms);
        before_ms = now_ms;
    }
}

static void the_wall_clock_tells_the_time_of_day(void **state) {
    (void)state;
    long long difference_ms = clock_wall_ms() - (long long)time(NULL) * 1000;
    assert_in_range(difference_ms + 2000, 0, 4000);
}

static void sleeping_takes_at_least_as_long(void **state) {
    (void)state;
    long long started_ms = clock_now_ms();
    clock_sleep_ms(30);
    assert_in_range(clock_now_ms() - started_ms, 30, 1000);
    started_ms = clock_now_ms();
    clock_sleep_ms(0);
    clock_sleep_ms(-5);
    assert_in_range(clock_now_ms() - started_ms, 0, 20);
}

static volatile sig_atomic_t alarms;

static void count_alarm(int number) {
    (void)number;
    alarms++;
}

static void signals_do_not_shorten_a_sleep(void **state) {
    (void)state;
    const struct itimerval every_5_ms = {.it_value.tv_usec = 5000, .it_interval.tv_usec = 5000};
    signal(SIGALRM, count_alarm);
    setitimer(ITIMER_REAL, &every_5_ms, NULL);
    long long started_ms = clock_now_ms();
    clock_sleep_ms(60);
    long long took_ms = clock_now_ms() - started_ms;
    setitimer(ITIMER_REAL, &(struct itimerval){0}, NULL);
    assert_in_range(took_ms, 60, 1000);
    assert_true(alarms > 1);
}

static void check_format(Arena *arena, const char *zone, long long wall_ms, const char *expected) {
    setenv("TZ", zone, 1);
    tzset();
    assert_string_equal(clock_format(arena, wall_ms), expected);
}

static void times_are_shown_in_local_time_with_their_offset(void **state) {
    check_format(*state, "UTC0", 1795421564999, "2026-11-23T08:12:44+00:00");
    check_format(*state, "CET-1", 1795421564000, "2026-11-23T09:12:44+01:00");
    check_format(*state, "NST3:30", 1795421564000, "2026-11-23T04:42:44-03:30");
    check_format(*state, "UTC0", 0, "1970-01-01T00:00:00+00:00");
    check_format(*state, "UTC0", -1, "1969-12-31T23:59:59+00:00");
}

static void the_largest_time_is_still_shown(void **state) {
    check_format(*state, "UTC0", INT64_MAX, "292278994-08-17T07:12:55+00:00");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        test_with_arena(the_monotonic_clock_never_goes_back),
        test_with_arena(the_wall_clock_tells_the_time_of_day),
        test_with_arena(sleeping_takes_at_least_as_long),
        test_with_arena(signals_do_not_shorten_a_sleep),
        test_with_arena(times_are_shown_in_local_time_with_their_offset),
        test_with_arena(the_largest_time_is_still_shown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
