#include "io/git_repository.h"

#include "support/git_opened.h"

static void the_commit_of_a_revision_is_found(void **state) {
    GitFixture *fixture = *state;
    cleanup_git_repository GitRepository *repository = git_opened_at(fixture, fixture->repository);
    GitCommit commit = git_opened_find(fixture, repository, "HEAD");
    assert_string_equal(commit.id.hex, git_fixture_run(fixture, fixture->repository, "git rev-parse HEAD"));
    assert_string_equal(commit.tree.hex, git_fixture_run(fixture, fixture->repository, "git rev-parse HEAD^{tree}"));
    assert_string_equal(commit.summary, "Add orders");
    assert_string_equal(commit.author, "Ada");
    assert_int_equal(commit.time_ms / 1000, atoll(git_fixture_run(fixture, fixture->repository, "git log -1 --format=%ct")));
    assert_string_equal(git_repository_root(repository), fixture->repository);
}

static void a_repository_is_found_from_a_folder_inside(void **state) {
    GitFixture *fixture = *state;
    cleanup_git_repository GitRepository *repository = git_opened_at(fixture, git_fixture_path(fixture, "repo/dags"));
    assert_string_equal(git_repository_root(repository), fixture->repository);
}

static void a_repository_is_found_from_its_git_folder(void **state) {
    GitFixture *fixture = *state;
    cleanup_git_repository GitRepository *repository = git_opened_at(fixture, git_fixture_path(fixture, "repo/.git"));
    assert_string_equal(git_repository_root(repository), fixture->repository);
}

static void an_unknown_revision_is_an_error_with_its_name(void **state) {
    GitFixture *fixture = *state;
    GitCommit commit;
    bool is_commit;
    cleanup_git_repository GitRepository *repository = git_opened_at(fixture, fixture->repository);
    assert_false(git_commit_find(repository, fixture->arena, "no-such-branch", &commit, &is_commit, &fixture->err));
    assert_non_null(strstr(fixture->err.message, "no-such-branch"));
    assert_non_null(fixture->err.hint);
    const char *missing = "1234567890123456789012345678901234567890";
    assert_false(git_commit_find(repository, fixture->arena, missing, &commit, &is_commit, &fixture->err));
    assert_non_null(strstr(fixture->err.message, missing));
    assert_false(git_commit_find(repository, fixture->arena, "--all", &commit, &is_commit, &fixture->err));
}

static void a_folder_outside_any_repository_is_an_error(void **state) {
    GitFixture *fixture = *state;
    GitRepository *repository = NULL;
    setenv("GIT_CEILING_DIRECTORIES", "/tmp", 1);
    assert_false(git_repository_open_at(&fixture->ctx, fixture->folder, false, &repository, &fixture->err));
    unsetenv("GIT_CEILING_DIRECTORIES");
    assert_int_equal(fixture->err.code, ERROR_CHECKOUT);
    assert_non_null(strstr(fixture->err.message, fixture->folder));
    assert_null(repository);
    git_repository_close(NULL);
}

static void tags_are_peeled_and_tags_of_blobs_are_no_commits(void **state) {
    GitFixture *fixture = *state;
    GitCommit commit;
    bool is_commit = true;
    git_fixture_run(fixture, fixture->repository,
                    "git tag -a v1 -m one; git tag data HEAD:README; git tag -a tree -m t HEAD^{tree}");
    cleanup_git_repository GitRepository *repository = git_opened_at(fixture, fixture->repository);
    assert_string_equal(git_opened_find(fixture, repository, "v1").id.hex, git_opened_find(fixture, repository, "HEAD").id.hex);
    assert_true(git_commit_find(repository, fixture->arena, "data", &commit, &is_commit, &fixture->err));
    assert_false(is_commit);
    is_commit = true;
    assert_true(git_commit_find(repository, fixture->arena, "tree", &commit, &is_commit, &fixture->err));
    assert_false(is_commit);
    const char *tag_id = git_fixture_run(fixture, fixture->repository, "git rev-parse v1");
    assert_string_equal(git_opened_find(fixture, repository, tag_id).summary, "Add orders");
}

static void a_detached_head_and_an_older_commit_are_found(void **state) {
    GitFixture *fixture = *state;
    git_fixture_run(fixture, fixture->repository, "git checkout -q --detach; echo 2 > two; git add two; git commit -q -m Second");
    cleanup_git_repository GitRepository *repository = git_opened_at(fixture, fixture->repository);
    assert_string_equal(git_opened_find(fixture, repository, "HEAD").summary, "Second");
    assert_string_equal(git_opened_find(fixture, repository, "HEAD~1").summary, "Add orders");
    assert_string_equal(git_opened_find(fixture, repository, ":/Add").summary, "Add orders");
}

