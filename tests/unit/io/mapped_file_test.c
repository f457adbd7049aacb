#include "io/mapped_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "support/test.h"

static char path[64];

static void write_file(const char *bytes, size_t length, off_t offset) {
    cleanup_fd int fd = open(path, O_CREAT | O_TRUNC | O_WRONLY | O_CLOEXEC, 0600);
    assert_true(fd >= 0);
    assert_int_equal(pwrite(fd, bytes, length, offset), length);
}

static int make_name(void **state) {
    snprintf(path, sizeof path, "/tmp/devbox-test-mapped-file.%d", (int)getpid());
    return test_setup_arena(state);
}

static int remove_file(void **state) {
    unlink(path);
    return test_drop_arena(state);
}

static void a_small_file_is_copied_and_survives_its_truncation(void **state) {
    Error err = {.arena = *state};
    cleanup_mapped_file MappedFile file = {0};
    write_file("hello", 5, 0);
    assert_true(mapped_file_open(path, &file, &err));
    assert_int_equal(truncate(path, 0), 0);
    assert_int_equal(file.length, 5);
    assert_memory_equal(file.bytes, "hello", 5);
}

static void a_large_file_is_whole(void **state) {
    enum { HOLE = 40 * 1024 * 1024 };
    Error err = {.arena = *state};
    cleanup_mapped_file MappedFile file = {0};
    write_file("end", 3, HOLE);
    assert_true(mapped_file_open(path, &file, &err));
    assert_int_equal(file.length, HOLE + 3);
    assert_int_equal(file.bytes[0], 0);
    assert_memory_equal(file.bytes + HOLE, "end", 3);
}

static void an_empty_file_has_no_bytes(void **state) {
    Error err = {.arena = *state};
    cleanup_mapped_file MappedFile file = {0};
    write_file("", 0, 0);
    assert_true(mapped_file_open(path, &file, &err));
    assert_int_equal(file.length, 0);
    assert_non_null(file.bytes);
}

static void a_missing_file_is_an_error_with_its_name(void **state) {
    Error err = {.arena = *state};
    MappedFile file = {0};
    assert_false(mapped_file_open("/tmp/devbox-test-nowhere/x", &file, &err));
    assert_int_equal(err.code, ERROR_FILE);
    assert_string_equal(err.message, "cannot read /tmp/devbox-test-nowhere/x: No such file or directory");
}

static void a_folder_and_a_pipe_are_errors(void **state) {
    Error err = {.arena = *state};
    MappedFile file = {0};
    assert_false(mapped_file_open("/tmp", &file, &err));
    assert_string_equal(err.message, "/tmp is no regular file");
    assert_int_equal(mkfifo(path, 0600), 0);
    assert_false(mapped_file_open(path, &file, &err));
    assert_null(file.bytes);
}

#define test_with_file(function) cmocka_unit_test_setup_teardown(function, make_name, remove_file)

int main(void) {
    const struct CMUnitTest tests[] = {
        test_with_file(a_small_file_is_copied_and_survives_its_truncation),
        test_with_file(a_large_file_is_whole),
        test_with_file(an_empty_file_has_no_bytes),
        test_with_file(a_missing_file_is_an_error_with_its_name),
        test_with_file(a_folder_and_a_pipe_are_errors),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
