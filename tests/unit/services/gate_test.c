// fakes: dag_tests dbt
#include "services/gate.h"

#include "base/cleanup.h"
#include "fakes/fake_dag_tests.h"
#include "fakes/fake_dbt.h"
#include "io/database.h"
#include "io/lock_file.h"
#include "model/event.h"
#include "support/git_fixture.h"

static StringList said;
static Arena *said_arena;

static void listen(EventSink *sink, const Event *event) {
    (void)sink;
    if (event->kind == EVENT_TEST_CASE) {
        list_push(said_arena, &said, arena_format(said_arena, "case %s", event->test_case->name));
    } else if (event->text != NULL) {
        const char *step = event->step == NULL ? "" : event->step;
        list_push(said_arena, &said, arena_format(said_arena, "%s: %s", step, event->text));
    }
}

static EventSink sink = {listen};

static bool was_said(const char *part) {
    list_each(const char *, line, &said) {
        if (strstr(*line, part) != NULL) return true;
    }
    return false;
}

static int create(void **state) {
    fake_dag_tests = (FakeDagTests){0};
    fake_dbt = (FakeDbt){0};
    said = (StringList){0};
    if (git_fixture_create(state) != 0) return -1;
    GitFixture *fixture = *state;
    said_arena = fixture->arena;
    fixture->ctx.sink = &sink;
    git_fixture_run(fixture, fixture->repository,
                    "mkdir -p dbt/models seeds; echo 'name: shop' > dbt/dbt_project.yml; echo 'select 1' > dbt/models/orders.sql;"
                    "printf 'id\\n1\\n' > seeds/orders.csv; echo .devbox > .gitignore; git add .; git commit -q -m Good");
    return 0;
}

#define test_gate(function) cmocka_unit_test_setup_teardown(function, create, git_fixture_destroy)

static Project open_project(GitFixture *fixture, const char *folder) {
    Project project;
    if (!gate_open_project(&fixture->ctx, folder, &project, &fixture->err)) fail_msg("%s", fixture->err.message);
    return project;
}

static Verdict check_at(GitFixture *fixture, const char *folder, const char *revision) {
    Verdict verdict = {0};
    Project project = open_project(fixture, folder);
    if (!gate_check_revision(&fixture->ctx, &project, &(GateRevision){.name = revision}, &verdict, &fixture->err)) fail_msg("%s", fixture->err.message);
    return verdict;
}

static Verdict check(GitFixture *fixture, const char *revision) { return check_at(fixture, fixture->repository, revision); }

static const char *commit(GitFixture *fixture, const char *script) {
    git_fixture_run(fixture, fixture->repository,
                    arena_format(fixture->arena, "%s; git add -A; git commit -q -m Change", script));
    return git_fixture_run(fixture, fixture->repository, "git rev-parse HEAD");
}

static void a_good_commit_is_green(void **state) {
    GitFixture *fixture = *state;
    Verdict verdict = check(fixture, "HEAD");
    assert_true(verdict_is_green(&verdict));
    assert_int_equal(verdict.passed, 2);
    assert_non_null(strstr(verdict.title, " Good"));
    assert_string_equal(fake_dag_tests.last_root, git_fixture_path(fixture, "repo/.devbox/gate/tree"));
    assert_true(fake_dag_tests.timeout_ms > 0);
    assert_true(was_said("dags: importing"));
    assert_true(was_said("case dags/orders.py"));
}

static void what_is_not_committed_decides_nothing(void **state) {
    GitFixture *fixture = *state;
    git_fixture_run(fixture, fixture->repository,
                    "echo broken > dags/orders.py; echo broken > dags/new.py; echo broken > dbt/models/x.sql");
    Verdict good = check(fixture, "HEAD");
    assert_true(verdict_is_green(&good));
    commit(fixture, "true");
    git_fixture_run(fixture, fixture->repository, "echo fine > dags/orders.py; rm dags/new.py dbt/models/x.sql; git add -A");
    const char *before =
        git_fixture_run(fixture, fixture->repository, "GIT_OPTIONAL_LOCKS=0 git status --porcelain; cat dags/orders.py");
    Verdict bad = check(fixture, "HEAD");
    assert_int_equal(bad.failed, 3);
    assert_string_equal(
        git_fixture_run(fixture, fixture->repository, "GIT_OPTIONAL_LOCKS=0 git status --porcelain; cat dags/orders.py"), before);
}

