#include "model/dbt_selection.h"

#include "base/text.h"
#include "io/json.h"
#include "support/test.h"

#define NODE(kind, name, file, parents, macros)                                                               \
    "\"" kind ".shop." name "\":{\"name\":\"" name "\",\"resource_type\":\"" kind                             \
    "\",\"package_name\":\"shop\","                                                                           \
    "\"original_file_path\":\"" file "\",\"fqn\":[\"shop\",\"" name "\"],\"depends_on\":{\"nodes\":[" parents \
    "],\"macros\":[" macros "]}}"
#define MACRO(package, name, file, macros)                                                                                  \
    "\"macro." package "." name "\":{\"name\":\"" name "\",\"package_name\":\"" package "\",\"original_file_path\":\"" file \
    "\",\"depends_on\":{\"macros\":[" macros "]}}"

// raw.orders → stg → mid → top; other stands alone. money() is called by cents(), which mid calls.
static const char shop[] =
    "{\"metadata\":{\"project_name\":\"shop\"},\"nodes\":{" NODE("model", "top", "models/top.sql", "\"model.shop.mid\"",
                                                                 "") "," NODE("model", "mid", "models/mid.sql",
                                                                              "\"model.shop.stg\"",
                                                                              "\"macro.shop.cents\"") "," NODE("model", "stg",
                                                                                                               "models/stg.sql",
                                                                                                               "\"source.shop.raw.orders\"",
                                                                                                               "") ","
    NODE("model", "other", "models/other.sql", "\"seed.shop.zips\"", "\"macro.dbt.is_incremental\"") ","
    NODE("seed", "zips", "seeds/zips.csv", "", "") ","
    NODE("test", "unique_top", "models/top.yml", "\"model.shop.top\"", "\"macro.dbt.test_unique\"") ","
    NODE("test", "fresh_raw", "models/raw.yml", "\"source.shop.raw.orders\"", "\"macro.shop.test_fresh\"") ","
    NODE("test", "lone", "tests/lone.sql", "\"model.shop.other\"", "") ","
    NODE("operation", "shop-on-run-end-0", "dbt_project.yml", "", "\"macro.shop.grants\"")
    "},\"sources\":{\"source.shop.raw.orders\":{\"name\":\"orders\",\"source_name\":\"raw\",\"resource_type\":\"source\","
    "\"package_name\":\"shop\",\"identifier\":\"Orders\",\"original_file_path\":\"models/raw.yml\"}},"
    "\"unit_tests\":{\"unit_test.shop.other.u\":{\"name\":\"u\",\"resource_type\":\"unit_test\",\"package_name\":\"shop\","
    "\"fqn\":[\"shop\",\"other\",\"u\"],\"given\":[{\"fixture\":\"other_rows\"}],\"depends_on\":{\"nodes\":[\"model.shop.other\"]}}},"
    "\"macros\":{" MACRO("shop", "money", "macros/money.sql", "") "," MACRO("shop", "cents", "macros/cents.sql",
                                                                            "\"macro.shop.money\"") ","
    MACRO("shop", "idle", "macros/idle.sql", "") "," MACRO("shop", "grants", "macros/grants.sql", "") ","
    MACRO("shop", "test_fresh", "tests/generic/fresh.sql", "") "," MACRO("shop", "generate_schema_name", "macros/names.sql", "") ","
    MACRO("dbt", "is_incremental", "macros/x.sql", "") "," MACRO("dbt", "test_unique", "macros/u.sql", "") ","
    MACRO("dbt", "statement", "macros/s.sql", "") "," MACRO("utils", "cents", "macros/cents.sql", "") "}}";

static DbtManifest read_shop(Arena *arena) {
    Value *root;
    DbtManifest manifest;
    Error err = {.arena = arena};
    if (!json_parse(arena, shop, "manifest.json", &root, &err)) fail_msg("%s", err.message);
    assert_true(dbt_manifest_read(arena, root, &manifest, &err));
    return manifest;
}

static DbtSelection select_for(Arena *arena, DbtChange change) {
    DbtManifest manifest = read_shop(arena);
    DbtChangeList changes = {0};
    list_push(arena, &changes, change);
    return dbt_select_changed(arena, &manifest, &changes);
}

static StringList one(Arena *arena, const char *name) {
    StringList list = {0};
    list_push(arena, &list, name);
    return list;
}

typedef struct Row {
    DbtFileKind kind;
    const char *path, *before, *entry;
    const char *selectors, *described;
} Row;

static void check(Arena *arena, const Row *rows, size_t count) {
    for (size_t i = 0; i < count; i++) {
        const Row *row = &rows[i];
        DbtChange change = {.kind = row->kind, .path = row->path, .before = row->before};
        if (row->entry != NULL) change.entries = one(arena, row->entry);
        DbtSelection selection = select_for(arena, change);
        assert_string_equal(text_replace(arena, text_join(arena, &selection.selectors, " "), "fqn:shop.", ""), row->selectors);
        assert_string_equal(dbt_selection_describe(arena, &selection), row->described);
    }
}

#define CHECK(state, rows) check(state, rows, sizeof(rows) / sizeof *(rows))

static void a_changed_node_takes_along_what_is_made_from_it(void **state) {
    static const Row rows[] = {
        {DBT_FILE_CODE, "models/mid.sql", NULL, NULL, "top mid", "1 model changed, 2 are affected"},
        {DBT_FILE_CODE, "models/top.sql", "select 1", NULL, "top", "1 model changed, 1 is affected"},
        {DBT_FILE_CODE, "tests/lone.sql", NULL, NULL, "lone", "1 test"},
        {DBT_FILE_CODE, "models/gone.sql", "select 1", NULL, "", "no model and no test is affected"},
        {DBT_FILE_CODE, "models/x.sql", "{{ config() }} {%- if a %} {% set x %} {%", NULL, "",
         "no model and no test is affected"},
    };
    CHECK(*state, rows);
}

