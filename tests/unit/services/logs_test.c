// fakes: clock
#include "services/logs.h"

#include <stdio.h>
#include <unistd.h>

#include "base/text.h"
#include "fakes/fake_clock.h"
#include "support/checkout.h"
#include "support/event_log.h"

#define LOG ".devbox/logs/scheduler.log"
#define SHOWN "line: scheduler     | "

static volatile sig_atomic_t cancel;

typedef struct Logs {
    Checkout *checkout;
    Project project;
    EventLog log;
    LogOptions options;
} Logs;

static Logs prepare(void **state) {
    Checkout *checkout = *state;
    Logs logs = {.checkout = checkout};
    checkout_add_folder(checkout, "dags");
    logs.project = checkout_open(checkout);
    return logs;
}

static const char *show(Logs *logs) {
    event_log_start(&logs->log, &logs->checkout->ctx);
    bool is_shown = logs_show(&logs->checkout->ctx, &logs->project, &logs->options, &logs->checkout->err);
    if (!is_shown) fail_msg("%s", logs->checkout->err.message);
    return event_log_take(&logs->log);
}

static const char *must_fail(Logs *logs) {
    error_clear(&logs->checkout->err);
    assert_false(logs_show(&logs->checkout->ctx, &logs->project, &logs->options, &logs->checkout->err));
    return error_as_text(&logs->checkout->err);
}

static void lines_of_all_services_are_merged_by_time(void **state) {
    Logs logs = prepare(state);
    checkout_add(*state, LOG,
                 "banner\n[2026-11-23T12:00:00.000+0000] one\n  traceback of one\n[2026-11-23T12:00:02.000+0000] three\n");
    checkout_add(*state, ".devbox/logs/webserver.log",
                 "[2026-11-23 12:00:01 +0000] [7] two\n127.0.0.1 \"GET /health HTTP/1.1\" 200\n"
                 "\033[2m2026-11-23T13:00:03+01:00 four\n");
    checkout_add(*state, ".devbox/logs/notes.txt", "no log\n");
    checkout_add(*state, ".devbox/logs/webserver.log.1", "old\n");
    assert_string_equal(show(&logs),
                        "line: scheduler     | banner\n"
                        "line: scheduler     | [2026-11-23T12:00:00.000+0000] one\n"
                        "line: scheduler     |   traceback of one\n"
                        "line: webserver     | [2026-11-23 12:00:01 +0000] [7] two\n"
                        "line: scheduler     | [2026-11-23T12:00:02.000+0000] three\n"
                        "line: webserver     | \033[2m2026-11-23T13:00:03+01:00 four\n");
}

static void only_the_last_lines_and_the_wanted_services_are_shown(void **state) {
    Logs logs = prepare(state);
    checkout_add(*state, LOG, "a\nb\nc\n");
    checkout_add(*state, ".devbox/logs/triggerer.log", "x\n");
    list_push(logs.checkout->arena, &logs.options.services, "scheduler");
    logs.options.lines = 2;
    assert_string_equal(show(&logs), SHOWN "b\n" SHOWN "c\n");
    logs.options.lines = 99;
    assert_string_equal(show(&logs), SHOWN "a\n" SHOWN "b\n" SHOWN "c\n");
}

static void since_leaves_older_lines_out(void **state) {
    Logs logs = prepare(state);
    checkout_add(*state, LOG,
                 "no time\n[2026-11-23T12:00:00.000+0000] old\nof old\n[2026-11-23T12:05:00.000+0000] young\nof young\n");
    fake_clock_set(0, 1795435200LL * 1000 + 6 * 60000);
    logs.options.since_ms = 2 * 60000;
    assert_string_equal(show(&logs), SHOWN "[2026-11-23T12:05:00.000+0000] young\n" SHOWN "of young\n");
}

static void a_long_file_is_read_from_a_line_start_near_its_end(void **state) {
    Logs logs = prepare(state);
    Text text = {.arena = logs.checkout->arena};
    for (int i = 0; i < 60000; i++) text_append_format(&text, "this is line number %d\n", i);
    checkout_add(*state, LOG, text_string(&text));
    logs.options.lines = 1;
    assert_string_equal(show(&logs), SHOWN "this is line number 59999\n");
    logs.options.lines = 0;
    const char *shown = show(&logs);
    assert_true(text_starts_with(shown, SHOWN "this is line number "));
    assert_true(strlen(shown) > 1024 * 1024);
}

static void a_service_without_log_is_an_error_with_those_that_have_one(void **state) {
    Logs logs = prepare(state);
    assert_string_equal(must_fail(&logs), "NOT_RUNNING there are no logs yet → bring the platform up: devbox start");
    list_push(logs.checkout->arena, &logs.options.services, "shceduler");
    assert_string_equal(must_fail(&logs), "USAGE there is no log of 'shceduler' → nothing has run yet: devbox start");
    checkout_add(*state, LOG, "");
    checkout_add(*state, ".devbox/logs/triggerer.log", "");
    assert_string_equal(must_fail(&logs), "USAGE there is no log of 'shceduler' → there are logs of: scheduler, triggerer");
}

