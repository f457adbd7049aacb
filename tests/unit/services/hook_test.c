#include "services/hook.h"

#include <sys/stat.h>

#include "support/git_fixture.h"

static int create(void **state) {
    if (git_fixture_create(state) != 0) return -1;
    GitFixture *fixture = *state;
    // A stand-in that shows what the shim gives it; DEVBOX_TEST_EXIT is how it ends.
    git_fixture_run(
        fixture, fixture->folder,
        "mkdir 'it'\\''s here'; cd 'it'\\''s here'; printf '#!/bin/sh\\necho \"args: $*\" >&2\\nsed \"s/^/stdin: /\" >&2\\n"
        "exit ${DEVBOX_TEST_EXIT:-0}\\n' > devbox; chmod +x devbox; cd ..; git init -q --bare remote.git;"
        "git -C repo remote add origin ../remote.git");
    fixture->ctx.executable = git_fixture_path(fixture, "it's here/devbox");
    return 0;
}

#define test_hook(function) cmocka_unit_test_setup_teardown(function, create, git_fixture_destroy)

static HookStatus install_at(GitFixture *fixture, const char *folder) {
    HookStatus status;
    if (!hook_install(&fixture->ctx, folder, &status, &fixture->err)) fail_msg("%s", fixture->err.message);
    return status;
}

static HookStatus install(GitFixture *fixture) { return install_at(fixture, fixture->repository); }

static HookStatus look(GitFixture *fixture) {
    HookStatus status;
    if (!hook_status(&fixture->ctx, fixture->repository, &status, &fixture->err)) fail_msg("%s", fixture->err.message);
    return status;
}

static void assert_refused(GitFixture *fixture) {
    HookStatus status = {.path = "unchanged"};
    assert_false(hook_install(&fixture->ctx, fixture->repository, &status, &fixture->err));
    assert_int_equal(fixture->err.code, ERROR_DATA_AT_RISK);
    assert_string_equal(status.path, "unchanged");
}

// What a push says, and its exit code on the last line.
static const char *push(GitFixture *fixture, const char *how) {
    return git_fixture_run(fixture, fixture->repository,
                           arena_format(fixture->arena, "%s 2>&1 && echo 'exit 0' || echo \"exit $?\"", how));
}

static void an_installed_hook_gets_what_git_says(void **state) {
    GitFixture *fixture = *state;
    assert_int_equal(look(fixture).state, HOOK_ABSENT);
    HookStatus status = install(fixture);
    assert_int_equal(status.state, HOOK_OURS);
    assert_string_equal(status.path, git_fixture_path(fixture, "repo/.git/hooks/pre-push"));
    assert_string_equal(status.devbox, fixture->ctx.executable);
    const char *output = push(fixture, "cd dags; git push -q origin main");
    assert_non_null(strstr(output, "args: hook run pre-push -- origin ../remote.git"));
    assert_non_null(strstr(output, "stdin: refs/heads/main "));
    assert_non_null(strstr(output, "exit 0"));
    assert_string_equal(git_fixture_run(fixture, fixture->folder, "git -C remote.git rev-parse main"),
                        git_fixture_run(fixture, fixture->repository, "git rev-parse main"));
}

static void a_red_hook_stops_the_push(void **state) {
    GitFixture *fixture = *state;
    install(fixture);
    assert_non_null(strstr(push(fixture, "DEVBOX_TEST_EXIT=1 git push -q origin main"), "exit 1"));
    assert_string_equal(git_fixture_run(fixture, fixture->folder, "git -C remote.git for-each-ref"), "");
}

static void installing_twice_changes_nothing(void **state) {
    GitFixture *fixture = *state;
    install(fixture);
    const char *before = git_fixture_read(fixture, "repo/.git/hooks/pre-push");
    assert_int_equal(install(fixture).state, HOOK_OURS);
    assert_string_equal(git_fixture_read(fixture, "repo/.git/hooks/pre-push"), before);
}

static void a_missing_devbox_stops_the_push_and_says_why(void **state) {
    GitFixture *fixture = *state;
    install(fixture);
    git_fixture_run(fixture, fixture->folder, "rm 'it'\\''s here/devbox'");
    HookStatus status = look(fixture);
    assert_int_equal(status.state, HOOK_BROKEN);
    assert_non_null(strstr(status.reason, "is gone"));
    const char *output = push(fixture, "git push -q origin main");
    assert_non_null(strstr(output, "it's here/devbox is gone"));
    assert_non_null(strstr(output, "DEVBOX_SKIP=1 git push"));
    assert_non_null(strstr(output, "exit 1"));
    assert_non_null(strstr(push(fixture, "DEVBOX_SKIP=1 git push -q origin main"), "exit 0"));
}

