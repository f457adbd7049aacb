#include "services/dag_folder.h"

#include "base/text.h"
#include "io/file_system.h"
#include "model/event.h"
#include "services/dag_ignore.h"
#include "support/checkout.h"
#include "support/event_log.h"

typedef struct Warnings {
    EventSink sink;
    size_t count;
    const char *last;
} Warnings;

static void count_warning(EventSink *sink, const Event *event) {
    Warnings *warnings = (Warnings *)sink;
    if (event->kind != EVENT_WARNING) return;
    warnings->count++;
    warnings->last = event->text;
}

static DagFolderReport inspect(Checkout *checkout) {
    DagFolderReport report;
    Project project = checkout_open(checkout);
    bool is_done = dag_folder_inspect(&checkout->ctx, &project, &report, &checkout->err);
    if (!is_done) print_message("%s\n", checkout->err.message);
    assert_true(is_done);
    return report;
}

static void assert_finding(const DagFolderReport *report, bool is_error, const char *path, const char *part) {
    assert_int_equal(report->findings.count, 1);
    const DagFolderFinding *finding = &report->findings.items[0];
    assert_int_equal(finding->is_error, is_error);
    assert_string_equal(finding->path, path);
    if (strstr(finding->message, part) == NULL) fail_msg("%s", finding->message);
    assert_non_null(finding->hint);
}

static void dag_files_are_listed(void **state) {
    Checkout *checkout = *state;
    checkout_add(checkout, "dags/b.py", "");
    checkout_add(checkout, "dags/a.py", "");
    checkout_add(checkout, "dags/sub/c.py", "");
    checkout_add(checkout, "dags/query.sql", "");
    checkout_add(checkout, "dags/__pycache__/a.py", "");
    DagFolderReport report = inspect(checkout);
    assert_int_equal(report.findings.count, 0);
    assert_int_equal(report.files.count, 3);
    assert_string_equal(report.files.items[0], checkout_path(checkout, "dags/a.py"));
    assert_string_equal(report.files.items[2], checkout_path(checkout, "dags/sub/c.py"));
}

static void a_part_can_be_listed(void **state) {
    Checkout *checkout = *state;
    StringList files;
    checkout_add(checkout, "dags/a.py", "");
    checkout_add(checkout, "dags/sub/c.py", "");
    Project project = checkout_open(checkout);
    assert_true(dag_folder_list(&checkout->ctx, &project, &files, &checkout->err));
    assert_int_equal(files.count, 2);
    assert_true(dag_folder_list_below(&checkout->ctx, &project, checkout_path(checkout, "dags/sub"), &files, &checkout->err));
    assert_int_equal(files.count, 1);
    assert_true(dag_folder_list_below(&checkout->ctx, &project, checkout_path(checkout, "dags/a.py"), &files, &checkout->err));
    assert_string_equal(files.items[0], checkout_path(checkout, "dags/a.py"));
}

static void a_link_to_a_parent_is_a_loop(void **state) {
    Checkout *checkout = *state;
    checkout_add_folder(checkout, "dags/sub");
    checkout_add_link(checkout, "dags/sub/again", "..");
    DagFolderReport report = inspect(checkout);
    assert_finding(&report, true, "dags/sub/again", "a loop");
    const char *hint = arena_format(checkout->arena, "remove the link: rm '%s'", checkout_path(checkout, "dags/sub/again"));
    assert_string_equal(report.findings.items[0].hint, hint);
}

static void a_link_to_itself_dangles(void **state) {
    Checkout *checkout = *state;
    checkout_add_folder(checkout, "dags");
    checkout_add_link(checkout, "dags/self", "self");
    DagFolderReport report = inspect(checkout);
    assert_finding(&report, false, "dags/self", "does not exist");
}

static void a_folder_reached_twice_stops_airflow(void **state) {
    Checkout *checkout = *state;
    checkout_add(checkout, "dags/one/a.py", "");
    checkout_add_link(checkout, "dags/two", "one");
    DagFolderReport report = inspect(checkout);
    assert_finding(&report, true, "dags/two", "dags/two leads to dags/one a second time");
}