static void a_pass_is_remembered_by_its_files(void **state) {
    GitFixture *fixture = *state;
    Verdict verdict = check(fixture, "HEAD");
    git_fixture_run(fixture, fixture->repository, "git commit -q --allow-empty -m Again");
    verdict = check(fixture, "HEAD");
    assert_true(verdict_is_green(&verdict));
    assert_int_equal(fake_dag_tests.checks, 1);
    assert_int_equal(verdict.cases.count, 1);
    assert_true(verdict.cases.items[0].is_cached);
    git_fixture_run(fixture, fixture->repository, "echo KEY=2 > .env; chmod 600 .env");
    check(fixture, "HEAD");
    assert_int_equal(fake_dag_tests.checks, 2);
}

static Verdict check_as(GitFixture *fixture, GateRevision revision) {
    Verdict verdict = {0};
    Project project = open_project(fixture, fixture->repository);
    if (!gate_check_revision(&fixture->ctx, &project, &revision, &verdict, &fixture->err)) fail_msg("%s", fixture->err.message);
    return verdict;
}

static void what_passed_before_is_tested_again_on_demand(void **state) {
    GitFixture *fixture = *state;
    check(fixture, "HEAD");
    Verdict again = check_as(fixture, (GateRevision){.name = "HEAD", .ignores_passed = true});
    assert_int_equal(again.passed, 2);
    assert_false(again.cases.items[0].is_cached);
    assert_int_equal(fake_dag_tests.checks, 2);
}

static void the_first_red_part_is_the_last_on_demand(void **state) {
    GitFixture *fixture = *state;
    commit(fixture, "echo broken > dags/orders.py; echo broken > dbt/models/x.sql");
    Verdict all = check(fixture, "HEAD");
    assert_int_equal(all.failed, 2);
    Verdict first = check_as(fixture, (GateRevision){.name = "HEAD", .stops_at_first_red = true});
    assert_int_equal(first.failed, 1);
    assert_string_equal(first.cases.items[0].suite, "dags");
    assert_int_equal(fake_dbt.tests, 1);
}

static void a_red_commit_is_not_remembered(void **state) {
    GitFixture *fixture = *state;
    commit(fixture, "echo broken > dags/orders.py");
    for (int i = 1; i <= 2; i++) {
        Verdict verdict = check(fixture, "HEAD");
        assert_int_equal(verdict.failed, 1);
        assert_false(verdict_is_green(&verdict));
        assert_int_equal(fake_dag_tests.checks, i);
    }
}

static void trouble_is_no_red_test_and_blocks(void **state) {
    GitFixture *fixture = *state;
    fake_dag_tests.failure = ERROR_RUNTIME_MISSING;
    Verdict verdict = check(fixture, "HEAD");
    assert_int_equal(verdict.failed + verdict.errors, 0);
    assert_true(verdict.is_inconclusive);
    assert_string_equal(verdict.trouble, "Airflow could not be asked");
    assert_int_equal(fake_dbt.tests, 1);
    fake_dag_tests.failure = ERROR_NONE;
    verdict = check(fixture, "HEAD");
    assert_int_equal(fake_dag_tests.checks, 2);
}

static void trouble_may_pass_with_a_warning(void **state) {
    GitFixture *fixture = *state;
    commit(fixture, "printf 'gate:\\n  on_error: warn\\n' > devbox.yaml");
    fake_dag_tests.failure = ERROR_NETWORK;
    Verdict verdict = check(fixture, "HEAD");
    assert_true(verdict_is_green(&verdict));
    assert_non_null(verdict.trouble);
    check(fixture, "HEAD");
    assert_int_equal(fake_dag_tests.checks, 2);
}

static void a_dbt_that_cannot_run_is_trouble(void **state) {
    GitFixture *fixture = *state;
    fake_dbt.failure = ERROR_CHILD;
    Verdict verdict = check(fixture, "HEAD");
    assert_int_equal(verdict.failed, 0);
    assert_true(verdict.is_inconclusive);
    assert_non_null(verdict.trouble);
}

