#include "io/git_changes.h"

#include "support/git_opened.h"

static const char *run(GitFixture *fixture, const char *script) { return git_fixture_run(fixture, fixture->repository, script); }

static GitBase must_find(GitFixture *fixture, GitRepository *repository, const char *revision) {
    GitBase base = {0};
    if (!git_base_find(repository, revision, &base, &fixture->err)) fail_msg("%s", fixture->err.message);
    return base;
}

static const char *changes_since(GitFixture *fixture, GitRepository *repository, const GitBase *base) {
    StringList paths;
    if (!git_changed_files(repository, &base->commit, &paths, &fixture->err)) fail_msg("%s", fixture->err.message);
    return text_join(fixture->arena, &paths, "|");
}

static void the_base_is_where_the_branch_left_the_default_branch(void **state) {
    GitFixture *fixture = *state;
    const char *fork = run(fixture, "git rev-parse HEAD");
    run(fixture,
        "git checkout -q -b topic; echo a > a; git add a; git commit -qm a; git checkout -q main; echo b > b; git add b;"
        "git commit -qm b; git checkout -q topic");
    cleanup_git_repository GitRepository *repository = git_opened_at(fixture, fixture->repository);
    GitBase base = must_find(fixture, repository, NULL);
    assert_string_equal(base.name, "main");
    assert_string_equal(base.commit.hex, fork);
    assert_string_equal(changes_since(fixture, repository, &base), "a");
    // A named revision: where we left it, not its own state.
    base = must_find(fixture, repository, "main");
    assert_string_equal(base.commit.hex, fork);
    base = must_find(fixture, repository, "HEAD");
    assert_string_equal(changes_since(fixture, repository, &base), "");
}

static void a_remote_s_default_branch_comes_before_local_ones(void **state) {
    GitFixture *fixture = *state;
    run(fixture,
        "git branch -q -m main trunk; cd ..; git clone -q repo clone; cd clone; git checkout -q -b topic; git branch -q main");
    cleanup_git_repository GitRepository *repository = git_opened_at(fixture, git_fixture_path(fixture, "clone"));
    assert_string_equal(must_find(fixture, repository, "").name, "origin/trunk");
    // Without a remembered default branch: the one that this branch follows.
    run(fixture, "cd ../clone; git symbolic-ref -d refs/remotes/origin/HEAD; git branch -q -u origin/trunk");
    assert_string_equal(must_find(fixture, repository, "").name, "origin/trunk");
    run(fixture, "cd ../clone; git branch -q --unset-upstream");
    assert_string_equal(must_find(fixture, repository, "").name, "main");
}

static void without_any_other_branch_only_uncommitted_work_counts(void **state) {
    GitFixture *fixture = *state;
    run(fixture, "git branch -q -m main solo; echo more >> README");
    cleanup_git_repository GitRepository *repository = git_opened_at(fixture, fixture->repository);
    GitBase base = must_find(fixture, repository, NULL);
    assert_string_equal(base.name, "HEAD");
    assert_string_equal(changes_since(fixture, repository, &base), "README");
}

static void every_kind_of_change_is_listed_once(void **state) {
    GitFixture *fixture = *state;
    run(fixture,
        "echo 1 > staged; git add staged; echo 2 >> staged; echo 3 > 'new file'; printf 4 > 'tab\tname';"
        "git mv dags/orders.py dags/sales.py; rm README; echo ignored > .gitignore; echo 5 > ignored; echo 6 > dags/ümlaut;"
        "touch -d yesterday bin/run; git config diff.external false; git config diff.relative true");
    cleanup_git_repository GitRepository *repository = git_opened_at(fixture, git_fixture_path(fixture, "repo/dags"));
    GitBase base = must_find(fixture, repository, NULL);
    const char *index = run(fixture, "sha1sum .git/index");
    assert_string_equal(changes_since(fixture, repository, &base),
                        ".gitignore|README|dags/orders.py|dags/sales.py|dags/ümlaut|new file|staged|tab\tname");
    assert_string_equal(run(fixture, "sha1sum .git/index"), index);
}

// Its size and, in whole seconds, its time are those of the commit.
static void a_change_in_the_moment_of_the_commit_is_seen(void **state) {
    GitFixture *fixture = *state;
    run(fixture, "echo 1 > quick; git add quick; git commit -qm quick; echo 2 > quick");
    cleanup_git_repository GitRepository *repository = git_opened_at(fixture, fixture->repository);
    GitBase base = must_find(fixture, repository, NULL);
    sleep(1);
    assert_string_equal(changes_since(fixture, repository, &base), "quick");
}

static void the_text_of_a_file_before_the_change_is_read(void **state) {
    GitFixture *fixture = *state;
    const char *text;
    run(fixture, "rm -r dags/orders.py; echo other > README");
    cleanup_git_repository GitRepository *repository = git_opened_at(fixture, fixture->repository);
    GitBase base = must_find(fixture, repository, NULL);
    assert_true(git_file_before(repository, &base.commit, "dags/orders.py", &text, &fixture->err));
    assert_string_equal(text, "x = 1\n");
    static const char *const missing[] = {"no/such file", "dags", "../README"};
    for (size_t i = 0; i < sizeof missing / sizeof *missing; i++) {
        assert_true(git_file_before(repository, &base.commit, missing[i], &text, &fixture->err));
        assert_null(text);
    }
}

static void what_was_there_is_known_of_files_and_folders(void **state) {
    static const struct {
        const char *path;
        bool was_there;
    } rows[] = {{"dags", true}, {"dags/orders.py", true}, {"dags/new", false}, {"no/such", false}};
    GitFixture *fixture = *state;
    run(fixture, "rm -r dags; mkdir -p dags/new; echo 1 > dags/new/a.py");
    cleanup_git_repository GitRepository *repository = git_opened_at(fixture, fixture->repository);
    GitBase base = must_find(fixture, repository, NULL);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        bool was_there = !rows[i].was_there;
        assert_true(git_was_there(repository, &base.commit, rows[i].path, &was_there, &fixture->err));
        if (was_there != rows[i].was_there) fail_msg("%s", rows[i].path);
    }
}

static void a_base_that_is_none_is_an_error_with_its_name(void **state) {
    GitFixture *fixture = *state;
    GitBase base;
    run(fixture, "git checkout -q --orphan island; git commit -qm island; git tag blob $(git rev-parse HEAD:README)");
    cleanup_git_repository GitRepository *repository = git_opened_at(fixture, fixture->repository);
    assert_false(git_base_find(repository, "no-such", &base, &fixture->err));
    assert_non_null(strstr(fixture->err.message, "no-such"));
    error_clear(&fixture->err);
    assert_false(git_base_find(repository, "blob", &base, &fixture->err));
    assert_non_null(strstr(fixture->err.message, "blob is no commit"));
    error_clear(&fixture->err);
    assert_false(git_base_find(repository, "main", &base, &fixture->err));
    assert_non_null(strstr(fixture->err.message, "shares no history with main"));
    assert_non_null(strstr(fixture->err.hint, "--unshallow"));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        test_with_git(the_base_is_where_the_branch_left_the_default_branch),
        test_with_git(a_remote_s_default_branch_comes_before_local_ones),
        test_with_git(without_any_other_branch_only_uncommitted_work_counts),
        test_with_git(every_kind_of_change_is_listed_once),
        test_with_git(a_change_in_the_moment_of_the_commit_is_seen),
        test_with_git(the_text_of_a_file_before_the_change_is_read),
        test_with_git(what_was_there_is_known_of_files_and_folders),
        test_with_git(a_base_that_is_none_is_an_error_with_its_name),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
