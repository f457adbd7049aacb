#include "io/yaml.h"

#include "base/text.h"
#include "support/world.h"

static const YamlNode *must_parse(Arena *arena, const char *text) {
    YamlNode *root = NULL;
    Error err = {.arena = arena};
    if (!yaml_parse(arena, text, strlen(text), "devbox.yaml", &root, &err)) fail_msg("%s\n%s", err.message, err.detail);
    return root;
}

static Error must_fail(Arena *arena, const char *text, size_t length) {
    YamlNode *root = NULL;
    Error err = {.arena = arena};
    if (yaml_parse(arena, text, length, "devbox.yaml", &root, &err)) fail_msg("accepted: %s", text);
    assert_null(root);
    assert_int_equal(err.code, ERROR_CONFIG);
    return err;
}

static void check_rejected(Arena *arena, const char *text, const char *message) {
    Error err = must_fail(arena, text, strlen(text));
    assert_string_equal(err.message, arena_format(arena, "devbox.yaml:%s", message));
}

static void check_position(const YamlNode *node, int line, int column) {
    assert_int_equal(node->line, line);
    assert_int_equal(node->column, column);
}

static void a_tree_knows_where_everything_stood(void **state) {
    const YamlNode *root = must_parse(*state, "# comment\nairflow:\n  port: 8081\n  unpause: [a, b]\nlist:\n- one\n- x: 1\n");
    check_position(root, 2, 1);
    const YamlNode *airflow = yaml_get(root, "airflow");
    check_position(airflow, 3, 3);
    check_position(yaml_get(airflow, "port"), 3, 9);
    assert_string_equal(airflow->entries.items[1].key, "unpause");
    assert_int_equal(airflow->entries.items[1].key_line, 4);
    assert_int_equal(airflow->entries.items[1].key_column, 3);
    const YamlNode *unpause = yaml_get(airflow, "unpause");
    assert_int_equal(unpause->kind, YAML_LIST);
    check_position(unpause->items.items[1], 4, 16);
    assert_string_equal(unpause->items.items[1]->scalar, "b");
    const YamlNode *list = yaml_get(root, "list");
    assert_int_equal(list->items.count, 2);
    assert_string_equal(yaml_get_string(list->items.items[1], "x", ""), "1");
}

static void columns_count_characters_and_a_byte_order_mark_counts_not(void **state) {
    const YamlNode *root = must_parse(*state, "\xEF\xBB\xBFname: {é: x}\r\nb: 1\r\n");
    check_position(yaml_get(yaml_get(root, "name"), "é"), 1, 11);
    check_position(yaml_get(root, "b"), 2, 4);
}

static void an_empty_document_is_null(void **state) {
    static const char *const texts[] = {"", "\n\n", "# only a comment\n", "---\n", "~", "null\n"};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) assert_int_equal(must_parse(*state, texts[i])->kind, YAML_NULL);
}

static void only_the_first_document_is_read(void **state) {
    const YamlNode *root = must_parse(*state, "a: 1\n---\na: 2\n---\n[broken");
    assert_string_equal(yaml_get_string(root, "a", ""), "1");
    assert_int_equal(root->entries.count, 1);
}

static void a_null_is_a_plain_word_or_nothing(void **state) {
    const YamlNode *root = must_parse(*state, "a:\nb: ~\nc: null\nd: 'null'\ne: \"\"\nf: nil\ng: NULL\n");
    static const YamlKind kinds[] = {YAML_NULL, YAML_NULL, YAML_NULL, YAML_SCALAR, YAML_SCALAR, YAML_SCALAR, YAML_NULL};
    for (size_t i = 0; i < root->entries.count; i++) assert_int_equal(root->entries.items[i].node->kind, kinds[i]);
    assert_string_equal(yaml_get_string(root, "b", "fallback"), "fallback");
    assert_string_equal(yaml_get_string(root, "d", "fallback"), "null");
    assert_string_equal(yaml_get_string(root, "e", "fallback"), "");
}

