#include "model/pre_push.h"

#include "support/test.h"

#define ID_A "3f2c1ab0c0ffee00c0ffee00c0ffee00c0ffee00"
#define ID_B "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define ZERO "0000000000000000000000000000000000000000"
#define ZERO_64 "0000000000000000000000000000000000000000000000000000000000000000"
#define ID_64 "3f2c1ab0c0ffee00c0ffee00c0ffee00c0ffee003f2c1ab0c0ffee00c0ffee00"

static PushRefList parse(Arena *arena, const char *text) {
    PushRefList refs = {0};
    Error err = {.arena = arena};
    assert_true(pre_push_parse(arena, text, strlen(text), &refs, &err));
    return refs;
}

static Error parse_fails(Arena *arena, const char *text, size_t length) {
    PushRefList refs = {.count = 77};
    Error err = {.arena = arena};
    assert_false(pre_push_parse(arena, text, length, &refs, &err));
    assert_int_equal(err.code, ERROR_GIT);
    assert_non_null(err.hint);
    assert_int_equal(refs.count, 77);
    return err;
}

static void empty_input_gives_no_refs(void **state) { assert_int_equal(parse(*state, "").count, 0); }

static void an_ordinary_line_is_taken_apart(void **state) {
    PushRefList refs = parse(*state, "refs/heads/main " ID_A " refs/heads/main " ID_B "\n");
    assert_int_equal(refs.count, 1);
    assert_string_equal(refs.items[0].local_ref, "refs/heads/main");
    assert_string_equal(refs.items[0].local_id, ID_A);
    assert_string_equal(refs.items[0].remote_ref, "refs/heads/main");
    assert_string_equal(refs.items[0].remote_id, ID_B);
    assert_false(refs.items[0].is_deletion);
    assert_false(refs.items[0].is_new);
}

static void what_the_user_typed_may_hold_blanks(void **state) {
    PushRefList refs =
        parse(*state, "HEAD@{1 minute ago} " ID_A " refs/heads/main " ZERO "\n:/fix  bug " ID_B " refs/tags/v1 " ID_A "\n");
    assert_int_equal(refs.count, 2);
    assert_string_equal(refs.items[0].local_ref, "HEAD@{1 minute ago}");
    assert_true(refs.items[0].is_new);
    assert_string_equal(refs.items[1].local_ref, ":/fix  bug");
    assert_string_equal(refs.items[1].remote_ref, "refs/tags/v1");
}

static void a_deletion_is_known_by_its_zeros(void **state) {
    PushRefList refs = parse(*state, "(delete) " ZERO " refs/heads/old " ID_A "\n");
    assert_true(refs.items[0].is_deletion);
    assert_string_equal(refs.items[0].local_ref, "(delete)");
}

static void sha256_ids_and_zeros_have_64_digits(void **state) {
    PushRefList refs = parse(*state, "main " ID_64 " refs/heads/main " ZERO_64 "\n(delete) " ZERO_64 " refs/heads/b " ID_64 "\n");
    assert_true(refs.items[0].is_new);
    assert_false(refs.items[0].is_deletion);
    assert_true(refs.items[1].is_deletion);
}

static void a_last_line_without_an_end_counts(void **state) {
    assert_int_equal(parse(*state, "a " ID_A " refs/heads/a " ZERO "\nb " ID_B " refs/heads/b " ZERO).count, 2);
}

static void a_carriage_return_before_the_end_is_no_part_of_the_id(void **state) {
    assert_string_equal(parse(*state, "a " ID_A " refs/heads/a " ID_B "\r\n").items[0].remote_id, ID_B);
}

static void malformed_lines_are_refused_with_their_number(void **state) {
    static const char *const broken[] = {
        "nonsense",
        "a b c d",
        "a " ID_A " refs/heads/a",
        ID_A " refs/heads/a " ID_B,
        " " ID_A " refs/heads/a " ID_B,
        "a " ID_A "  " ID_B,
        "a " ID_A " refs/heads/a " ID_64,
        "a " ID_A " refs/heads/a 123",
        "a " ID_A " refs/heads/a gggggggggggggggggggggggggggggggggggggggg",
        "a " ID_A " refs/heads/a " ID_B " ",
        " ",
    };
    for (size_t i = 0; i < sizeof broken / sizeof *broken; i++) {
        const char *text = arena_format(*state, "ok " ID_A " refs/heads/ok " ZERO "\n%s\n", broken[i]);
        Error err = parse_fails(*state, text, strlen(text));
        assert_non_null(strstr(err.message, "line 2"));
    }
}

static void an_empty_line_between_refs_is_refused(void **state) {
    const char *text = "\na " ID_A " refs/heads/a " ZERO "\n";
    assert_non_null(strstr(parse_fails(*state, text, strlen(text)).message, "line 1"));
}

static void a_nul_byte_is_refused(void **state) { parse_fails(*state, "a\0b", 3); }

int main(void) {
    const struct CMUnitTest tests[] = {
        test_with_arena(empty_input_gives_no_refs),
        test_with_arena(an_ordinary_line_is_taken_apart),
        test_with_arena(what_the_user_typed_may_hold_blanks),
        test_with_arena(a_deletion_is_known_by_its_zeros),
        test_with_arena(sha256_ids_and_zeros_have_64_digits),
        test_with_arena(a_last_line_without_an_end_counts),
        test_with_arena(a_carriage_return_before_the_end_is_no_part_of_the_id),
        test_with_arena(malformed_lines_are_refused_with_their_number),
        test_with_arena(an_empty_line_between_refs_is_refused),
        test_with_arena(a_nul_byte_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
