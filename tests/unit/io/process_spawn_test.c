#include "io/process.h"

#include <fcntl.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include "support/child_world.h"

static void assert_cannot_run(ChildWorld *world, const ProcessSpec *spec, ErrorCode code, const char *words) {
    ProcessResult result = {.exit_code = 42};
    assert_false(process_run(&world->ctx, spec, &result, &world->err));
    assert_int_equal(result.exit_code, 42);
    assert_int_equal(world->err.code, code);
    if (strstr(world->err.message, words) == NULL) fail_msg("'%s' lacks '%s'", world->err.message, words);
    error_clear(&world->err);
}

static void what_cannot_be_run_is_told_apart(void **state) {
    ChildWorld *world = *state;
    Arena *arena = world->ctx.arena;
    const char *script = path_join(arena, world->folder, "script"), *text = path_join(arena, world->folder, "text");
    assert_true(file_write_string(arena, script, "#!/nowhere/python\n", 0700, &world->err));
    assert_true(file_write_string(arena, text, "hello\n", 0600, &world->err));
    struct {
        const char *program, *folder, *words;
        ErrorCode code;
    } rows[] = {
        {"no-such-program-here", NULL, "no-such-program-here is not installed", ERROR_RUNTIME_MISSING},
        {"/nowhere/uv", NULL, "the program /nowhere/uv does not exist", ERROR_RUNTIME_MISSING},
        {script, NULL, "the interpreter named in its first line is missing", ERROR_RUNTIME_MISSING},
        {text, NULL, "is not an executable file", ERROR_RUNTIME_MISSING},
        {world->folder, NULL, "is not an executable file", ERROR_RUNTIME_MISSING},
        {"", NULL, "is not installed", ERROR_RUNTIME_MISSING},
        {TEST_CHILD, "/nowhere/at/all", "the folder /nowhere/at/all does not exist", ERROR_FILE},
        {"./text", world->folder, "is not an executable file", ERROR_RUNTIME_MISSING},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const char *argv[] = {rows[i].program, NULL};
        ProcessSpec spec = {.argv = argv, .folder = rows[i].folder, .timeout_ms = 1000};
        assert_cannot_run(world, &spec, rows[i].code, rows[i].words);
    }
}

static void a_program_that_is_no_program_and_too_long_arguments_are_errors(void **state) {
    ChildWorld *world = *state;
    const char *text = path_join(world->ctx.arena, world->folder, "text");
    assert_true(file_write_string(world->ctx.arena, text, "hello\n", 0700, &world->err));
    const char *no_program[] = {text, NULL};
    ProcessSpec spec = {.argv = no_program, .timeout_ms = 1000};
    assert_cannot_run(world, &spec, ERROR_RUNTIME_MISSING, "Exec format error");
    spec = child_world_spec(world, "exit", child_world_long_input(world, 4 * 1024 * 1024));
    assert_cannot_run(world, &spec, ERROR_CHILD, "too long");
    spec = child_world_spec(world, "exit", "0");
    spec.log_path = "/nowhere/log";
    assert_cannot_run(world, &spec, ERROR_FILE, "cannot open /nowhere/log");
}

static void without_free_descriptors_nothing_is_run_and_nothing_leaks(void **state) {
    ChildWorld *world = *state;
    struct rlimit before;
    getrlimit(RLIMIT_NOFILE, &before);
    for (int room = 0; room < 8; room++) {
        int lowest = dup(STDIN_FILENO);
        close(lowest);
        setrlimit(RLIMIT_NOFILE, &(struct rlimit){(rlim_t)(lowest + room), before.rlim_max});
        ProcessSpec spec = child_world_spec(world, "exit", "3");
        ProcessResult result = {0};
        bool is_run = process_run(&world->ctx, &spec, &result, &world->err);
        setrlimit(RLIMIT_NOFILE, &before);
        assert_int_equal(child_world_count_open_files(), world->open_files);
        assert_true(is_run ? result.exit_code == 3 : world->err.code != ERROR_NONE);
        error_clear(&world->err);
    }
}

