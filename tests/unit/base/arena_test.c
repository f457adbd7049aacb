#include "base/arena.h"

#include <signal.h>
#include <stdint.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "support/test.h"

static void memory_is_zeroed_and_aligned_for_any_type(void **state) {
    for (size_t size = 0; size < 200; size++) {
        unsigned char *bytes = arena_allocate(*state, size);
        assert_int_equal((uintptr_t)bytes % _Alignof(max_align_t), 0);
        for (size_t i = 0; i < size; i++) assert_int_equal(bytes[i], 0);
        memset(bytes, 0xFF, size);
    }
}

static void pieces_do_not_overlap(void **state) {
    enum { COUNT = 5000 };
    unsigned char **pieces = arena_allocate_array(*state, COUNT, sizeof *pieces);
    for (size_t i = 0; i < COUNT; i++) {
        pieces[i] = arena_allocate(*state, 1 + i % 100);
        memset(pieces[i], (int)(i % 251), 1 + i % 100);
    }
    for (size_t i = 0; i < COUNT; i++) {
        for (size_t j = 0; j < 1 + i % 100; j++) assert_int_equal(pieces[i][j], i % 251);
    }
}

static void something_larger_than_a_block_fits(void **state) {
    char *small = arena_copy_string(*state, "small");
    char *large = arena_allocate(*state, 10 * 1024 * 1024);
    large[10 * 1024 * 1024 - 1] = 'x';
    assert_string_equal(small, "small");
}

static void strings_and_bytes_are_copied_with_a_nul(void **state) {
    char original[] = "text";
    char *copy = arena_copy_string(*state, original);
    *original = 'X';
    assert_string_equal(copy, "text");
    assert_null(arena_copy_string(*state, NULL));
    assert_memory_equal(arena_copy_bytes(*state, "a\0bc", 3), "a\0b", 4);
    assert_string_equal(arena_copy_bytes(*state, NULL, 0), "");
}

static void formatting_takes_any_length(void **state) {
    assert_string_equal(arena_format(*state, "%s-%d", "a", 7), "a-7");
    assert_int_equal(strlen(arena_format(*state, "%100000d", 1)), 100000);
    assert_string_equal(arena_format(*state, "%s", ""), "");
}

static void a_reset_gives_back_everything_since_the_mark(void **state) {
    char *kept = arena_copy_string(*state, "kept");
    ArenaMark mark = arena_mark(*state);
    char *first = arena_copy_string(*state, "dropped");
    for (int i = 0; i < 1000; i++) arena_allocate(*state, 1000);
    arena_reset(*state, mark);
    char *again = arena_copy_string(*state, "new");
    assert_ptr_equal(first, again);
    assert_string_equal(kept, "kept");
    arena_reset(*state, mark);
    assert_int_equal(*(char *)arena_allocate(*state, 8), 0);
}

static void a_mark_of_an_empty_arena_empties_it(void **state) {
    (void)state;
    Arena *arena = arena_create();
    ArenaMark mark = arena_mark(arena);
    for (int i = 0; i < 300; i++) arena_allocate(arena, 1000);
    arena_reset(arena, mark);
    assert_null(arena_mark(arena).block);
    assert_string_equal(arena_copy_string(arena, "works"), "works");
    arena_destroy(arena);
    arena_destroy(NULL);
}

// Runs the action in a child and gives the signal that ended it.
static int signal_that_ends(void (*action)(Arena *arena)) {
    int status;
    pid_t child = fork();
    if (child == 0) {
        const struct rlimit none = {0};
        setrlimit(RLIMIT_CORE, &none);
        signal(SIGABRT, SIG_DFL);
        close(STDERR_FILENO);
        action(arena_create());
        _exit(0);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    return WIFSIGNALED(status) ? WTERMSIG(status) : 0;
}

static void overflow_a_product(Arena *arena) { arena_allocate_array(arena, SIZE_MAX / 2, 3); }

static void ask_for_more_than_there_is(Arena *arena) { arena_allocate(arena, SIZE_MAX - 8); }

static void a_size_that_overflows_aborts(void **state) {
    (void)state;
    assert_int_equal(signal_that_ends(overflow_a_product), SIGABRT);
    assert_int_equal(signal_that_ends(ask_for_more_than_there_is), SIGABRT);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        test_with_arena(memory_is_zeroed_and_aligned_for_any_type),
        test_with_arena(pieces_do_not_overlap),
        test_with_arena(something_larger_than_a_block_fits),
        test_with_arena(strings_and_bytes_are_copied_with_a_nul),
        test_with_arena(formatting_takes_any_length),
        test_with_arena(a_reset_gives_back_everything_since_the_mark),
        test_with_arena(a_mark_of_an_empty_arena_empties_it),
        test_with_arena(a_size_that_overflows_aborts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
