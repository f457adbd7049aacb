#include "io/hash.h"

#include "base/text.h"
#include "support/world.h"

static void check_hash(Arena *arena, const char *bytes, size_t length, const char *expected) {
    Error err = {.arena = arena};
    const char *hex;
    if (!hash_bytes(arena, bytes, length, &hex, &err)) fail_msg("%s", err.message);
    assert_string_equal(hex, expected);
}

// The vectors of FIPS 180-4.
static void hashes_are_those_of_the_standard(void **state) {
    check_hash(*state, "", 0, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    check_hash(*state, "abc", 3, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    char *million = arena_allocate(*state, 1000001);
    memset(million, 'a', 1000000);
    check_hash(*state, million, 1000000, "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

static void a_nul_byte_counts(void **state) {
    check_hash(*state, "\0", 1, "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d");
}

static void a_file_has_the_hash_of_its_bytes(void **state) {
    TestWorld *world = *state;
    const char *of_file, *of_bytes;
    size_t length = 200001;
    char *content = arena_allocate(world->arena, length);
    for (size_t i = 0; i < length; i++) content[i] = (char)(i * 7);
    const char *path = test_world_path(world, "file");
    assert_true(file_write(world->arena, path, content, length, 0600, &world->err));
    assert_true(hash_file(world->arena, path, &of_file, &world->err));
    assert_true(hash_bytes(world->arena, content, length, &of_bytes, &world->err));
    assert_string_equal(of_file, of_bytes);
    assert_true(hash_file(world->arena, test_world_write(world, "empty", ""), &of_file, &world->err));
    assert_string_equal(of_file, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
}

static void a_file_that_cannot_be_read_has_none(void **state) {
    TestWorld *world = *state;
    const char *hex = "untouched";
    assert_false(hash_file(world->arena, test_world_path(world, "missing"), &hex, &world->err));
    assert_true(text_ends_with(world->err.message, "missing: No such file or directory"));
    assert_false(hash_file(world->arena, world->folder, &hex, &world->err));
    assert_true(text_ends_with(world->err.message, ": Is a directory"));
    assert_string_equal(hex, "untouched");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        test_with_arena(hashes_are_those_of_the_standard),
        test_with_arena(a_nul_byte_counts),
        test_with_world(a_file_has_the_hash_of_its_bytes),
        test_with_world(a_file_that_cannot_be_read_has_none),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
