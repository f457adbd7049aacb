#include "model/dbt_manifest.h"

#include "base/text.h"
#include "io/json.h"
#include "support/test.h"

static bool read(Arena *arena, const char *text, DbtManifest *manifest, Error *err) {
    Value *root;
    *err = (Error){.arena = arena};
    if (!json_parse(arena, text, "manifest.json", &root, err)) fail_msg("%s", err->message);
    return dbt_manifest_read(arena, root, manifest, err);
}

static void nodes_sources_unit_tests_and_macros_are_read(void **state) {
    DbtManifest manifest;
    Error err;
    const char *text =
        "{'metadata':{'project_name':'shop','dbt_schema_version':'https://schemas.getdbt.com/dbt/manifest/v12.json'},"
        "'nodes':{'model.shop.a':{'name':'a','resource_type':'model','package_name':'shop','original_file_path':'models/a.sql',"
        "'patch_path':'shop://models/"
        "a.yml','fqn':['shop','marts','a'],'depends_on':{'macros':['macro.dbt.x'],'nodes':['source.shop."
        "raw.o']}},'operation.shop.shop-on-run-end-0':{'resource_type':'operation'}},"
        "'sources':{'source.shop.raw.o':{'name':'o','source_name':'raw','resource_type':'source','identifier':'orders'}},"
        "'unit_tests':{'unit_test.shop.a.t':{'name':'t','resource_type':'unit_test','given':[{'input':'ref(1)','fixture':'rows'},"
        "{'rows':[]}],'expect':{'fixture':'result'}}},"
        "'macros':{'macro.shop.m':{'name':'m','package_name':'shop','original_file_path':'macros/m.sql','depends_on':{'macros':["
        "'macro.dbt.x']}}}}";
    assert_true(read(*state, text_replace(*state, text, "'", "\""), &manifest, &err));
    assert_string_equal(manifest.project, "shop");
    assert_int_equal(manifest.nodes.count, 4);
    const DbtNode *model = &manifest.nodes.items[0], *source = &manifest.nodes.items[2], *unit = &manifest.nodes.items[3];
    assert_int_equal(model->kind, DBT_MODEL);
    assert_string_equal(model->fqn, "shop.marts.a");
    assert_string_equal(model->patch_file, "models/a.yml");
    assert_string_equal(model->parents.items[0], "source.shop.raw.o");
    assert_string_equal(model->macros.items[0], "macro.dbt.x");
    assert_int_equal(manifest.nodes.items[1].kind, DBT_HOOK);
    assert_string_equal(source->name, "raw.o");
    assert_string_equal(source->table, "orders");
    assert_string_equal(text_join(*state, &unit->fixtures, " "), "rows result");
    assert_string_equal(manifest.macros.items[0].macros.items[0], "macro.dbt.x");
}

static void kinds_and_keys_of_other_versions_do_no_harm(void **state) {
    DbtManifest manifest;
    Error err;
    const char *text =
        "{\"metadata\":{\"project_name\":\"shop\"},\"macros\":{\"m\":null},\"sources\":[],\"unit_tests\":7,"
        "\"nodes\":{\"a\":null,\"b\":{\"resource_type\":\"function\",\"depends_on\":[],\"fqn\":{},\"patch_path\":3},\"c\":[]}}";
    assert_true(read(*state, text, &manifest, &err));
    assert_int_equal(manifest.nodes.count, 3);
    assert_int_equal(manifest.nodes.items[1].kind, DBT_OTHER);
    assert_string_equal(manifest.nodes.items[0].file, "");
    assert_false(dbt_node_is_table(&manifest.nodes.items[1]));
}

static void what_is_no_manifest_is_refused(void **state) {
    static const char *const texts[] = {"null",
                                        "[]",
                                        "{}",
                                        "{\"nodes\":{},\"macros\":{}}",
                                        "{\"nodes\":[],\"macros\":{},\"metadata\":{\"project_name\":\"a\"}}",
                                        "{\"nodes\":{},\"metadata\":{\"project_name\":\"a\"}}"};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        DbtManifest manifest;
        Error err;
        assert_false(read(*state, texts[i], &manifest, &err));
        assert_int_equal(err.code, ERROR_CHILD);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        test_with_arena(nodes_sources_unit_tests_and_macros_are_read),
        test_with_arena(kinds_and_keys_of_other_versions_do_no_harm),
        test_with_arena(what_is_no_manifest_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