static void only_the_link_is_ever_to_be_removed(void **state) {
    Checkout *checkout = *state;
    checkout_add(checkout, "dags/real/a.py", "");
    checkout_add_link(checkout, "dags/before", "real");
    DagFolderReport report = inspect(checkout);
    assert_finding(&report, true, "dags/before", "dags/before leads to dags/real a second time");
    const char *hint = arena_format(checkout->arena, "remove the link: rm '%s'", checkout_path(checkout, "dags/before"));
    assert_string_equal(report.findings.items[0].hint, hint);
}

static void a_link_above_the_checkout_s_own_folder_is_the_one_to_remove(void **state) {
    Checkout *checkout = *state;
    checkout_add(checkout, "dags/sub/a.py", "");
    checkout_add_link(checkout, "dags/up", "..");
    DagFolderReport report = inspect(checkout);
    assert_finding(&report, true, "dags/up", "dags/up/dags leads to dags a second time");
    const char *hint = arena_format(checkout->arena, "remove the link: rm '%s'", checkout_path(checkout, "dags/up"));
    assert_string_equal(report.findings.items[0].hint, hint);
}

static void a_linked_dbt_package_is_to_be_ignored(void **state) {
    static const struct {
        const char *version, *rule;
    } versions[] = {{"2.10.3", "dbt/my\\.proj/dbt_packages"}, {"3.0.6", "dbt/my.proj/dbt_packages"}};
    Checkout *checkout = *state;
    Arena *arena = checkout->arena;
    checkout_add(checkout, "dags/dbt/my.proj/localpkg/macros/a.py", "");
    checkout_add_folder(checkout, "dags/dbt/my.proj/dbt_packages");
    checkout_add_link(checkout, "dags/dbt/my.proj/dbt_packages/localpkg", "../localpkg");
    const char *file = checkout_path(checkout, "dags/.airflowignore");
    for (size_t i = 0; i < 2; i++) {
        checkout_add(checkout, "dags/.airflowignore", "unended");
        checkout_add(checkout, "devbox.yaml", arena_format(arena, "airflow: {version: %s}\n", versions[i].version));
        DagFolderReport report = inspect(checkout);
        assert_finding(&report, true, "dags/dbt/my.proj/dbt_packages/localpkg",
                       "leads to dags/dbt/my.proj/localpkg a second time");
        const char *hint = report.findings.items[0].hint;
        const char *command = arena_format(arena, "printf '\\n%%s\\n' '%s' >> '%s'", versions[i].rule, file);
        if (strstr(hint, " rm ") != NULL || !text_ends_with(hint, command)) fail_msg("%s", hint);
        checkout_add(checkout, "dags/.airflowignore", arena_format(arena, "unended\n%s\n", versions[i].rule));
        assert_int_equal(inspect(checkout).findings.count, 0);
    }
}

static void a_rule_holds_for_unusual_names(void **state) {
    Checkout *checkout = *state;
    static const char name[] = "a+b (c)#[d]$";
    for (DagIgnoreSyntax syntax = DAG_IGNORE_REGEXP; syntax <= DAG_IGNORE_GLOB; syntax++) {
        const char *dags = checkout_path(checkout, "dags");
        checkout_add(checkout, "dags/.airflowignore", dag_ignore_rule_for(checkout->arena, name, syntax));
        const DagIgnoreRuleList none = {0};
        DagIgnoreRuleList rules = dag_ignore_read(checkout->arena, dags, dags, &none, syntax);
        assert_true(dag_ignore_matches(checkout->arena, &rules, path_join(checkout->arena, dags, name)));
        assert_false(dag_ignore_matches(checkout->arena, &rules, path_join(checkout->arena, dags, "aab")));
    }
}

static void a_dangling_link_is_a_warning(void **state) {
    Checkout *checkout = *state;
    checkout_add_folder(checkout, "dags");
    checkout_add_link(checkout, "dags/gone.py", "../nowhere.py");
    DagFolderReport report = inspect(checkout);
    assert_finding(&report, false, "dags/gone.py", "../nowhere.py, which does not exist");
}