static void objects_exist_or_not(void **state) {
    GitFixture *fixture = *state;
    cleanup_git_repository GitRepository *repository = git_opened_at(fixture, fixture->repository);
    assert_true(git_object_exists(repository, git_opened_find(fixture, repository, "HEAD").tree.hex));
    assert_false(git_object_exists(repository, "1234567890123456789012345678901234567890"));
    assert_false(git_object_exists(repository, "nonsense"));
}

static void changes_between_trees_are_listed(void **state) {
    GitFixture *fixture = *state;
    StringList paths;
    git_fixture_run(
        fixture, fixture->repository,
        "git rm -q README; echo y >> dags/orders.py; mkdir a; echo n > 'a/new file'; git add .; git commit -q -m Change");
    cleanup_git_repository GitRepository *repository = git_opened_at(fixture, fixture->repository);
    GitCommit old = git_opened_find(fixture, repository, "HEAD~1"), new = git_opened_find(fixture, repository, "HEAD");
    assert_true(git_tree_changes(repository, fixture->arena, &old.tree, &new.tree, &paths, &fixture->err));
    assert_string_equal(text_join(fixture->arena, &paths, "|"), "README|a/new file|dags/orders.py");
    assert_true(git_tree_changes(repository, fixture->arena, NULL, &old.tree, &paths, &fixture->err));
    assert_string_equal(text_join(fixture->arena, &paths, "|"), "README|bin/run|dags/orders.py|dags/readme");
    assert_true(git_tree_changes(repository, fixture->arena, &new.tree, &new.tree, &paths, &fixture->err));
    assert_int_equal(paths.count, 0);
}

static void a_linked_worktree_has_its_own_root_and_the_common_hooks(void **state) {
    GitFixture *fixture = *state;
    GitHooksFolder hooks;
    git_fixture_run(fixture, fixture->repository,
                    "git worktree add -q -b side ../side; cd ../side; echo s > side; git add .; git commit -q -m Side");
    cleanup_git_repository GitRepository *repository = git_opened_at(fixture, git_fixture_path(fixture, "side/dags"));
    assert_string_equal(git_repository_root(repository), git_fixture_path(fixture, "side"));
    assert_string_equal(git_opened_find(fixture, repository, "HEAD").summary, "Side");
    assert_true(git_hooks_folder(repository, &hooks, &fixture->err));
    assert_string_equal(hooks.path, git_fixture_path(fixture, "repo/.git/hooks"));
    assert_true(hooks.is_own);
    git_opened_write_out(fixture, repository, "HEAD");
    assert_string_equal(git_fixture_read(fixture, "out/side"), "s\n");
}

static void a_hook_in_a_linked_worktree_goes_by_the_environment_of_git(void **state) {
    GitFixture *fixture = *state;
    GitRepository *repository = NULL;
    git_fixture_run(fixture, fixture->repository,
                    "git worktree add -q -b side ../side; cd ../side; echo s > side; git add .; git commit -q -m Side");
    setenv("GIT_DIR", git_fixture_path(fixture, "repo/.git/worktrees/side"), 1);
    assert_true(git_repository_open_at(&fixture->ctx, git_fixture_path(fixture, "side"), true, &repository, &fixture->err));
    assert_string_equal(git_repository_root(repository), git_fixture_path(fixture, "side"));
    assert_string_equal(git_opened_find(fixture, repository, "HEAD").summary, "Side");
    git_repository_close(repository);
    setenv("GIT_WORK_TREE", git_fixture_path(fixture, "side/dags"), 1);
    assert_true(git_repository_open_at(&fixture->ctx, git_fixture_path(fixture, "side"), true, &repository, &fixture->err));
    assert_string_equal(git_repository_root(repository), git_fixture_path(fixture, "side/dags"));
    git_repository_close(repository);
    unsetenv("GIT_WORK_TREE");
    repository = git_opened_at(fixture, fixture->repository);
    unsetenv("GIT_DIR");
    assert_string_equal(git_repository_root(repository), fixture->repository);
    git_repository_close(repository);
}

