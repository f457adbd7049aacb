#include "io/platform.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
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
    FileWatch *watch;
    int watch_fd;
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
    file_watch_destroy(world->watch);
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
    list_each (const ProcessInfo, info, list) {
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

static const char *in_tree(World *world, const char *name) { return path_join(world->ctx.arena, world->folder, name); }

static void write_file(World *world, const char *name) {
    if (!file_write_string(world->ctx.arena, in_tree(world, name), "x", 0600, &world->err)) fail_msg("%s", world->err.message);
}

static void create_folder(World *world, const char *name) {
    assert_true(folder_create(world->ctx.arena, in_tree(world, name), &world->err));
}

static void rename_entry(World *world, const char *from, const char *to) {
    assert_int_equal(rename(in_tree(world, from), in_tree(world, to)), 0);
}

static void start_watch(World *world) {
    if (file_watch_create(world->ctx.arena, world->folder, &world->watch, &world->watch_fd, &world->err)) return;
    fail_msg("%s", world->err.message);
}

// What changed as "name -name", sorted, relative to the folder, without the temporary files of file_write.
static const char *read_changes(World *world) {
    StringList names = {0};
    bool has_overflowed = true;
    poll(&(struct pollfd){.fd = world->watch_fd, .events = POLLIN}, 1, 300);
    FileChangeList changes = file_watch_read(world->ctx.arena, world->watch, &has_overflowed);
    assert_false(has_overflowed);
    list_each (FileChange, change, &changes) {
        const char *name = path_relative(world->ctx.arena, change->path, world->folder);
        if (strstr(name, ".tmp") != NULL || strstr(name, "/.") != NULL || *name == '.') continue;
        list_push(world->ctx.arena, &names, arena_format(world->ctx.arena, "%s%s", change->is_removed ? "-" : "", name));
    }
    string_list_sort(&names);
    return text_join(world->ctx.arena, &names, " ");
}

static void saved_and_removed_files_are_reported_once(void **state) {
    World *world = *state;
    create_folder(world, "dags/deep");
    write_file(world, "dags/old.py");
    start_watch(world);
    assert_string_equal(read_changes(world), "");
    write_file(world, "dags/a.py");
    write_file(world, "dags/a.py");
    write_file(world, "dags/deep/b.py");
    assert_int_equal(unlink(in_tree(world, "dags/old.py")), 0);
    assert_string_equal(read_changes(world), "-dags/old.py dags/a.py dags/deep/b.py");
    assert_string_equal(read_changes(world), "");
}

static void a_file_is_reported_when_its_writer_closes_it(void **state) {
    World *world = *state;
    start_watch(world);
    int fd = open(in_tree(world, "a.py"), O_CREAT | O_WRONLY, 0600);
    assert_string_equal(read_changes(world), "");
    close(fd);
    assert_string_equal(read_changes(world), "a.py");
    assert_int_equal(symlink("a.py", in_tree(world, "link.py")), 0);
    assert_int_equal(link(in_tree(world, "a.py"), in_tree(world, "twin.py")), 0);
    assert_string_equal(read_changes(world), "link.py twin.py");
}

static void new_folders_join_with_what_is_in_them(void **state) {
    World *world = *state;
    start_watch(world);
    create_folder(world, "new/deeper");
    write_file(world, "new/deeper/a.py");
    assert_string_equal(read_changes(world), "new/deeper/a.py");
    write_file(world, "new/deeper/b.py");
    assert_string_equal(read_changes(world), "new/deeper/b.py");
}

static void a_moved_folder_is_followed(void **state) {
    World *world = *state;
    create_folder(world, "from/inner");
    write_file(world, "from/inner/a.py");
    start_watch(world);
    rename_entry(world, "from", "to");
    assert_string_equal(read_changes(world), "-from to/inner/a.py");
    write_file(world, "to/inner/a.py");
    assert_string_equal(read_changes(world), "to/inner/a.py");
    const char *outside;
    assert_true(folder_create_temporary(world->ctx.arena, "/tmp", "platform_test_", &outside, &world->err));
    const char *moved = path_join(world->ctx.arena, outside, "to");
    assert_int_equal(rename(in_tree(world, "to"), moved), 0);
    assert_string_equal(read_changes(world), "-to");
    assert_true(file_write_string(world->ctx.arena, path_join(world->ctx.arena, moved, "inner/a.py"), "y", 0600, &world->err));
    assert_string_equal(read_changes(world), "");
    assert_true(folder_remove(world->ctx.arena, outside, &world->err));
}

static void a_removed_folder_takes_its_files_along(void **state) {
    World *world = *state;
    create_folder(world, "gone");
    write_file(world, "gone/a.py");
    start_watch(world);
    assert_true(folder_remove(world->ctx.arena, in_tree(world, "gone"), &world->err));
    assert_string_equal(read_changes(world), "-gone -gone/a.py");
    create_folder(world, "gone");
    write_file(world, "gone/b.py");
    assert_string_equal(read_changes(world), "gone/b.py");
}

static void saving_by_rename_is_a_change_and_no_removal(void **state) {
    World *world = *state;
    write_file(world, "a.py");
    start_watch(world);
    rename_entry(world, "a.py", "a.py~");
    write_file(world, "a.py");
    assert_int_equal(unlink(in_tree(world, "a.py~")), 0);
    assert_string_equal(read_changes(world), "-a.py~ a.py");
}

static void hidden_folders_caches_and_virtual_environments_stay_out(void **state) {
    World *world = *state;
    create_folder(world, ".git/objects");
    create_folder(world, "dags/__pycache__");
    create_folder(world, "venv/lib");
    write_file(world, "venv/pyvenv.cfg");
    start_watch(world);
    write_file(world, ".git/objects/a");
    write_file(world, "dags/__pycache__/a.pyc");
    write_file(world, "venv/lib/a.py");
    create_folder(world, "dags/.hidden");
    write_file(world, "dags/.hidden/a.py");
    assert_string_equal(read_changes(world), "");
    create_folder(world, "later");
    assert_string_equal(read_changes(world), "");
    write_file(world, "later/pyvenv.cfg");
    read_changes(world);
    write_file(world, "later/a.py");
    assert_string_equal(read_changes(world), "");
}

static long read_queue_limit(void) {
    FILE *file = fopen("/proc/sys/fs/inotify/max_queued_events", "r");
    long limit = 0;
    if (file == NULL || fscanf(file, "%ld", &limit) != 1) limit = 0;
    if (file != NULL) fclose(file);
    return limit;
}

static void an_overflow_is_told_and_new_folders_join_all_the_same(void **state) {
    World *world = *state;
    long limit = read_queue_limit();
    if (limit == 0 || limit > 100000) skip();
    start_watch(world);
    for (long i = 0; i < limit; i++) {
        int fd = open(in_tree(world, i % 2 == 0 ? "a" : "b"), O_CREAT | O_WRONLY, 0600);
        close(fd);
    }
    create_folder(world, "late");
    bool has_overflowed = false;
    file_watch_read(world->ctx.arena, world->watch, &has_overflowed);
    assert_true(has_overflowed);
    write_file(world, "late/a.py");
    assert_string_equal(read_changes(world), "late/a.py");
}

static void the_end_of_the_watched_folder_is_reported(void **state) {
    World *world = *state;
    start_watch(world);
    assert_int_equal(rmdir(world->folder), 0);
    assert_string_equal(read_changes(world), "");
    bool has_overflowed;
    create_folder(world, "");
    file_watch_destroy(world->watch);
    start_watch(world);
    assert_int_equal(rmdir(world->folder), 0);
    FileChangeList changes = file_watch_read(world->ctx.arena, world->watch, &has_overflowed);
    assert_int_equal(changes.count, 1);
    assert_string_equal(changes.items[0].path, world->folder);
    assert_true(changes.items[0].is_removed);
}

static void the_systems_limit_on_watches_is_named(void **state) {
    World *world = *state;
    struct rlimit before;
    getrlimit(RLIMIT_NOFILE, &before);
    setrlimit(RLIMIT_NOFILE, &(struct rlimit){0, before.rlim_max});
    bool is_created = file_watch_create(world->ctx.arena, world->folder, &world->watch, &world->watch_fd, &world->err);
    setrlimit(RLIMIT_NOFILE, &before);
    assert_false(is_created);
    assert_non_null(strstr(world->err.hint, "fs.inotify.max_user_instances"));
}

// 0: the error named the limit, 77: this system does not let us lower it, else: wrong.
static int watch_with_one_watch_allowed(World *world) {
    if (unshare(CLONE_NEWUSER) != 0) return 77;
    FILE *file = fopen("/proc/sys/user/max_inotify_watches", "w");
    if (file == NULL || fputs("1", file) < 0 || fclose(file) != 0) return 77;
    if (file_watch_create(world->ctx.arena, world->folder, &world->watch, &world->watch_fd, &world->err)) return 1;
    return text_equals(world->err.hint, "raise it: sudo sysctl fs.inotify.max_user_watches=524288") ? 0 : 2;
}

static void too_many_folders_for_the_system_is_an_error(void **state) {
    World *world = *state;
    create_folder(world, "one/two");
    pid_t pid = fork();
    if (pid == 0) _exit(watch_with_one_watch_allowed(world));
    int status;
    waitpid(pid, &status, 0);
    if (WEXITSTATUS(status) == 77) skip();
    assert_int_equal(status, 0);
}

static void what_cannot_be_watched_is_an_error(void **state) {
    World *world = *state;
    write_file(world, "file");
    assert_false(file_watch_create(world->ctx.arena, "/nowhere", &world->watch, &world->watch_fd, &world->err));
    assert_string_equal(world->err.message, "cannot watch /nowhere: it is no folder");
    assert_false(file_watch_create(world->ctx.arena, in_tree(world, "file"), &world->watch, &world->watch_fd, &world->err));
    assert_null(world->watch);
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
        test(saved_and_removed_files_are_reported_once),
        test(a_file_is_reported_when_its_writer_closes_it),
        test(new_folders_join_with_what_is_in_them),
        test(a_moved_folder_is_followed),
        test(a_removed_folder_takes_its_files_along),
        test(saving_by_rename_is_a_change_and_no_removal),
        test(hidden_folders_caches_and_virtual_environments_stay_out),
        test(an_overflow_is_told_and_new_folders_join_all_the_same),
        test(the_end_of_the_watched_folder_is_reported),
        test(the_systems_limit_on_watches_is_named),
        test(too_many_folders_for_the_system_is_an_error),
        test(what_cannot_be_watched_is_an_error),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