static void a_link_out_of_the_checkout_is_a_warning(void **state) {
    Checkout *checkout = *state;
    checkout_add(checkout, "outside/shared.py", "");
    checkout_add(checkout, "inside/devbox.yaml", "");
    checkout_add_folder(checkout, "inside/dags");
    checkout_add_link(checkout, "inside/dags/shared", "../../outside");
    checkout->root = checkout_path(checkout, "inside");
    DagFolderReport report = inspect(checkout);
    checkout->root = path_folder(checkout->arena, checkout->root);
    assert_finding(&report, false, "dags/shared", "outside the checkout");
    assert_int_equal(report.files.count, 1);
}

static void a_link_within_the_checkout_is_fine(void **state) {
    Checkout *checkout = *state;
    checkout_add(checkout, "include/helper.py", "");
    checkout_add_folder(checkout, "dags");
    checkout_add_link(checkout, "dags/include", "../include");
    DagFolderReport report = inspect(checkout);
    assert_int_equal(report.findings.count, 0);
    assert_int_equal(report.files.count, 1);
}

static void a_virtual_environment_is_named_once_and_not_entered(void **state) {
    Checkout *checkout = *state;
    checkout_add(checkout, "dags/.venv/pyvenv.cfg", "");
    checkout_add(checkout, "dags/.venv/lib/x.py", "");
    checkout_add_link(checkout, "dags/.venv/lib64", "lib");
    DagFolderReport report = inspect(checkout);
    assert_finding(&report, true, "dags/.venv", "virtual environment");
    assert_true(text_starts_with(report.findings.items[0].hint, "move it out: mv "));
    assert_int_equal(report.files.count, 0);
}

static void what_airflowignore_lists_cannot_stop_airflow(void **state) {
    Checkout *checkout = *state;
    checkout_add(checkout, "devbox.yaml", "airflow: {version: 2.10.3}\n");
    checkout_add(checkout, "dags/.airflowignore", "# tools\n\\.venv\nold_\\d+/two # links\n");
    checkout_add(checkout, "dags/.venv/pyvenv.cfg", "");
    checkout_add(checkout, "dags/old_1/one/a.py", "");
    checkout_add_link(checkout, "dags/old_1/two", "one");
    DagFolderReport report = inspect(checkout);
    assert_int_equal(report.findings.count, 0);
    assert_int_equal(report.files.count, 1);
    checkout_add(checkout, "devbox.yaml", "airflow: {version: 3.0.6}\n");
    assert_int_equal(inspect(checkout).findings.count, 1);
}

static void glob_patterns_are_those_of_gitignore(void **state) {
    Checkout *checkout = *state;
    checkout_add(checkout, "devbox.yaml", "airflow: {version: 3.0.6}\n");
    checkout_add(checkout, "dags/.airflowignore", "# tools\n.venv/\n/a/env\n**/deep\n*_old\n!keep_old\n");
    static const char *const ignored[] = {"dags/x/.venv", "dags/a/env", "dags/x/y/deep", "dags/b/very_old"};
    for (size_t i = 0; i < 4; i++) checkout_add(checkout, arena_format(checkout->arena, "%s/pyvenv.cfg", ignored[i]), "");
    assert_int_equal(inspect(checkout).findings.count, 0);
    static const char *const seen[] = {"dags/b/a/env", "dags/keep_old", "dags/b/venv"};
    for (size_t i = 0; i < 3; i++) checkout_add(checkout, arena_format(checkout->arena, "%s/pyvenv.cfg", seen[i]), "");
    assert_int_equal(inspect(checkout).findings.count, 3);
}

static void rules_of_a_folder_hold_below_it_only(void **state) {
    Checkout *checkout = *state;
    checkout_add(checkout, "devbox.yaml", "airflow: {version: 3.0.6, env: {AIRFLOW__CORE__DAG_IGNORE_FILE_SYNTAX: regexp}}\n");
    checkout_add(checkout, "dags/one/.airflowignore", "e.v\n(broken\n");
    checkout_add(checkout, "dags/one/sub/env/pyvenv.cfg", "");
    checkout_add(checkout, "dags/two/env/pyvenv.cfg", "");
    DagFolderReport report = inspect(checkout);
    assert_finding(&report, true, "dags/two/env", "virtual environment");
}

