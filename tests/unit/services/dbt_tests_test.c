// fakes: process clock
#include "services/dbt.h"

#include "base/text.h"
#include "fakes/fake_process.h"
#include "services/dbt_setup.h"
#include "support/airflow_ready.h"
#include "support/checkout.h"
#include "support/event_log.h"

#define FORK "1234567890123456789012345678901234567890"

typedef struct Dbt {
    Checkout *checkout;
    Project project;
    EventLog log;
    Verdict verdict;
    const char *events, *parse_events, *manifest;  // what the worker leaves
} Dbt;

static Dbt *current;

static int start(void **state) {
    if (checkout_create(state) != 0) return -1;
    Checkout *checkout = *state;
    DbtSetup setup;
    Dbt *dbt = arena_allocate(checkout->arena, sizeof *dbt);
    *dbt = (Dbt){.checkout = checkout, .events = "", .parse_events = "", .manifest = "{}"};
    airflow_use_own_cache(checkout);
    checkout_add(checkout, "devbox.yaml", "dbt: {project: dbt}\n");
    checkout_add(checkout, "dbt/dbt_project.yml", "name: shop\n");
    checkout_add(checkout, "seeds/orders.csv", "id,amount\n1,5\n");
    checkout_add(checkout, ".devbox/dbt/warehouse.duckdb", "built");
    dbt->project = checkout_open(checkout);
    assert_true(project_prepare_state(&checkout->ctx, &dbt->project, &checkout->err));
    assert_true(dbt_setup_observe(&checkout->ctx, &dbt->project, &setup, &checkout->err));
    airflow_add_environment(checkout, &setup.python);
    event_log_start(&dbt->log, &checkout->ctx);
    current = dbt;
    *state = dbt;
    return 0;
}

static int end(void **state) {
    void *checkout = ((Dbt *)*state)->checkout;
    return checkout_remove(&checkout);
}

#define test_changed(function) cmocka_unit_test_setup_teardown(function, start, end)

static void work(const ProcessSpec *spec) {
    Checkout *checkout = current->checkout;
    const char *const *word = spec->argv;
    while (*word != NULL && !text_equals(*word, "--")) word++;
    assert_non_null(*word);
    bool is_parse = text_equals(word[1], "parse");
    checkout_add(checkout, ".devbox/dbt-test/events.jsonl", is_parse ? current->parse_events : current->events);
    if (is_parse) checkout_add(checkout, ".devbox/dbt-test/target/manifest.json", current->manifest);
}

// git finds the checkout as repository and these files changed; then `dbt_rows`.
static void script(const char *changed_files, const FakeChild *dbt_rows, size_t count) {
    Checkout *checkout = current->checkout;
    const FakeChild first[] = {
        {.command = "git * rev-parse --is-bare-repository --absolute-git-dir", .output = "false\n/nowhere/.git\n"},
        {.command = "git * rev-parse --show-toplevel", .output = checkout->root},
        {.command = "git * --abbrev-ref refs/remotes/origin/HEAD", .output = "origin/main\n"},
        {.command = "git * rev-parse --verify * origin/main^{commit}", .output = FORK "\n"},
        {.command = "git * log -1 *", .output = FORK "\n" FORK "\n1\nAda\nAdd\n"},
        {.command = "git * merge-base HEAD " FORK, .output = FORK "\n"},
        {.command = "git * diff --name-only *", .output = changed_files},
        {.command = "git * ls-files --others *"},
    };
    const FakeChild content[] = {{.command = "git * cat-file -t " FORK ":dbt/models/a.sql", .output = "blob\n"},
                                 {.command = "git * cat-file blob *", .output = "select 0"}};
    LIST_OF(FakeChild) rows = {0};
    for (size_t i = 0; i < sizeof first / sizeof *first; i++) list_push(checkout->arena, &rows, first[i]);
    for (size_t i = 0; i < 2 && strstr(changed_files, "a.sql") != NULL; i++) list_push(checkout->arena, &rows, content[i]);
    for (size_t i = 0; i < count; i++) {
        FakeChild row = dbt_rows[i];
        row.effect = work;
        list_push(checkout->arena, &rows, row);
    }
    fake_process_script(rows.items, rows.count);
}

