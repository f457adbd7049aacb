#include "io/process.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/text.h"
#include "io/clock.h"
#include "io/file_system.h"
#include "io/platform.h"
#include "io/signals.h"
#include "model/event.h"
#include "support/test.h"

static volatile sig_atomic_t cancel;

typedef struct World {
    Context ctx;
    Error err;
    const char *folder;
    int open_files;
} World;

static int count_open_files(void) {
    int count = 0;
    DIR *directory = opendir("/proc/self/fd");
    while (readdir(directory) != NULL) count++;
    closedir(directory);
    return count;
}

static int set_up(void **state) {
    Arena *arena = arena_create();
    World *world = arena_allocate(arena, sizeof *world);
    cancel = 0;
    world->ctx = (Context){.arena = arena, .cancel = &cancel};
    world->err = (Error){.arena = arena};
    assert_true(folder_create_temporary(arena, "/tmp", "process_test_", &world->folder, &world->err));
    // The wake-up pipe stays open once the first child was started.
    ProcessResult result;
    const char *argv[] = {TEST_CHILD, "exit", NULL};
    assert_true(process_run(&world->ctx, &(ProcessSpec){.argv = argv, .timeout_ms = 5000}, &result, &world->err));
    world->open_files = count_open_files();
    *state = world;
    return 0;
}

// After every test: no zombie, no open file too many.
static int tear_down(void **state) {
    World *world = *state;
    int left = waitpid(-1, NULL, WNOHANG), reason = errno;
    int open_files = count_open_files();
    bool is_removed = folder_remove(world->ctx.arena, world->folder, &world->err);
    int before = world->open_files;
    arena_destroy(world->ctx.arena);
    return left == -1 && reason == ECHILD && open_files == before && is_removed ? 0 : -1;
}

static ProcessSpec child(World *world, const char *mode, const char *argument) {
    const char **argv = arena_allocate_array(world->ctx.arena, 4, sizeof *argv);
    argv[0] = TEST_CHILD;
    argv[1] = mode;
    argv[2] = argument;
    return (ProcessSpec){.argv = argv, .timeout_ms = 10000};
}

static ProcessResult run(World *world, const ProcessSpec *spec) {
    ProcessResult result = {0};
    if (!process_run(&world->ctx, spec, &result, &world->err)) fail_msg("%s", world->err.message);
    return result;
}

static pid_t first_number(const char *text) { return (pid_t)strtol(text, NULL, 10); }

static bool is_alive(World *world, pid_t pid) {
    ProcessInfo info;
    return platform_process_info(world->ctx.arena, pid, &info) && !info.is_zombie;
}

static void run_returns_exit_code_and_both_streams(void **state) {
    ProcessSpec spec = child(*state, "fail", "7");
    ProcessResult result = run(*state, &spec);
    assert_int_equal(result.outcome, PROCESS_EXITED);
    assert_int_equal(result.exit_code, 7);
    assert_string_equal(result.output, "on stdout\n");
    assert_string_equal(result.errors, "first reason\nlast reason\n");
    assert_false(result.is_truncated);
    assert_in_range(result.duration_ms, 0, 5000);
}

typedef struct Lines {
    Arena *arena;
    Text seen;
    const char *cancel_at;
    int cancel_by;
    size_t count, longest;
} Lines;

static void on_output(void *state, const char *line) {
    Lines *lines = state;
    lines->count++;
    if (strlen(line) > lines->longest) lines->longest = strlen(line);
    text_append_format(&lines->seen, "[%.20s]", line);
    if (text_equals(lines->cancel_at, line)) cancel = lines->cancel_by;
}

static void on_error(void *state, const char *line) {
    Lines *lines = state;
    text_append_format(&lines->seen, "{%s}", line);
}