static void objects_in_another_folder_are_read_by_git(void **state) {
    GitFixture *fixture = *state;
    GitRepository *repository = NULL;
    git_fixture_run(fixture, fixture->repository, "mv .git/objects ../elsewhere; mkdir .git/objects");
    setenv("GIT_DIR", git_fixture_path(fixture, "repo/.git"), 1);
    setenv("GIT_OBJECT_DIRECTORY", git_fixture_path(fixture, "elsewhere"), 1);
    bool is_open = git_repository_open_at(&fixture->ctx, fixture->repository, true, &repository, &fixture->err);
    unsetenv("GIT_DIR");
    assert_true(is_open);
    assert_string_equal(git_opened_find(fixture, repository, "HEAD").summary, "Add orders");
    unsetenv("GIT_OBJECT_DIRECTORY");
    git_repository_close(repository);
}

static void a_bare_repository_has_no_root(void **state) {
    GitFixture *fixture = *state;
    bool uses_lfs = true;
    git_fixture_run(fixture, fixture->folder, "git clone -q --bare repo bare.git");
    cleanup_git_repository GitRepository *repository = git_opened_at(fixture, git_fixture_path(fixture, "bare.git"));
    assert_null(git_repository_root(repository));
    git_opened_write_out(fixture, repository, "main");
    git_opened_assert_same_as_clone(fixture, "main");
    assert_true(git_uses_lfs(repository, &uses_lfs, &fixture->err));
    assert_false(uses_lfs);
}

static void a_shallow_clone_is_read(void **state) {
    GitFixture *fixture = *state;
    git_fixture_run(
        fixture, fixture->folder,
        "cd repo; echo 2 > two; git add two; git commit -q -m Second; cd ..; git clone -q --depth 1 file://$PWD/repo shallow");
    cleanup_git_repository GitRepository *repository = git_opened_at(fixture, git_fixture_path(fixture, "shallow"));
    assert_string_equal(git_opened_find(fixture, repository, "HEAD").summary, "Second");
    git_opened_write_out(fixture, repository, "HEAD");
    git_opened_assert_same_as_clone(fixture, "main");
}

static void a_partial_sparse_clone_fetches_what_it_lacks(void **state) {
    GitFixture *fixture = *state;
    git_fixture_run(
        fixture, fixture->folder,
        "git -C repo config uploadpack.allowFilter true; git clone -q --filter=blob:none --sparse file://$PWD/repo partial;"
        "cd partial; git sparse-checkout set bin");
    cleanup_git_repository GitRepository *repository = git_opened_at(fixture, git_fixture_path(fixture, "partial"));
    git_opened_write_out(fixture, repository, "HEAD");
    git_opened_assert_same_as_clone(fixture, "main");
}

static void a_sha256_repository_is_read_by_git(void **state) {
    GitFixture *fixture = *state;
    StringList paths;
    git_fixture_run(fixture, fixture->folder,
                    "rm -rf repo; git init -q --object-format=sha256 repo; cd repo; mkdir dags; echo 'x = 1' > dags/orders.py; "
                    "ln -s dags link;"
                    "ln -s /etc/passwd bad; printf '#!/bin/sh\\n' > run; chmod +x run; printf 'tab\\there' > \"$(printf "
                    "'t\\tb')\"; git add .;"
                    "git commit -q -m 'In SHA-256'; git tag data HEAD:run; git rm -q bad; git commit -q -m Without");
    cleanup_git_repository GitRepository *repository = git_opened_at(fixture, git_fixture_path(fixture, "repo/dags"));
    assert_string_equal(git_repository_root(repository), fixture->repository);
    GitCommit commit = git_opened_find(fixture, repository, "HEAD~1");
    assert_int_equal(strlen(commit.id.hex), 64);
    assert_string_equal(commit.summary, "In SHA-256");
    assert_string_equal(commit.author, "Ada");
    assert_true(git_object_exists(repository, commit.tree.hex));
    bool is_commit = true;
    assert_true(git_commit_find(repository, fixture->arena, "data", &commit, &is_commit, &fixture->err));
    assert_false(is_commit);
    git_opened_write_out(fixture, repository, "HEAD~1");
    assert_int_equal(git_opened_warnings.count, 1);
    assert_string_equal(git_fixture_read(fixture, "out/t\tb"), "tab\there");
    git_opened_write_out(fixture, repository, "HEAD");
    git_opened_assert_same_as_clone(fixture, "main");
    commit = git_opened_find(fixture, repository, "HEAD");
    assert_true(git_tree_changes(repository, fixture->arena, NULL, &commit.tree, &paths, &fixture->err));
    assert_string_equal(text_join(fixture->arena, &paths, "|"), "dags/orders.py|link|run|t\tb");
    assert_false(git_commit_find(repository, fixture->arena, "nothing", &commit, &is_commit, &fixture->err));
}