static void data_stands_for_its_seed_its_source_and_its_unit_tests(void **state) {
    static const Row rows[] = {
        {DBT_FILE_DATA, "seeds/zips.csv", NULL, NULL, "other zips", "1 model changed, 2 are affected"},
        {DBT_FILE_DATA, "../seeds/orders.csv", NULL, NULL, "top mid stg fresh_raw", "3 models are affected, and 1 test"},
        {DBT_FILE_DATA, "tests/fixtures/other_rows.csv", NULL, NULL, "other", "1 test"},
        {DBT_FILE_CODE, "tests/fixtures/other_rows.sql", NULL, NULL, "other", "1 test"},
        {DBT_FILE_DATA, "data/unknown.csv", NULL, NULL, "", "no model and no test is affected"},
    };
    CHECK(*state, rows);
}

static void properties_change_what_they_name(void **state) {
    static const Row rows[] = {
        {DBT_FILE_PROPERTIES, "models/top.yml", NULL, "top", "top", "1 model changed, 1 is affected"},
        {DBT_FILE_PROPERTIES, "models/raw.yml", NULL, "raw.orders", "top mid stg fresh_raw", "3 models are affected, and 1 test"},
        {DBT_FILE_PROPERTIES, "models/raw.yml", NULL, "raw.*", "top mid stg fresh_raw", "3 models are affected, and 1 test"},
        {DBT_FILE_PROPERTIES, "models/raw.yml", NULL, "raw.customers", "", "no model and no test is affected"},
        {DBT_FILE_PROPERTIES, "models/u.yml", NULL, "u", "other", "1 test"},
    };
    CHECK(*state, rows);
}

static void a_changed_macro_changes_all_that_call_it(void **state) {
    static const Row rows[] = {
        {DBT_FILE_CODE, "macros/money.sql", NULL, NULL, "top mid", "1 model changed, 2 are affected"},
        {DBT_FILE_CODE, "macros/idle.sql", NULL, NULL, "", "no model and no test is affected"},
        {DBT_FILE_CODE, "tests/generic/fresh.sql", NULL, NULL, "fresh_raw", "1 test"},
        // Gone, but called by name: now it is another one that answers.
        {DBT_FILE_CODE, "macros/old.sql", "{% macro cents(x) %}{% endmacro %}", NULL, "top mid",
         "1 model changed, 2 are affected"},
        {DBT_FILE_CODE, "macros/old.sql", "{%-\n test fresh(model) %}", NULL, "fresh_raw", "1 test"},
        {DBT_FILE_CODE, "macros/old.sql", "{%+ data_test unique(model) %}", NULL, "unique_top", "1 test"},
        {DBT_FILE_CODE, "macros/old.sql", "{% macro duckdb__money() %}", NULL, "top mid", "1 model changed, 2 are affected"},
    };
    CHECK(*state, rows);
}

static void what_dbt_does_for_every_node_concerns_all(void **state) {
    static const Row rows[] = {
        {DBT_FILE_SETTINGS, "dbt_project.yml", NULL, NULL, "", "dbt_project.yml changed, so all models are built"},
        {DBT_FILE_CODE, "macros/names.sql", NULL, NULL, "",
         "the macro generate_schema_name changed, which dbt itself calls, so all models are built"},
        {DBT_FILE_CODE, "macros/grants.sql", NULL, NULL, "",
         "a macro changed that runs with every build (shop-on-run-end-0), so all models are built"},
        {DBT_FILE_CODE, "macros/m.sql", "{% materialization lake, adapter='duckdb' %}", NULL, "",
         "macros/m.sql defines a materialization, so all models are built"},
        {DBT_FILE_CODE, "macros/old.sql", "{% macro is_incremental() %}", NULL, "",
         "the macro is_incremental changed, which dbt itself calls, so all models are built"},
    };
    CHECK(*state, rows);
}

static void a_save_takes_along_its_tests_alone(void **state) {
    static const char *const rows[][2] = {
        {"models/mid.sql", "mid"}, {"models/other.sql", "other"}, {"tests/lone.sql", "lone"}, {"macros/money.sql", "mid"}};
    DbtManifest manifest = read_shop(*state);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        DbtChangeList changes = {0};
        list_push(*state, &changes, ((DbtChange){.kind = DBT_FILE_CODE, .path = rows[i][0]}));
        DbtSelection selection = dbt_select_saved(*state, &manifest, &changes);
        assert_string_equal(text_replace(*state, text_join(*state, &selection.selectors, " "), "fqn:shop.", ""), rows[i][1]);
    }
    DbtChangeList source = {0};
    list_push(*state, &source,
              ((DbtChange){.kind = DBT_FILE_PROPERTIES, .path = "models/raw.yml", .entries = one(*state, "raw.orders")}));
    DbtSelection selection = dbt_select_saved(*state, &manifest, &source);
    assert_string_equal(text_join(*state, &selection.selectors, " "), "fqn:shop.fresh_raw");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        test_with_arena(a_save_takes_along_its_tests_alone),
        test_with_arena(a_changed_node_takes_along_what_is_made_from_it),
        test_with_arena(data_stands_for_its_seed_its_source_and_its_unit_tests),
        test_with_arena(properties_change_what_they_name),
        test_with_arena(a_changed_macro_changes_all_that_call_it),
        test_with_arena(what_dbt_does_for_every_node_concerns_all),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