static void an_empty_log_shows_nothing(void **state) {
    Logs logs = prepare(state);
    checkout_add(*state, LOG, "");
    assert_string_equal(show(&logs), "");
}

static void nul_bytes_hide_nothing(void **state) {
    static const char bytes[] = {'a', 0, 'b', '\n', 'c', '\n'};
    Logs logs = prepare(state);
    checkout_add(*state, LOG, "");
    assert_true(file_write(logs.checkout->arena, checkout_path(*state, LOG), bytes, sizeof bytes, 0600, &logs.checkout->err));
    assert_string_equal(show(&logs), SHOWN "a b\n" SHOWN "c\n");
}

// What happens to the log while it is followed, an entry per turn; the last one presses Ctrl-C.
typedef struct Turn {
    const char *appended;
    bool rotates;  // first
} Turn;

static const Turn *next_turn;
static const char *followed_path;

static void take_turn(void) {
    const Turn *turn = next_turn++;
    if (turn->appended == NULL) {
        cancel = 1;
        next_turn = turn;
        return;
    }
    if (turn->rotates) {
        Arena *arena = arena_create();
        assert_int_equal(rename(followed_path, arena_format(arena, "%s.1", followed_path)), 0);
        arena_destroy(arena);
    }
    FILE *file = fopen(followed_path, "ae");
    assert_non_null(file);
    fputs(turn->appended, file);
    fclose(file);
}

static const char *follow(Logs *logs, const Turn *turns) {
    next_turn = turns;
    followed_path = checkout_path(logs->checkout, LOG);
    cancel = 0;
    logs->checkout->ctx.cancel = &cancel;
    logs->options.is_following = true;
    fake_clock_on_sleep(take_turn);
    const char *shown = show(logs);
    fake_clock_on_sleep(NULL);
    return shown;
}

static void following_shows_whole_lines_as_they_come(void **state) {
    static const Turn turns[] = {{"two\nthr", false}, {"", false}, {"ee\n", false}, {"four\nfive\n", false}, {0}};
    Logs logs = prepare(state);
    checkout_add(*state, LOG, "one\nunfinished ");
    checkout_add(*state, ".devbox/logs/triggerer.log", "");
    assert_string_equal(follow(&logs, turns),
                        SHOWN "one\n" SHOWN "unfinished two\n" SHOWN "three\n" SHOWN "four\n" SHOWN "five\n");
}

static void following_goes_on_after_a_rotation(void **state) {
    static const Turn turns[] = {
        {"two\n", false}, {"a new file that is longer than the old one\n", true}, {"last\n", false}, {0}};
    Logs logs = prepare(state);
    checkout_add(*state, LOG, "one\n");
    assert_string_equal(follow(&logs, turns),
                        SHOWN "one\n" SHOWN "two\n" SHOWN "a new file that is longer than the old one\n" SHOWN "last\n");
}

static void a_file_that_shrinks_is_shown_from_its_start(void **state) {
    static const Turn turns[] = {{"new\n", true}, {0}};
    Logs logs = prepare(state);
    checkout_add(*state, LOG, "one long line at first\n");
    assert_string_equal(follow(&logs, turns), SHOWN "one long line at first\n" SHOWN "new\n");
}

static void a_line_longer_than_the_buffer_is_shown_in_pieces(void **state) {
    enum { LONGEST = 100 * 1024 };
    Logs logs = prepare(state);
    char *longest = arena_allocate(logs.checkout->arena, LONGEST + 2);
    memset(longest, 'x', LONGEST);
    longest[LONGEST] = '\n';
    const Turn turns[] = {{longest, false}, {"end\n", false}, {0}};
    checkout_add(*state, LOG, "");
    const char *shown = follow(&logs, turns);
    assert_true(strlen(shown) > LONGEST);
    assert_true(text_ends_with(shown, SHOWN "end\n"));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        test_with_checkout(lines_of_all_services_are_merged_by_time),
        test_with_checkout(only_the_last_lines_and_the_wanted_services_are_shown),
        test_with_checkout(since_leaves_older_lines_out),
        test_with_checkout(a_long_file_is_read_from_a_line_start_near_its_end),
        test_with_checkout(a_service_without_log_is_an_error_with_those_that_have_one),
        test_with_checkout(an_empty_log_shows_nothing),
        test_with_checkout(nul_bytes_hide_nothing),
        test_with_checkout(following_shows_whole_lines_as_they_come),
        test_with_checkout(following_goes_on_after_a_rotation),
        test_with_checkout(a_file_that_shrinks_is_shown_from_its_start),
        test_with_checkout(a_line_longer_than_the_buffer_is_shown_in_pieces),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