static void the_state_must_not_lie_among_the_dags(void **state) {
    Checkout *checkout = *state;
    checkout_add(checkout, "devbox.yaml", "dags: .\n");
    checkout_add(checkout, "a.py", "");
    DagFolderReport report = inspect(checkout);
    assert_finding(&report, true, ".devbox", "where devbox keeps its state");
    checkout_add(checkout, ".devbox/x.py", "");
    report = inspect(checkout);
    assert_finding(&report, true, ".devbox", "where devbox keeps its state");
    assert_int_equal(report.files.count, 1);
    checkout_add(checkout, ".airflowignore", ".devbox\n");
    assert_int_equal(inspect(checkout).findings.count, 0);
}

static void a_missing_folder_is_empty_and_a_file_is_an_error(void **state) {
    Checkout *checkout = *state;
    DagFolderReport report = {0};
    checkout_add(checkout, "devbox.yaml", "dags: jobs\n");
    assert_int_equal(inspect(checkout).files.count, 0);
    checkout_add(checkout, "jobs", "a file");
    Project project = checkout_open(checkout);
    assert_false(dag_folder_inspect(&checkout->ctx, &project, &report, &checkout->err));
    assert_int_equal(checkout->err.code, ERROR_DAG_FOLDER);
    assert_non_null(checkout->err.hint);
}

static void a_dag_folder_that_dangles_is_said(void **state) {
    Checkout *checkout = *state;
    checkout_add(checkout, "devbox.yaml", "");
    checkout_add_link(checkout, "dags", "../gone");
    DagFolderReport report = inspect(checkout);
    assert_finding(&report, false, "dags", "does not exist");
}

static void the_check_reports_every_error_and_emits_warnings(void **state) {
    Checkout *checkout = *state;
    Warnings warnings = {.sink = {.emit = count_warning}};
    checkout->ctx.sink = &warnings.sink;
    checkout_add(checkout, "dags/env/pyvenv.cfg", "");
    checkout_add_link(checkout, "dags/gone", "nowhere");
    checkout_add_link(checkout, "dags/loop", ".");
    Project project = checkout_open(checkout);
    assert_false(dag_folder_check(&checkout->ctx, &project, &checkout->err));
    assert_int_equal(checkout->err.code, ERROR_DAG_FOLDER);
    assert_non_null(strstr(checkout->err.message, "dags/env is a Python virtual environment"));
    assert_non_null(strstr(checkout->err.detail, "dags/loop is a link back to dags, a loop"));
    assert_int_equal(warnings.count, 1);
    assert_non_null(strstr(warnings.last, "dags/gone"));
}

static void the_check_is_silent_when_all_is_well(void **state) {
    Checkout *checkout = *state;
    Warnings warnings = {.sink = {.emit = count_warning}};
    checkout->ctx.sink = &warnings.sink;
    checkout_add(checkout, "dags/a.py", "");
    Project project = checkout_open(checkout);
    assert_true(dag_folder_check(&checkout->ctx, &project, &checkout->err));
    assert_int_equal(warnings.count, 0);
}

static void a_folder_that_devbox_yaml_names_must_be_there(void **state) {
    static const struct {
        const char *config, *message;
    } faults[] = {
        {"dags: nope\n", "devbox.yaml:1:7: dags: there is no folder nope in the checkout"},
        {"runtime: auto\nplugins: extras\n", "devbox.yaml:2:10: plugins: there is no folder extras in the checkout"},
        {"seeds:\n  dir: it's\n", "devbox.yaml:2:8: seeds.dir: there is no folder it's in the checkout"},
    };
    Checkout *checkout = *state;
    checkout_add_folder(checkout, "dags");
    for (size_t i = 0; i < 3; i++) {
        checkout_add(checkout, "devbox.yaml", faults[i].config);
        Project project = checkout_open(checkout);
        assert_false(dag_folder_check(&checkout->ctx, &project, &checkout->err));
        assert_int_equal(checkout->err.code, ERROR_CONFIG);
        assert_string_equal(checkout->err.message, faults[i].message);
        assert_non_null(strstr(checkout->err.hint, "create it: mkdir -p '"));
        error_clear(&checkout->err);
        // git keeps no empty folders: in a pushed commit it may be missing.
        project.state = "/elsewhere/state";
        assert_true(dag_folder_check(&checkout->ctx, &project, &checkout->err));
    }
    checkout_add_folder(checkout, "it's");
    Project project = checkout_open(checkout);
    assert_true(dag_folder_check(&checkout->ctx, &project, &checkout->err));
}

