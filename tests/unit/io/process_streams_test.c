#include "io/process.h"

#include "support/child_world.h"

static void on_error(void *state, const char *line) {
    ChildLines *lines = state;
    text_append_format(&lines->seen, "{%s}", line);
}

static void lines_come_one_by_one_without_their_ends(void **state) {
    ChildWorld *world = *state;
    ChildLines lines = {.seen = {.arena = world->ctx.arena}};
    ProcessSpec spec = child_world_spec(world, "lines", NULL);
    spec.on_output = child_world_on_output;
    spec.handler_state = &lines;
    ProcessResult result = child_world_run(world, &spec);
    assert_string_equal(text_string(&lines.seen), "[first][][third]");
    assert_string_equal(result.output, "first\r\n\nthird");
    lines.seen.length = 0;
    spec.on_output = NULL;
    spec.on_error = on_error;
    child_world_run(world, &spec);
    assert_string_equal(text_string(&lines.seen), "{warning}");
}

static void an_endless_line_comes_in_pieces(void **state) {
    ChildWorld *world = *state;
    ChildLines lines = {.seen = {.arena = world->ctx.arena}};
    const char *argv[] = {"/usr/bin/head", "-c", "300000", "/dev/zero", NULL};
    ProcessSpec spec = {.argv = argv, .timeout_ms = 10000, .on_output = child_world_on_output, .handler_state = &lines};
    child_world_run(world, &spec);
    assert_in_range(lines.count, 3, 5);
}

static void flooding_both_pipes_blocks_nobody_and_keeps_the_end(void **state) {
    ProcessSpec spec = child_world_spec(*state, "flood", "8000000");
    spec.capture_limit = 10000;
    ProcessResult result = child_world_run(*state, &spec);
    assert_int_equal(result.exit_code, 0);
    assert_true(result.is_truncated);
    assert_in_range(strlen(result.output), 5000, 10000);
    assert_in_range(strlen(result.errors), 5000, 10000);
    assert_int_equal(result.output[strlen(result.output) - 1], '\n');
    assert_true(strspn(result.output, "x") == 79 || strspn(result.output, "x") == 4015);
}

static void a_child_that_never_reads_its_input_ends(void **state) {
    ChildWorld *world = *state;
    ProcessSpec spec = child_world_spec(world, "exit", "3");
    spec.input = child_world_long_input(world, 1024 * 1024);
    assert_int_equal(child_world_run(world, &spec).exit_code, 3);
}

static void a_long_input_arrives_whole(void **state) {
    ChildWorld *world = *state;
    ProcessSpec spec = child_world_spec(world, "count-input", NULL);
    spec.input = child_world_long_input(world, 1024 * 1024);
    assert_string_equal(child_world_run(world, &spec).output, "1048576\n");
    spec.input = "";
    assert_string_equal(child_world_run(world, &spec).output, "0\n");
}

static void an_input_that_is_kept_open_has_no_end(void **state) {
    ProcessSpec spec = child_world_spec(*state, "keep-listening", NULL);
    spec.input = "a line\n";
    spec.keeps_input_open = true;
    assert_int_equal(child_world_run(*state, &spec).exit_code, 0);
    spec.keeps_input_open = false;
    assert_int_equal(child_world_run(*state, &spec).exit_code, 1);
}

static void without_input_stdin_is_dev_null(void **state) {
    ProcessSpec spec = child_world_spec(*state, "empty-input", NULL);
    assert_int_equal(child_world_run(*state, &spec).exit_code, 0);
}

static void an_open_child_answers_line_by_line(void **state) {
    ChildWorld *world = *state;
    const char *log = path_join(world->ctx.arena, world->folder, "log");
    ProcessSpec spec = child_world_spec(world, "answer-lines", NULL);
    spec.log_path = log;
    pid_t pid;
    int input, output;
    char answer[64] = "";
    assert_true(process_open(&world->ctx, &spec, &pid, &input, &output, &world->err));
    assert_int_equal(read(output, answer, sizeof answer), -1);
    assert_int_equal(errno, EAGAIN);
    assert_int_equal(write(input, "good morning\n", 13), 13);
    for (int i = 0; i < 500 && read(output, answer, sizeof answer - 1) <= 0; i++) clock_sleep_ms(10);
    assert_string_equal(answer, "you said good morning\n");
    assert_int_equal(getsid(pid), pid);
    close(input);
    assert_int_equal(child_world_read_until_end(output, 5000), 0);
    close(output);
    int status;
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(status, 0);
    assert_string_equal(file_read_tail(world->ctx.arena, log, 100), "input ended\n");
    spec.argv = (const char *const[]){"/nowhere/program", NULL};
    assert_false(process_open(&world->ctx, &spec, &pid, &input, &output, &world->err));
}

static void a_log_is_appended_and_private(void **state) {
    ChildWorld *world = *state;
    const char *log = path_join(world->ctx.arena, world->folder, "log");
    ProcessSpec spec = child_world_spec(world, "fail", "0");
    spec.log_path = log;
    child_world_run(world, &spec);
    child_world_run(world, &spec);
    StringList lines = text_split_lines(world->ctx.arena, file_read_tail(world->ctx.arena, log, 1000));
    assert_int_equal(lines.count, 6);
    assert_true(string_list_contains(&lines, "on stdout"));
    assert_true(string_list_contains(&lines, "last reason"));
    assert_int_equal(file_info(log).mode & 0777, 0600);
}

// Closed standard streams: the pipes must not take their numbers.
static void it_works_with_our_own_streams_closed(void **state) {
    ChildWorld *world = *state;
    fflush(stdout);
    pid_t pid = fork();
    if (pid == 0) {
        for (int fd = 0; fd < 3; fd++) close(fd);
        ProcessSpec spec = child_world_spec(world, "fail", "7");
        ProcessResult result = {0};
        bool is_run = process_run(&world->ctx, &spec, &result, &world->err);
        bool is_right = is_run && text_equals(result.output, "on stdout\n") && text_starts_with(result.errors, "first reason");
        _exit(is_right && result.exit_code == 7 ? 0 : 1);
    }
    int status;
    waitpid(pid, &status, 0);
    assert_int_equal(status, 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        test_with_children(lines_come_one_by_one_without_their_ends),
        test_with_children(an_endless_line_comes_in_pieces),
        test_with_children(flooding_both_pipes_blocks_nobody_and_keeps_the_end),
        test_with_children(a_child_that_never_reads_its_input_ends),
        test_with_children(a_long_input_arrives_whole),
        test_with_children(an_input_that_is_kept_open_has_no_end),
        test_with_children(without_input_stdin_is_dev_null),
        test_with_children(an_open_child_answers_line_by_line),
        test_with_children(a_log_is_appended_and_private),
        test_with_children(it_works_with_our_own_streams_closed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
