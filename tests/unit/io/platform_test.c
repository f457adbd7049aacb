#include "io/platform.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/text.h"
#include "io/clock.h"
#include "io/file_system.h"
#include "io/process.h"
#include "support/test.h"

typedef struct World {
    Context ctx;
    Error err;
    const char *folder;
} World;

static int set_up(void **state) {
    Arena *arena = arena_create();
    World *world = arena_allocate(arena, sizeof *world);
    world->ctx = (Context){.arena = arena};
    world->err = (Error){.arena = arena};
    if (!folder_create_temporary(arena, "/tmp", "platform_test_", &world->folder, &world->err)) return -1;
    *state = world;
    return 0;
}

static int tear_down(void **state) {
    World *world = *state;
    bool is_removed = folder_remove(world->ctx.arena, world->folder, &world->err);
    arena_destroy(world->ctx.arena);
    return is_removed ? 0 : -1;
}

// A child with a marker in its environment; the test ends it.
static pid_t start_child(World *world, const char *mode, const char *marker, const char **output) {
    Arena *arena = world->ctx.arena;
    const char *log = path_join(arena, world->folder, arena_format(arena, "log-%s-%s", mode, marker));
    const char *argv[] = {TEST_CHILD, mode, "30", NULL};
    if (text_equals(mode, "listen")) argv[2] = "0";
    const char *environment[] = {"A=b", marker, "Z=", NULL};
    ProcessSpec spec = {.argv = argv, .environment = environment, .log_path = log};
    pid_t pid = 0;
    assert_true(process_detach(&world->ctx, &spec, &pid, &world->err));
    for (int i = 0; i < 1000 && *file_read_tail(arena, log, 100) == '\0'; i++) clock_sleep_ms(5);
    *output = file_read_tail(arena, log, 100);
    return pid;
}

static void end_child(pid_t pid) {
    kill(pid, SIGKILL);
    waitpid(pid, NULL, 0);
}

static void our_own_process_is_described(void **state) {
    World *world = *state;
    ProcessInfo info;
    assert_true(platform_process_info(world->ctx.arena, getpid(), &info));
    assert_int_equal(info.pid, getpid());
    assert_int_equal(info.parent, getppid());
    assert_int_equal(info.session, getsid(0));
    assert_int_equal(info.owner, geteuid());
    assert_false(info.is_zombie);
    assert_true(text_starts_with(path_name(platform_executable_path(world->ctx.arena)), info.command));
    assert_non_null(strstr(info.command_line, "platform"));
    assert_in_range(clock_wall_ms() - info.started_ms + 2000, 0, 70000);
    assert_in_range(info.memory_kib, 500, 500000);
    assert_in_range(platform_process_memory_kib(getpid()), 100, info.memory_kib * 2);
}

static void cpu_time_grows_with_work(void **state) {
    World *world = *state;
    ProcessInfo before, after;
    assert_true(platform_process_info(world->ctx.arena, getpid(), &before));
    volatile unsigned sum = 0;
    do {
        for (unsigned i = 0; i < 1000000; i++) sum += i;
        assert_true(platform_process_info(world->ctx.arena, getpid(), &after));
    } while (after.cpu_ms < before.cpu_ms + 50 && clock_wall_ms() < after.started_ms + 50000);
    assert_in_range(after.cpu_ms - before.cpu_ms, 50, 500);
}

static void a_name_with_blanks_and_parentheses_is_read(void **state) {
    World *world = *state;
    const char *program = path_join(world->ctx.arena, world->folder, "a) R (b");
    assert_true(file_copy(world->ctx.arena, TEST_CHILD, program, 0700, &world->err));
    const char *argv[] = {program, "sleep", "30", NULL};
    ProcessSpec spec = {.argv = argv};
    pid_t pid = 0;
    ProcessInfo info;
    assert_true(process_detach(&world->ctx, &spec, &pid, &world->err));
    // The parent goes on before the kernel has set up the new image's arguments.
    do {
        assert_true(platform_process_info(world->ctx.arena, pid, &info));
    } while (*info.command_line == '\0' && clock_wall_ms() < info.started_ms + 10000);
    assert_string_equal(info.command, "a) R (b");
    assert_int_equal(info.parent, getpid());
    assert_string_equal(info.command_line, arena_format(world->ctx.arena, "%s sleep 30", program));
    end_child(pid);
}