static void an_interruption_is_an_error(void **state) {
    GitFixture *fixture = *state;
    Verdict verdict = {.passed = 77};
    Project project = open_project(fixture, fixture->repository);
    fake_dag_tests.failure = ERROR_INTERRUPTED;
    assert_false(gate_check_revision(&fixture->ctx, &project, &(GateRevision){.name = "HEAD"}, &verdict, &fixture->err));
    assert_int_equal(fixture->err.code, ERROR_INTERRUPTED);
    assert_int_equal(verdict.passed, 77);
}

static void a_used_up_budget_is_trouble(void **state) {
    GitFixture *fixture = *state;
    commit(fixture, "printf 'gate:\\n  budget: 2s\\n' > devbox.yaml");
    fake_dag_tests.takes_ms = 2100;
    Verdict verdict = check(fixture, "HEAD");
    assert_true(verdict.is_inconclusive);
    assert_int_equal(verdict.passed, 1);
    assert_int_equal(fake_dbt.tests, 0);
    assert_non_null(strstr(verdict.trouble, "budget of 2.0s"));
    assert_non_null(strstr(verdict.trouble, "dbt"));
}

static void a_timeout_within_the_budget_keeps_its_own_words(void **state) {
    GitFixture *fixture = *state;
    fake_dag_tests.failure = ERROR_TIMEOUT;
    Verdict verdict = check(fixture, "HEAD");
    assert_string_equal(verdict.trouble, "Airflow could not be asked");
}

static void a_broken_config_in_the_commit_is_red(void **state) {
    GitFixture *fixture = *state;
    commit(fixture, "printf 'airflo: 1\\n' > devbox.yaml");
    git_fixture_run(fixture, fixture->repository, "rm devbox.yaml");
    Verdict verdict = check(fixture, "HEAD");
    assert_int_equal(verdict.failed, 1);
    assert_string_equal(verdict.cases.items[0].name, "devbox.yaml");
    assert_non_null(strstr(verdict.cases.items[0].message, "airflo"));
    assert_int_equal(fake_dag_tests.checks, 0);
}

static void a_broken_config_in_the_working_tree_is_only_said(void **state) {
    GitFixture *fixture = *state;
    git_fixture_run(fixture, fixture->repository, "printf 'airflo: 1\\n' > devbox.yaml");
    Verdict verdict = check(fixture, "HEAD");
    assert_true(verdict_is_green(&verdict));
    assert_true(was_said("tested without it"));
}

static void a_broken_seed_is_red_and_ends_the_test(void **state) {
    GitFixture *fixture = *state;
    commit(fixture, "printf 'id,name\\n1\\n' > seeds/orders.csv");
    Verdict verdict = check(fixture, "HEAD");
    assert_int_equal(verdict.failed, 1);
    assert_string_equal(verdict.cases.items[0].name, "seeds");
    assert_int_equal(fake_dbt.tests, 0);
}

static void seeds_of_the_commit_before_are_gone(void **state) {
    GitFixture *fixture = *state;
    int64_t tables = -1;
    check(fixture, "HEAD");
    commit(fixture, "git mv seeds/orders.csv seeds/refunds.csv");
    check(fixture, "HEAD");
    cleanup_database Database *db = NULL;
    const char *path = git_fixture_path(fixture, "repo/.devbox/gate/state/sandbox.db");
    assert_true(database_open(fixture->arena, path, DATABASE_READ, 1000, &db, &fixture->err));
    const char *sql = "select count(*) from sqlite_master where name = 'orders'";
    assert_true(database_query_integer(db, sql, -1, &tables, &fixture->err));
    assert_int_equal(tables, 0);
    assert_true(database_query_integer(db, "select count(*) from refunds", -1, &tables, &fixture->err));
    assert_int_equal(tables, 1);
    assert_int_equal(file_info(git_fixture_path(fixture, "repo/.devbox/sandbox.db")).kind, FILE_MISSING);
}

