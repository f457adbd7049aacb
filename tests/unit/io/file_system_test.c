#include "io/file_system.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include "base/text.h"
#include "support/world.h"

static void paths_are_joined_with_one_slash(void **state) {
    assert_string_equal(path_join(*state, "a", "b"), "a/b");
    assert_string_equal(path_join(*state, "a/", "b"), "a/b");
    assert_string_equal(path_join(*state, "/", "b"), "/b");
    assert_string_equal(path_join(*state, "a", "/b"), "/b");
    assert_string_equal(path_join(*state, "", "b"), "b");
    assert_string_equal(path_join(*state, "a", ""), "a");
}

static void a_path_has_a_name_and_a_folder(void **state) {
    assert_string_equal(path_name("a/b.csv"), "b.csv");
    assert_string_equal(path_name("b.csv"), "b.csv");
    assert_string_equal(path_folder(*state, "a/b/c"), "a/b");
    assert_string_equal(path_folder(*state, "c"), ".");
    assert_string_equal(path_folder(*state, "/c"), "/");
}

static void inside_is_decided_by_whole_names(void **state) {
    (void)state;
    assert_true(path_is_inside("/a/b", "/a"));
    assert_true(path_is_inside("/a", "/a"));
    assert_true(path_is_inside("/a/b", "/a/"));
    assert_true(path_is_inside("/a", "/"));
    assert_false(path_is_inside("/ab", "/a"));
    assert_false(path_is_inside("/", "/a"));
    assert_false(path_is_inside("a", "/"));
    assert_false(path_is_inside("a", ""));
}

static void a_relative_path_leaves_the_folder_out(void **state) {
    assert_string_equal(path_relative(*state, "/a/b/c", "/a"), "b/c");
    assert_string_equal(path_relative(*state, "/a/b/c", "/a/"), "b/c");
    assert_string_equal(path_relative(*state, "/a", "/a"), ".");
    assert_string_equal(path_relative(*state, "/a/b", "/"), "a/b");
    assert_string_equal(path_relative(*state, "/ab", "/a"), "/ab");
}

static void an_absolute_path_needs_no_file(void **state) {
    assert_string_equal(path_absolute(*state, "/a/./b//../c/"), "/a/c");
    assert_string_equal(path_absolute(*state, "/../.."), "/");
    char current[4096];
    assert_non_null(getcwd(current, sizeof current));
    assert_string_equal(path_absolute(*state, "x"), path_join(*state, current, "x"));
}

static void resolving_follows_links_and_needs_the_file(void **state) {
    TestWorld *world = *state;
    const char *path = test_world_write(world, "real/file", "");
    assert_int_equal(symlink("real", test_world_path(world, "link")), 0);
    assert_string_equal(path_resolve(world->arena, test_world_path(world, "link/../link/file")),
                        path_resolve(world->arena, path));
    assert_null(path_resolve(world->arena, test_world_path(world, "missing")));
}

static void info_tells_kind_size_and_permissions(void **state) {
    TestWorld *world = *state;
    const char *path = test_world_write(world, "file", "12345");
    FileInfo info = file_info(path);
    assert_int_equal(info.kind, FILE_REGULAR);
    assert_int_equal(info.size, 5);
    assert_int_equal(info.mode, 0644);
    assert_int_equal(info.owner, getuid());
    assert_true(info.modified_ns > 1600000000000000000LL);
    assert_int_equal(file_info(world->folder).kind, FILE_FOLDER);
    assert_int_equal(file_info("/dev/null").kind, FILE_OTHER);
    assert_int_equal(file_info(test_world_path(world, "missing")).kind, FILE_MISSING);
}

static void a_dangling_link_is_missing_and_a_link(void **state) {
    TestWorld *world = *state;
    const char *link = test_world_path(world, "link");
    assert_int_equal(symlink("nowhere", link), 0);
    assert_int_equal(file_info(link).kind, FILE_MISSING);
    assert_int_equal(file_info_of_link(link).kind, FILE_LINK);
    assert_int_equal(file_info_of_link("/tmp/no/such").kind, FILE_MISSING);
    assert_false(file_exists(link));
    assert_string_equal(link_read(world->arena, link), "nowhere");
    assert_null(link_read(world->arena, world->folder));
    char target[700];
    memset(target, 'x', sizeof target);
    target[699] = '\0';
    assert_int_equal(symlink(target, test_world_path(world, "long")), 0);
    assert_string_equal(link_read(world->arena, test_world_path(world, "long")), target);
}