static void a_folder_that_may_not_be_entered_is_named(void **state) {
    ChildWorld *world = *state;
    assert_int_equal(chmod(world->folder, 0600), 0);
    pid_t pid = fork();
    if (pid == 0) {
        if (geteuid() == 0 && setuid(65534) != 0) _exit(2);
        const char *argv[] = {"/bin/true", NULL};
        ProcessSpec spec = {.argv = argv, .folder = world->folder, .timeout_ms = 1000};
        ProcessResult result;
        bool is_run = process_run(&world->ctx, &spec, &result, &world->err);
        _exit(!is_run && strstr(world->err.message, "may not be entered") != NULL ? 0 : 1);
    }
    int status;
    waitpid(pid, &status, 0);
    chmod(world->folder, 0700);
    assert_int_equal(status, 0);
}

static void a_child_starts_with_default_signals(void **state) {
    sigset_t set, before;
    sigemptyset(&set);
    sigaddset(&set, SIGUSR1);
    sigprocmask(SIG_BLOCK, &set, &before);
    signal(SIGPIPE, SIG_IGN);
    signal(SIGUSR2, SIG_IGN);
    ProcessSpec spec = child_world_spec(*state, "signals", NULL);
    ProcessResult result = child_world_run(*state, &spec);
    sigprocmask(SIG_SETMASK, &before, NULL);
    signal(SIGUSR2, SIG_DFL);
    assert_string_equal(result.output, "");
    assert_int_equal(result.exit_code, 0);
}

static void a_child_gets_none_of_our_files(void **state) {
    int leaky = open("/dev/null", O_RDONLY);
    ProcessSpec spec = child_world_spec(*state, "files", NULL);
    ProcessResult result = child_world_run(*state, &spec);
    close(leaky);
    assert_string_equal(result.output, "0\n1\n2\n");
}

static void the_environment_is_exactly_the_given_one(void **state) {
    const char *environment[] = {"GREETING=hello", "EMPTY=", NULL};
    ProcessSpec spec = child_world_spec(*state, "environment", NULL);
    spec.environment = environment;
    assert_string_equal(child_world_run(*state, &spec).output, "GREETING=hello\nEMPTY=\n");
}

static void the_program_is_looked_up_on_the_path_of_the_child(void **state) {
    ChildWorld *world = *state;
    Arena *arena = world->ctx.arena;
    const char *program = path_join(arena, world->folder, "greet");
    assert_int_equal(symlink(TEST_CHILD, program), 0);
    const char *argv[] = {"greet", "exit", "5", NULL};
    const char *environment[] = {arena_format(arena, "PATH=/nowhere::relative:%s", world->folder), NULL};
    ProcessSpec spec = {.argv = argv, .environment = environment, .timeout_ms = 5000};
    assert_int_equal(child_world_run(world, &spec).exit_code, 5);
    assert_string_equal(process_find_program(arena, "greet", world->folder), program);
    assert_null(process_find_program(arena, "greet", "/usr/bin"));
    const char *without_path[] = {"A=b", NULL};
    spec.environment = without_path;
    assert_cannot_run(world, &spec, ERROR_RUNTIME_MISSING, "greet is not installed");
}

static void a_relative_program_is_looked_up_in_the_folder(void **state) {
    ChildWorld *world = *state;
    assert_int_equal(symlink(TEST_CHILD, path_join(world->ctx.arena, world->folder, "greet")), 0);
    const char *argv[] = {"./greet", "place", NULL};
    ProcessSpec spec = {.argv = argv, .folder = world->folder, .timeout_ms = 5000};
    ProcessResult result = child_world_run(world, &spec);
    assert_non_null(strstr(result.output, arena_format(world->ctx.arena, "folder %s\n", world->folder)));
}

static void a_child_leads_its_own_group_but_not_in_the_foreground(void **state) {
    ChildWorld *world = *state;
    Arena *arena = world->ctx.arena;
    ProcessSpec spec = child_world_spec(world, "place", NULL);
    const char *place = child_world_run(world, &spec).output;
    pid_t pid = child_world_first_number(strstr(place, "pid ") + 4);
    assert_non_null(strstr(place, arena_format(arena, "group %d\nsession %d\n", (int)pid, (int)getsid(0))));
    // In the foreground the streams are ours, so stdout is a file for a moment.
    const char *path = path_join(arena, world->folder, "stdout");
    int saved = dup(STDOUT_FILENO), file = open(path, O_CREAT | O_WRONLY, 0600);
    fflush(stdout);
    dup2(file, STDOUT_FILENO);
    close(file);
    spec.is_foreground = true;
    spec.timeout_ms = 0;
    ProcessResult result = child_world_run(world, &spec);
    dup2(saved, STDOUT_FILENO);
    close(saved);
    assert_string_equal(result.output, "");
    assert_non_null(strstr(file_read_tail(arena, path, 1000), arena_format(arena, "group %d\n", (int)getpgrp())));
}