static void only_true_and_false_are_booleans(void **state) {
    const YamlNode *root = must_parse(*state, "[true, True, FALSE, false, yes, no, on, off, 'true', 1, tRUE, [true]]");
    for (size_t i = 0; i < root->items.count; i++) {
        bool boolean = i >= 2;
        assert_int_equal(yaml_as_bool(root->items.items[i], &boolean), i < 4);
        assert_int_equal(boolean, i >= 4 || i < 2);
    }
    bool untouched;
    assert_false(yaml_as_bool(NULL, &untouched));
}

static void integers_are_plain_decimal_numbers(void **state) {
    const YamlNode *root =
        must_parse(*state, "[8080, -5, 9223372036854775807, 9223372036854775808, '8080', 1.5, 1e3, 0x1F, 2g, '', a]");
    long long integer = 0;
    assert_true(yaml_as_integer(root->items.items[0], &integer) && integer == 8080);
    assert_true(yaml_as_integer(root->items.items[1], &integer) && integer == -5);
    assert_true(yaml_as_integer(root->items.items[2], &integer) && integer == INT64_MAX);
    for (size_t i = 3; i < root->items.count; i++) assert_false(yaml_as_integer(root->items.items[i], &integer));
    assert_false(yaml_as_integer(root, &integer));
    assert_false(yaml_as_integer(NULL, &integer));
}

static void quoted_and_block_text_is_text(void **state) {
    const YamlNode *root =
        must_parse(*state, "a: \"8\\t0\"\nb: |\n  two\n  lines\nc: >-\n  fol\n  ded\nd: plain\ne: !!str 5\nf: ! 6\n");
    assert_string_equal(yaml_get_string(root, "a", ""), "8\t0");
    assert_string_equal(yaml_get_string(root, "b", ""), "two\nlines\n");
    assert_string_equal(yaml_get_string(root, "c", ""), "fol ded");
    for (size_t i = 0; i < root->entries.count; i++) assert_int_equal(root->entries.items[i].node->is_quoted, i != 3);
}

static void looking_into_what_is_no_map_finds_nothing(void **state) {
    const YamlNode *root = must_parse(*state, "a: {b: 1}\nc: [1]\n");
    assert_null(yaml_get(root, "x"));
    assert_null(yaml_get(yaml_get(root, "c"), "b"));
    assert_null(yaml_get(NULL, "a"));
    assert_string_equal(yaml_get_string(root, "a", "fallback"), "fallback");
    assert_string_equal(yaml_get_string(NULL, "a", "fallback"), "fallback");
}

static void a_key_given_twice_is_an_error_with_both_lines(void **state) {
    check_rejected(*state, "a: 1\nb:\n  x: 1\n  y: 2\n  x: 3\n", "5:3: the key 'x' is given twice, first in line 3");
    check_rejected(*state, "'a': 1\na: 2\n", "2:1: the key 'a' is given twice, first in line 1");
    assert_int_equal(must_parse(*state, "a: {x: 1}\nb: {x: 1}\n")->entries.count, 2);
}

static void tags_say_that_they_are_not_supported(void **state) {
    check_rejected(*state, "a: !secret x\n", "1:4: tags (!secret) are not supported");
    check_rejected(*state, "a: !!set {x}\n", "1:4: tags (tag:yaml.org,2002:set) are not supported");
    check_rejected(*state, "a: !!int 5\n", "1:4: tags (tag:yaml.org,2002:int) are not supported");
    check_rejected(*state, "!x a: 5\n", "1:1: tags (!x) are not supported");
    assert_string_equal(must_fail(*state, "a: !x 1", 7).hint, "remove the tag; text is told from numbers by quotes");
}

static void an_alias_stands_for_the_value_of_its_anchor(void **state) {
    const YamlNode *root =
        must_parse(*state, "a: &one 1\nb: *one\nc: &list [x, *one]\nd: {e: *list}\nm: {&key k: v}\nn: {*key : w}\n");
    assert_string_equal(yaml_get_string(root, "b", ""), "1");
    check_position(yaml_get(root, "b"), 1, 4);
    const YamlNode *list = yaml_get(yaml_get(root, "d"), "e");
    assert_ptr_equal(list, yaml_get(root, "c"));
    assert_string_equal(list->items.items[1]->scalar, "1");
    assert_string_equal(yaml_get_string(yaml_get(root, "n"), "k", ""), "w");
}