static void a_hook_that_is_not_executable_is_broken_and_mended(void **state) {
    GitFixture *fixture = *state;
    install(fixture);
    git_fixture_run(fixture, fixture->repository, "chmod -x .git/hooks/pre-push");
    HookStatus status = look(fixture);
    assert_int_equal(status.state, HOOK_BROKEN);
    assert_non_null(strstr(status.reason, "not executable"));
    assert_int_equal(install(fixture).state, HOOK_OURS);
    assert_int_equal(look(fixture).state, HOOK_OURS);
}

static void a_hook_of_another_devbox_is_taken_over(void **state) {
    GitFixture *fixture = *state;
    install(fixture);
    git_fixture_run(fixture, fixture->folder, "cp 'it'\\''s here/devbox' other");
    fixture->ctx.executable = git_fixture_path(fixture, "other");
    assert_string_equal(look(fixture).devbox, git_fixture_path(fixture, "it's here/devbox"));
    assert_string_equal(install(fixture).devbox, git_fixture_path(fixture, "other"));
}

static void a_foreign_hook_is_left_alone_and_the_line_works_in_it(void **state) {
    GitFixture *fixture = *state;
    git_fixture_run(fixture, fixture->repository,
                    "printf '#!/bin/sh\\ncat > ../theirs\\n' > .git/hooks/pre-push; chmod +x .git/hooks/pre-push");
    const char *before = git_fixture_read(fixture, "repo/.git/hooks/pre-push");
    assert_refused(fixture);
    assert_string_equal(git_fixture_read(fixture, "repo/.git/hooks/pre-push"), before);
    HookStatus status = look(fixture);
    assert_int_equal(status.state, HOOK_FOREIGN);
    assert_string_equal(status.add_to, status.path);
    assert_non_null(strstr(fixture->err.hint, status.add_line));
    const char *with_line = arena_format(fixture->arena, "#!/bin/sh\n%s\ncat > ../theirs\n", status.add_line);
    assert_true(file_write_string(fixture->arena, status.path, with_line, 0755, &fixture->err));
    const char *output = push(fixture, "git push -q origin main");
    assert_non_null(strstr(output, "stdin: refs/heads/main "));
    assert_true(text_starts_with(git_fixture_read(fixture, "theirs"), "refs/heads/main "));
    assert_int_equal(look(fixture).state, HOOK_OURS);
    assert_int_equal(install(fixture).state, HOOK_OURS);
    assert_string_equal(git_fixture_read(fixture, "repo/.git/hooks/pre-push"), with_line);
    git_fixture_run(fixture, fixture->repository, "rm ../theirs; git commit -q --allow-empty -m More");
    assert_non_null(strstr(push(fixture, "DEVBOX_TEST_EXIT=1 git push -q origin main"), "exit 1"));
    assert_null(git_fixture_read(fixture, "theirs"));
}

static void an_edited_hook_is_no_longer_ours(void **state) {
    GitFixture *fixture = *state;
    HookStatus status;
    install(fixture);
    git_fixture_run(fixture, fixture->repository, "echo 'echo mine' >> .git/hooks/pre-push");
    assert_false(hook_uninstall(&fixture->ctx, fixture->repository, &status, &fixture->err));
    assert_int_equal(fixture->err.code, ERROR_DATA_AT_RISK);
    assert_non_null(strstr(fixture->err.message, "edited"));
    assert_non_null(git_fixture_read(fixture, "repo/.git/hooks/pre-push"));
}

static void a_link_in_place_of_the_hook_is_foreign(void **state) {
    GitFixture *fixture = *state;
    git_fixture_run(fixture, fixture->repository, "ln -s ../../README .git/hooks/pre-push");
    assert_int_equal(look(fixture).state, HOOK_FOREIGN);
    assert_refused(fixture);
    assert_string_equal(git_fixture_read(fixture, "repo/README"), "hello\n");
}