static void files_and_folders_are_told_apart(void **state) {
    TestWorld *world = *state;
    const char *path = test_world_write(world, "file", "");
    assert_true(file_exists(path));
    assert_false(folder_exists(path));
    assert_false(file_exists(world->folder));
    assert_true(folder_exists(world->folder));
}

static void a_written_file_reads_back_with_its_bytes_and_mode(void **state) {
    TestWorld *world = *state;
    const char *path = test_world_path(world, "file");
    char *content;
    size_t length;
    assert_true(file_write(world->arena, path, "a\0b", 3, 0600, &world->err));
    assert_true(file_read(world->arena, path, &content, &length, &world->err));
    assert_int_equal(length, 3);
    assert_memory_equal(content, "a\0b", 4);
    assert_int_equal(file_info(path).mode, 0600);
    mode_t mask = umask(077);
    assert_true(file_write_string(world->arena, path, "", 0755, &world->err));
    umask(mask);
    assert_int_equal(file_info(path).mode, 0755);
    assert_true(file_read(world->arena, path, &content, NULL, &world->err));
    assert_string_equal(content, "");
}

static void a_large_file_reads_back_whole(void **state) {
    TestWorld *world = *state;
    enum { SIZE = 40 * 1024 * 1024 };
    const char *path = test_world_path(world, "large");
    char *content = arena_allocate(world->arena, SIZE), *read_back;
    size_t length;
    for (size_t i = 0; i < SIZE; i += 4096) content[i] = (char)(i / 4096);
    assert_true(file_write(world->arena, path, content, SIZE, 0600, &world->err));
    assert_true(file_read(world->arena, path, &read_back, &length, &world->err));
    assert_int_equal(length, SIZE);
    assert_memory_equal(read_back, content, SIZE);
}

static void a_file_of_the_kernel_without_a_size_is_read(void **state) {
    TestWorld *world = *state;
    char *content;
    size_t length;
    if (!file_exists("/proc/self/status")) skip();
    assert_true(file_read(world->arena, "/proc/self/status", &content, &length, &world->err));
    assert_true(length > 100);
    assert_true(text_starts_with(content, "Name:"));
}

static void check_unreadable(TestWorld *world, const char *path, const char *reason) {
    char *content = (char *)"untouched";
    assert_false(file_read(world->arena, path, &content, NULL, &world->err));
    assert_string_equal(content, "untouched");
    assert_int_equal(world->err.code, ERROR_FILE);
    assert_string_equal(world->err.message, arena_format(world->arena, "cannot read %s: %s", path, reason));
}

static void reading_says_why_it_is_impossible(void **state) {
    TestWorld *world = *state;
    check_unreadable(world, test_world_path(world, "missing"), "No such file or directory");
    check_unreadable(world, world->folder, "it is a folder");
    const char *pipe_path = test_world_path(world, "pipe");
    assert_int_equal(mkfifo(pipe_path, 0600), 0);
    check_unreadable(world, pipe_path, "it is no regular file");
}

static void a_forbidden_file_comes_with_a_hint(void **state) {
    TestWorld *world = *state;
    const char *path = test_world_write(world, "file", "secret");
    assert_int_equal(chmod(world->folder, 0755), 0);
    assert_int_equal(chmod(path, 0), 0);
    test_world_become_nobody(true);
    check_unreadable(world, path, "Permission denied");
    test_world_become_nobody(false);
    assert_string_equal(world->err.hint, arena_format(world->arena, "look at its owner and permissions: ls -ld '%s'", path));
}

static void the_reason_of_the_system_decides_the_hint(void **state) {
    TestWorld *world = *state;
    errno = ENOSPC;
    assert_false(file_error(&world->err, "write", "/x"));
    assert_string_equal(world->err.hint, "free some disk space: df -h '/x'");
    errno = EROFS;
    assert_false(file_error(&world->err, "write", "/x"));
    assert_true(text_starts_with(world->err.hint, "use a checkout"));
    errno = ENOENT;
    assert_false(file_error(&world->err, "write", "/x"));
    assert_null(world->err.hint);
}