static void a_later_anchor_of_the_same_name_replaces_the_earlier(void **state) {
    const YamlNode *root = must_parse(*state, "a: &x 1\nb: *x\nc: &x 2\nd: *x\n");
    assert_string_equal(yaml_get_string(root, "b", ""), "1");
    assert_string_equal(yaml_get_string(root, "d", ""), "2");
}

static void an_alias_can_be_a_key_but_only_of_a_word(void **state) {
    const YamlNode *root = must_parse(*state, "a: &name orders\nb:\n  *name : 5\n");
    const YamlNode *b = yaml_get(root, "b");
    assert_string_equal(yaml_get_string(b, "orders", ""), "5");
    assert_int_equal(b->entries.items[0].key_line, 3);
    check_rejected(*state, "a: &list [1]\n*list : 5\n", "2:1: a key must be a word, not a list or map");
    check_rejected(*state, "a: &x k\nb: {k: 1, *x : 2}\n", "2:11: the key 'k' is given twice, first in line 2");
}

static void an_alias_without_anchor_is_named(void **state) {
    check_rejected(*state, "a: 1\nb: *base\n", "2:4: the alias *base has no anchor above it");
    check_rejected(*state, "a: *late\nb: &late 1\n", "1:4: the alias *late has no anchor above it");
    check_rejected(*state, "a: &self [1, *self]\n", "1:14: the alias *self has no anchor above it");
    check_rejected(*state, "*base : 1\n", "1:1: the alias *base has no anchor above it");
    assert_string_equal(must_fail(*state, "a: *b", 5).hint, "name the value that is meant with &b where it is written out");
}

static void a_merge_key_brings_in_what_the_map_does_not_say_itself(void **state) {
    const YamlNode *root = must_parse(*state,
                                      "base: &base {x: 1, y: 2}\nmore: &more {y: 3, z: 4}\n"
                                      "one:\n  y: own\n  <<: *base\nboth: {<<: [*base, *more], w: 0}\nhere: {<<: {x: 9}}\n"
                                      "text: {'<<': 1}\nchain: {<<: &deep {<<: *base, q: 7}}\nnone: {<<: []}\n");
    const YamlNode *one = yaml_get(root, "one"), *both = yaml_get(root, "both"), *chain = yaml_get(root, "chain");
    assert_string_equal(yaml_get_string(one, "x", ""), "1");
    assert_string_equal(yaml_get_string(one, "y", ""), "own");
    assert_int_equal(one->entries.count, 2);
    check_position(yaml_get(one, "x"), 1, 17);
    assert_string_equal(yaml_get_string(both, "y", ""), "2");
    assert_string_equal(yaml_get_string(both, "z", ""), "4");
    assert_int_equal(both->entries.count, 4);
    assert_string_equal(yaml_get_string(yaml_get(root, "here"), "x", ""), "9");
    assert_string_equal(yaml_get_string(yaml_get(root, "text"), "<<", ""), "1");
    assert_string_equal(yaml_get_string(chain, "y", ""), "2");
    assert_string_equal(yaml_get_string(chain, "q", ""), "7");
    assert_int_equal(yaml_get(root, "none")->entries.count, 0);
}

static void a_merge_key_takes_maps_only_and_once(void **state) {
    static const char problem[] = "2:9: a merge key (<<) takes its keys from a map, or from a list of maps";
    check_rejected(*state, "a: &a 1\nb: {<<: *a}\n", problem);
    check_rejected(*state, "a: &a [1]\nb: {<<: *a}\n", problem);
    check_rejected(*state, "a: &a x\nb: {<<: }\n", "2:9: a merge key (<<) takes its keys from a map, or from a list of maps");
    check_rejected(*state, "a: &a {x: 1}\nb: {<<: *a, <<: *a}\n", "2:13: the key '<<' is given twice, first in line 2");
    assert_string_equal(must_fail(*state, "{<<: 1}", 7).hint, "write <<: *NAME, where &NAME stands before a map above");
}

