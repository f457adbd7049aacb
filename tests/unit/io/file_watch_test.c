#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include "base/text.h"
#include "io/platform.h"
#include "support/world.h"

// A folder and the watch on it.
typedef struct Watching {
    TestWorld *world;
    FileWatch *watch;
    int fd;
} Watching;

static int set_up(void **state) {
    if (test_world_set_up(state) != 0) return -1;
    TestWorld *world = *state;
    Watching *watching = arena_allocate(world->arena, sizeof *watching);
    *watching = (Watching){.world = world};
    *state = watching;
    return 0;
}

static int tear_down(void **state) {
    Watching *watching = *state;
    file_watch_destroy(watching->watch);
    *state = watching->world;
    return test_world_tear_down(state);
}

#define test(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)

static const char *in_tree(Watching *watching, const char *name) {
    return path_join(watching->world->arena, watching->world->folder, name);
}

static void write_file(Watching *watching, const char *name) {
    if (!file_write_string(watching->world->arena, in_tree(watching, name), "x", 0600, &watching->world->err))
        fail_msg("%s", watching->world->err.message);
}

static void create_folder(Watching *watching, const char *name) {
    assert_true(folder_create(watching->world->arena, in_tree(watching, name), &watching->world->err));
}

static void rename_entry(Watching *watching, const char *from, const char *to) {
    assert_int_equal(rename(in_tree(watching, from), in_tree(watching, to)), 0);
}

static void start_watch(Watching *watching) {
    if (file_watch_create(watching->world->arena, watching->world->folder, &watching->watch, &watching->fd,
                          &watching->world->err))
        return;
    fail_msg("%s", watching->world->err.message);
}

// What changed as "name -name", sorted, relative to the folder, without the temporary files of file_write.
static const char *read_changes(Watching *watching) {
    StringList names = {0};
    bool has_overflowed = true;
    poll(&(struct pollfd){.fd = watching->fd, .events = POLLIN}, 1, 300);
    FileChangeList changes = file_watch_read(watching->world->arena, watching->watch, &has_overflowed);
    assert_false(has_overflowed);
    list_each(FileChange, change, &changes) {
        const char *name = path_relative(watching->world->arena, change->path, watching->world->folder);
        if (strstr(name, ".tmp") != NULL || strstr(name, "/.") != NULL || *name == '.') continue;
        list_push(watching->world->arena, &names,
                  arena_format(watching->world->arena, "%s%s", change->is_removed ? "-" : "", name));
    }
    string_list_sort(&names);
    return text_join(watching->world->arena, &names, " ");
}

static void saved_and_removed_files_are_reported_once(void **state) {
    Watching *watching = *state;
    create_folder(watching, "dags/deep");
    write_file(watching, "dags/old.py");
    start_watch(watching);
    assert_string_equal(read_changes(watching), "");
    write_file(watching, "dags/a.py");
    write_file(watching, "dags/a.py");
    write_file(watching, "dags/deep/b.py");
    assert_int_equal(unlink(in_tree(watching, "dags/old.py")), 0);
    assert_string_equal(read_changes(watching), "-dags/old.py dags/a.py dags/deep/b.py");
    assert_string_equal(read_changes(watching), "");
}

static void a_file_is_reported_when_its_writer_closes_it(void **state) {
    Watching *watching = *state;
    start_watch(watching);
    int fd = open(in_tree(watching, "a.py"), O_CREAT | O_WRONLY, 0600);
    assert_string_equal(read_changes(watching), "");
    close(fd);
    assert_string_equal(read_changes(watching), "a.py");
    assert_int_equal(symlink("a.py", in_tree(watching, "link.py")), 0);
    assert_int_equal(link(in_tree(watching, "a.py"), in_tree(watching, "twin.py")), 0);
    assert_string_equal(read_changes(watching), "link.py twin.py");
}

static void new_folders_join_with_what_is_in_them(void **state) {
    Watching *watching = *state;
    start_watch(watching);
    create_folder(watching, "new/deeper");
    write_file(watching, "new/deeper/a.py");
    assert_string_equal(read_changes(watching), "new/deeper/a.py");
    write_file(watching, "new/deeper/b.py");
    assert_string_equal(read_changes(watching), "new/deeper/b.py");
}

static void a_moved_folder_is_followed(void **state) {
    Watching *watching = *state;
    create_folder(watching, "from/inner");
    write_file(watching, "from/inner/a.py");
    start_watch(watching);
    rename_entry(watching, "from", "to");
    assert_string_equal(read_changes(watching), "-from to/inner/a.py");
    write_file(watching, "to/inner/a.py");
    assert_string_equal(read_changes(watching), "to/inner/a.py");
    const char *outside;
    assert_true(folder_create_temporary(watching->world->arena, "/tmp", "devbox-test-", &outside, &watching->world->err));
    const char *moved = path_join(watching->world->arena, outside, "to");
    assert_int_equal(rename(in_tree(watching, "to"), moved), 0);
    assert_string_equal(read_changes(watching), "-to");
    assert_true(file_write_string(watching->world->arena, path_join(watching->world->arena, moved, "inner/a.py"), "y", 0600,
                                  &watching->world->err));
    assert_string_equal(read_changes(watching), "");
    assert_true(folder_remove(watching->world->arena, outside, &watching->world->err));
}

static void a_removed_folder_takes_its_files_along(void **state) {
    Watching *watching = *state;
    create_folder(watching, "gone");
    write_file(watching, "gone/a.py");
    start_watch(watching);
    assert_true(folder_remove(watching->world->arena, in_tree(watching, "gone"), &watching->world->err));
    assert_string_equal(read_changes(watching), "-gone -gone/a.py");
    create_folder(watching, "gone");
    write_file(watching, "gone/b.py");
    assert_string_equal(read_changes(watching), "gone/b.py");
}