static void lines_come_one_by_one_without_their_ends(void **state) {
    World *world = *state;
    Lines lines = {.seen = {.arena = world->ctx.arena}};
    ProcessSpec spec = child(world, "lines", NULL);
    spec.on_output = on_output;
    spec.handler_state = &lines;
    ProcessResult result = run(world, &spec);
    assert_string_equal(text_string(&lines.seen), "[first][][third]");
    assert_string_equal(result.output, "first\r\n\nthird");
    lines.seen.length = 0;
    spec.on_output = NULL;
    spec.on_error = on_error;
    run(world, &spec);
    assert_string_equal(text_string(&lines.seen), "{warning}");
}

static void an_endless_line_comes_in_pieces(void **state) {
    World *world = *state;
    Lines lines = {.seen = {.arena = world->ctx.arena}};
    const char *argv[] = {"/usr/bin/head", "-c", "300000", "/dev/zero", NULL};
    ProcessSpec spec = {.argv = argv, .timeout_ms = 10000, .on_output = on_output, .handler_state = &lines};
    run(world, &spec);
    assert_in_range(lines.count, 3, 5);
}

static void flooding_both_pipes_blocks_nobody_and_keeps_the_end(void **state) {
    ProcessSpec spec = child(*state, "flood", "8000000");
    spec.capture_limit = 10000;
    ProcessResult result = run(*state, &spec);
    assert_int_equal(result.exit_code, 0);
    assert_true(result.is_truncated);
    assert_in_range(strlen(result.output), 5000, 10000);
    assert_in_range(strlen(result.errors), 5000, 10000);
    assert_int_equal(result.output[strlen(result.output) - 1], '\n');
    assert_true(strspn(result.output, "x") == 79 || strspn(result.output, "x") == 4015);
}

static const char *long_input(World *world, size_t length) {
    char *input = arena_allocate(world->ctx.arena, length + 1);
    memset(input, 'i', length);
    return input;
}

static void a_child_that_never_reads_its_input_ends(void **state) {
    World *world = *state;
    ProcessSpec spec = child(world, "exit", "3");
    spec.input = long_input(world, 1024 * 1024);
    assert_int_equal(run(world, &spec).exit_code, 3);
}

static void a_long_input_arrives_whole(void **state) {
    World *world = *state;
    ProcessSpec spec = child(world, "count-input", NULL);
    spec.input = long_input(world, 1024 * 1024);
    assert_string_equal(run(world, &spec).output, "1048576\n");
    spec.input = "";
    assert_string_equal(run(world, &spec).output, "0\n");
}

static void an_input_that_is_kept_open_has_no_end(void **state) {
    ProcessSpec spec = child(*state, "keep-listening", NULL);
    spec.input = "a line\n";
    spec.keeps_input_open = true;
    assert_int_equal(run(*state, &spec).exit_code, 0);
    spec.keeps_input_open = false;
    assert_int_equal(run(*state, &spec).exit_code, 1);
}

static void without_input_stdin_is_dev_null(void **state) {
    ProcessSpec spec = child(*state, "empty-input", NULL);
    assert_int_equal(run(*state, &spec).exit_code, 0);
}

static void a_child_that_ignores_term_is_killed_after_the_grace(void **state) {
    ProcessSpec spec = child(*state, "ignore-term", "30");
    spec.timeout_ms = 200;
    spec.grace_ms = 150;
    ProcessResult result = run(*state, &spec);
    assert_int_equal(result.outcome, PROCESS_TIMED_OUT);
    assert_int_equal(result.signal, SIGKILL);
    assert_string_equal(result.output, "ready\n");
    assert_in_range(result.duration_ms, 340, 3000);
}

static void a_child_may_use_its_grace_to_say_goodbye(void **state) {
    ProcessSpec spec = child(*state, "answer-term", "30");
    spec.timeout_ms = 300;
    ProcessResult result = run(*state, &spec);
    assert_int_equal(result.outcome, PROCESS_TIMED_OUT);
    assert_int_equal(result.exit_code, 3);
    assert_string_equal(result.output, "ready\ngoodbye\n");
    assert_in_range(result.duration_ms, 290, 1900);
}

