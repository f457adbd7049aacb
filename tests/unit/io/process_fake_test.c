// fakes: process
// The stand-in for io/process itself: other tests rest on it.
#include <unistd.h>

#include "base/text.h"
#include "fakes/fake_process.h"
#include "support/test.h"

static int effect_count;

static void count_effect(const ProcessSpec *spec) {
    (void)spec;
    effect_count++;
}

static void keep_line(void *state, const char *line) { text_append_format(state, "[%s]", line); }

static void a_script_gives_each_call_its_end(void **state) {
    Arena *arena = *state;
    static const FakeChild children[] = {
        {.command = "*/uv pip install *", .output = "one\ntwo\n", .variable = "A=b", .folder = "/tmp", .effect = count_effect},
        {.command = "git push", .exit_code = 3, .errors = "rejected\n"},
        {.command = "docker*", .error = ERROR_RUNTIME_MISSING},
    };
    fake_process_script(children, 3);
    Context ctx = {.arena = arena};
    Error err = {.arena = arena};
    Text lines = {.arena = arena};
    ProcessResult result;
    ProcessSpec spec = {.timeout_ms = 1, .folder = "/tmp", .on_output = keep_line, .handler_state = &lines};
    spec.argv = (const char *const[]){"/usr/bin/uv", "pip", "install", "x", NULL};
    spec.environment = (const char *const[]){"A=b", NULL};
    assert_true(process_run(&ctx, &spec, &result, &err));
    assert_string_equal(result.output, "one\ntwo\n");
    assert_string_equal(text_string(&lines), "[one][two]");
    assert_int_equal(effect_count, 1);
    spec.argv = (const char *const[]){"git", "push", NULL};
    assert_false(process_check(&ctx, &spec, &result, &err));
    assert_int_equal(err.code, ERROR_CHILD);
    assert_string_equal(err.detail, "rejected");
    spec.argv = (const char *const[]){"docker", "ps", NULL};
    assert_false(process_run(&ctx, &spec, &result, &err));
    assert_int_equal(err.code, ERROR_RUNTIME_MISSING);
    fake_process_assert_used();
    assert_string_equal(fake_process_commands(), "/usr/bin/uv pip install x\ngit push\ndocker ps\n");
}

static void programs_are_missing_until_they_are_added(void **state) {
    fake_process_script(NULL, 0);
    assert_null(process_find_program(*state, "uv", NULL));
    fake_process_add_program("uv", "/opt/uv");
    assert_string_equal(process_find_program(*state, "uv", NULL), "/opt/uv");
}

static void started_opened_and_detached_children_follow_the_script(void **state) {
    Arena *arena = *state;
    static const FakeChild children[] = {
        {.command = "a", .exit_code = 2}, {.command = "a"}, {.command = "a", .output = "hello\n"}};
    fake_process_script(children, 3);
    Context ctx = {.arena = arena};
    Error err = {.arena = arena};
    ProcessSpec spec = {.argv = (const char *const[]){"a", NULL}, .timeout_ms = 1};
    Process *process;
    ProcessResult result;
    pid_t pid = 0;
    int input, output;
    char answer[16] = "";
    assert_true(process_start(&ctx, &spec, &process, &err));
    assert_false(process_is_finished(process, &result));
    processes_poll(&ctx, &process, 1, 100);
    assert_true(process_is_finished(process, &result));
    assert_int_equal(result.exit_code, 2);
    assert_true(process_detach(&ctx, &spec, &pid, &err));
    assert_true(pid > 4194304);
    assert_true(process_open(&ctx, &spec, &pid, &input, &output, &err));
    assert_int_equal(read(output, answer, sizeof answer - 1), 6);
    assert_string_equal(answer, "hello\n");
    assert_int_equal(read(output, answer, sizeof answer), 0);
    close(input);
    close(output);
    fake_process_assert_used();
}

int main(void) {
    const struct CMUnitTest tests[] = {
        test_with_arena(a_script_gives_each_call_its_end),
        test_with_arena(programs_are_missing_until_they_are_added),
        test_with_arena(started_opened_and_detached_children_follow_the_script),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
