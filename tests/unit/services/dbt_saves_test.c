#include "services/dbt_saves.h"

#include "base/text.h"
#include "support/checkout.h"

#define MODELS "models: [{name: a, columns: [{name: id, tests: [unique]}]}, {name: b}]\n"

typedef struct Saving {
    Checkout *checkout;
    Project project;
    DbtSaves saves;
} Saving;

static Saving begin(void **state) {
    Saving saving = {.checkout = *state};
    Checkout *checkout = *state;
    checkout_add(checkout, "dbt/dbt_project.yml", "name: shop\n");
    checkout_add(checkout, "dbt/models/schema.yml", MODELS);
    checkout_add(checkout, "dbt/dbt_packages/utils/models/schema.yml", MODELS);
    checkout_add(checkout, "devbox.yaml", "dbt: {project: dbt}\n");
    saving.project = checkout_open(checkout);
    saving.saves.arena = checkout->arena;
    if (!dbt_saves_begin(&checkout->ctx, &saving.project, &saving.saves, &checkout->err)) fail_msg("%s", checkout->err.message);
    return saving;
}

// The changes that saving this file is: "code models/a.sql", "properties models/schema.yml: a b".
static const char *save(Saving *saving, const char *name, const char *content) {
    static const char *const kinds[] = {"code", "properties", "data", "settings"};
    Checkout *checkout = saving->checkout;
    FileChangeList files = {0};
    Text text = {.arena = checkout->arena};
    FileChange file = {.path = checkout_path(checkout, name), .is_removed = content == NULL};
    if (content != NULL) checkout_add(checkout, name, content);
    if (content == NULL) assert_true(file_remove(checkout->arena, file.path, &checkout->err));
    list_push(checkout->arena, &files, file);
    DbtChangeList changes = dbt_saves_take(&checkout->ctx, &saving->project, &saving->saves, &files);
    list_each(const DbtChange, change, &changes) {
        text_append_format(&text, "%s %s", kinds[change->kind], change->path);
        list_each(const char *const, entry, &change->entries) text_append_format(&text, " %s", *entry);
    }
    return text_string(&text);
}

static void files_are_what_they_are_to_dbt(void **state) {
    static const char *const rows[][2] = {
        {"dbt/models/a.sql", "code models/a.sql"},
        {"dbt/seeds/zips.csv", "data seeds/zips.csv"},
        {"dbt/dbt_project.yml", "settings dbt_project.yml"},
        {"dbt/README.md", ""},
        {"dbt/target/run/a.sql", ""},
        {"dbt/dbt_packages/utils/macros/a.sql", ""},
        {"dbt/package-lock.yml", ""},
        {"dags/a.py", ""},
    };
    Saving saving = begin(state);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const char *found = save(&saving, rows[i][0], "x");
        if (!text_equals(found, rows[i][1])) fail_msg("%s: '%s' instead of '%s'", rows[i][0], found, rows[i][1]);
    }
}

static void properties_are_compared_with_the_last_save(void **state) {
    static const char changed[] =
        "models: [{name: a, columns: [{name: id, tests: [unique]}]}, {name: b, columns: [{name: x, tests: [unique]}]}]\n";
    Saving saving = begin(state);
    assert_string_equal(save(&saving, "dbt/models/schema.yml", MODELS), "");
    assert_string_equal(save(&saving, "dbt/models/schema.yml", changed), "properties models/schema.yml b b");
    assert_string_equal(save(&saving, "dbt/models/schema.yml", changed), "");
    assert_string_equal(save(&saving, "dbt/models/schema.yml", MODELS), "properties models/schema.yml b b");
    assert_string_equal(save(&saving, "dbt/models/schema.yml", "models: ["), "settings models/schema.yml");
    assert_string_equal(save(&saving, "dbt/models/new.yml", "models: [{name: c}]\n"), "properties models/new.yml c");
    assert_string_equal(save(&saving, "dbt/models/new.yml", NULL), "properties models/new.yml c");
}

static void a_checkout_without_a_dbt_project_has_no_changes(void **state) {
    Saving saving = begin(state);
    saving.project.dbt_dir = NULL;
    assert_true(dbt_saves_begin(&saving.checkout->ctx, &saving.project, &saving.saves, &saving.checkout->err));
    assert_string_equal(save(&saving, "dbt/models/a.sql", "x"), "");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        test_with_checkout(files_are_what_they_are_to_dbt),
        test_with_checkout(properties_are_compared_with_the_last_save),
        test_with_checkout(a_checkout_without_a_dbt_project_has_no_changes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
