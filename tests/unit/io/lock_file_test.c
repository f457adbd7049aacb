#include "io/lock_file.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/text.h"
#include "io/clock.h"
#include "io/file_system.h"
#include "support/test.h"

typedef struct World {
    Context ctx;
    Error err;
    const char *folder, *path;
} World;

static volatile sig_atomic_t cancel;

static int set_up(void **state) {
    Arena *arena = arena_create();
    World *world = arena_allocate(arena, sizeof *world);
    cancel = 0;
    world->ctx = (Context){.arena = arena, .cancel = &cancel};
    world->err = (Error){.arena = arena};
    if (!folder_create_temporary(arena, "/tmp", "lock_file_test_", &world->folder, &world->err)) return -1;
    world->path = path_join(arena, world->folder, "lock");
    *state = world;
    return 0;
}

static int tear_down(void **state) {
    World *world = *state;
    bool is_removed = folder_remove(world->ctx.arena, world->folder, &world->err);
    arena_destroy(world->ctx.arena);
    return is_removed ? 0 : -1;
}

static bool take(World *world, long long timeout_ms, int *fd) {
    return lock_file_take(&world->ctx, world->path, "start", timeout_ms, fd, &world->err);
}

// Another process takes the lock and keeps it for a while.
static pid_t start_holder(World *world, long long hold_ms) {
    int ready[2];
    char byte;
    assert_int_equal(pipe(ready), 0);
    pid_t pid = fork();
    if (pid == 0) {
        int fd;
        bool is_taken = take(world, 0, &fd);
        if (write(ready[1], "", 1) != 1 || !is_taken) _exit(1);
        clock_sleep_ms(hold_ms);
        _exit(0);
    }
    assert_int_equal(read(ready[0], &byte, 1), 1);
    close(ready[0]);
    close(ready[1]);
    return pid;
}

static void end_holder(pid_t pid) {
    kill(pid, SIGKILL);
    waitpid(pid, NULL, 0);
}

static void a_free_lock_is_taken_and_names_its_holder(void **state) {
    World *world = *state;
    LockHolder holder;
    int fd;
    assert_false(lock_file_is_held(world->ctx.arena, world->path, NULL));
    assert_true(take(world, 0, &fd));
    assert_true(fcntl(fd, F_GETFD) & FD_CLOEXEC);
    assert_true(lock_file_is_held(world->ctx.arena, world->path, &holder));
    assert_int_equal(holder.pid, getpid());
    assert_string_equal(holder.purpose, "start");
    assert_in_range(clock_wall_ms() - holder.since_ms, 0, 5000);
    assert_int_equal(file_info(world->path).mode & 0777, 0600);
    close(fd);
    assert_false(lock_file_is_held(world->ctx.arena, world->path, NULL));
}

static void a_busy_lock_names_pid_purpose_and_age(void **state) {
    World *world = *state;
    pid_t pid = start_holder(world, 30000);
    int fd = -7;
    long long started = clock_now_ms();
    assert_false(take(world, 0, &fd));
    assert_in_range(clock_now_ms() - started, 0, 1000);
    assert_int_equal(fd, -7);
    assert_int_equal(world->err.code, ERROR_BUSY);
    const char *expected = arena_format(world->ctx.arena, "another devbox is at work here: start (pid %d, for ", (int)pid);
    assert_true(text_starts_with(world->err.message, expected));
    assert_string_equal(world->err.hint, arena_format(world->ctx.arena, "wait for it, or end it: kill %d", (int)pid));
    end_holder(pid);
    assert_true(take(world, 0, &fd));
    close(fd);
}

static void waiting_ends_when_the_holder_ends(void **state) {
    World *world = *state;
    pid_t pid = start_holder(world, 300);
    long long started = clock_now_ms();
    int fd;
    assert_true(take(world, 10000, &fd));
    assert_in_range(clock_now_ms() - started, 200, 3000);
    close(fd);
    end_holder(pid);
}

static void waiting_ends_at_the_deadline(void **state) {
    World *world = *state;
    pid_t pid = start_holder(world, 30000);
    long long started = clock_now_ms();
    int fd;
    assert_false(take(world, 200, &fd));
    assert_in_range(clock_now_ms() - started, 200, 2000);
    assert_int_equal(world->err.code, ERROR_BUSY);
    end_holder(pid);
}

