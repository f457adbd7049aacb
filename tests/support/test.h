// What every unit test needs: cmocka with the headers that it wants before itself, and an arena that goes away with the test.
#pragma once
// clang-format off
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
// clang-format on
#include <stdbool.h>

#include "base/arena.h"
#include "base/error.h"

static inline int test_setup_arena(void **state) {
    *state = arena_create();
    return 0;
}

static inline int test_drop_arena(void **state) {
    arena_destroy(*state);
    return 0;
}

// A test that gets an Arena * as *state.
#define test_with_arena(function) cmocka_unit_test_setup_teardown(function, test_setup_arena, test_drop_arena)
