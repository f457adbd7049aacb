#include "io/file_system.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include "base/text.h"
#include "support/world.h"

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

int main(void) {
    const struct CMUnitTest tests[] = {
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
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