static void writing_replaces_and_leaves_nothing_beside(void **state) {
    TestWorld *world = *state;
    const char *path = test_world_write(world, "file", "old");
    int fd = open(path, O_RDONLY);
    char old[4] = "";
    test_world_write(world, "file", "new and longer");
    assert_int_equal(read(fd, old, 3), 3);
    assert_string_equal(old, "old");  // who had it open still reads the old file: it was replaced, not overwritten
    close(fd);
    StringList names;
    assert_true(folder_list(world->arena, world->folder, &names, &world->err));
    assert_int_equal(names.count, 1);
}

static void a_file_that_holds_the_content_already_is_left_alone(void **state) {
    TestWorld *world = *state;
    const char *path = test_world_path(world, "kept");
    assert_true(file_keep_string(world->arena, path, "one", 0600, &world->err));
    uint64_t inode = file_info(path).inode;
    assert_true(file_keep_string(world->arena, path, "one", 0600, &world->err));
    assert_int_equal(file_info(path).inode, inode);
    assert_true(file_keep_string(world->arena, path, "two", 0600, &world->err));
    assert_string_equal(file_read_tail(world->arena, path, 100), "two");
    assert_true(file_keep_string(world->arena, path, "two", 0700, &world->err));
    assert_int_equal(file_info(path).mode, 0700);
    assert_false(file_keep_string(world->arena, test_world_path(world, "missing/kept"), "x", 0600, &world->err));
}

static void a_fast_write_replaces_in_one_step_too(void **state) {
    TestWorld *world = *state;
    StringList names;
    const char *path = test_world_write(world, "page", "old");
    uint64_t inode = file_info(path).inode;
    assert_true(file_write_fast(world->arena, path, "new", 0640, &world->err));
    assert_string_equal(file_read_tail(world->arena, path, 100), "new");
    assert_int_equal(file_info(path).mode, 0640);
    assert_int_not_equal(file_info(path).inode, inode);
    assert_true(folder_list(world->arena, world->folder, &names, &world->err));
    assert_int_equal(names.count, 1);
    assert_false(file_write_fast(world->arena, test_world_path(world, "missing/page"), "x", 0600, &world->err));
}

static void appending_adds_to_the_end_and_makes_the_file(void **state) {
    TestWorld *world = *state;
    const char *path = test_world_path(world, "summary");
    assert_true(file_append_string(path, "one\n", 0600, &world->err));
    assert_true(file_append_string(path, "two\n", 0600, &world->err));
    assert_string_equal(file_read_tail(world->arena, path, 100), "one\ntwo\n");
    assert_int_equal(file_info(path).mode, 0600);
    assert_false(file_append_string(test_world_path(world, "missing/summary"), "x", 0600, &world->err));
    assert_true(text_ends_with(world->err.message, "missing/summary: No such file or directory"));
}

static void a_failed_write_leaves_the_old_file_and_no_rest(void **state) {
    TestWorld *world = *state;
    StringList names;
    const char *folder = test_world_path(world, "target");
    test_world_write(world, "target/inside", "kept");
    assert_false(file_write_string(world->arena, folder, "text", 0600, &world->err));
    assert_string_equal(world->err.message, arena_format(world->arena, "cannot write %s: Is a directory", folder));
    assert_true(folder_list(world->arena, world->folder, &names, &world->err));
    assert_int_equal(names.count, 1);
    assert_false(file_write_string(world->arena, test_world_path(world, "missing/file"), "", 0600, &world->err));
    assert_true(text_ends_with(world->err.message, "missing/file: No such file or directory"));
}

// No disk of a test is full, but a limit on the size of files makes the same write fail half-way.
static void a_write_that_breaks_off_leaves_the_old_file(void **state) {
    TestWorld *world = *state;
    const char *path = test_world_write(world, "file", "old");
    const struct rlimit narrow = {.rlim_cur = 8192, .rlim_max = RLIM_INFINITY};
    struct rlimit before;
    char *content = arena_allocate(world->arena, 100000);
    StringList names;
    memset(content, 'x', 99999);
    signal(SIGXFSZ, SIG_IGN);
    getrlimit(RLIMIT_FSIZE, &before);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &narrow), 0);
    bool is_written = file_write_string(world->arena, path, content, 0600, &world->err);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
    assert_false(is_written);
    assert_true(text_ends_with(world->err.message, "file: File too large"));
    assert_true(file_read(world->arena, path, &content, NULL, &world->err));
    assert_string_equal(content, "old");
    assert_true(folder_list(world->arena, world->folder, &names, &world->err));
    assert_int_equal(names.count, 1);
}