static void a_zombie_is_told_and_a_missing_process_too(void **state) {
    World *world = *state;
    ProcessInfo info = {0};
    pid_t pid = fork();
    if (pid == 0) _exit(0);
    for (int i = 0; i < 1000 && !info.is_zombie; i++) {
        assert_true(platform_process_info(world->ctx.arena, pid, &info));
        clock_sleep_ms(2);
    }
    assert_true(info.is_zombie);
    waitpid(pid, NULL, 0);
    assert_false(platform_process_info(world->ctx.arena, pid, &info));
    assert_int_equal(platform_process_memory_kib(pid), 0);
}

static bool holds(const ProcessInfoList *list, pid_t pid) {
    list_each(const ProcessInfo, info, list) {
        if (info->pid == pid) return true;
    }
    return false;
}

static void marked_processes_are_found_with_their_sessions(void **state) {
    World *world = *state;
    const char *marker = arena_format(world->ctx.arena, "DEVBOX_INSTANCE=test%d", (int)getpid()), *output;
    pid_t marked = start_child(world, "stubborn-grandchild", marker, &output);
    pid_t grandchild = (pid_t)strtol(output, NULL, 10);
    const char *longer = arena_format(world->ctx.arena, "%s7", marker), *prefixed = arena_format(world->ctx.arena, "X%s", marker);
    pid_t others[] = {start_child(world, "sleep", longer, &output), start_child(world, "sleep", prefixed, &output)};
    ProcessInfoList found = platform_processes_with_marker(world->ctx.arena, marker);
    assert_int_equal(found.count, 2);
    assert_true(holds(&found, marked));
    assert_true(holds(&found, grandchild));
    end_child(marked);
    kill(grandchild, SIGKILL);
    for (int i = 0; i < 2; i++) end_child(others[i]);
    for (int i = 0; i < 500 && platform_processes_with_marker(world->ctx.arena, marker).count > 0; i++) clock_sleep_ms(5);
    assert_int_equal(platform_processes_with_marker(world->ctx.arena, marker).count, 0);
}

// The sleeper has no marker of its own: only its session tells.
static void an_unmarked_member_of_a_marked_session_is_found(void **state) {
    World *world = *state;
    const char *marker = arena_format(world->ctx.arena, "DEVBOX_INSTANCE=session%d", (int)getpid());
    const char *command = "env -u DEVBOX_INSTANCE sleep 30 & echo $!; wait";
    const char *argv[] = {"/bin/sh", "-c", command, NULL};
    const char *environment[] = {"PATH=/usr/bin:/bin", marker, NULL};
    const char *log = path_join(world->ctx.arena, world->folder, "log");
    ProcessSpec spec = {.argv = argv, .environment = environment, .log_path = log};
    pid_t leader = 0;
    assert_true(process_detach(&world->ctx, &spec, &leader, &world->err));
    for (int i = 0; i < 1000 && *file_read_tail(world->ctx.arena, log, 100) == '\0'; i++) clock_sleep_ms(5);
    pid_t member = (pid_t)strtol(file_read_tail(world->ctx.arena, log, 100), NULL, 10);
    ProcessInfo info = {0};
    for (int i = 0; i < 1000 && !text_equals(info.command, "sleep"); i++) {
        assert_true(platform_process_info(world->ctx.arena, member, &info));
        clock_sleep_ms(2);
    }
    ProcessInfoList found = platform_processes_with_marker(world->ctx.arena, marker);
    assert_int_equal(found.count, 2);
    assert_true(holds(&found, member));
    kill(member, SIGKILL);
    end_child(leader);
}

