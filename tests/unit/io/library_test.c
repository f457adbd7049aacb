#include "io/library.h"

#include "base/text.h"
#include "library_names.h"
#include "support/world.h"

static void functions_of_a_library_can_be_called(void **state) {
    unsigned long (*version)(void) = NULL;
    const LibrarySymbol symbols[] = {{"OpenSSL_version_num", &version}};
    Error err = {.arena = *state};
    if (!library_load(LIBRARY_CRYPTO, symbols, 1, &err)) fail_msg("%s", err.message);
    assert_true(version() >= 0x10101000UL);
}

static void a_missing_library_comes_with_the_package_that_brings_it(void **state) {
    static const struct {
        const char *soname, *package;
    } cases[] = {{"libcurl.so.99", "apt install libcurl4 "},
                 {"libcrypto.so.99", "apt install libssl3 "},
                 {"libgit2.so.99", "brew install libgit2 "},
                 {"libarchive.so.99", "apt install libarchive13 "}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        Error err = {.arena = *state};
        assert_false(library_load(cases[i].soname, NULL, 0, &err));
        assert_int_equal(err.code, ERROR_RUNTIME_MISSING);
        assert_string_equal(err.message, arena_format(*state, "the library %s cannot be loaded", cases[i].soname));
        assert_non_null(strstr(err.hint, cases[i].package));
        assert_non_null(strstr(err.detail, "No such file"));
    }
    Error err = {.arena = *state};
    assert_false(library_load("/opt/lib/libother.so.1", NULL, 0, &err));
    assert_string_equal(err.message, "the library libother.so.1 cannot be loaded");
    assert_string_equal(err.hint, "install the package that brings libother.so.1");
}

static void a_library_without_a_function_fills_nothing(void **state) {
    unsigned long (*version)(void) = NULL;
    void (*missing)(void) = NULL;
    const LibrarySymbol symbols[] = {{"OpenSSL_version_num", &version}, {"EVP_does_not_exist", &missing}};
    Error err = {.arena = *state};
    assert_false(library_load(LIBRARY_CRYPTO, symbols, 2, &err));
    const char *problem = "has no function EVP_does_not_exist: it is another version than devbox needs";
    assert_string_equal(err.message, arena_format(*state, "the library %s %s", LIBRARY_CRYPTO, problem));
    assert_null(version);
    assert_null(missing);
}

static void a_file_that_is_no_library_is_said(void **state) {
    TestWorld *world = *state;
    const char *path = test_world_write(world, "libcurl.so.4", "no library");
    assert_false(library_load(path, NULL, 0, &world->err));
    assert_string_equal(world->err.message, "the library libcurl.so.4 cannot be loaded");
    assert_non_null(world->err.detail);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        test_with_arena(functions_of_a_library_can_be_called),
        test_with_arena(a_missing_library_comes_with_the_package_that_brings_it),
        test_with_arena(a_library_without_a_function_fills_nothing),
        test_with_world(a_file_that_is_no_library_is_said),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