static void waiting_ends_when_the_user_interrupts(void **state) {
    World *world = *state;
    pid_t pid = start_holder(world, 30000);
    int fd;
    cancel = 1;
    assert_false(take(world, 30000, &fd));
    assert_int_equal(world->err.code, ERROR_INTERRUPTED);
    end_holder(pid);
}

// Somebody asking "is it held?" has the file locked for a moment.
static void a_question_does_not_make_it_busy(void **state) {
    World *world = *state;
    int fd;
    assert_true(take(world, 0, &fd));
    close(fd);
    pid_t pid = fork();
    if (pid == 0) {
        for (long long end = clock_now_ms() + 5000; clock_now_ms() < end;) {
            ArenaMark mark = arena_mark(world->ctx.arena);
            lock_file_is_held(world->ctx.arena, world->path, NULL);
            arena_reset(world->ctx.arena, mark);
        }
        _exit(0);
    }
    for (int i = 0; i < 50; i++) {
        assert_true(take(world, 0, &fd));
        close(fd);
    }
    end_holder(pid);
}

static void a_removed_file_is_no_lock(void **state) {
    World *world = *state;
    pid_t pid = start_holder(world, 30000);
    assert_int_equal(unlink(world->path), 0);
    int fd;
    assert_true(take(world, 0, &fd));
    assert_true(lock_file_is_held(world->ctx.arena, world->path, NULL));
    close(fd);
    end_holder(pid);
}

// `devbox destroy` removes the folder while another one waits: the old file's lock would hold nobody off.
static void a_lock_on_a_file_removed_meanwhile_is_taken_anew(void **state) {
    World *world = *state;
    pid_t holder = start_holder(world, 400), remover = fork();
    if (remover == 0) {
        clock_sleep_ms(100);
        _exit(unlink(world->path) == 0 ? 0 : 1);
    }
    int fd;
    assert_true(take(world, 10000, &fd));
    assert_true(file_exists(world->path));
    assert_true(lock_file_is_held(world->ctx.arena, world->path, NULL));
    close(fd);
    waitpid(remover, NULL, 0);
    end_holder(holder);
}

static void a_holder_that_has_not_signed_yet_is_somebody(void **state) {
    World *world = *state;
    pid_t pid = start_holder(world, 30000);
    assert_int_equal(truncate(world->path, 0), 0);
    LockHolder holder;
    int fd;
    assert_true(lock_file_is_held(world->ctx.arena, world->path, &holder));
    assert_int_equal(holder.pid, 0);
    assert_false(take(world, 0, &fd));
    assert_non_null(strstr(world->err.message, "another devbox is at work here"));
    end_holder(pid);
}

static void a_place_without_room_for_a_lock_is_an_error(void **state) {
    World *world = *state;
    int fd;
    assert_false(lock_file_take(&world->ctx, "/nowhere/lock", "start", 0, &fd, &world->err));
    assert_int_equal(world->err.code, ERROR_FILE);
    assert_non_null(strstr(world->err.message, "/nowhere/lock"));
    assert_false(lock_file_take(&world->ctx, world->folder, "start", 0, &fd, &world->err));
    assert_int_equal(world->err.code, ERROR_FILE);
    assert_false(lock_file_take(&world->ctx, "/dev/full", "start", 0, &fd, &world->err));
}

#define test(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)

int main(void) {
    const struct CMUnitTest tests[] = {
        test(a_free_lock_is_taken_and_names_its_holder),
        test(a_busy_lock_names_pid_purpose_and_age),
        test(waiting_ends_when_the_holder_ends),
        test(waiting_ends_at_the_deadline),
        test(waiting_ends_when_the_user_interrupts),
        test(a_question_does_not_make_it_busy),
        test(a_removed_file_is_no_lock),
        test(a_lock_on_a_file_removed_meanwhile_is_taken_anew),
        test(a_holder_that_has_not_signed_yet_is_somebody),
        test(a_place_without_room_for_a_lock_is_an_error),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
