#include "base/timestamp.h"

#include "support/test.h"

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
        if (timestamp_parse(rows[i].text) != rows[i].expected_ms) fail_msg("%s", rows[i].text);
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
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) assert_int_equal(timestamp_parse(texts[i]), 0);
}

static void dates_of_the_calendar_are_iso_alone_or_with_a_time(void **state) {
    static const char *const dates[] = {"2026-01-31",
                                        "2024-02-29",
                                        "2026-01-31T06:30",
                                        "2026-01-31 06:30:00",
                                        "2026-01-31T06:30:00Z",
                                        "2026-01-31T06:30+02",
                                        "2026-01-31T06:30:00.25-0800",
                                        "2026-01-31T06:30+05:30"};
    static const char *const others[] = {"",
                                         "2026",
                                         "2026-1-31",
                                         "2026-02-30",
                                         "2023-02-29",
                                         "2026-13-01",
                                         "0000-01-01",
                                         "2026-01-31x",
                                         "2026-01-31T",
                                         "2026-01-31T24:00",
                                         "2026-01-31T06:60",
                                         "2026-01-31T06:30:61",
                                         "2026-01-31T06:30+2",
                                         "2026-01-31T06:30+25:00",
                                         "2026-01-31T06:30+05:",
                                         "2026-01-31T06:30:00.",
                                         "2026-01-31T06:30Z "};
    (void)state;
    for (size_t i = 0; i < sizeof dates / sizeof *dates; i++) {
        if (!timestamp_is_iso(dates[i])) fail_msg("%s", dates[i]);
    }
    for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
        if (timestamp_is_iso(others[i])) fail_msg("%s", others[i]);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(times_are_read_with_their_offset),
        cmocka_unit_test(what_is_no_time_is_zero),
        cmocka_unit_test(dates_of_the_calendar_are_iso_alone_or_with_a_time),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
