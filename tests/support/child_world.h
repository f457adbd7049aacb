// Real children of the program helpers/child.c; after every test there is neither a zombie nor an open file too many.
#pragma once
#include <dirent.h>
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/text.h"
#include "io/clock.h"
#include "io/file_system.h"
#include "io/process.h"
#include "support/test.h"

// What Ctrl-C counts up.
static volatile sig_atomic_t child_world_cancel;

typedef struct ChildWorld {
    Context ctx;
    Error err;
    const char *folder;
    int open_files;
} ChildWorld;

static inline int child_world_count_open_files(void) {
    int count = 0;
    DIR *directory = opendir("/proc/self/fd");
    while (readdir(directory) != NULL) count++;
    closedir(directory);
    return count;
}

static inline int child_world_set_up(void **state) {
    Arena *arena = arena_create();
    ChildWorld *world = arena_allocate(arena, sizeof *world);
    child_world_cancel = 0;
    world->ctx = (Context){.arena = arena, .cancel = &child_world_cancel};
    world->err = (Error){.arena = arena};
    assert_true(folder_create_temporary(arena, "/tmp", "process_test_", &world->folder, &world->err));
    // The wake-up pipe stays open once the first child was started.
    ProcessResult result;
    const char *argv[] = {TEST_CHILD, "exit", NULL};
    assert_true(process_run(&world->ctx, &(ProcessSpec){.argv = argv, .timeout_ms = 5000}, &result, &world->err));
    world->open_files = child_world_count_open_files();
    *state = world;
    return 0;
}

static inline int child_world_tear_down(void **state) {
    ChildWorld *world = *state;
    int left = waitpid(-1, NULL, WNOHANG), reason = errno;
    int open_files = child_world_count_open_files();
    bool is_removed = folder_remove(world->ctx.arena, world->folder, &world->err);
    int before = world->open_files;
    arena_destroy(world->ctx.arena);
    return left == -1 && reason == ECHILD && open_files == before && is_removed ? 0 : -1;
}

// The program with a mode and its argument; NULL: none.
static inline ProcessSpec child_world_spec(ChildWorld *world, const char *mode, const char *argument) {
    const char **argv = arena_allocate_array(world->ctx.arena, 4, sizeof *argv);
    argv[0] = TEST_CHILD;
    argv[1] = mode;
    argv[2] = argument;
    return (ProcessSpec){.argv = argv, .timeout_ms = 10000};
}

// Runs to the end; fails the test when it cannot be run.
static inline ProcessResult child_world_run(ChildWorld *world, const ProcessSpec *spec) {
    ProcessResult result = {0};
    if (!process_run(&world->ctx, spec, &result, &world->err)) fail_msg("%s", world->err.message);
    return result;
}

static inline pid_t child_world_first_number(const char *text) { return (pid_t)strtol(text, NULL, 10); }

// What came line by line: each "[line]", and after which one to interrupt.
typedef struct ChildLines {
    Text seen;
    const char *cancel_at;
    int cancel_by;
    size_t count, longest;
} ChildLines;

static inline void child_world_on_output(void *state, const char *line) {
    ChildLines *lines = state;
    lines->count++;
    if (strlen(line) > lines->longest) lines->longest = strlen(line);
    text_append_format(&lines->seen, "[%.20s]", line);
    if (text_equals(lines->cancel_at, line)) child_world_cancel = lines->cancel_by;
}

static inline const char *child_world_long_input(ChildWorld *world, size_t length) {
    char *input = arena_allocate(world->ctx.arena, length + 1);
    memset(input, 'i', length);
    return input;
}

// 0 once the other end is closed, -1 when that takes too long.
static inline int child_world_read_until_end(int fd, int timeout_ms) {
    char byte;
    for (long long deadline = clock_now_ms() + timeout_ms; clock_now_ms() < deadline; clock_sleep_ms(5)) {
        ssize_t length = read(fd, &byte, 1);
        if (length == 0) return 0;
        if (length < 0 && errno != EAGAIN) return -1;
    }
    return -1;
}

// A test that gets a ChildWorld * as *state.
#define test_with_children(function) cmocka_unit_test_setup_teardown(function, child_world_set_up, child_world_tear_down)