static void a_hooks_path_elsewhere_gets_only_a_line(void **state) {
    GitFixture *fixture = *state;
    git_fixture_run(fixture, fixture->repository, "mkdir .githooks; git config core.hooksPath .githooks");
    assert_refused(fixture);
    assert_non_null(strstr(fixture->err.hint, ".githooks/pre-push"));
    HookStatus status = look(fixture);
    assert_null(strstr(status.add_line, "mktemp"));
    assert_null(git_fixture_read(fixture, "repo/.githooks/pre-push"));
    const char *script = arena_format(fixture->arena, "#!/bin/sh\n%s\n", status.add_line);
    assert_true(file_write_string(fixture->arena, status.add_to, script, 0755, &fixture->err));
    assert_non_null(strstr(push(fixture, "git push -q origin main"), "stdin: refs/heads/main "));
}

static void husky_is_told_its_own_file(void **state) {
    GitFixture *fixture = *state;
    git_fixture_run(fixture, fixture->repository,
                    "mkdir -p .husky/_; echo '#!/bin/sh' > .husky/_/pre-push; echo 'npm test' > .husky/pre-push; git config "
                    "core.hooksPath .husky/_");
    HookStatus status = look(fixture);
    assert_int_equal(status.state, HOOK_FOREIGN);
    assert_string_equal(status.add_to, git_fixture_path(fixture, "repo/.husky/pre-push"));
}

static void a_linked_worktree_shares_the_hook(void **state) {
    GitFixture *fixture = *state;
    git_fixture_run(fixture, fixture->repository, "git worktree add -q -b side ../side; rm -rf .git/hooks");
    HookStatus status = install_at(fixture, git_fixture_path(fixture, "side"));
    assert_string_equal(status.path, git_fixture_path(fixture, "repo/.git/hooks/pre-push"));
    assert_int_equal(look(fixture).state, HOOK_OURS);
    assert_non_null(strstr(push(fixture, "cd ../side; git push -q origin side"), "stdin: refs/heads/side "));
}

static void a_project_below_the_root_is_named_in_the_hook(void **state) {
    GitFixture *fixture = *state;
    git_fixture_run(fixture, fixture->repository, "mkdir -p \"it's/dags\"; rm -rf dags");
    install_at(fixture, git_fixture_path(fixture, "repo/it's"));
    const char *output = push(fixture, "git push -q origin main");
    assert_non_null(strstr(output, "args: hook run pre-push --project it's -- origin"));
    git_fixture_run(fixture, fixture->repository, "mkdir -p other/dags");
    HookStatus status;
    assert_true(hook_status(&fixture->ctx, git_fixture_path(fixture, "repo/other"), &status, &fixture->err));
    assert_int_equal(status.state, HOOK_BROKEN);
    assert_non_null(strstr(status.reason, "it's"));
    assert_true(hook_uninstall(&fixture->ctx, fixture->repository, &status, &fixture->err));
    assert_int_equal(look(fixture).state, HOOK_ABSENT);
}

static void git_lfs_gets_the_same_refs(void **state) {
    GitFixture *fixture = *state;
    install(fixture);
    git_fixture_run(
        fixture, fixture->repository,
        "echo '*.parquet filter=lfs' > .gitattributes; mkdir ../bin;"
        "printf '#!/bin/sh\\necho \"lfs: $*\" >&2; sed \"s/^/lfs stdin: /\" >&2\\n' > ../bin/git-lfs; chmod +x ../bin/git-lfs");
    HookStatus status = look(fixture);
    assert_int_equal(status.state, HOOK_BROKEN);
    assert_non_null(strstr(status.reason, "Git LFS"));
    install(fixture);
    const char *output = push(fixture, "PATH=$PWD/../bin:$PATH DEVBOX_TEST_EXIT=1 git push -q origin main");
    assert_non_null(strstr(output, "exit 1"));
    assert_null(strstr(output, "lfs: "));
    output = push(fixture, "PATH=$PWD/../bin:$PATH TMPDIR=$PWD/../bin git push -q origin main");
    assert_non_null(strstr(output, "stdin: refs/heads/main "));
    assert_non_null(strstr(output, "lfs: pre-push origin ../remote.git"));
    assert_non_null(strstr(output, "lfs stdin: refs/heads/main "));
    assert_string_equal(git_fixture_run(fixture, fixture->folder, "ls bin"), "git-lfs");
    assert_int_equal(look(fixture).state, HOOK_OURS);
}

static void without_git_lfs_an_lfs_push_is_stopped(void **state) {
    GitFixture *fixture = *state;
    git_fixture_run(fixture, fixture->repository, "echo '*.parquet filter=lfs' > .gitattributes");
    install(fixture);
    if (process_find_program(fixture->arena, "git-lfs", NULL) != NULL) skip();
    assert_non_null(strstr(push(fixture, "git push -q origin main"), "git-lfs is not on your PATH"));
}

