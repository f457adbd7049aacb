// A test that works on files: an arena, an Error, and a private folder below /tmp that goes away with the test.
#pragma once
#include <string.h>
#include <unistd.h>

#include "io/file_system.h"
#include "support/test.h"

typedef struct TestWorld {
    Arena *arena;
    Error err;
    const char *folder;
} TestWorld;

static inline int test_world_set_up(void **state) {
    Arena *arena = arena_create();
    TestWorld *world = arena_allocate(arena, sizeof *world);
    world->arena = arena;
    world->err = (Error){.arena = arena};
    *state = world;
    return folder_create_temporary(arena, "/tmp", "devbox-test-", &world->folder, &world->err) ? 0 : -1;
}

static inline int test_world_tear_down(void **state) {
    TestWorld *world = *state;
    bool is_gone = folder_remove(world->arena, world->folder, &world->err);
    arena_destroy(world->arena);
    return is_gone ? 0 : -1;
}

// A path in the test's folder.
static inline const char *test_world_path(const TestWorld *world, const char *name) {
    return path_join(world->arena, world->folder, name);
}

// Writes a file in the test's folder and gives its path.
static inline const char *test_world_write(TestWorld *world, const char *name, const char *content) {
    const char *path = test_world_path(world, name);
    assert_true(folder_create(world->arena, path_folder(world->arena, path), &world->err));
    assert_true(file_write_string(world->arena, path, content, 0644, &world->err));
    return path;
}

// Permissions hold nobody back who runs as root: until the next call with false, the process is nobody.
static inline void test_world_become_nobody(bool is_nobody) {
    if (getuid() == 0) assert_int_equal(seteuid(is_nobody ? 65534 : 0), 0);
}

#define test_with_world(function) cmocka_unit_test_setup_teardown(function, test_world_set_up, test_world_tear_down)