static void the_holder_of_a_port_is_named(void **state) {
    World *world = *state;
    const char *output;
    pid_t pid = start_child(world, "listen", "M=port", &output);
    int port = (int)strtol(output, NULL, 10);
    ProcessInfo holder;
    assert_true(platform_port_holder(world->ctx.arena, AF_INET, port, &holder));
    assert_int_equal(holder.pid, pid);
    assert_non_null(strstr(holder.command_line, "listen"));
    assert_int_equal(holder.owner, geteuid());
    assert_false(platform_port_holder(world->ctx.arena, AF_INET6, port, &holder));
    end_child(pid);
    assert_false(platform_port_holder(world->ctx.arena, AF_INET, port, &holder));
}

static void a_listener_on_the_v6_wildcard_holds_both_families(void **state) {
    World *world = *state;
    static const char *const addresses[] = {"::", "::1", "::ffff:127.0.0.1"};
    static const bool serves_v4[] = {true, false, true};
    for (int i = 0; i < 3; i++) {
        struct sockaddr_in6 address = {.sin6_family = AF_INET6};
        socklen_t length = sizeof address;
        ProcessInfo holder;
        int fd = socket(AF_INET6, SOCK_STREAM, 0);
        inet_pton(AF_INET6, addresses[i], &address.sin6_addr);
        if (fd < 0 || bind(fd, (struct sockaddr *)&address, length) != 0) skip();
        assert_int_equal(listen(fd, 1), 0);
        getsockname(fd, (struct sockaddr *)&address, &length);
        int port = ntohs(address.sin6_port);
        assert_true(platform_port_holder(world->ctx.arena, AF_INET6, port, &holder));
        assert_int_equal(holder.pid, getpid());
        assert_int_equal(platform_port_holder(world->ctx.arena, AF_INET, port, &holder), serves_v4[i]);
        close(fd);
    }
}

// As another user one sees that somebody listens, and who owns it, but not the process.
static void a_holder_of_another_user_is_nobody_with_an_owner(void **state) {
    World *world = *state;
    if (geteuid() != 0) skip();
    const char *output;
    pid_t listener = start_child(world, "listen", "M=foreign", &output);
    int port = (int)strtol(output, NULL, 10);
    pid_t pid = fork();
    if (pid == 0) {
        ProcessInfo holder = {.pid = 1};
        if (setgid(65534) != 0 || setuid(65534) != 0) _exit(2);
        bool is_seen = platform_port_holder(world->ctx.arena, AF_INET, port, &holder);
        _exit(is_seen && holder.pid == 0 && holder.owner == 0 ? 0 : 1);
    }
    int status;
    waitpid(pid, &status, 0);
    assert_int_equal(status, 0);
    end_child(listener);
}

static void orphans_come_to_a_subreaper(void **state) {
    World *world = *state;
    fflush(stdout);
    pid_t pid = fork();
    if (pid == 0) {
        platform_become_subreaper();
        const char *argv[] = {TEST_CHILD, "grandchild", "30", NULL};
        ProcessSpec spec = {.argv = argv, .timeout_ms = 5000};
        ProcessResult result;
        ProcessInfo info;
        if (!process_run(&world->ctx, &spec, &result, &world->err)) _exit(1);
        pid_t orphan = (pid_t)strtol(result.output, NULL, 10);
        bool is_ours = platform_process_info(world->ctx.arena, orphan, &info) && info.parent == getpid();
        kill(orphan, SIGKILL);
        _exit(is_ours && waitpid(orphan, NULL, 0) == orphan ? 0 : 1);
    }
    int status;
    waitpid(pid, &status, 0);
    assert_int_equal(status, 0);
}