static void uninstalling_removes_only_ours(void **state) {
    GitFixture *fixture = *state;
    HookStatus status;
    assert_true(hook_uninstall(&fixture->ctx, fixture->repository, &status, &fixture->err));
    assert_int_equal(status.state, HOOK_ABSENT);
    install(fixture);
    fixture->ctx.is_dry_run = true;
    assert_true(hook_uninstall(&fixture->ctx, fixture->repository, &status, &fixture->err));
    assert_non_null(git_fixture_read(fixture, "repo/.git/hooks/pre-push"));
    fixture->ctx.is_dry_run = false;
    assert_true(hook_uninstall(&fixture->ctx, fixture->repository, &status, &fixture->err));
    assert_int_equal(status.state, HOOK_OURS);
    assert_null(git_fixture_read(fixture, "repo/.git/hooks/pre-push"));
    git_fixture_run(fixture, fixture->repository, "echo theirs > .git/hooks/pre-push");
    assert_false(hook_uninstall(&fixture->ctx, fixture->repository, &status, &fixture->err));
    assert_string_equal(git_fixture_read(fixture, "repo/.git/hooks/pre-push"), "theirs\n");
}

static void a_dry_run_writes_nothing(void **state) {
    GitFixture *fixture = *state;
    fixture->ctx.is_dry_run = true;
    assert_int_equal(install(fixture).state, HOOK_ABSENT);
    assert_null(git_fixture_read(fixture, "repo/.git/hooks/pre-push"));
    fixture->ctx.is_dry_run = false;
}

static void there_is_no_hook_where_nothing_can_be_tested(void **state) {
    GitFixture *fixture = *state;
    HookStatus status;
    assert_false(hook_install(&fixture->ctx, git_fixture_path(fixture, "remote.git"), &status, &fixture->err));
    assert_int_equal(fixture->err.code, ERROR_CHECKOUT);
    git_fixture_run(fixture, fixture->folder, "git init -q empty");
    assert_false(hook_install(&fixture->ctx, git_fixture_path(fixture, "empty"), &status, &fixture->err));
    assert_int_equal(fixture->err.code, ERROR_CHECKOUT);
    assert_non_null(fixture->err.hint);
    assert_true(hook_status(&fixture->ctx, git_fixture_path(fixture, "empty"), &status, &fixture->err));
    assert_int_equal(status.state, HOOK_ABSENT);
}

static void the_project_is_found_from_where_git_runs_hooks(void **state) {
    GitFixture *fixture = *state;
    const char *found;
    assert_true(hook_find_project_folder(&fixture->ctx, fixture->repository, "dags", &found, &fixture->err));
    assert_string_equal(found, git_fixture_path(fixture, "repo/dags"));
    assert_true(hook_find_project_folder(&fixture->ctx, git_fixture_path(fixture, "repo/.git"), NULL, &found, &fixture->err));
    assert_string_equal(found, fixture->repository);
    assert_false(hook_find_project_folder(&fixture->ctx, git_fixture_path(fixture, "remote.git"), NULL, &found, &fixture->err));
    assert_int_equal(fixture->err.code, ERROR_CHECKOUT);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        test_hook(an_installed_hook_gets_what_git_says),
        test_hook(a_red_hook_stops_the_push),
        test_hook(installing_twice_changes_nothing),
        test_hook(a_missing_devbox_stops_the_push_and_says_why),
        test_hook(a_hook_that_is_not_executable_is_broken_and_mended),
        test_hook(a_hook_of_another_devbox_is_taken_over),
        test_hook(a_foreign_hook_is_left_alone_and_the_line_works_in_it),
        test_hook(an_edited_hook_is_no_longer_ours),
        test_hook(a_link_in_place_of_the_hook_is_foreign),
        test_hook(a_hooks_path_elsewhere_gets_only_a_line),
        test_hook(husky_is_told_its_own_file),
        test_hook(a_linked_worktree_shares_the_hook),
        test_hook(a_project_below_the_root_is_named_in_the_hook),
        test_hook(git_lfs_gets_the_same_refs),
        test_hook(without_git_lfs_an_lfs_push_is_stopped),
        test_hook(uninstalling_removes_only_ours),
        test_hook(a_dry_run_writes_nothing),
        test_hook(there_is_no_hook_where_nothing_can_be_tested),
        test_hook(the_project_is_found_from_where_git_runs_hooks),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
