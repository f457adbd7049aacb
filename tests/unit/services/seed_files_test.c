#include "services/seed_files.h"

#include <unistd.h>

#include "base/text.h"
#include "support/seed_project.h"

static const char *const project_yaml =
    "name: shop\nseeds:\n  shop:\n    +column_types: {zip: varchar}\n    raw:\n      orders:\n        +column_types: {id: "
    "varchar(5), amount: \"{{ 'x' }}\"}\n";

static void add_dbt(SeedProject *shop, const char *yaml) {
    seed_project_write(shop, "dbt/dbt_project.yml", yaml);
    shop->project.dbt_dir = seed_project_path(shop, "dbt");
}

// "table=path" of all files, separated by blanks; the message when it failed.
static const char *find(SeedProject *shop, SeedFileList *files) {
    if (!seed_files_find(&shop->ctx, &shop->project, files, &shop->err)) return shop->err.message;
    Text found = {.arena = shop->arena};
    list_each(SeedFile, file, files)
        text_append_format(&found, "%s%s=%s", found.length == 0 ? "" : " ", file->table, file->shown);
    return text_string(&found);
}

// "column:type" of what is declared.
static const char *declared_of(SeedProject *shop, const SeedFile *file) {
    Text found = {.arena = shop->arena};
    list_each(const DeclaredColumn, declared, &file->declared) {
        text_append_format(&found, "%s%s:%s", found.length == 0 ? "" : " ", declared->column, column_type_name(declared->type));
    }
    return text_string(&found);
}

static void without_folders_there_are_no_seeds(void **state) {
    SeedFileList files = {0};
    assert_string_equal(find(*state, &files), "");
    ((SeedProject *)*state)->project.seeds_dir = NULL;
    assert_string_equal(find(*state, &files), "");
}

static void csv_files_of_the_seeds_folder_are_found_sorted(void **state) {
    SeedProject *shop = *state;
    SeedFileList files = {0};
    seed_project_write(shop, "seeds/orders.csv", "id\n");
    seed_project_write(shop, "seeds/Customers.csv", "id\n");
    seed_project_write(shop, "seeds/.hidden.csv", "id\n");
    seed_project_write(shop, "seeds/README.md", "x");
    seed_project_write(shop, "seeds/.csv", "x");
    seed_project_write(shop, "seeds/deeper.csv/inside.csv", "id\n");
    assert_string_equal(find(shop, &files), "Customers=seeds/Customers.csv orders=seeds/orders.csv");
}

static void a_link_to_a_file_is_a_seed_and_a_dangling_one_is_not(void **state) {
    SeedProject *shop = *state;
    SeedFileList files = {0};
    seed_project_write(shop, "elsewhere/data.csv", "id\n");
    seed_project_write(shop, "seeds/a.csv", "id\n");
    assert_int_equal(symlink("../elsewhere/data.csv", seed_project_path(shop, "seeds/linked.csv")), 0);
    assert_int_equal(symlink("nowhere.csv", seed_project_path(shop, "seeds/dangling.csv")), 0);
    assert_string_equal(find(shop, &files), "a=seeds/a.csv linked=seeds/linked.csv");
    assert_int_equal(shop->notes.count, 1);
    assert_string_equal(shop->notes.items[0],
                        "seeds/dangling.csv is a link to nowhere.csv, which does not exist: its table is left out");
}

static void a_dangling_link_among_dbt_s_seeds_is_warned_of_once(void **state) {
    SeedProject *shop = *state;
    SeedFileList files = {0};
    add_dbt(shop, project_yaml);
    seed_project_write(shop, "dbt/seeds/a.csv", "id\n");
    assert_int_equal(symlink("nowhere.csv", seed_project_path(shop, "dbt/seeds/dangling.csv")), 0);
    assert_int_equal(symlink("nowhere.md", seed_project_path(shop, "dbt/seeds/README.md")), 0);
    shop->project.seeds_dir = seed_project_path(shop, "dbt/seeds");
    assert_string_equal(find(shop, &files), "a=dbt/seeds/a.csv");
    assert_int_equal(shop->notes.count, 1);
}