// Forks a process whose child ends with it, and returns the reading end of a pipe that only this child holds open.
static int fork_bound_child(void) {
    int lifeline[2], ready[2];
    char byte;
    assert_int_equal(pipe(lifeline), 0);
    assert_int_equal(pipe(ready), 0);
    fflush(stdout);
    pid_t parent = fork();
    if (parent == 0) {
        if (fork() == 0) {
            bool is_bound = platform_end_with_parent() && write(ready[1], "r", 1) == 1;
            sleep(is_bound ? 60 : 0);
            _exit(0);
        }
        _exit(read(ready[0], &byte, 1) == 1 ? 0 : 1);
    }
    close(lifeline[1]);
    close(ready[0]);
    close(ready[1]);
    int status;
    waitpid(parent, &status, 0);
    assert_int_equal(status, 0);
    return lifeline[0];
}

static void a_process_can_end_with_its_parent(void **state) {
    (void)state;
    struct pollfd lifeline = {.fd = fork_bound_child(), .events = POLLIN};
    char byte;
    assert_int_equal(poll(&lifeline, 1, 10000), 1);
    assert_int_equal(read(lifeline.fd, &byte, 1), 0);
    close(lifeline.fd);
}

static void a_parent_that_is_gone_already_is_noticed(void **state) {
    (void)state;
    fflush(stdout);
    pid_t pid = fork();
    if (pid == 0) {
        int output[2];
        if (pipe(output) != 0 || dup2(output[1], STDOUT_FILENO) < 0) _exit(2);
        bool is_there = platform_end_with_parent();
        close(output[0]);
        _exit(is_there && !platform_end_with_parent() ? 0 : 1);
    }
    int status;
    waitpid(pid, &status, 0);
    assert_int_equal(status, 0);
}

static void the_machine_is_described(void **state) {
    World *world = *state;
    assert_in_range(platform_processor_count(), 1, 4096);
    assert_in_range(platform_memory_bytes(), 64LL << 20, 1LL << 50);
    assert_in_range(platform_free_disk_bytes(world->folder), 1, 1LL << 55);
    assert_int_equal(platform_free_disk_bytes("/nowhere"), 0);
    assert_non_null(strstr(platform_name(world->ctx.arena), ", "));
    assert_non_null(strstr(platform_executable_path(world->ctx.arena), "platform"));
}

static void a_replaced_executable_keeps_its_name(void **state) {
    World *world = *state;
    const char *program = path_join(world->ctx.arena, world->folder, "program");
    assert_true(file_copy(world->ctx.arena, platform_executable_path(world->ctx.arena), program, 0700, &world->err));
    const char *argv[] = {program, "print-own-path", program, NULL};
    ProcessSpec spec = {.argv = argv, .timeout_ms = 10000};
    ProcessResult result;
    assert_true(process_run(&world->ctx, &spec, &result, &world->err));
    assert_string_equal(result.output, program);
}

#define test(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)

static int print_own_path(const char *program) {
    Arena *arena = arena_create();
    if (unlink(program) != 0) return 1;
    fputs(platform_executable_path(arena), stdout);
    arena_destroy(arena);
    return 0;
}

int main(int count, char **arguments) {
    if (count == 3) return print_own_path(arguments[2]);
    const struct CMUnitTest tests[] = {
        test(our_own_process_is_described),
        test(cpu_time_grows_with_work),
        test(a_name_with_blanks_and_parentheses_is_read),
        test(a_zombie_is_told_and_a_missing_process_too),
        test(marked_processes_are_found_with_their_sessions),
        test(an_unmarked_member_of_a_marked_session_is_found),
        test(the_holder_of_a_port_is_named),
        test(a_listener_on_the_v6_wildcard_holds_both_families),
        test(a_holder_of_another_user_is_nobody_with_an_owner),
        test(orphans_come_to_a_subreaper),
        test(a_process_can_end_with_its_parent),
        test(a_parent_that_is_gone_already_is_noticed),
        test(the_machine_is_described),
        test(a_replaced_executable_keeps_its_name),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