static bool wait_for_words(ChildWorld *world, const char *path, const char *words) {
    for (long long deadline = clock_now_ms() + 5000; clock_now_ms() < deadline; clock_sleep_ms(5)) {
        if (strstr(file_read_tail(world->ctx.arena, path, 1000), words) != NULL) return true;
    }
    return false;
}

// The case of `devbox start | cat`: our stdout is a pipe that must end with us.
static void a_detached_child_holds_nothing_of_ours(void **state) {
    ChildWorld *world = *state;
    const char *log = path_join(world->ctx.arena, world->folder, "log");
    int ends[2], saved = dup(STDOUT_FILENO);
    assert_int_equal(pipe(ends), 0);
    fflush(stdout);
    dup2(ends[1], STDOUT_FILENO);
    ProcessSpec spec = child_world_spec(world, "ignore-term", "30");
    spec.log_path = log;
    pid_t pid = 0;
    bool is_started = process_detach(&world->ctx, &spec, &pid, &world->err);
    dup2(saved, STDOUT_FILENO);
    close(saved);
    close(ends[1]);
    assert_true(is_started);
    assert_true(wait_for_words(world, log, "ready"));
    fcntl(ends[0], F_SETFL, O_NONBLOCK);
    assert_int_equal(child_world_read_until_end(ends[0], 1000), 0);
    close(ends[0]);
    assert_int_equal(getsid(pid), pid);
    kill(pid, SIGKILL);
    waitpid(pid, NULL, 0);
    spec.argv = (const char *const[]){"/nowhere/program", NULL};
    assert_false(process_detach(&world->ctx, &spec, &pid, &world->err));
    spec.log_path = "/nowhere/log";
    assert_false(process_detach(&world->ctx, &spec, &pid, &world->err));
}

static void replacing_ourselves_passes_the_exit_code_on(void **state) {
    ChildWorld *world = *state;
    ProcessSpec spec = child_world_spec(world, "signals", NULL);
    fflush(stdout);
    pid_t pid = fork();
    if (pid == 0) {
        int nothing = open(path_join(world->ctx.arena, world->folder, "out"), O_CREAT | O_WRONLY, 0600);
        dup2(nothing, STDOUT_FILENO);
        signal(SIGPIPE, SIG_IGN);
        spec.folder = "/";
        bool is_replaced = process_replace(&world->ctx, &spec, &world->err);
        _exit(is_replaced ? 98 : 99);
    }
    int status;
    waitpid(pid, &status, 0);
    assert_int_equal(WEXITSTATUS(status), 0);
    assert_string_equal(file_read_tail(world->ctx.arena, path_join(world->ctx.arena, world->folder, "out"), 1000), "");
    spec.argv = (const char *const[]){"/nowhere/program", NULL};
    assert_false(process_replace(&world->ctx, &spec, &world->err));
    assert_int_equal(world->err.code, ERROR_RUNTIME_MISSING);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        test_with_children(what_cannot_be_run_is_told_apart),
        test_with_children(a_program_that_is_no_program_and_too_long_arguments_are_errors),
        test_with_children(without_free_descriptors_nothing_is_run_and_nothing_leaks),
        test_with_children(a_folder_that_may_not_be_entered_is_named),
        test_with_children(a_child_starts_with_default_signals),
        test_with_children(a_child_gets_none_of_our_files),
        test_with_children(the_environment_is_exactly_the_given_one),
        test_with_children(the_program_is_looked_up_on_the_path_of_the_child),
        test_with_children(a_relative_program_is_looked_up_in_the_folder),
        test_with_children(a_child_leads_its_own_group_but_not_in_the_foreground),
        test_with_children(a_detached_child_holds_nothing_of_ours),
        test_with_children(replacing_ourselves_passes_the_exit_code_on),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