static void saving_by_rename_is_a_change_and_no_removal(void **state) {
    Watching *watching = *state;
    write_file(watching, "a.py");
    start_watch(watching);
    rename_entry(watching, "a.py", "a.py~");
    write_file(watching, "a.py");
    assert_int_equal(unlink(in_tree(watching, "a.py~")), 0);
    assert_string_equal(read_changes(watching), "-a.py~ a.py");
}

static void hidden_folders_caches_and_virtual_environments_stay_out(void **state) {
    Watching *watching = *state;
    create_folder(watching, ".git/objects");
    create_folder(watching, "dags/__pycache__");
    create_folder(watching, "venv/lib");
    write_file(watching, "venv/pyvenv.cfg");
    start_watch(watching);
    write_file(watching, ".git/objects/a");
    write_file(watching, "dags/__pycache__/a.pyc");
    write_file(watching, "venv/lib/a.py");
    create_folder(watching, "dags/.hidden");
    write_file(watching, "dags/.hidden/a.py");
    assert_string_equal(read_changes(watching), "");
    create_folder(watching, "later");
    assert_string_equal(read_changes(watching), "");
    write_file(watching, "later/pyvenv.cfg");
    read_changes(watching);
    write_file(watching, "later/a.py");
    assert_string_equal(read_changes(watching), "");
}

static long read_queue_limit(void) {
    FILE *file = fopen("/proc/sys/fs/inotify/max_queued_events", "r");
    long limit = 0;
    if (file == NULL || fscanf(file, "%ld", &limit) != 1) limit = 0;
    if (file != NULL) fclose(file);
    return limit;
}

static void an_overflow_is_told_and_new_folders_join_all_the_same(void **state) {
    Watching *watching = *state;
    long limit = read_queue_limit();
    if (limit == 0 || limit > 100000) skip();
    start_watch(watching);
    for (long i = 0; i < limit; i++) {
        int fd = open(in_tree(watching, i % 2 == 0 ? "a" : "b"), O_CREAT | O_WRONLY, 0600);
        close(fd);
    }
    create_folder(watching, "late");
    bool has_overflowed = false;
    file_watch_read(watching->world->arena, watching->watch, &has_overflowed);
    assert_true(has_overflowed);
    write_file(watching, "late/a.py");
    assert_string_equal(read_changes(watching), "late/a.py");
}

static void the_end_of_the_watched_folder_is_reported(void **state) {
    Watching *watching = *state;
    start_watch(watching);
    assert_int_equal(rmdir(watching->world->folder), 0);
    assert_string_equal(read_changes(watching), "");
    bool has_overflowed;
    create_folder(watching, "");
    file_watch_destroy(watching->watch);
    start_watch(watching);
    assert_int_equal(rmdir(watching->world->folder), 0);
    FileChangeList changes = file_watch_read(watching->world->arena, watching->watch, &has_overflowed);
    assert_int_equal(changes.count, 1);
    assert_string_equal(changes.items[0].path, watching->world->folder);
    assert_true(changes.items[0].is_removed);
}

static void the_systems_limit_on_watches_is_named(void **state) {
    Watching *watching = *state;
    struct rlimit before;
    getrlimit(RLIMIT_NOFILE, &before);
    setrlimit(RLIMIT_NOFILE, &(struct rlimit){0, before.rlim_max});
    bool is_created = file_watch_create(watching->world->arena, watching->world->folder, &watching->watch, &watching->fd,
                                        &watching->world->err);
    setrlimit(RLIMIT_NOFILE, &before);
    assert_false(is_created);
    assert_non_null(strstr(watching->world->err.hint, "fs.inotify.max_user_instances"));
}

// 0: the error named the limit, 77: this system does not let us lower it, else: wrong.
static int watch_with_one_watch_allowed(Watching *watching) {
    if (unshare(CLONE_NEWUSER) != 0) return 77;
    FILE *file = fopen("/proc/sys/user/max_inotify_watches", "w");
    if (file == NULL || fputs("1", file) < 0 || fclose(file) != 0) return 77;
    if (file_watch_create(watching->world->arena, watching->world->folder, &watching->watch, &watching->fd,
                          &watching->world->err))
        return 1;
    return text_equals(watching->world->err.hint, "raise it: sudo sysctl fs.inotify.max_user_watches=524288") ? 0 : 2;
}

static void too_many_folders_for_the_system_is_an_error(void **state) {
    Watching *watching = *state;
    create_folder(watching, "one/two");
    pid_t pid = fork();
    if (pid == 0) _exit(watch_with_one_watch_allowed(watching));
    int status;
    waitpid(pid, &status, 0);
    if (WEXITSTATUS(status) == 77) skip();
    assert_int_equal(status, 0);
}

static void what_cannot_be_watched_is_an_error(void **state) {
    Watching *watching = *state;
    write_file(watching, "file");
    assert_false(file_watch_create(watching->world->arena, "/nowhere", &watching->watch, &watching->fd, &watching->world->err));
    assert_string_equal(watching->world->err.message, "cannot watch /nowhere: it is no folder");
    assert_false(file_watch_create(watching->world->arena, in_tree(watching, "file"), &watching->watch, &watching->fd,
                                   &watching->world->err));
    assert_null(watching->watch);
}

int main(void) {
    const struct CMUnitTest tests[] = {
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