static void dbt_seeds_are_found_at_any_depth_with_their_column_types(void **state) {
    SeedProject *shop = *state;
    SeedFileList files = {0};
    add_dbt(shop, project_yaml);
    seed_project_write(shop, "dbt/seeds/raw/orders.csv", "id,zip\n");
    seed_project_write(shop, "dbt/seeds/plain.csv", "id\n");
    assert_string_equal(find(shop, &files), "orders=dbt/seeds/raw/orders.csv plain=dbt/seeds/plain.csv");
    assert_string_equal(declared_of(shop, &files.items[0]), "zip:text id:text");
    assert_string_equal(declared_of(shop, &files.items[1]), "zip:text");
}

static void seed_paths_of_the_project_are_obeyed(void **state) {
    SeedProject *shop = *state;
    SeedFileList files = {0};
    add_dbt(shop, "name: shop\nseed-paths: [data, more/data, nowhere]\n");
    seed_project_write(shop, "dbt/data/a.csv", "id\n");
    seed_project_write(shop, "dbt/more/data/b.csv", "id\n");
    seed_project_write(shop, "dbt/seeds/c.csv", "id\n");
    assert_string_equal(find(shop, &files), "a=dbt/data/a.csv b=dbt/more/data/b.csv");
    add_dbt(shop, "name: shop\ndata-paths: more\n");
    assert_string_equal(find(shop, &files), "b=dbt/more/data/b.csv");
}

static void properties_files_win_over_the_project_file(void **state) {
    SeedProject *shop = *state;
    SeedFileList files = {0};
    add_dbt(shop, project_yaml);
    seed_project_write(shop, "dbt/seeds/raw/orders.csv", "id,zip\n");
    seed_project_write(
        shop, "dbt/seeds/_seeds.yml",
        "seeds:\n  - name: orders\n    config:\n      column_types: {zip: bigint}\n      delimiter: \";\"\n  - name: other\n");
    find(shop, &files);
    assert_string_equal(declared_of(shop, &files.items[0]), "zip:integer id:text");
    assert_int_equal(files.items[0].delimiter, ';');
}

static void alias_and_enabled_are_obeyed_also_when_both_look_at_one_folder(void **state) {
    SeedProject *shop = *state;
    SeedFileList files = {0};
    seed_project_write(shop, "dbt_project.yml",
                       "name: shop\nseeds:\n  shop:\n    off: {+enabled: false}\n    orders: {+alias: raw_orders}\n");
    shop->project.dbt_dir = shop->project.root;
    seed_project_write(shop, "seeds/off.csv", "id\n");
    seed_project_write(shop, "seeds/orders.csv", "id\n");
    seed_project_write(shop, "seeds/plain.csv", "id\n");
    assert_string_equal(find(shop, &files), "plain=seeds/plain.csv raw_orders=seeds/orders.csv");
}

static void the_same_file_in_both_places_is_one_table(void **state) {
    SeedProject *shop = *state;
    SeedFileList files = {0};
    add_dbt(shop, project_yaml);
    seed_project_write(shop, "dbt/seeds/orders.csv", "id\n1\n");
    seed_project_write(shop, "seeds/Orders.csv", "id\n1\n");
    assert_string_equal(find(shop, &files), "orders=dbt/seeds/orders.csv");
}

static void the_same_name_with_different_content_names_both_files(void **state) {
    SeedProject *shop = *state;
    SeedFileList files = {0};
    add_dbt(shop, project_yaml);
    seed_project_write(shop, "dbt/seeds/orders.csv", "id\n1\n");
    seed_project_write(shop, "seeds/orders.csv", "id\n2\n");
    assert_string_equal(
        find(shop, &files),
        "dbt/seeds/orders.csv and seeds/orders.csv would both become the table orders, but their content differs");
    assert_int_equal(shop->err.code, ERROR_SEED);
}

static void reserved_names_are_refused(void **state) {
    SeedProject *shop = *state;
    SeedFileList files = {0};
    seed_project_write(shop, "seeds/_devbox_tables.csv", "id\n");
    assert_string_equal(find(shop, &files),
                        "seeds/_devbox_tables.csv would become the table _devbox_tables, a name that is reserved");
    assert_true(file_rename(shop->arena, seed_project_path(shop, "seeds/_devbox_tables.csv"),
                            seed_project_path(shop, "seeds/sqlite_x.csv"), &shop->err));
    assert_false(seed_files_find(&shop->ctx, &shop->project, &files, &shop->err));
}