static void the_commit_says_what_is_run(void **state) {
    GitFixture *fixture = *state;
    commit(fixture, "printf 'gate:\\n  run: [dags]\\n  run_dags: [daily, hourly]\\n' > devbox.yaml");
    check(fixture, "HEAD");
    assert_int_equal(fake_dbt.tests, 0);
    assert_int_equal(fake_dag_tests.runs, 2);
    assert_string_equal(fake_dag_tests.ran.items[1], "hourly");
    commit(fixture, "printf 'gate:\\n  run: [dbt]\\n' > devbox.yaml");
    check(fixture, "HEAD");
    assert_int_equal(fake_dbt.tests, 1);
    assert_int_equal(fake_dag_tests.checks, 1);
}

static void dags_that_do_not_import_are_not_run(void **state) {
    GitFixture *fixture = *state;
    commit(fixture, "printf 'gate:\\n  run_dags: [daily]\\n' > devbox.yaml; echo broken > dags/orders.py");
    check(fixture, "HEAD");
    assert_int_equal(fake_dag_tests.runs, 0);
}

static void a_commit_without_dags_or_dbt_has_nothing_to_test(void **state) {
    GitFixture *fixture = *state;
    git_fixture_run(
        fixture, fixture->repository,
        "git checkout -q --orphan pages; git rm -rfq .; echo page > index.html; git add index.html; git commit -q -m Page;"
        "git checkout -q main");
    Verdict verdict = check(fixture, "pages");
    assert_true(verdict_is_green(&verdict));
    assert_int_equal(verdict.cases.count, 0);
    assert_true(was_said("nothing to test"));
}

static void a_checkout_without_the_project_tests_a_commit_that_has_it(void **state) {
    GitFixture *fixture = *state;
    git_fixture_run(
        fixture, fixture->repository,
        "git checkout -q --orphan pages; git rm -rfq .; echo page > index.html; git add index.html; git commit -q -m Page");
    Verdict verdict = check(fixture, "main");
    assert_int_equal(verdict.passed, 2);
}

static void a_project_below_the_root_is_tested_there(void **state) {
    GitFixture *fixture = *state;
    commit(fixture, "mkdir platform; git mv dags dbt seeds platform/; mkdir -p dags; echo broken > dags/other.py");
    Verdict verdict = check_at(fixture, git_fixture_path(fixture, "repo/platform"), "HEAD");
    assert_true(verdict_is_green(&verdict));
    assert_string_equal(fake_dag_tests.last_root, git_fixture_path(fixture, "repo/platform/.devbox/gate/tree/platform"));
    verdict = check_at(fixture, git_fixture_path(fixture, "repo/platform"), "HEAD~1");
    assert_int_equal(verdict.cases.count, 0);
}

static void a_gate_that_another_devbox_holds_is_trouble(void **state) {
    GitFixture *fixture = *state;
    cleanup_fd int fd = -1;
    git_fixture_run(fixture, fixture->repository, "mkdir -p .devbox/gate");
    const char *path = git_fixture_path(fixture, "repo/.devbox/gate/lock");
    assert_true(lock_file_take(&fixture->ctx, path, "check", 0, &fd, &fixture->err));
    fixture->ctx.timeout_ms = 60;
    Verdict verdict = check(fixture, "HEAD");
    assert_true(verdict.is_inconclusive);
    assert_int_equal(fake_dag_tests.checks, 0);
}

static void what_names_no_commit_is_an_error(void **state) {
    GitFixture *fixture = *state;
    Verdict verdict;
    Project project = open_project(fixture, fixture->repository);
    assert_false(gate_check_revision(&fixture->ctx, &project, &(GateRevision){.name = "nonsense"}, &verdict, &fixture->err));
    assert_non_null(strstr(fixture->err.message, "nonsense"));
    assert_false(gate_check_revision(&fixture->ctx, &project, &(GateRevision){.name = "HEAD:README"}, &verdict, &fixture->err));
    assert_int_equal(fixture->err.code, ERROR_USAGE);
}