static void aliases_cannot_blow_a_file_up(void **state) {
    Text bomb = {.arena = *state};
    text_append(&bomb, "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n");
    for (int i = 1; i < 9; i++) {
        text_append_format(&bomb, "a%d: &a%d [", i, i);
        for (int j = 0; j < 10; j++) text_append_format(&bomb, "%s*a%d", j > 0 ? ", " : "", i - 1);
        text_append(&bomb, "]\n");
    }
    Error err = must_fail(*state, text_string(&bomb), bomb.length);
    assert_non_null(strstr(err.message, "more than 100,000 values, those that aliases repeat counted each time"));
}

static void aliases_cannot_go_round_the_depth_limit(void **state) {
    Text deep = {.arena = *state};
    text_append(&deep, "a: &a ");
    for (int i = 0; i < 60; i++) text_append(&deep, "[");
    for (int i = 0; i < 60; i++) text_append(&deep, "]");
    must_parse(*state, arena_format(*state, "%s\nb: [[*a]]\n", text_string(&deep)));
    text_append(&deep, "\nb: &b ");
    for (int i = 0; i < 20; i++) text_append(&deep, "[");
    text_append(&deep, "*a");
    for (int i = 0; i < 20; i++) text_append(&deep, "]");
    must_parse(*state, arena_format(*state, "%s\nc: [[*b]]\n", text_string(&deep)));
    text_append(&deep, "\nc: ");
    for (int i = 0; i < 20; i++) text_append(&deep, "[");
    text_append(&deep, "*b");
    for (int i = 0; i < 20; i++) text_append(&deep, "]");
    Error err = must_fail(*state, text_string(&deep), deep.length);
    assert_string_equal(err.message, "devbox.yaml:3:24: more than 100 levels deep");
}

static void a_tab_in_the_indentation_is_named(void **state) {
    check_rejected(*state, "airflow:\n\tport: 8080\n", "2:1: the line is indented with a tab");
    check_rejected(*state, "airflow:\n  port: 8080\n  \tversion: 3\n", "3:3: the line is indented with a tab");
    Error err = must_fail(*state, "a:\n\tb: 1\n", 9);
    assert_string_equal(err.hint, "YAML is indented with blanks: replace the tab by two of them");
    assert_string_equal(err.detail, "    2 | \tb: 1\n      | ^");
    assert_string_equal(yaml_get_string(must_parse(*state, "a:\tb\n"), "a", ""), "b");
}

static void mistakes_are_told_in_the_reader_s_terms(void **state) {
    check_rejected(*state, "a: b: c\n", "1:5: a second ':' in one line, or wrong indentation");
    check_rejected(*state, "a:\n  b: 1\n c: 2\n", "3:2: the indentation does not fit the lines above, or a quote ends too early");
    check_rejected(*state, "a: 1\nword\nb: 2\n", "3:1: the key has no ':' after it");
    check_rejected(*state, "a: \"open\nb: 2\n", "3:1: a quote or bracket that is opened above is never closed");
    check_rejected(*state, "a: [1, 2\nb: 3\n", "2:2: the list opened with '[' goes wrong here");
    check_rejected(*state, "a: {{ var }} x\n", "1:5: a key must be a word, not a list or map");
    check_rejected(*state, "a: {b: 1 ]\n", "1:10: the map opened with '{' goes wrong here");
    check_rejected(*state, "a: - b\n", "1:4: a list cannot start here");
    check_rejected(*state, "a: @b\n", "1:4: a value cannot start with this character");
    check_rejected(*state, "a:\n- b\n  c\nd\n", "5:1: the key has no ':' after it");
    check_rejected(*state, "- a\nb: 1\n", "2:1: the list goes on without '- ', or the indentation does not fit");
    check_rejected(*state, "? [a]\n: 1\n", "1:3: a key must be a word, not a list or map");
    check_rejected(*state, "a: 1\n]\n", "2:1: the indentation does not fit the lines above, or a quote ends too early");
    check_rejected(*state, "[1]\nb: 2\n", "2:1: the document has ended above");
    check_rejected(*state, "a: \"\\0\"\n", "1:4: the text holds a NUL character");
}

