// A checkout in a temporary folder, with a Context on it, for tests of services.
#pragma once
#include <sys/stat.h>

#include "base/context.h"
#include "io/file_system.h"
#include "services/project.h"
#include "support/test.h"

typedef struct Checkout {
    Arena *arena;
    Context ctx;
    Error err;
    const char *root;  // absolute, links resolved
} Checkout;

static inline int checkout_create(void **state) {
    Arena *arena = arena_create();
    Checkout *checkout = arena_allocate(arena, sizeof *checkout);
    checkout->arena = arena;
    checkout->err.arena = arena;
    checkout->ctx = (Context){.arena = arena, .share_dir = TEST_DATA "/.."};
    if (!folder_create_temporary(arena, "/tmp", "devbox-test-", &checkout->root, &checkout->err)) return -1;
    checkout->root = path_resolve(arena, checkout->root);
    *state = checkout;
    return 0;
}

static inline int checkout_remove(void **state) {
    Checkout *checkout = *state;
    Error err = {.arena = checkout->arena};
    bool is_removed = folder_remove(checkout->arena, checkout->root, &err);
    arena_destroy(checkout->arena);
    return is_removed ? 0 : -1;
}

// A test that gets a Checkout * as *state.
#define test_with_checkout(function) cmocka_unit_test_setup_teardown(function, checkout_create, checkout_remove)

static inline const char *checkout_path(const Checkout *checkout, const char *name) {
    return path_join(checkout->arena, checkout->root, name);
}

static inline void checkout_add_folder(Checkout *checkout, const char *name) {
    assert_true(folder_create(checkout->arena, checkout_path(checkout, name), &checkout->err));
}

static inline void checkout_add(Checkout *checkout, const char *name, const char *content) {
    const char *path = checkout_path(checkout, name);
    assert_true(folder_create(checkout->arena, path_folder(checkout->arena, path), &checkout->err));
    assert_true(file_write_string(checkout->arena, path, content, 0600, &checkout->err));
}

static inline void checkout_add_link(Checkout *checkout, const char *name, const char *target) {
    assert_int_equal(symlink(target, checkout_path(checkout, name)), 0);
}

// Opens the checkout as a project; fails the test when that fails.
static inline Project checkout_open(Checkout *checkout) {
    Project project;
    bool is_open = project_open(&checkout->ctx, checkout->root, &project, &checkout->err);
    if (!is_open) print_message("%s\n", checkout->err.message);
    assert_true(is_open);
    return project;
}