static Verdict push(GitFixture *fixture, const char *lines) {
    Verdict verdict = {0};
    PushRefList refs;
    Project project = open_project(fixture, fixture->repository);
    assert_true(pre_push_parse(fixture->arena, lines, strlen(lines), &refs, &fixture->err));
    setenv("GIT_DIR", git_fixture_path(fixture, "repo/.git"), 1);
    bool is_done = gate_check_push(&fixture->ctx, &project, &refs, &verdict, &fixture->err);
    unsetenv("GIT_DIR");
    if (!is_done) fail_msg("%s", fixture->err.message);
    return verdict;
}

#define ZERO "0000000000000000000000000000000000000000"

static void a_push_tests_each_tree_once(void **state) {
    GitFixture *fixture = *state;
    const char *first = git_fixture_run(fixture, fixture->repository, "git rev-parse HEAD");
    const char *second = commit(fixture, "echo broken > dags/orders.py");
    git_fixture_run(fixture, fixture->repository, "git tag -a v1 -m v1; git tag blob HEAD:README; git notes add -m note");
    const char *tag = git_fixture_run(fixture, fixture->repository, "git rev-parse v1");
    const char *blob = git_fixture_run(fixture, fixture->repository, "git rev-parse blob");
    const char *notes = git_fixture_run(fixture, fixture->repository, "git rev-parse refs/notes/commits");
    Verdict verdict =
        push(fixture, arena_format(fixture->arena,
                                   "HEAD~1 %s refs/heads/a " ZERO "\nmain %s refs/heads/main " ZERO "\nv1 %s refs/tags/v1 " ZERO
                                   "\nblob %s refs/tags/blob " ZERO "\n(delete) " ZERO " refs/heads/old %s\n"
                                   "refs/notes/commits %s refs/notes/commits " ZERO "\n",
                                   first, second, tag, blob, first, notes));
    assert_int_equal(fake_dag_tests.checks, 2);
    assert_int_equal(verdict.failed, 1);
    assert_int_equal(verdict.passed, 3);
    assert_true(was_said("refs/tags/blob"));
    assert_false(was_said("case dbt"));
    assert_true(was_said("dags: 1 of 1 passed"));
}

static void an_unknown_commit_in_a_push_is_trouble(void **state) {
    GitFixture *fixture = *state;
    Verdict verdict = push(fixture, "x 1234567890123456789012345678901234567890 refs/heads/x " ZERO "\n");
    assert_true(verdict.is_inconclusive);
    assert_non_null(verdict.trouble);
}

#define FULL_DISK "no space left on the disk that holds .devbox"

static void a_test_that_found_no_space_is_trouble(void **state) {
    static const char *const messages[] = {"OSError: [Errno 28] No space left on device: '/x'",
                                           "sqlite3.OperationalError: database or disk is full", "write failed: ENOSPC"};
    GitFixture *fixture = *state;
    commit(fixture, "echo broken > dags/refunds.py");
    for (size_t i = 0; i < sizeof messages / sizeof *messages; i++) {
        fake_dag_tests.message = messages[i];
        said = (StringList){0};
        Verdict verdict = check(fixture, "HEAD");
        assert_int_equal(verdict.failed + verdict.errors, 0);
        assert_int_equal(verdict.skipped, 1);
        assert_int_equal(verdict.passed, 2);
        assert_true(verdict.is_inconclusive);
        assert_string_equal(verdict.trouble, FULL_DISK);
        assert_string_equal(verdict.cases.items[1].summary, "not run: " FULL_DISK);
    }
    fake_dag_tests.message = "ImportError: broken";
    fake_dag_tests.detail = "Traceback\nOSError: [Errno 28] No space left on device";
    assert_string_equal(check(fixture, "HEAD").trouble, FULL_DISK);
    fake_dag_tests.detail = NULL;
    // Not remembered as passed: with room again, the same commit is red.
    fake_dag_tests.message = NULL;
    assert_int_equal(check(fixture, "HEAD").failed, 1);
}

static void a_push_is_silent_about_a_test_that_found_no_space(void **state) {
    GitFixture *fixture = *state;
    const char *tip = commit(fixture, "echo broken > dags/refunds.py");
    fake_dag_tests.message = "OSError: [Errno 28] No space left on device";
    Verdict verdict = push(fixture, arena_format(fixture->arena, "main %s refs/heads/main " ZERO "\n", tip));
    assert_true(verdict.is_inconclusive);
    assert_false(was_said("case dags/refunds.py"));
    fake_dag_tests.message = NULL;
    push(fixture, arena_format(fixture->arena, "main %s refs/heads/main " ZERO "\n", tip));
    assert_true(was_said("case dags/refunds.py"));
}