static void an_error_shows_its_line(void **state) {
    Error err = must_fail(*state, "first: 1\nkey: one: two\nlast: 3\n", 31);
    assert_string_equal(err.detail, "    2 | key: one: two\n      |         ^");
    assert_non_null(err.hint);
}

static void bytes_that_are_no_text_are_refused_where_they_stand(void **state) {
    check_rejected(*state, "a: 1\nb: é\xFF\n", "2:5: this is no valid UTF-8");
    check_rejected(*state, "a: \x01\n", "1:4: a control character");
    Error err = must_fail(*state, "a: 1\n\0b: 2\n", 11);
    assert_string_equal(err.message, "devbox.yaml:2:1: a control character");
    err = must_fail(*state,
                    "\xFF\xFE"
                    "a\0",
                    4);
    assert_true(text_starts_with(err.message, "devbox.yaml:1:1: this is no valid UTF-8"));
}

static void nesting_has_a_limit(void **state) {
    Text text = {.arena = *state};
    for (int i = 0; i < 100; i++) text_append_char(&text, '[');
    for (int i = 0; i < 100; i++) text_append_char(&text, ']');
    assert_int_equal(must_parse(*state, text_string(&text))->kind, YAML_LIST);
    check_rejected(*state, arena_format(*state, "[%s]", text_string(&text)), "1:101: more than 100 levels deep");
}

static void files_are_read_and_their_errors_name_them(void **state) {
    TestWorld *world = *state;
    YamlNode *root;
    assert_true(yaml_read_file(world->arena, test_world_write(world, "a.yaml", "a: 1\n"), &root, &world->err));
    assert_string_equal(yaml_get_string(root, "a", ""), "1");
    const char *path = test_world_write(world, "b.yaml", "a: b: c\n");
    assert_false(yaml_read_file(world->arena, path, &root, &world->err));
    assert_true(text_starts_with(world->err.message, arena_format(world->arena, "%s:1:5: ", path)));
    assert_false(yaml_read_file(world->arena, test_world_path(world, "missing"), &root, &world->err));
    assert_int_equal(world->err.code, ERROR_FILE);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        test_with_arena(a_tree_knows_where_everything_stood),
        test_with_arena(columns_count_characters_and_a_byte_order_mark_counts_not),
        test_with_arena(an_empty_document_is_null),
        test_with_arena(only_the_first_document_is_read),
        test_with_arena(a_null_is_a_plain_word_or_nothing),
        test_with_arena(only_true_and_false_are_booleans),
        test_with_arena(integers_are_plain_decimal_numbers),
        test_with_arena(quoted_and_block_text_is_text),
        test_with_arena(looking_into_what_is_no_map_finds_nothing),
        test_with_arena(a_key_given_twice_is_an_error_with_both_lines),
        test_with_arena(tags_say_that_they_are_not_supported),
        test_with_arena(an_alias_stands_for_the_value_of_its_anchor),
        test_with_arena(a_later_anchor_of_the_same_name_replaces_the_earlier),
        test_with_arena(an_alias_can_be_a_key_but_only_of_a_word),
        test_with_arena(an_alias_without_anchor_is_named),
        test_with_arena(a_merge_key_brings_in_what_the_map_does_not_say_itself),
        test_with_arena(a_merge_key_takes_maps_only_and_once),
        test_with_arena(aliases_cannot_blow_a_file_up),
        test_with_arena(aliases_cannot_go_round_the_depth_limit),
        test_with_arena(a_tab_in_the_indentation_is_named),
        test_with_arena(mistakes_are_told_in_the_reader_s_terms),
        test_with_arena(an_error_shows_its_line),
        test_with_arena(bytes_that_are_no_text_are_refused_where_they_stand),
        test_with_arena(nesting_has_a_limit),
        test_with_world(files_are_read_and_their_errors_name_them),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