static void a_file_is_read_on_from_an_offset(void **state) {
    TestWorld *world = *state;
    const char *path = test_world_write(world, "log", "first line\nsecond\nthird\n");
    char *content;
    size_t length;
    assert_true(file_read_from(world->arena, path, 6, &content, &length, &world->err));
    assert_string_equal(content, "line\nsecond\nthird\n");
    assert_int_equal(length, 18);
    assert_true(file_read_from(world->arena, path, 24, &content, &length, &world->err));
    assert_string_equal(content, "");
    assert_true(file_read_from(world->arena, path, 1000, &content, &length, &world->err));
    assert_int_equal(length, 0);
    assert_false(file_read_from(world->arena, "/nonexistent", 3, &content, &length, &world->err));
}

static void the_tail_starts_at_a_line_start(void **state) {
    TestWorld *world = *state;
    const char *path = test_world_write(world, "log", "first line\nsecond\nthird\n");
    assert_string_equal(file_read_tail(world->arena, path, 1000), "first line\nsecond\nthird\n");
    assert_string_equal(file_read_tail(world->arena, path, 24), "first line\nsecond\nthird\n");
    assert_string_equal(file_read_tail(world->arena, path, 8), "third\n");
    assert_string_equal(file_read_tail(world->arena, path, 6), "third\n");
    assert_string_equal(file_read_tail(world->arena, path, 13), "second\nthird\n");
    assert_string_equal(file_read_tail(world->arena, path, 0), "");
    assert_string_equal(file_read_tail(world->arena, test_world_path(world, "missing"), 8), "");
    assert_string_equal(file_read_tail(world->arena, world->folder, 8), "");
}

static void the_tail_of_one_endless_line_starts_at_a_character(void **state) {
    TestWorld *world = *state;
    const char *path = test_world_write(world, "log", "aéb");
    assert_string_equal(file_read_tail(world->arena, path, 1), "b");
    assert_string_equal(file_read_tail(world->arena, path, 2), "éb");
}

static void a_copy_has_the_content_and_the_given_mode(void **state) {
    TestWorld *world = *state;
    const char *from = test_world_write(world, "from", "content");
    const char *to = test_world_path(world, "to");
    char *content;
    assert_true(file_copy(world->arena, from, to, 0640, &world->err));
    assert_true(file_read(world->arena, to, &content, NULL, &world->err));
    assert_string_equal(content, "content");
    assert_int_equal(file_info(to).mode, 0640);
    assert_false(file_copy(world->arena, test_world_path(world, "missing"), to, 0600, &world->err));
    assert_false(file_copy(world->arena, from, test_world_path(world, "no/folder"), 0600, &world->err));
}

static void a_copy_of_the_tail_has_the_last_bytes_only(void **state) {
    TestWorld *world = *state;
    const char *from = test_world_write(world, "from", "content");
    const char *to = test_world_path(world, "to");
    static const struct {
        long long limit;
        const char *expected;
    } rows[] = {{0, ""}, {3, "ent"}, {7, "content"}, {8, "content"}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char *content;
        assert_true(file_copy_tail(world->arena, from, to, rows[i].limit, 0600, &world->err));
        assert_true(file_read(world->arena, to, &content, NULL, &world->err));
        assert_string_equal(content, rows[i].expected);
    }
    assert_false(file_copy_tail(world->arena, test_world_path(world, "missing"), to, 3, 0600, &world->err));
}

static void removing_and_renaming_tell_what_is_missing(void **state) {
    TestWorld *world = *state;
    const char *path = test_world_write(world, "file", "");
    const char *moved = test_world_path(world, "moved");
    assert_true(file_rename(world->arena, path, moved, &world->err));
    assert_false(file_exists(path));
    assert_true(file_remove(world->arena, moved, &world->err));
    assert_false(file_exists(moved));
    assert_true(file_remove(world->arena, moved, &world->err));
    assert_false(file_remove(world->arena, world->folder, &world->err));
    assert_false(file_rename(world->arena, path, moved, &world->err));
    const char *expected = arena_format(world->arena, "cannot rename %s to %s: No such file or directory", path, moved);
    assert_string_equal(world->err.message, expected);
}