static void a_missing_default_folder_is_said_and_no_mistake(void **state) {
    Checkout *checkout = *state;
    EventLog log;
    checkout_add(checkout, "devbox.yaml", "runtime: auto\ndags:\n");
    Project project = checkout_open(checkout);
    event_log_start(&log, &checkout->ctx);
    assert_true(dag_folder_check(&checkout->ctx, &project, &checkout->err));
    assert_string_equal(text_string(&log.text), "note: there is no ./dags folder yet: DAG files go there\n");
}

static void a_file_that_went_away_meanwhile_is_an_error(void **state) {
    Checkout *checkout = *state;
    checkout_add(checkout, "devbox.yaml", "dags: dags\n");
    checkout_add_folder(checkout, "dags");
    Project project = checkout_open(checkout);
    project.config.path = checkout_path(checkout, "gone.yaml");
    assert_false(dag_folder_check(&checkout->ctx, &project, &checkout->err));
}

static void endless_nesting_ends(void **state) {
    Checkout *checkout = *state;
    Text path = {.arena = checkout->arena};
    DagFolderReport report;
    text_append(&path, "dags");
    for (int i = 0; i < 70; i++) text_append(&path, "/d");
    checkout_add_folder(checkout, text_string(&path));
    Project project = checkout_open(checkout);
    assert_false(dag_folder_inspect(&checkout->ctx, &project, &report, &checkout->err));
    assert_int_equal(checkout->err.code, ERROR_DAG_FOLDER);
}

static void a_cancelled_walk_ends(void **state) {
    Checkout *checkout = *state;
    DagFolderReport report;
    volatile sig_atomic_t cancel = 1;
    checkout_add(checkout, "dags/a.py", "");
    Project project = checkout_open(checkout);
    checkout->ctx.cancel = &cancel;
    assert_false(dag_folder_inspect(&checkout->ctx, &project, &report, &checkout->err));
    assert_int_equal(checkout->err.code, ERROR_INTERRUPTED);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        test_with_checkout(dag_files_are_listed),
        test_with_checkout(a_part_can_be_listed),
        test_with_checkout(a_link_to_a_parent_is_a_loop),
        test_with_checkout(a_link_to_itself_dangles),
        test_with_checkout(a_folder_reached_twice_stops_airflow),
        test_with_checkout(only_the_link_is_ever_to_be_removed),
        test_with_checkout(a_link_above_the_checkout_s_own_folder_is_the_one_to_remove),
        test_with_checkout(a_linked_dbt_package_is_to_be_ignored),
        test_with_checkout(a_rule_holds_for_unusual_names),
        test_with_checkout(a_dangling_link_is_a_warning),
        test_with_checkout(a_link_out_of_the_checkout_is_a_warning),
        test_with_checkout(a_link_within_the_checkout_is_fine),
        test_with_checkout(a_virtual_environment_is_named_once_and_not_entered),
        test_with_checkout(what_airflowignore_lists_cannot_stop_airflow),
        test_with_checkout(glob_patterns_are_those_of_gitignore),
        test_with_checkout(rules_of_a_folder_hold_below_it_only),
        test_with_checkout(the_state_must_not_lie_among_the_dags),
        test_with_checkout(a_missing_folder_is_empty_and_a_file_is_an_error),
        test_with_checkout(a_dag_folder_that_dangles_is_said),
        test_with_checkout(the_check_reports_every_error_and_emits_warnings),
        test_with_checkout(the_check_is_silent_when_all_is_well),
        test_with_checkout(a_folder_that_devbox_yaml_names_must_be_there),
        test_with_checkout(a_missing_default_folder_is_said_and_no_mistake),
        test_with_checkout(a_file_that_went_away_meanwhile_is_an_error),
        test_with_checkout(endless_nesting_ends),
        test_with_checkout(a_cancelled_walk_ends),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