static bool test_since(const char *base) {
    error_clear(&current->checkout->err);
    current->verdict = (Verdict){0};
    const DbtTestOptions options = {.base = base};
    return dbt_test(&current->checkout->ctx, &current->project, &options, &current->verdict, &current->checkout->err);
}

static const char *said(void) { return error_as_text(&current->checkout->err); }

#define MODEL(name, parents)                                                             \
    "\"model.shop." name "\":{\"name\":\"" name                                          \
    "\",\"resource_type\":\"model\",\"package_name\":\"shop\",\"fqn\":[\"shop\",\"" name \
    "\"],\"original_file_path\":\"models/" name ".sql\",\"depends_on\":{\"nodes\":[" parents "]}}"
#define MANIFEST(nodes) "{\"metadata\":{\"project_name\":\"shop\"},\"macros\":{},\"nodes\":{" nodes "}}"
#define DONE "{\"event\":\"done\",\"state\":\"success\"}\n"
#define PARSE \
    { .command = "*/dbt_run.py --context * -- parse" }

static void a_changed_model_and_what_is_made_from_it_are_built(void **state) {
    static const FakeChild rows[] = {PARSE, {.command = "*/dbt_run.py --context * -- build --select fqn:shop.a fqn:shop.b"}};
    (void)state;
    current->manifest = MANIFEST(MODEL("a", "") "," MODEL("b", "\"model.shop.a\"") "," MODEL("c", ""));
    current->events = "{\"event\":\"node\",\"name\":\"a\",\"kind\":\"model\",\"status\":\"pass\"}\n" DONE;
    script("dags/x.py\ndbt/models/a.sql\n", rows, 2);
    if (!test_since("")) fail_msg("%s", said());
    fake_process_assert_used();
    assert_int_equal(current->verdict.passed, 1);
    assert_string_equal(current->verdict.title,
                        "dbt · 1 file changed since origin/main (1234567): 1 model changed, 2 are affected");
    assert_non_null(strstr(event_log_take(&current->log),
                           "note: 1 file changed since origin/main (1234567): 1 model changed, 2 are affected\n"));
}

static void the_first_red_node_can_be_the_last(void **state) {
    static const FakeChild rows[] = {PARSE, {.command = "*/dbt_run.py --context * -- build --fail-fast --select fqn:shop.a"}};
    static const FakeChild all[] = {{.command = "*/dbt_run.py --context * -- build --fail-fast", .effect = work}};
    Checkout *checkout = current->checkout;
    DbtTestOptions options = {.base = "", .stops_at_first_red = true};
    (void)state;
    current->manifest = MANIFEST(MODEL("a", ""));
    current->events = DONE;
    script("dbt/models/a.sql\n", rows, 2);
    if (!dbt_test(&checkout->ctx, &current->project, &options, &current->verdict, &checkout->err)) fail_msg("%s", said());
    fake_process_assert_used();
    options.base = NULL;
    fake_process_script(all, 1);
    if (!dbt_test(&checkout->ctx, &current->project, &options, &current->verdict, &checkout->err)) fail_msg("%s", said());
    fake_process_assert_used();
}

static void settings_that_changed_build_everything(void **state) {
    static const FakeChild rows[] = {PARSE, {.command = "*/dbt_run.py --context * -- build"}};
    (void)state;
    current->manifest = MANIFEST(MODEL("a", ""));
    current->events = DONE;
    script("dbt/dbt_project.yml\n", rows, 2);
    if (!test_since("")) fail_msg("%s", said());
    fake_process_assert_used();
}

static void nothing_affected_is_green_and_builds_nothing(void **state) {
    static const FakeChild rows[] = {PARSE};
    (void)state;
    script("dags/x.py\n", NULL, 0);
    if (!test_since("")) fail_msg("%s", said());
    fake_process_assert_used();
    assert_true(verdict_is_green(&current->verdict));
    assert_string_equal(current->verdict.title, "dbt · nothing that dbt reads changed since origin/main (1234567)");
    current->manifest = MANIFEST(MODEL("c", ""));
    script("dbt/models/a.sql\n", rows, 1);
    if (!test_since("")) fail_msg("%s", said());
    assert_string_equal(current->verdict.title,
                        "dbt · 1 file changed since origin/main (1234567): no model and no test is affected");
    assert_int_equal(current->verdict.cases.count, 0);
}