static void folders_are_created_with_their_parents_and_private(void **state) {
    TestWorld *world = *state;
    const char *path = test_world_path(world, "a/b//c/");
    assert_true(folder_create(world->arena, path, &world->err));
    assert_true(folder_create(world->arena, path, &world->err));
    assert_true(folder_exists(path));
    assert_int_equal(file_info(test_world_path(world, "a/b")).mode, 0700);
}

static void a_file_in_the_place_of_a_folder_is_an_error(void **state) {
    TestWorld *world = *state;
    const char *path = test_world_write(world, "file", "");
    assert_false(folder_create(world->arena, path, &world->err));
    assert_string_equal(world->err.message,
                        arena_format(world->arena, "cannot create the folder %s: a file is in its place", path));
    assert_false(folder_create(world->arena, test_world_path(world, "file/below"), &world->err));
    assert_false(folder_create(world->arena, "/proc/devbox", &world->err));
    assert_true(text_starts_with(world->err.message, "cannot create the folder /proc/devbox: "));
}

static void temporary_folders_are_new_each_time(void **state) {
    TestWorld *world = *state;
    const char *first, *second;
    assert_true(folder_create_temporary(world->arena, world->folder, "run-", &first, &world->err));
    assert_true(folder_create_temporary(world->arena, world->folder, "run-", &second, &world->err));
    assert_string_not_equal(first, second);
    assert_true(text_starts_with(path_name(first), "run-"));
    assert_int_equal(file_info(first).mode, 0700);
    assert_false(folder_create_temporary(world->arena, "/no/such", "run-", &first, &world->err));
}

static void a_listing_is_sorted_and_a_missing_folder_empty(void **state) {
    TestWorld *world = *state;
    StringList names;
    test_world_write(world, "b", "");
    test_world_write(world, ".a", "");
    test_world_write(world, "B", "");
    assert_true(folder_list(world->arena, world->folder, &names, &world->err));
    assert_string_equal(text_join(world->arena, &names, " "), ".a B b");
    assert_true(folder_list(world->arena, test_world_path(world, "missing"), &names, &world->err));
    assert_int_equal(names.count, 0);
    assert_false(folder_list(world->arena, test_world_path(world, "b"), &names, &world->err));
    assert_true(text_ends_with(world->err.message, "/b: Not a directory"));
}

typedef struct Visits {
    TestWorld *world;
    StringList paths;
} Visits;

static bool note_visit(void *state, const char *path, const FileInfo *info) {
    Visits *visits = state;
    const char *shown = path_relative(visits->world->arena, path, visits->world->folder);
    list_push(visits->world->arena, &visits->paths, arena_format(visits->world->arena, "%s:%d", shown, (int)info->kind));
    return !text_ends_with(path, "skipped");
}

static void walking_visits_parents_first_sorted_and_follows_no_link(void **state) {
    TestWorld *world = *state;
    Visits visits = {.world = world};
    test_world_write(world, "b/two", "");
    test_world_write(world, "b/one", "");
    test_world_write(world, "a", "");
    test_world_write(world, "skipped/inside", "");
    assert_int_equal(symlink("b", test_world_path(world, "link")), 0);
    assert_true(folder_walk(world->arena, world->folder, note_visit, &visits, &world->err));
    assert_string_equal(text_join(world->arena, &visits.paths, " "), "a:1 b:2 b/one:1 b/two:1 link:3 skipped:2");
    assert_true(folder_walk(world->arena, test_world_path(world, "missing"), note_visit, &visits, &world->err));
}

static void walking_stops_at_a_folder_that_cannot_be_read(void **state) {
    TestWorld *world = *state;
    Visits visits = {.world = world};
    test_world_write(world, "closed/file", "");
    assert_int_equal(chmod(world->folder, 0755), 0);
    assert_int_equal(chmod(test_world_path(world, "closed"), 0), 0);
    test_world_become_nobody(true);
    bool is_done = folder_walk(world->arena, world->folder, note_visit, &visits, &world->err);
    test_world_become_nobody(false);
    assert_false(is_done);
    assert_true(text_ends_with(world->err.message, "closed: Permission denied"));
}