static void a_repository_of_another_user_gives_the_hint_of_git(void **state) {
    GitFixture *fixture = *state;
    GitRepository *repository = NULL;
    if (getuid() != 0) skip();
    git_fixture_run(fixture, fixture->folder, "chown -R 12345 repo");
    assert_false(git_repository_open_at(&fixture->ctx, fixture->repository, false, &repository, &fixture->err));
    assert_non_null(strstr(fixture->err.message, "does not trust"));
    assert_non_null(strstr(fixture->err.hint, "safe.directory"));
    git_fixture_run(fixture, fixture->folder, "git config --global --add safe.directory '*'");
    git_repository_close(git_opened_at(fixture, fixture->repository));
    git_fixture_run(fixture, fixture->folder, "git config --global --unset-all safe.directory");
    assert_true(git_repository_open_at(&fixture->ctx, fixture->repository, true, &repository, &fixture->err));
    git_repository_close(repository);
}

static void hooks_are_where_core_hooks_path_says(void **state) {
    GitFixture *fixture = *state;
    GitHooksFolder hooks;
    cleanup_git_repository GitRepository *repository = git_opened_at(fixture, git_fixture_path(fixture, "repo/dags"));
    assert_true(git_hooks_folder(repository, &hooks, &fixture->err));
    assert_string_equal(hooks.path, git_fixture_path(fixture, "repo/.git/hooks"));
    assert_true(hooks.is_own);
    git_fixture_run(fixture, fixture->repository, "rm -rf .git/hooks");
    assert_true(git_hooks_folder(repository, &hooks, &fixture->err));
    assert_true(hooks.is_own);
    git_fixture_run(fixture, fixture->repository, "git config core.hooksPath .githooks");
    assert_true(git_hooks_folder(repository, &hooks, &fixture->err));
    assert_string_equal(hooks.path, git_fixture_path(fixture, "repo/.githooks"));
    assert_false(hooks.is_own);
    git_fixture_run(fixture, fixture->repository, "git config core.hooksPath '~/hooks'");
    assert_true(git_hooks_folder(repository, &hooks, &fixture->err));
    assert_string_equal(hooks.path, git_fixture_path(fixture, "hooks"));
}

static void lfs_is_seen_in_any_attributes_file(void **state) {
    GitFixture *fixture = *state;
    bool uses_lfs = true;
    cleanup_git_repository GitRepository *repository = git_opened_at(fixture, fixture->repository);
    assert_true(git_uses_lfs(repository, &uses_lfs, &fixture->err));
    assert_false(uses_lfs);
    git_fixture_run(fixture, fixture->repository, "echo '*.parquet filter=lfs diff=lfs' > dags/.gitattributes");
    assert_true(git_uses_lfs(repository, &uses_lfs, &fixture->err));
    assert_true(uses_lfs);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        test_with_git(the_commit_of_a_revision_is_found),
        test_with_git(a_repository_is_found_from_a_folder_inside),
        test_with_git(a_repository_is_found_from_its_git_folder),
        test_with_git(an_unknown_revision_is_an_error_with_its_name),
        test_with_git(a_folder_outside_any_repository_is_an_error),
        test_with_git(tags_are_peeled_and_tags_of_blobs_are_no_commits),
        test_with_git(a_detached_head_and_an_older_commit_are_found),
        test_with_git(objects_exist_or_not),
        test_with_git(changes_between_trees_are_listed),
        test_with_git(a_linked_worktree_has_its_own_root_and_the_common_hooks),
        test_with_git(a_hook_in_a_linked_worktree_goes_by_the_environment_of_git),
        test_with_git(objects_in_another_folder_are_read_by_git),
        test_with_git(a_bare_repository_has_no_root),
        test_with_git(a_shallow_clone_is_read),
        test_with_git(a_partial_sparse_clone_fetches_what_it_lacks),
        test_with_git(a_sha256_repository_is_read_by_git),
        test_with_git(a_repository_of_another_user_gives_the_hint_of_git),
        test_with_git(hooks_are_where_core_hooks_path_says),
        test_with_git(lfs_is_seen_in_any_attributes_file),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
