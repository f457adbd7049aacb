#include "io/file_system.h"

#include <sys/stat.h>

#include "base/text.h"
#include "support/world.h"

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