static void removing_a_tree_leaves_what_its_links_point_to(void **state) {
    TestWorld *world = *state;
    const char *kept = test_world_write(world, "outside/kept", "data");
    test_world_write(world, "tree/deep/er/file", "");
    assert_int_equal(symlink("../outside", test_world_path(world, "tree/link")), 0);
    assert_int_equal(symlink(kept, test_world_path(world, "tree/deep/file")), 0);
    assert_int_equal(mkfifo(test_world_path(world, "tree/pipe"), 0600), 0);
    assert_true(folder_remove(world->arena, test_world_path(world, "tree"), &world->err));
    assert_int_equal(file_info_of_link(test_world_path(world, "tree")).kind, FILE_MISSING);
    assert_true(file_exists(kept));
    assert_true(folder_remove(world->arena, test_world_path(world, "tree"), &world->err));
}

static void removing_a_link_to_a_folder_removes_the_link(void **state) {
    TestWorld *world = *state;
    const char *kept = test_world_write(world, "outside/kept", "data");
    const char *link = test_world_path(world, "link");
    assert_int_equal(symlink("outside", link), 0);
    assert_true(folder_remove(world->arena, link, &world->err));
    assert_int_equal(file_info_of_link(link).kind, FILE_MISSING);
    assert_true(file_exists(kept));
}

static void removing_copes_with_folders_made_read_only(void **state) {
    TestWorld *world = *state;
    assert_int_equal(chmod(world->folder, 0777), 0);
    test_world_become_nobody(true);
    test_world_write(world, "tree/read_only/file", "");
    test_world_write(world, "tree/closed/file", "");
    assert_int_equal(chmod(test_world_path(world, "tree/read_only"), 0500), 0);
    assert_int_equal(chmod(test_world_path(world, "tree/closed"), 0), 0);
    bool is_removed = folder_remove(world->arena, test_world_path(world, "tree"), &world->err);
    test_world_become_nobody(false);
    assert_true(is_removed);
    assert_false(folder_exists(test_world_path(world, "tree")));
}

static void removing_says_which_entry_resists(void **state) {
    TestWorld *world = *state;
    test_world_write(world, "tree/file", "");
    test_world_write(world, "other", "");
    assert_int_equal(chmod(world->folder, 0755), 0);
    test_world_become_nobody(true);
    bool has_file = getuid() == 0 && !folder_remove(world->arena, test_world_path(world, "other"), &world->err);
    const char *first = has_file ? world->err.message : NULL;
    bool has_tree = getuid() == 0 && !folder_remove(world->arena, test_world_path(world, "tree"), &world->err);
    test_world_become_nobody(false);
    if (getuid() != 0) skip();
    assert_true(has_file && has_tree);
    assert_true(text_ends_with(first, "/other: Permission denied"));
    assert_true(text_ends_with(world->err.message, "/tree: Operation not permitted"));
}

static void the_root_and_nothing_are_never_removed(void **state) {
    TestWorld *world = *state;
    static const char *const paths[] = {"", "/", "//", "/tmp/.."};
    for (size_t i = 0; i < sizeof paths / sizeof *paths; i++) {
        assert_false(folder_remove(world->arena, paths[i], &world->err));
        assert_int_equal(world->err.code, ERROR_INTERNAL);
        assert_string_equal(world->err.message, arena_format(world->arena, "refused to remove '%s'", paths[i]));
    }
}

static void a_tree_is_copied_with_modes_and_links(void **state) {
    TestWorld *world = *state;
    const char *script = test_world_write(world, "from/bin/run", "#!/bin/sh\n");
    assert_int_equal(chmod(script, 0755), 0);
    assert_int_equal(symlink("bin/run", test_world_path(world, "from/link")), 0);
    assert_int_equal(mkfifo(test_world_path(world, "from/pipe"), 0600), 0);
    test_world_write(world, "to/bin/run", "old");
    test_world_write(world, "to/kept", "");
    for (int i = 0; i < 2; i++) {
        assert_true(folder_copy(world->arena, test_world_path(world, "from"), test_world_path(world, "to"), &world->err));
    }
    char *content;
    assert_true(file_read(world->arena, test_world_path(world, "to/bin/run"), &content, NULL, &world->err));
    assert_string_equal(content, "#!/bin/sh\n");
    assert_int_equal(file_info(test_world_path(world, "to/bin/run")).mode, 0755);
    assert_string_equal(link_read(world->arena, test_world_path(world, "to/link")), "bin/run");
    assert_true(file_exists(test_world_path(world, "to/kept")));
    assert_false(file_exists(test_world_path(world, "to/pipe")));
}