static void devbox_yaml_wins_over_dbt(void **state) {
    SeedProject *shop = *state;
    SeedFileList files = {0};
    add_dbt(shop, project_yaml);
    seed_project_write(shop, "dbt/seeds/raw/orders.csv", "id,zip\n");
    seed_project_declare(shop, "Orders", "ZIP", "integer");
    find(shop, &files);
    assert_string_equal(declared_of(shop, &files.items[0]), "ZIP:integer id:text");
    assert_true(files.items[0].declared.items[0].is_config);
}

static void an_unknown_type_in_devbox_yaml_is_an_error_with_the_nearest(void **state) {
    SeedProject *shop = *state;
    SeedFileList files = {0};
    seed_project_declare(shop, "orders", "id", "integr");
    assert_string_equal(find(shop, &files), "seeds.columns.orders.id in devbox.yaml is integr, which is no column type");
    assert_int_equal(shop->err.code, ERROR_CONFIG);
    assert_string_equal(shop->err.hint, "Did you mean integer?");
    shop->project.config.seed_columns.items[0].type = "varchar(5)";
    assert_false(seed_files_find(&shop->ctx, &shop->project, &files, &shop->err));
    assert_string_equal(shop->err.hint, "Write integer, real, text, boolean, date or timestamp");
}

static void types_for_a_table_without_a_file_are_a_warning(void **state) {
    SeedProject *shop = *state;
    SeedFileList files = {0};
    seed_project_declare(shop, "ordrs", "id", "text");
    assert_string_equal(find(shop, &files), "");
    assert_int_equal(shop->notes.count, 1);
    assert_string_equal(shop->notes.items[0], "seeds.columns.ordrs.id in devbox.yaml has no effect: there is no ordrs.csv");
}

static void yaml_that_devbox_cannot_read_is_a_warning_and_the_usual_folder_serves(void **state) {
    SeedProject *shop = *state;
    SeedFileList files = {0};
    add_dbt(shop, "name: [unclosed\n");
    seed_project_write(shop, "dbt/seeds/a.csv", "id\n");
    seed_project_write(shop, "dbt/seeds/broken.yml", "seeds: [\n");
    assert_string_equal(find(shop, &files), "a=dbt/seeds/a.csv");
    assert_int_equal(shop->notes.count, 2);
    assert_non_null(strstr(shop->notes.items[0], "dbt_project.yml"));
    assert_non_null(strstr(shop->notes.items[1], "broken.yml"));
}

static void odd_yaml_is_left_to_dbt(void **state) {
    SeedProject *shop = *state;
    SeedFileList files = {0};
    add_dbt(shop, "name: shop\nseed-paths:\nseeds:\n  +column_types: [id]\n  shop: text\n  +enabled: \"{{ x }}\"\n");
    seed_project_write(shop, "dbt/seeds/a.csv", "id\n");
    seed_project_write(shop, "dbt/seeds/x.yml", "seeds: {a: 1}\n");
    seed_project_write(shop, "dbt/seeds/y.yml", "- 1\n");
    assert_string_equal(find(shop, &files), "a=dbt/seeds/a.csv");
    assert_int_equal(files.items[0].declared.count, 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        test_with_seed_project(without_folders_there_are_no_seeds),
        test_with_seed_project(csv_files_of_the_seeds_folder_are_found_sorted),
        test_with_seed_project(a_link_to_a_file_is_a_seed_and_a_dangling_one_is_not),
        test_with_seed_project(a_dangling_link_among_dbt_s_seeds_is_warned_of_once),
        test_with_seed_project(dbt_seeds_are_found_at_any_depth_with_their_column_types),
        test_with_seed_project(seed_paths_of_the_project_are_obeyed),
        test_with_seed_project(properties_files_win_over_the_project_file),
        test_with_seed_project(alias_and_enabled_are_obeyed_also_when_both_look_at_one_folder),
        test_with_seed_project(the_same_file_in_both_places_is_one_table),
        test_with_seed_project(the_same_name_with_different_content_names_both_files),
        test_with_seed_project(reserved_names_are_refused),
        test_with_seed_project(devbox_yaml_wins_over_dbt),
        test_with_seed_project(an_unknown_type_in_devbox_yaml_is_an_error_with_the_nearest),
        test_with_seed_project(types_for_a_table_without_a_file_are_a_warning),
        test_with_seed_project(yaml_that_devbox_cannot_read_is_a_warning_and_the_usual_folder_serves),
        test_with_seed_project(odd_yaml_is_left_to_dbt),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