static void a_grandchild_that_holds_the_pipe_delays_little(void **state) {
    static const char *const modes[] = {"grandchild", "stray-grandchild"};
    World *world = *state;
    for (int i = 0; i < 2; i++) {
        ProcessSpec spec = child(world, modes[i], "30");
        long long started = clock_now_ms();
        ProcessResult result = run(world, &spec);
        assert_in_range(clock_now_ms() - started, 200, 3000);
        assert_int_equal(result.outcome, PROCESS_EXITED);
        assert_int_equal(result.exit_code, 0);
        pid_t grandchild = first_number(result.output);
        assert_true(is_alive(world, grandchild));
        kill(grandchild, SIGKILL);
    }
}

static void a_timeout_ends_the_whole_group(void **state) {
    World *world = *state;
    ProcessSpec spec = child(world, "stubborn-grandchild", "30");
    spec.timeout_ms = 300;
    spec.grace_ms = 200;
    ProcessResult result = run(world, &spec);
    assert_int_equal(result.outcome, PROCESS_TIMED_OUT);
    pid_t grandchild = first_number(result.output);
    assert_true(grandchild > 1);
    assert_false(is_alive(world, grandchild));
}

static void a_child_killed_by_a_signal_is_told_apart(void **state) {
    World *world = *state;
    ProcessSpec spec = child(world, "kill", "9");
    ProcessResult result = run(world, &spec);
    assert_int_equal(result.outcome, PROCESS_SIGNALED);
    assert_int_equal(result.signal, SIGKILL);
    assert_string_equal(process_describe(world->ctx.arena, &spec, &result), "devbox_test_child kill 9 (signal 9, Killed)");
}

static void assert_cannot_run(World *world, const ProcessSpec *spec, ErrorCode code, const char *words) {
    ProcessResult result = {.exit_code = 42};
    assert_false(process_run(&world->ctx, spec, &result, &world->err));
    assert_int_equal(result.exit_code, 42);
    assert_int_equal(world->err.code, code);
    if (strstr(world->err.message, words) == NULL) fail_msg("'%s' lacks '%s'", world->err.message, words);
    error_clear(&world->err);
}

static void what_cannot_be_run_is_told_apart(void **state) {
    World *world = *state;
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
    World *world = *state;
    const char *text = path_join(world->ctx.arena, world->folder, "text");
    assert_true(file_write_string(world->ctx.arena, text, "hello\n", 0700, &world->err));
    const char *no_program[] = {text, NULL};
    ProcessSpec spec = {.argv = no_program, .timeout_ms = 1000};
    assert_cannot_run(world, &spec, ERROR_RUNTIME_MISSING, "Exec format error");
    spec = child(world, "exit", long_input(world, 4 * 1024 * 1024));
    assert_cannot_run(world, &spec, ERROR_CHILD, "too long");
    spec = child(world, "exit", "0");
    spec.log_path = "/nowhere/log";
    assert_cannot_run(world, &spec, ERROR_FILE, "cannot open /nowhere/log");
}

static void without_free_descriptors_nothing_is_run_and_nothing_leaks(void **state) {
    World *world = *state;
    struct rlimit before;
    getrlimit(RLIMIT_NOFILE, &before);
    for (int room = 0; room < 8; room++) {
        int lowest = dup(STDIN_FILENO);
        close(lowest);
        setrlimit(RLIMIT_NOFILE, &(struct rlimit){(rlim_t)(lowest + room), before.rlim_max});
        ProcessSpec spec = child(world, "exit", "3");
        ProcessResult result = {0};
        bool is_run = process_run(&world->ctx, &spec, &result, &world->err);
        setrlimit(RLIMIT_NOFILE, &before);
        assert_int_equal(count_open_files(), world->open_files);
        assert_true(is_run ? result.exit_code == 3 : world->err.code != ERROR_NONE);
        error_clear(&world->err);
    }
}

