#include "io/file_system.h"

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
    assert_string_equal(path_resolve_if_there(world->arena, test_world_path(world, "link/file")),
                        path_resolve(world->arena, path));
    assert_string_equal(path_resolve_if_there(world->arena, test_world_path(world, "missing")),
                        test_world_path(world, "missing"));
    assert_null(path_resolve_if_there(world->arena, NULL));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        test_with_arena(paths_are_joined_with_one_slash),  test_with_arena(a_path_has_a_name_and_a_folder),
        test_with_arena(inside_is_decided_by_whole_names), test_with_arena(a_relative_path_leaves_the_folder_out),
        test_with_arena(an_absolute_path_needs_no_file),   test_with_world(resolving_follows_links_and_needs_the_file),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