static void a_tree_that_cannot_be_copied_is_an_error(void **state) {
    TestWorld *world = *state;
    const char *from = test_world_path(world, "from");
    test_world_write(world, "from/name", "");
    test_world_write(world, "from/sub/name", "");
    assert_false(folder_copy(world->arena, test_world_path(world, "missing"), from, &world->err));
    assert_true(text_ends_with(world->err.message, "missing: there is no such folder"));
    assert_false(folder_copy(world->arena, from, test_world_path(world, "from/copy"), &world->err));
    assert_non_null(strstr(world->err.message, "into itself"));
    test_world_write(world, "to/name/in_the_way", "");
    assert_false(folder_copy(world->arena, from, test_world_path(world, "to"), &world->err));
    assert_true(text_ends_with(world->err.message, "to/name: Is a directory"));
    assert_false(folder_exists(test_world_path(world, "to/sub")));
    test_world_write(world, "other/sub", "");
    assert_false(folder_copy(world->arena, from, test_world_path(world, "other"), &world->err));
    assert_true(text_ends_with(world->err.message, "other/sub: a file is in its place"));
    assert_false(folder_copy(world->arena, from, test_world_write(world, "file", ""), &world->err));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        test_with_arena(paths_are_joined_with_one_slash),
        test_with_arena(a_path_has_a_name_and_a_folder),
        test_with_arena(inside_is_decided_by_whole_names),
        test_with_arena(a_relative_path_leaves_the_folder_out),
        test_with_arena(an_absolute_path_needs_no_file),
        test_with_world(resolving_follows_links_and_needs_the_file),
        test_with_world(info_tells_kind_size_and_permissions),
        test_with_world(a_dangling_link_is_missing_and_a_link),
        test_with_world(files_and_folders_are_told_apart),
        test_with_world(a_written_file_reads_back_with_its_bytes_and_mode),
        test_with_world(a_large_file_reads_back_whole),
        test_with_world(a_file_of_the_kernel_without_a_size_is_read),
        test_with_world(reading_says_why_it_is_impossible),
        test_with_world(a_forbidden_file_comes_with_a_hint),
        test_with_world(the_reason_of_the_system_decides_the_hint),
        test_with_world(writing_replaces_and_leaves_nothing_beside),
        test_with_world(a_file_that_holds_the_content_already_is_left_alone),
        test_with_world(a_fast_write_replaces_in_one_step_too),
        test_with_world(appending_adds_to_the_end_and_makes_the_file),
        test_with_world(a_failed_write_leaves_the_old_file_and_no_rest),
        test_with_world(a_write_that_breaks_off_leaves_the_old_file),
        test_with_world(a_file_is_read_on_from_an_offset),
        test_with_world(the_tail_starts_at_a_line_start),
        test_with_world(the_tail_of_one_endless_line_starts_at_a_character),
        test_with_world(a_copy_has_the_content_and_the_given_mode),
        test_with_world(a_copy_of_the_tail_has_the_last_bytes_only),
        test_with_world(removing_and_renaming_tell_what_is_missing),
        test_with_world(folders_are_created_with_their_parents_and_private),
        test_with_world(a_file_in_the_place_of_a_folder_is_an_error),
        test_with_world(temporary_folders_are_new_each_time),
        test_with_world(a_listing_is_sorted_and_a_missing_folder_empty),
        test_with_world(walking_visits_parents_first_sorted_and_follows_no_link),
        test_with_world(walking_stops_at_a_folder_that_cannot_be_read),
        test_with_world(removing_a_tree_leaves_what_its_links_point_to),
        test_with_world(removing_a_link_to_a_folder_removes_the_link),
        test_with_world(removing_copes_with_folders_made_read_only),
        test_with_world(removing_says_which_entry_resists),
        test_with_world(the_root_and_nothing_are_never_removed),
        test_with_world(a_tree_is_copied_with_modes_and_links),
        test_with_world(a_tree_that_cannot_be_copied_is_an_error),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