static void a_part_that_ended_for_want_of_space_is_trouble_once(void **state) {
    GitFixture *fixture = *state;
    // A seed that cannot be loaded would be the commit's fault; so would be a wrong DAG folder.
    fake_dag_tests.failure = ERROR_DAG_FOLDER;
    fake_dag_tests.detail = "Traceback\nOSError: [Errno 28] No space left on device";
    commit(fixture, "printf 'gate:\n  run: [dags]\n' > devbox.yaml; cp devbox.yaml other.txt");
    Verdict verdict = check(fixture, "HEAD");
    assert_int_equal(verdict.cases.count, 0);
    assert_true(verdict.is_inconclusive);
    assert_string_equal(verdict.trouble, FULL_DISK);
    fake_dag_tests.detail = NULL;
    assert_int_equal(check(fixture, "HEAD").failed, 1);
    // Two commits of one push, one disk.
    fake_dag_tests.detail = "No space left on device";
    const char *second = git_fixture_run(fixture, fixture->repository, "git rev-parse HEAD");
    const char *first = git_fixture_run(fixture, fixture->repository, "git rev-parse HEAD~1");
    verdict =
        push(fixture, arena_format(fixture->arena, "a %s refs/heads/a " ZERO "\nb %s refs/heads/b " ZERO "\n", first, second));
    assert_string_equal(verdict.trouble, FULL_DISK);
}

static void an_interruption_on_a_full_disk_is_an_interruption(void **state) {
    GitFixture *fixture = *state;
    Verdict verdict;
    Project project = open_project(fixture, fixture->repository);
    fake_dag_tests.failure = ERROR_INTERRUPTED;
    fake_dag_tests.detail = "No space left on device";
    assert_false(gate_check_revision(&fixture->ctx, &project, &(GateRevision){.name = "HEAD"}, &verdict, &fixture->err));
    assert_int_equal(fixture->err.code, ERROR_INTERRUPTED);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        test_gate(a_good_commit_is_green),
        test_gate(what_is_not_committed_decides_nothing),
        test_gate(a_pass_is_remembered_by_its_files),
        test_gate(what_passed_before_is_tested_again_on_demand),
        test_gate(the_first_red_part_is_the_last_on_demand),
        test_gate(a_red_commit_is_not_remembered),
        test_gate(trouble_is_no_red_test_and_blocks),
        test_gate(trouble_may_pass_with_a_warning),
        test_gate(a_dbt_that_cannot_run_is_trouble),
        test_gate(an_interruption_is_an_error),
        test_gate(a_used_up_budget_is_trouble),
        test_gate(a_timeout_within_the_budget_keeps_its_own_words),
        test_gate(a_broken_config_in_the_commit_is_red),
        test_gate(a_broken_config_in_the_working_tree_is_only_said),
        test_gate(a_broken_seed_is_red_and_ends_the_test),
        test_gate(seeds_of_the_commit_before_are_gone),
        test_gate(the_commit_says_what_is_run),
        test_gate(dags_that_do_not_import_are_not_run),
        test_gate(a_commit_without_dags_or_dbt_has_nothing_to_test),
        test_gate(a_checkout_without_the_project_tests_a_commit_that_has_it),
        test_gate(a_project_below_the_root_is_tested_there),
        test_gate(a_gate_that_another_devbox_holds_is_trouble),
        test_gate(what_names_no_commit_is_an_error),
        test_gate(a_push_tests_each_tree_once),
        test_gate(an_unknown_commit_in_a_push_is_trouble),
        test_gate(a_test_that_found_no_space_is_trouble),
        test_gate(a_push_is_silent_about_a_test_that_found_no_space),
        test_gate(a_part_that_ended_for_want_of_space_is_trouble_once),
        test_gate(an_interruption_on_a_full_disk_is_an_interruption),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