static void a_folder_that_may_not_be_entered_is_named(void **state) {
    World *world = *state;
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

static ProcessResult run_and_cancel(World *world, const char *mode, int cancel_by) {
    Lines lines = {.seen = {.arena = world->ctx.arena}, .cancel_at = "ready", .cancel_by = cancel_by};
    ProcessSpec spec = child(world, mode, "30");
    spec.on_output = on_output;
    spec.handler_state = &lines;
    spec.grace_ms = cancel_by > 1 ? 20000 : 200;
    return run(world, &spec);
}

static void an_interruption_asks_the_child_to_end(void **state) {
    ProcessResult result = run_and_cancel(*state, "answer-term", 1);
    assert_int_equal(result.outcome, PROCESS_INTERRUPTED);
    assert_int_equal(result.exit_code, 3);
}

static void an_interruption_does_not_wait_for_a_stubborn_child(void **state) {
    ProcessResult result = run_and_cancel(*state, "ignore-term", 1);
    assert_int_equal(result.outcome, PROCESS_INTERRUPTED);
    assert_int_equal(result.signal, SIGKILL);
}

static void a_second_interruption_kills_at_once(void **state) {
    ProcessResult result = run_and_cancel(*state, "ignore-term", 2);
    assert_int_equal(result.outcome, PROCESS_INTERRUPTED);
    assert_int_equal(result.signal, SIGKILL);
    assert_in_range(result.duration_ms, 0, 3000);
}

static void after_an_interruption_nothing_is_started(void **state) {
    World *world = *state;
    ProcessSpec spec = child(world, "lines", NULL);
    cancel = 1;
    ProcessResult result = run(world, &spec);
    assert_int_equal(result.outcome, PROCESS_INTERRUPTED);
    assert_string_equal(result.output, "");
}

static void a_child_starts_with_default_signals(void **state) {
    sigset_t set, before;
    sigemptyset(&set);
    sigaddset(&set, SIGUSR1);
    sigprocmask(SIG_BLOCK, &set, &before);
    signal(SIGPIPE, SIG_IGN);
    signal(SIGUSR2, SIG_IGN);
    ProcessSpec spec = child(*state, "signals", NULL);
    ProcessResult result = run(*state, &spec);
    sigprocmask(SIG_SETMASK, &before, NULL);
    signal(SIGUSR2, SIG_DFL);
    assert_string_equal(result.output, "");
    assert_int_equal(result.exit_code, 0);
}

static void a_child_gets_none_of_our_files(void **state) {
    int leaky = open("/dev/null", O_RDONLY);
    ProcessSpec spec = child(*state, "files", NULL);
    ProcessResult result = run(*state, &spec);
    close(leaky);
    assert_string_equal(result.output, "0\n1\n2\n");
}

static void the_environment_is_exactly_the_given_one(void **state) {
    const char *environment[] = {"GREETING=hello", "EMPTY=", NULL};
    ProcessSpec spec = child(*state, "environment", NULL);
    spec.environment = environment;
    assert_string_equal(run(*state, &spec).output, "GREETING=hello\nEMPTY=\n");
}

static void the_program_is_looked_up_on_the_path_of_the_child(void **state) {
    World *world = *state;
    Arena *arena = world->ctx.arena;
    const char *program = path_join(arena, world->folder, "greet");
    assert_int_equal(symlink(TEST_CHILD, program), 0);
    const char *argv[] = {"greet", "exit", "5", NULL};
    const char *environment[] = {arena_format(arena, "PATH=/nowhere::relative:%s", world->folder), NULL};
    ProcessSpec spec = {.argv = argv, .environment = environment, .timeout_ms = 5000};
    assert_int_equal(run(world, &spec).exit_code, 5);
    assert_string_equal(process_find_program(arena, "greet", world->folder), program);
    assert_null(process_find_program(arena, "greet", "/usr/bin"));
    const char *without_path[] = {"A=b", NULL};
    spec.environment = without_path;
    assert_cannot_run(world, &spec, ERROR_RUNTIME_MISSING, "greet is not installed");
}

static void a_relative_program_is_looked_up_in_the_folder(void **state) {
    World *world = *state;
    assert_int_equal(symlink(TEST_CHILD, path_join(world->ctx.arena, world->folder, "greet")), 0);
    const char *argv[] = {"./greet", "place", NULL};
    ProcessSpec spec = {.argv = argv, .folder = world->folder, .timeout_ms = 5000};
    ProcessResult result = run(world, &spec);
    assert_non_null(strstr(result.output, arena_format(world->ctx.arena, "folder %s\n", world->folder)));
}

static void a_child_leads_its_own_group_but_not_in_the_foreground(void **state) {
    World *world = *state;
    Arena *arena = world->ctx.arena;
    ProcessSpec spec = child(world, "place", NULL);
    const char *place = run(world, &spec).output;
    pid_t pid = first_number(strstr(place, "pid ") + 4);
    assert_non_null(strstr(place, arena_format(arena, "group %d\nsession %d\n", (int)pid, (int)getsid(0))));
    // In the foreground the streams are ours, so stdout is a file for a moment.
    const char *path = path_join(arena, world->folder, "stdout");
    int saved = dup(STDOUT_FILENO), file = open(path, O_CREAT | O_WRONLY, 0600);
    fflush(stdout);
    dup2(file, STDOUT_FILENO);
    close(file);
    spec.is_foreground = true;
    spec.timeout_ms = 0;
    ProcessResult result = run(world, &spec);
    dup2(saved, STDOUT_FILENO);
    close(saved);
    assert_string_equal(result.output, "");
    assert_non_null(strstr(file_read_tail(arena, path, 1000), arena_format(arena, "group %d\n", (int)getpgrp())));
}

static void children_run_side_by_side(void **state) {
    World *world = *state;
    enum { COUNT = 3 };
    Process *processes[COUNT + 1] = {NULL};
    long long started = clock_now_ms();
    for (int i = 0; i < COUNT; i++) {
        ProcessSpec spec = child(world, "sleep", "0.4");
        assert_true(process_start(&world->ctx, &spec, &processes[i], &world->err));
        assert_true(process_pid(processes[i]) > 1);
        assert_false(process_is_finished(processes[i], NULL));
    }
    for (int finished = 0; finished < COUNT;) {
        processes_poll(&world->ctx, processes, COUNT + 1, 1000);
        finished = 0;
        for (int i = 0; i < COUNT; i++) finished += process_is_finished(processes[i], NULL);
    }
    assert_in_range(clock_now_ms() - started, 390, 1100);
    processes_poll(&world->ctx, processes, COUNT + 1, 5000);
    assert_in_range(clock_now_ms() - started, 390, 1100);
}

static void polling_returns_after_its_wait(void **state) {
    World *world = *state;
    Process *process;
    ProcessSpec spec = child(world, "sleep", "30");
    assert_true(process_start(&world->ctx, &spec, &process, &world->err));
    for (int i = 0; i < 20 && !process_is_finished(process, NULL); i++) processes_poll(&world->ctx, &process, 1, 10);
    assert_false(process_is_finished(process, NULL));
    process_stop(&world->ctx, process);
    ProcessResult result;
    assert_true(process_is_finished(process, &result));
    assert_int_equal(result.outcome, PROCESS_SIGNALED);
    assert_int_equal(result.signal, SIGTERM);
    process_stop(&world->ctx, process);
    process_stop(&world->ctx, NULL);
}

static void stopping_a_stubborn_group_leaves_nobody(void **state) {
    World *world = *state;
    Process *process;
    ProcessSpec spec = child(world, "stubborn-grandchild", "30");
    Lines lines = {.seen = {.arena = world->ctx.arena}};
    spec.on_output = on_output;
    spec.handler_state = &lines;
    spec.grace_ms = 200;
    assert_true(process_start(&world->ctx, &spec, &process, &world->err));
    while (lines.count == 0) processes_poll(&world->ctx, &process, 1, 100);
    process_stop(&world->ctx, process);
    assert_false(is_alive(world, process_pid(process)));
    assert_false(is_alive(world, first_number(text_string(&lines.seen) + 1)));
}

static int read_until_end(int fd, int timeout_ms) {
    char byte;
    for (long long deadline = clock_now_ms() + timeout_ms; clock_now_ms() < deadline; clock_sleep_ms(5)) {
        ssize_t length = read(fd, &byte, 1);
        if (length == 0) return 0;
        if (length < 0 && errno != EAGAIN) return -1;
    }
    return -1;
}

static bool wait_for_words(World *world, const char *path, const char *words) {
    for (long long deadline = clock_now_ms() + 5000; clock_now_ms() < deadline; clock_sleep_ms(5)) {
        if (strstr(file_read_tail(world->ctx.arena, path, 1000), words) != NULL) return true;
    }
    return false;
}

// The case of `devbox start | cat`: our stdout is a pipe that must end with us.
static void a_detached_child_holds_nothing_of_ours(void **state) {
    World *world = *state;
    const char *log = path_join(world->ctx.arena, world->folder, "log");
    int ends[2], saved = dup(STDOUT_FILENO);
    assert_int_equal(pipe(ends), 0);
    fflush(stdout);
    dup2(ends[1], STDOUT_FILENO);
    ProcessSpec spec = child(world, "ignore-term", "30");
    spec.log_path = log;
    pid_t pid = 0;
    bool is_started = process_detach(&world->ctx, &spec, &pid, &world->err);
    dup2(saved, STDOUT_FILENO);
    close(saved);
    close(ends[1]);
    assert_true(is_started);
    assert_true(wait_for_words(world, log, "ready"));
    fcntl(ends[0], F_SETFL, O_NONBLOCK);
    assert_int_equal(read_until_end(ends[0], 1000), 0);
    close(ends[0]);
    assert_int_equal(getsid(pid), pid);
    kill(pid, SIGKILL);
    waitpid(pid, NULL, 0);
    spec.argv = (const char *const[]){"/nowhere/program", NULL};
    assert_false(process_detach(&world->ctx, &spec, &pid, &world->err));
    spec.log_path = "/nowhere/log";
    assert_false(process_detach(&world->ctx, &spec, &pid, &world->err));
}

static void an_open_child_answers_line_by_line(void **state) {
    World *world = *state;
    const char *log = path_join(world->ctx.arena, world->folder, "log");
    ProcessSpec spec = child(world, "answer-lines", NULL);
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
    assert_int_equal(read_until_end(output, 5000), 0);
    close(output);
    int status;
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(status, 0);
    assert_string_equal(file_read_tail(world->ctx.arena, log, 100), "input ended\n");
    spec.argv = (const char *const[]){"/nowhere/program", NULL};
    assert_false(process_open(&world->ctx, &spec, &pid, &input, &output, &world->err));
}

static void replacing_ourselves_passes_the_exit_code_on(void **state) {
    World *world = *state;
    ProcessSpec spec = child(world, "signals", NULL);
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

static void a_log_is_appended_and_private(void **state) {
    World *world = *state;
    const char *log = path_join(world->ctx.arena, world->folder, "log");
    ProcessSpec spec = child(world, "fail", "0");
    spec.log_path = log;
    run(world, &spec);
    run(world, &spec);
    StringList lines = text_split_lines(world->ctx.arena, file_read_tail(world->ctx.arena, log, 1000));
    assert_int_equal(lines.count, 6);
    assert_true(string_list_contains(&lines, "on stdout"));
    assert_true(string_list_contains(&lines, "last reason"));
    assert_int_equal(file_info(log).mode & 0777, 0600);
}

static void check_turns_every_bad_end_into_an_error(void **state) {
    World *world = *state;
    struct {
        const char *mode, *argument, *message, *detail;
        ErrorCode code;
    } rows[] = {
        {"fail", "4", "devbox_test_child fail 4 failed (exit code 4)", "first reason\nlast reason", ERROR_CHILD},
        {"kill", "11", "devbox_test_child kill 11 failed (signal 11, Segmentation fault)", NULL, ERROR_CHILD},
        {"sleep", "30", "devbox_test_child sleep 30 failed (stopped after 0.4s)", "ready", ERROR_TIMEOUT},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        ProcessSpec spec = child(world, rows[i].mode, rows[i].argument);
        if (rows[i].code == ERROR_TIMEOUT) spec.timeout_ms = 400;
        ProcessResult result;
        assert_false(process_check(&world->ctx, &spec, &result, &world->err));
        assert_int_equal(world->err.code, rows[i].code);
        assert_string_equal(world->err.message, rows[i].message);
        if (rows[i].detail == NULL) assert_null(world->err.detail);
        if (rows[i].detail != NULL) assert_string_equal(world->err.detail, rows[i].detail);
        error_clear(&world->err);
    }
    ProcessSpec spec = child(world, "exit", "0");
    ProcessResult result;
    assert_true(process_check(&world->ctx, &spec, &result, &world->err));
    spec.argv = (const char *const[]){"/nowhere/program", NULL};
    assert_false(process_check(&world->ctx, &spec, &result, &world->err));
    cancel = 1;
    assert_false(process_check(&world->ctx, &spec, &result, &world->err));
    assert_int_equal(world->err.code, ERROR_INTERRUPTED);
}

static void a_long_command_is_shortened_in_messages(void **state) {
    World *world = *state;
    const char *argv[] = {"/usr/bin/uv", "pip", "install", "a-very-long-argument-that-does-not-fit-on-one-line", "-r", NULL};
    ProcessSpec spec = {.argv = argv, .timeout_ms = 90000};
    ProcessResult result = {.outcome = PROCESS_EXITED, .exit_code = 2};
    assert_string_equal(process_describe(world->ctx.arena, &spec, &result), "uv pip install … (exit code 2)");
    result.outcome = PROCESS_TIMED_OUT;
    assert_string_equal(process_describe(world->ctx.arena, &spec, &result), "uv pip install … (stopped after 1m30s)");
    result.outcome = PROCESS_INTERRUPTED;
    assert_string_equal(process_describe(world->ctx.arena, &spec, &result), "uv pip install … (interrupted)");
}

// Runs a foreground child in a process of its own that gets `signal_number`; true when the end was the expected one.
static int run_foreground_under_signal(World *world, const ProcessSpec *spec, int signal_number) {
    int ends[2], status;
    char word[16];
    assert_int_equal(pipe(ends), 0);
    fflush(stdout);
    pid_t pid = fork();
    if (pid == 0) {
        dup2(ends[1], STDOUT_FILENO);
        world->ctx.cancel = signals_install();
        ProcessResult result = {0};
        if (!process_run(&world->ctx, spec, &result, &world->err)) _exit(99);
        _exit((int)result.outcome * 10 + result.exit_code);
    }
    assert_int_equal(read(ends[0], word, sizeof word), 6);
    kill(pid, signal_number);
    waitpid(pid, &status, 0);
    close(ends[0]);
    close(ends[1]);
    return WEXITSTATUS(status);
}

static void in_the_foreground_term_is_handed_on_but_not_ctrl_c(void **state) {
    ProcessSpec spec = child(*state, "answer-term", "0.5");
    spec.is_foreground = true;
    spec.timeout_ms = 0;
    assert_int_equal(run_foreground_under_signal(*state, &spec, SIGTERM), PROCESS_INTERRUPTED * 10 + 3);
    assert_int_equal(run_foreground_under_signal(*state, &spec, SIGINT), PROCESS_EXITED * 10);
}

static int tick_count;

static void count_ticks(EventSink *sink, const Event *event) {
    (void)sink;
    tick_count += event->kind == EVENT_TICK;
}

static void waiting_emits_ticks_but_a_flood_does_not_multiply_them(void **state) {
    World *world = *state;
    EventSink sink = {count_ticks};
    world->ctx.sink = &sink;
    tick_count = 0;
    ProcessSpec spec = child(world, "sleep", "0.5");
    run(world, &spec);
    assert_in_range(tick_count, 4, 9);
    tick_count = 0;
    spec = child(world, "flood", "4000000");
    ProcessResult result = run(world, &spec);
    assert_in_range(tick_count, 1, result.duration_ms / 80 + 2);
}

// Closed standard streams: the pipes must not take their numbers.
static void it_works_with_our_own_streams_closed(void **state) {
    World *world = *state;
    fflush(stdout);
    pid_t pid = fork();
    if (pid == 0) {
        for (int fd = 0; fd < 3; fd++) close(fd);
        ProcessSpec spec = child(world, "fail", "7");
        ProcessResult result = {0};
        bool is_run = process_run(&world->ctx, &spec, &result, &world->err);
        bool is_right = is_run && text_equals(result.output, "on stdout\n") && text_starts_with(result.errors, "first reason");
        _exit(is_right && result.exit_code == 7 ? 0 : 1);
    }
    int status;
    waitpid(pid, &status, 0);
    assert_int_equal(status, 0);
}

// Services that wait for any child may take an exit status away.
static void a_stolen_exit_status_is_no_success(void **state) {
    World *world = *state;
    Process *process;
    ProcessSpec spec = child(world, "exit", "0");
    assert_true(process_start(&world->ctx, &spec, &process, &world->err));
    assert_int_equal(waitpid(process_pid(process), NULL, 0), process_pid(process));
    ProcessResult result;
    while (!process_is_finished(process, &result)) processes_poll(&world->ctx, &process, 1, 50);
    assert_int_equal(result.outcome, PROCESS_EXITED);
    assert_int_equal(result.exit_code, 255);
}

#define test(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)

int main(void) {
    const struct CMUnitTest tests[] = {
        test(run_returns_exit_code_and_both_streams),
        test(lines_come_one_by_one_without_their_ends),
        test(an_endless_line_comes_in_pieces),
        test(flooding_both_pipes_blocks_nobody_and_keeps_the_end),
        test(a_child_that_never_reads_its_input_ends),
        test(a_long_input_arrives_whole),
        test(an_input_that_is_kept_open_has_no_end),
        test(without_input_stdin_is_dev_null),
        test(a_child_that_ignores_term_is_killed_after_the_grace),
        test(a_child_may_use_its_grace_to_say_goodbye),
        test(a_grandchild_that_holds_the_pipe_delays_little),
        test(a_timeout_ends_the_whole_group),
        test(a_child_killed_by_a_signal_is_told_apart),
        test(what_cannot_be_run_is_told_apart),
        test(a_program_that_is_no_program_and_too_long_arguments_are_errors),
        test(without_free_descriptors_nothing_is_run_and_nothing_leaks),
        test(a_folder_that_may_not_be_entered_is_named),
        test(an_interruption_asks_the_child_to_end),
        test(an_interruption_does_not_wait_for_a_stubborn_child),
        test(a_second_interruption_kills_at_once),
        test(after_an_interruption_nothing_is_started),
        test(a_child_starts_with_default_signals),
        test(a_child_gets_none_of_our_files),
        test(the_environment_is_exactly_the_given_one),
        test(the_program_is_looked_up_on_the_path_of_the_child),
        test(a_relative_program_is_looked_up_in_the_folder),
        test(a_child_leads_its_own_group_but_not_in_the_foreground),
        test(children_run_side_by_side),
        test(polling_returns_after_its_wait),
        test(stopping_a_stubborn_group_leaves_nobody),
        test(a_detached_child_holds_nothing_of_ours),
        test(an_open_child_answers_line_by_line),
        test(replacing_ourselves_passes_the_exit_code_on),
        test(a_log_is_appended_and_private),
        test(check_turns_every_bad_end_into_an_error),
        test(a_long_command_is_shortened_in_messages),
        test(in_the_foreground_term_is_handed_on_but_not_ctrl_c),
        test(waiting_emits_ticks_but_a_flood_does_not_multiply_them),
        test(it_works_with_our_own_streams_closed),
        test(a_stolen_exit_status_is_no_success),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