static void a_project_that_does_not_parse_is_red(void **state) {
    static const FakeChild rows[] = {{.command = "* -- parse", .exit_code = 2}};
    (void)state;
    script("dbt/models/a.sql\n", rows, 1);
    current->parse_events = "{\"event\":\"done\",\"message\":\"Compilation Error\\n  in model a\"}\n";
    if (!test_since("")) fail_msg("%s", said());
    assert_int_equal(current->verdict.errors, 1);
    assert_string_equal(current->verdict.cases.items[0].message, "Compilation Error: in model a");
}

static void a_manifest_that_is_none_is_an_error(void **state) {
    static const FakeChild rows[] = {PARSE};
    (void)state;
    current->manifest = "{\"nodes\":{}}";
    script("dbt/models/a.sql\n", rows, 1);
    assert_false(test_since(""));
    assert_string_equal(said(), "CHILD dbt's manifest.json has no nodes, macros or project name");
}

static bool test_saved(DbtFileKind kind, const char *path) {
    DbtChangeList changes = {0};
    list_push(current->checkout->arena, &changes, ((DbtChange){.kind = kind, .path = path}));
    error_clear(&current->checkout->err);
    current->verdict = (Verdict){0};
    return dbt_test_saved(&current->checkout->ctx, &current->project, &changes, &current->verdict, &current->checkout->err);
}

static void script_saved(const FakeChild *rows, size_t count) {
    LIST_OF(FakeChild) working = {0};
    for (size_t i = 0; i < count; i++) {
        list_push(current->checkout->arena, &working, rows[i]);
        working.items[i].effect = work;
    }
    fake_process_script(working.items, working.count);
}

static void a_saved_model_is_built_with_its_tests_and_looked_up_in_the_last_manifest(void **state) {
    static const FakeChild first[] = {PARSE, {.command = "* -- build --select fqn:shop.a"}};
    (void)state;
    checkout_add(current->checkout, "dbt/models/a.sql", "select 1");
    current->manifest = MANIFEST(MODEL("a", "") "," MODEL("b", "\"model.shop.a\""));
    current->events = "{\"event\":\"node\",\"name\":\"a\",\"kind\":\"model\",\"status\":\"pass\"}\n" DONE;
    for (size_t known = 0; known < 2; known++) {
        script_saved(first + known, 2 - known);
        if (!test_saved(DBT_FILE_CODE, "models/a.sql")) fail_msg("%s", said());
        fake_process_assert_used();
        assert_int_equal(current->verdict.passed, 1);
    }
    script_saved(first, 1);
    if (!test_saved(DBT_FILE_CODE, "models/gone.sql")) fail_msg("%s", said());
    assert_int_equal(current->verdict.cases.count, 0);
}

static void settings_that_are_saved_build_everything(void **state) {
    static const FakeChild rows[] = {PARSE, {.command = "* -- build"}}, broken[] = {{.command = "* -- parse", .exit_code = 2}};
    (void)state;
    current->manifest = MANIFEST(MODEL("a", ""));
    current->events = DONE;
    script_saved(rows, 2);
    if (!test_saved(DBT_FILE_SETTINGS, "dbt_project.yml")) fail_msg("%s", said());
    fake_process_assert_used();
    script_saved(broken, 1);
    current->parse_events = "{\"event\":\"done\",\"message\":\"Compilation Error\\n  in model a\"}\n";
    if (!test_saved(DBT_FILE_SETTINGS, "dbt_project.yml")) fail_msg("%s", said());
    assert_int_equal(current->verdict.errors, 1);
}

static void a_checkout_without_dbt_project_says_so(void **state) {
    (void)state;
    current->project.dbt_dir = NULL;
    assert_false(test_since(""));
    assert_int_equal(current->checkout->err.code, ERROR_CHECKOUT);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        test_changed(a_changed_model_and_what_is_made_from_it_are_built),
        test_changed(the_first_red_node_can_be_the_last),
        test_changed(settings_that_changed_build_everything),
        test_changed(nothing_affected_is_green_and_builds_nothing),
        test_changed(a_project_that_does_not_parse_is_red),
        test_changed(a_manifest_that_is_none_is_an_error),
        test_changed(a_saved_model_is_built_with_its_tests_and_looked_up_in_the_last_manifest),
        test_changed(settings_that_are_saved_build_everything),
        test_changed(a_checkout_without_dbt_project_says_so),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
