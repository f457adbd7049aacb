#include "io/git_repository.h"

#include <sys/stat.h>

#include "io/git_program.h"
#include "model/event.h"
#include "support/git_fixture.h"

static StringList warnings;
static Arena *warnings_arena;

static void keep_warning(EventSink *sink, const Event *event) {
    (void)sink;
    if (event->kind == EVENT_WARNING) list_push(warnings_arena, &warnings, arena_copy_string(warnings_arena, event->text));
}

static EventSink sink = {keep_warning};

static GitRepository *open_at(GitFixture *fixture, const char *folder) {
    GitRepository *repository = NULL;
    fixture->ctx.sink = &sink;
    warnings = (StringList){0};
    warnings_arena = fixture->arena;
    if (!git_repository_open_at(&fixture->ctx, folder, false, &repository, &fixture->err)) fail_msg("%s", fixture->err.message);
    return repository;
}

static GitCommit find(GitFixture *fixture, GitRepository *repository, const char *revision) {
    GitCommit commit = {0};
    bool is_commit = false;
    if (!git_commit_find(repository, fixture->arena, revision, &commit, &is_commit, &fixture->err)) {
        fail_msg("%s: %s", revision, fixture->err.message);
    }
    assert_true(is_commit);
    return commit;
}

static void write_out(GitFixture *fixture, GitRepository *repository, const char *revision) {
    GitCommit commit = find(fixture, repository, revision);
    const char *folder = git_fixture_path(fixture, "out");
    if (!git_tree_materialise(repository, &fixture->ctx, &commit.tree, folder, &fixture->err)) {
        fail_msg("%s %s", fixture->err.message, fixture->err.detail == NULL ? "" : fixture->err.detail);
    }
}

// What git itself would write into a fresh checkout.
static void assert_same_as_clone(GitFixture *fixture, const char *revision) {
    const char *script =
        arena_format(fixture->arena,
                     "rm -rf clone; git clone -q --no-local repo clone; cd clone; git checkout -q %s; rm -rf .git;"
                     "cd ..; diff -r --no-dereference clone out; "
                     "test \"$(cd clone; find . -type f -perm -100)\" = \"$(cd out; find . -type f -perm -100)\"",
                     revision);
    git_fixture_run(fixture, fixture->folder, script);
}

static void the_commit_of_a_revision_is_found(void **state) {
    GitFixture *fixture = *state;
    cleanup_git_repository GitRepository *repository = open_at(fixture, fixture->repository);
    GitCommit commit = find(fixture, repository, "HEAD");
    assert_string_equal(commit.id.hex, git_fixture_run(fixture, fixture->repository, "git rev-parse HEAD"));
    assert_string_equal(commit.tree.hex, git_fixture_run(fixture, fixture->repository, "git rev-parse HEAD^{tree}"));
    assert_string_equal(commit.summary, "Add orders");
    assert_string_equal(commit.author, "Ada");
    assert_int_equal(commit.time_ms / 1000, atoll(git_fixture_run(fixture, fixture->repository, "git log -1 --format=%ct")));
    assert_string_equal(git_repository_root(repository), fixture->repository);
}

static void a_repository_is_found_from_a_folder_inside(void **state) {
    GitFixture *fixture = *state;
    cleanup_git_repository GitRepository *repository = open_at(fixture, git_fixture_path(fixture, "repo/dags"));
    assert_string_equal(git_repository_root(repository), fixture->repository);
}

static void a_repository_is_found_from_its_git_folder(void **state) {
    GitFixture *fixture = *state;
    cleanup_git_repository GitRepository *repository = open_at(fixture, git_fixture_path(fixture, "repo/.git"));
    assert_string_equal(git_repository_root(repository), fixture->repository);
}

static void an_unknown_revision_is_an_error_with_its_name(void **state) {
    GitFixture *fixture = *state;
    GitCommit commit;
    bool is_commit;
    cleanup_git_repository GitRepository *repository = open_at(fixture, fixture->repository);
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
    cleanup_git_repository GitRepository *repository = open_at(fixture, fixture->repository);
    assert_string_equal(find(fixture, repository, "v1").id.hex, find(fixture, repository, "HEAD").id.hex);
    assert_true(git_commit_find(repository, fixture->arena, "data", &commit, &is_commit, &fixture->err));
    assert_false(is_commit);
    is_commit = true;
    assert_true(git_commit_find(repository, fixture->arena, "tree", &commit, &is_commit, &fixture->err));
    assert_false(is_commit);
    const char *tag_id = git_fixture_run(fixture, fixture->repository, "git rev-parse v1");
    assert_string_equal(find(fixture, repository, tag_id).summary, "Add orders");
}

static void a_detached_head_and_an_older_commit_are_found(void **state) {
    GitFixture *fixture = *state;
    git_fixture_run(fixture, fixture->repository, "git checkout -q --detach; echo 2 > two; git add two; git commit -q -m Second");
    cleanup_git_repository GitRepository *repository = open_at(fixture, fixture->repository);
    assert_string_equal(find(fixture, repository, "HEAD").summary, "Second");
    assert_string_equal(find(fixture, repository, "HEAD~1").summary, "Add orders");
    assert_string_equal(find(fixture, repository, ":/Add").summary, "Add orders");
}

static void objects_exist_or_not(void **state) {
    GitFixture *fixture = *state;
    cleanup_git_repository GitRepository *repository = open_at(fixture, fixture->repository);
    assert_true(git_object_exists(repository, find(fixture, repository, "HEAD").tree.hex));
    assert_false(git_object_exists(repository, "1234567890123456789012345678901234567890"));
    assert_false(git_object_exists(repository, "nonsense"));
}

static void changes_between_trees_are_listed(void **state) {
    GitFixture *fixture = *state;
    StringList paths;
    git_fixture_run(
        fixture, fixture->repository,
        "git rm -q README; echo y >> dags/orders.py; mkdir a; echo n > 'a/new file'; git add .; git commit -q -m Change");
    cleanup_git_repository GitRepository *repository = open_at(fixture, fixture->repository);
    GitCommit old = find(fixture, repository, "HEAD~1"), new = find(fixture, repository, "HEAD");
    assert_true(git_tree_changes(repository, fixture->arena, &old.tree, &new.tree, &paths, &fixture->err));
    assert_string_equal(text_join(fixture->arena, &paths, "|"), "README|a/new file|dags/orders.py");
    assert_true(git_tree_changes(repository, fixture->arena, NULL, &old.tree, &paths, &fixture->err));
    assert_string_equal(text_join(fixture->arena, &paths, "|"), "README|bin/run|dags/orders.py|dags/readme");
    assert_true(git_tree_changes(repository, fixture->arena, &new.tree, &new.tree, &paths, &fixture->err));
    assert_int_equal(paths.count, 0);
}

static void a_commit_is_written_out_as_a_clone_would_have_it(void **state) {
    GitFixture *fixture = *state;
    git_fixture_run(fixture, fixture->repository, "printf 'no end' > 'odd \"name\"'; : > empty; git add .; git commit -q -m Odd");
    cleanup_git_repository GitRepository *repository = open_at(fixture, fixture->repository);
    write_out(fixture, repository, "HEAD");
    assert_same_as_clone(fixture, "main");
    assert_string_equal(link_read(fixture->arena, git_fixture_path(fixture, "out/dags/readme")), "../README");
    assert_int_equal(file_info(git_fixture_path(fixture, "out/bin/run")).mode & 0100, 0100);
    assert_int_equal(warnings.count, 0);
}

static void what_the_user_works_on_stays_as_it_is(void **state) {
    GitFixture *fixture = *state;
    git_fixture_run(
        fixture, fixture->repository,
        "echo dirty > dags/orders.py; echo staged > staged; git add staged; echo new > untracked; git rm -q --cached README");
    const char *look =
        "GIT_OPTIONAL_LOCKS=0 git status --porcelain; git ls-files -s; git for-each-ref; git stash list; stat -c '%Y %i' "
        ".git/index; ls -A .git; cat "
        "dags/orders.py";
    const char *before = git_fixture_run(fixture, fixture->repository, look);
    cleanup_git_repository GitRepository *repository = open_at(fixture, fixture->repository);
    write_out(fixture, repository, "HEAD");
    assert_string_equal(git_fixture_run(fixture, fixture->repository, look), before);
    assert_string_equal(git_fixture_read(fixture, "out/dags/orders.py"), "x = 1\n");
    assert_null(git_fixture_read(fixture, "out/untracked"));
    assert_string_equal(git_fixture_read(fixture, "out/README"), "hello\n");
}

static void the_next_commit_replaces_only_what_differs(void **state) {
    GitFixture *fixture = *state;
    git_fixture_run(fixture, fixture->repository,
                    "git rm -q bin/run; echo 'x = 2' > dags/orders.py; echo file > bin; rm README; mkdir README;"
                    "echo deep > README/deep; ln -sf orders.py dags/readme; git add -A; git commit -q -m Swap");
    cleanup_git_repository GitRepository *repository = open_at(fixture, fixture->repository);
    write_out(fixture, repository, "HEAD~1");
    FileInfo untouched = file_info(git_fixture_path(fixture, "out/README"));
    write_out(fixture, repository, "HEAD~1");
    assert_int_equal(file_info(git_fixture_path(fixture, "out/README")).inode, untouched.inode);
    assert_int_equal(file_info(git_fixture_path(fixture, "out/README")).modified_ns, untouched.modified_ns);
    write_out(fixture, repository, "HEAD");
    assert_same_as_clone(fixture, "main");
    write_out(fixture, repository, "HEAD~1");
    assert_same_as_clone(fixture, "main~1");
}

static void what_tests_left_or_changed_is_put_right(void **state) {
    GitFixture *fixture = *state;
    cleanup_git_repository GitRepository *repository = open_at(fixture, fixture->repository);
    write_out(fixture, repository, "HEAD");
    git_fixture_run(
        fixture, fixture->folder,
        "cd out; mkdir -p dags/__pycache__ target/deep; echo x > dags/__pycache__/a.pyc; echo 'x = 9' > dags/orders.py;"
        "rm README; ln -s /etc/passwd README; rm bin/run; mkdir bin/run; ln -s /tmp link; chmod 500 target/deep");
    write_out(fixture, repository, "HEAD");
    assert_same_as_clone(fixture, "main");
    assert_null(git_fixture_read(fixture, "out/target/deep"));
}

static void a_run_that_was_killed_half_way_is_not_trusted(void **state) {
    GitFixture *fixture = *state;
    cleanup_git_repository GitRepository *repository = open_at(fixture, fixture->repository);
    write_out(fixture, repository, "HEAD");
    git_fixture_run(fixture, fixture->folder,
                    "rm out.manifest; echo half > out/README; echo lock > out.index.lock; echo old > out.index");
    write_out(fixture, repository, "HEAD");
    assert_same_as_clone(fixture, "main");
    git_fixture_run(fixture, fixture->folder, "echo nonsense > out.manifest; echo half > out/README");
    write_out(fixture, repository, "HEAD");
    assert_same_as_clone(fixture, "main");
}

static void links_that_leave_the_commit_are_left_out_with_a_warning(void **state) {
    GitFixture *fixture = *state;
    git_fixture_run(
        fixture, fixture->repository,
        "mkdir -p d1/d2; ln -s ../.. d1/d2/up; ln -s /etc/passwd absolute; ln -s ../../outside dags/out; ln -s d1/d2/up/.. sly;"
        "ln -s nowhere dangling; git add .; git commit -q -m Links");
    cleanup_git_repository GitRepository *repository = open_at(fixture, fixture->repository);
    write_out(fixture, repository, "HEAD");
    assert_int_equal(file_info_of_link(git_fixture_path(fixture, "out/absolute")).kind, FILE_MISSING);
    assert_int_equal(file_info_of_link(git_fixture_path(fixture, "out/dags/out")).kind, FILE_MISSING);
    assert_int_equal(file_info_of_link(git_fixture_path(fixture, "out/sly")).kind, FILE_MISSING);
    assert_int_equal(file_info_of_link(git_fixture_path(fixture, "out/d1/d2/up")).kind, FILE_LINK);
    assert_int_equal(file_info_of_link(git_fixture_path(fixture, "out/dangling")).kind, FILE_LINK);
    assert_int_equal(warnings.count, 3);
}

static void attributes_of_the_commit_decide_and_not_those_of_the_working_tree(void **state) {
    GitFixture *fixture = *state;
    git_fixture_run(
        fixture, fixture->repository,
        "mkdir win; printf '*.bat eol=crlf\\n*.id ident\\n*.u16 working-tree-encoding=UTF-16LE-BOM\\n' > win/.gitattributes;"
        "printf 'a\\nb\\n' > win/run.bat; printf '$Id$\\n' > win/x.id; printf 'a\\nb\\n' > plain.bat; printf 'q\\n' > 'win/o\"d "
        "d.bat';"
        "git add .; git commit -q -m Attributes; echo '*.py eol=crlf' > .gitattributes; rm win/.gitattributes");
    cleanup_git_repository GitRepository *repository = open_at(fixture, fixture->repository);
    write_out(fixture, repository, "HEAD");
    assert_string_equal(git_fixture_read(fixture, "out/win/run.bat"), "a\r\nb\r\n");
    assert_string_equal(git_fixture_read(fixture, "out/win/o\"d d.bat"), "q\r\n");
    assert_string_equal(git_fixture_read(fixture, "out/plain.bat"), "a\nb\n");
    assert_string_equal(git_fixture_read(fixture, "out/dags/orders.py"), "x = 1\n");
    assert_non_null(strstr(git_fixture_read(fixture, "out/win/x.id"), "$Id: "));
    git_fixture_run(fixture, fixture->repository, "git checkout -q .; rm .gitattributes");
    assert_same_as_clone(fixture, "main");
    FileInfo converted = file_info(git_fixture_path(fixture, "out/win/run.bat"));
    write_out(fixture, repository, "HEAD");
    assert_int_equal(file_info(git_fixture_path(fixture, "out/win/run.bat")).inode, converted.inode);
    assert_null(git_fixture_read(fixture, "out.index"));
}

static void changed_attributes_rewrite_an_unchanged_blob(void **state) {
    GitFixture *fixture = *state;
    git_fixture_run(
        fixture, fixture->repository,
        "printf 'a\\n' > x.bat; git add .; git commit -q -m Plain; echo '*.bat eol=crlf' > .gitattributes; git add .; git commit "
        "-q -m Crlf");
    cleanup_git_repository GitRepository *repository = open_at(fixture, fixture->repository);
    write_out(fixture, repository, "HEAD~1");
    assert_string_equal(git_fixture_read(fixture, "out/x.bat"), "a\n");
    write_out(fixture, repository, "HEAD");
    assert_string_equal(git_fixture_read(fixture, "out/x.bat"), "a\r\n");
    write_out(fixture, repository, "HEAD~1");
    assert_string_equal(git_fixture_read(fixture, "out/x.bat"), "a\n");
}

static void a_filter_runs_and_its_failure_is_an_error(void **state) {
    GitFixture *fixture = *state;
    git_fixture_run(fixture, fixture->repository,
                    "echo '*.secret filter=turn' > .gitattributes; git config filter.turn.smudge 'tr a-z A-Z'; git config "
                    "filter.turn.clean cat;"
                    "git config filter.turn.required true; echo quiet > a.secret; git add .; git commit -q -m Filter");
    cleanup_git_repository GitRepository *repository = open_at(fixture, fixture->repository);
    write_out(fixture, repository, "HEAD");
    assert_string_equal(git_fixture_read(fixture, "out/a.secret"), "QUIET\n");
    git_fixture_run(fixture, fixture->folder, "git -C repo config filter.turn.smudge false; rm out/a.secret");
    GitCommit commit = find(fixture, repository, "HEAD");
    assert_false(git_tree_materialise(repository, &fixture->ctx, &commit.tree, git_fixture_path(fixture, "out"), &fixture->err));
    assert_int_equal(fixture->err.code, ERROR_GIT);
    assert_non_null(fixture->err.detail);
}

static void a_submodule_is_filled_from_its_clone_and_else_left_empty(void **state) {
    GitFixture *fixture = *state;
    git_fixture_run(fixture, fixture->folder,
                    "git init -q lib; cd lib; echo old > helper.py; git add .; git commit -q -m Lib; cd ../repo;"
                    "git submodule --quiet add ../lib dags/lib; git commit -q -m Submodule; echo dirty > dags/lib/helper.py");
    cleanup_git_repository GitRepository *repository = open_at(fixture, fixture->repository);
    write_out(fixture, repository, "HEAD");
    assert_string_equal(git_fixture_read(fixture, "out/dags/lib/helper.py"), "old\n");
    assert_int_equal(warnings.count, 0);
    git_fixture_run(fixture, fixture->repository, "rm -rf dags/lib; mkdir dags/lib");
    write_out(fixture, repository, "HEAD");
    assert_null(git_fixture_read(fixture, "out/dags/lib/helper.py"));
    assert_true(folder_exists(git_fixture_path(fixture, "out/dags/lib")));
    assert_int_equal(warnings.count, 1);
    assert_non_null(strstr(warnings.items[0], "dags/lib"));
}

static void a_linked_worktree_has_its_own_root_and_the_common_hooks(void **state) {
    GitFixture *fixture = *state;
    GitHooksFolder hooks;
    git_fixture_run(fixture, fixture->repository,
                    "git worktree add -q -b side ../side; cd ../side; echo s > side; git add .; git commit -q -m Side");
    cleanup_git_repository GitRepository *repository = open_at(fixture, git_fixture_path(fixture, "side/dags"));
    assert_string_equal(git_repository_root(repository), git_fixture_path(fixture, "side"));
    assert_string_equal(find(fixture, repository, "HEAD").summary, "Side");
    assert_true(git_hooks_folder(repository, &hooks, &fixture->err));
    assert_string_equal(hooks.path, git_fixture_path(fixture, "repo/.git/hooks"));
    assert_true(hooks.is_own);
    write_out(fixture, repository, "HEAD");
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
    assert_string_equal(find(fixture, repository, "HEAD").summary, "Side");
    git_repository_close(repository);
    setenv("GIT_WORK_TREE", git_fixture_path(fixture, "side/dags"), 1);
    assert_true(git_repository_open_at(&fixture->ctx, git_fixture_path(fixture, "side"), true, &repository, &fixture->err));
    assert_string_equal(git_repository_root(repository), git_fixture_path(fixture, "side/dags"));
    git_repository_close(repository);
    unsetenv("GIT_WORK_TREE");
    repository = open_at(fixture, fixture->repository);
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
    assert_string_equal(find(fixture, repository, "HEAD").summary, "Add orders");
    unsetenv("GIT_OBJECT_DIRECTORY");
    git_repository_close(repository);
}

static void a_bare_repository_has_no_root(void **state) {
    GitFixture *fixture = *state;
    bool uses_lfs = true;
    git_fixture_run(fixture, fixture->folder, "git clone -q --bare repo bare.git");
    cleanup_git_repository GitRepository *repository = open_at(fixture, git_fixture_path(fixture, "bare.git"));
    assert_null(git_repository_root(repository));
    write_out(fixture, repository, "main");
    assert_same_as_clone(fixture, "main");
    assert_true(git_uses_lfs(repository, &uses_lfs, &fixture->err));
    assert_false(uses_lfs);
}

static void a_shallow_clone_is_read(void **state) {
    GitFixture *fixture = *state;
    git_fixture_run(
        fixture, fixture->folder,
        "cd repo; echo 2 > two; git add two; git commit -q -m Second; cd ..; git clone -q --depth 1 file://$PWD/repo shallow");
    cleanup_git_repository GitRepository *repository = open_at(fixture, git_fixture_path(fixture, "shallow"));
    assert_string_equal(find(fixture, repository, "HEAD").summary, "Second");
    write_out(fixture, repository, "HEAD");
    assert_same_as_clone(fixture, "main");
}

static void a_partial_sparse_clone_fetches_what_it_lacks(void **state) {
    GitFixture *fixture = *state;
    git_fixture_run(
        fixture, fixture->folder,
        "git -C repo config uploadpack.allowFilter true; git clone -q --filter=blob:none --sparse file://$PWD/repo partial;"
        "cd partial; git sparse-checkout set bin");
    cleanup_git_repository GitRepository *repository = open_at(fixture, git_fixture_path(fixture, "partial"));
    write_out(fixture, repository, "HEAD");
    assert_same_as_clone(fixture, "main");
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
    cleanup_git_repository GitRepository *repository = open_at(fixture, git_fixture_path(fixture, "repo/dags"));
    assert_string_equal(git_repository_root(repository), fixture->repository);
    GitCommit commit = find(fixture, repository, "HEAD~1");
    assert_int_equal(strlen(commit.id.hex), 64);
    assert_string_equal(commit.summary, "In SHA-256");
    assert_string_equal(commit.author, "Ada");
    assert_true(git_object_exists(repository, commit.tree.hex));
    bool is_commit = true;
    assert_true(git_commit_find(repository, fixture->arena, "data", &commit, &is_commit, &fixture->err));
    assert_false(is_commit);
    write_out(fixture, repository, "HEAD~1");
    assert_int_equal(warnings.count, 1);
    assert_string_equal(git_fixture_read(fixture, "out/t\tb"), "tab\there");
    write_out(fixture, repository, "HEAD");
    assert_same_as_clone(fixture, "main");
    commit = find(fixture, repository, "HEAD");
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
    git_repository_close(open_at(fixture, fixture->repository));
    git_fixture_run(fixture, fixture->folder, "git config --global --unset-all safe.directory");
    assert_true(git_repository_open_at(&fixture->ctx, fixture->repository, true, &repository, &fixture->err));
    git_repository_close(repository);
}

static void hooks_are_where_core_hooks_path_says(void **state) {
    GitFixture *fixture = *state;
    GitHooksFolder hooks;
    cleanup_git_repository GitRepository *repository = open_at(fixture, git_fixture_path(fixture, "repo/dags"));
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
    cleanup_git_repository GitRepository *repository = open_at(fixture, fixture->repository);
    assert_true(git_uses_lfs(repository, &uses_lfs, &fixture->err));
    assert_false(uses_lfs);
    git_fixture_run(fixture, fixture->repository, "echo '*.parquet filter=lfs diff=lfs' > dags/.gitattributes");
    assert_true(git_uses_lfs(repository, &uses_lfs, &fixture->err));
    assert_true(uses_lfs);
}

static void two_things_of_one_name_and_a_git_folder_are_refused(void **state) {
    GitFixture *fixture = *state;
    const char *blob = git_fixture_run(fixture, fixture->repository, "git rev-parse HEAD:README");
    const char *tree = git_fixture_run(fixture, fixture->repository, "git rev-parse HEAD:dags");
    static const char *const trees[] = {
        "100644 blob %1$s\\t.git\\n",
        "100644 blob %1$s\\ta\\n040000 tree %2$s\\ta\\n",
        "040000 tree %2$s\\t..\\n",
    };
    cleanup_git_repository GitRepository *repository = open_at(fixture, fixture->repository);
    for (size_t i = 0; i < sizeof trees / sizeof *trees; i++) {
        Text script = {.arena = fixture->arena};
        text_append_format(&script, "python3 - <<'END'\nimport hashlib, os, zlib\nbody = b''\n");
        text_append_format(&script, "for line in '%s'.replace('%%1$s', '%s').replace('%%2$s', '%s').splitlines():\n", trees[i],
                           blob, tree);
        text_append(&script,
                    "    head, name = line.split('\\t'); mode, kind, oid = head.split()\n"
                    "    body += mode.lstrip('0').encode() + b' ' + name.encode() + b'\\0' + bytes.fromhex(oid)\n"
                    "data = b'tree %d\\0' % len(body) + body; oid = hashlib.sha1(data).hexdigest()\n"
                    "os.makedirs(f'.git/objects/{oid[:2]}', exist_ok=True)\n"
                    "open(f'.git/objects/{oid[:2]}/{oid[2:]}', 'wb').write(zlib.compress(data)); print(oid)\nEND\n");
        GitId id = {0};
        snprintf(id.hex, sizeof id.hex, "%s", git_fixture_run(fixture, fixture->repository, text_string(&script)));
        assert_false(git_tree_materialise(repository, &fixture->ctx, &id, git_fixture_path(fixture, "out"), &fixture->err));
        assert_int_equal(fixture->err.code, ERROR_GIT);
    }
    assert_int_equal(file_info(git_fixture_path(fixture, "out/.git")).kind, FILE_MISSING);
}

static void a_missing_tree_is_an_error(void **state) {
    GitFixture *fixture = *state;
    GitId id = {"1234567890123456789012345678901234567890"};
    StringList paths;
    cleanup_git_repository GitRepository *repository = open_at(fixture, fixture->repository);
    assert_false(git_tree_materialise(repository, &fixture->ctx, &id, git_fixture_path(fixture, "out"), &fixture->err));
    assert_false(git_tree_changes(repository, fixture->arena, NULL, &id, &paths, &fixture->err));
    assert_int_equal(fixture->err.code, ERROR_GIT);
}

static void an_interruption_stops_the_writing(void **state) {
    GitFixture *fixture = *state;
    volatile sig_atomic_t cancel = 1;
    cleanup_git_repository GitRepository *repository = open_at(fixture, fixture->repository);
    GitCommit commit = find(fixture, repository, "HEAD");
    fixture->ctx.cancel = &cancel;
    assert_false(git_tree_materialise(repository, &fixture->ctx, &commit.tree, git_fixture_path(fixture, "out"), &fixture->err));
    assert_int_equal(fixture->err.code, ERROR_INTERRUPTED);
    fixture->ctx.cancel = NULL;
}

static void odd_paths_survive_quoting(void **state) {
    static const char *const paths[] = {"plain", "with blank", "\"quoted\"", "tab\tnew\nline", "back\\slash", "ümlaut", ""};
    for (size_t i = 0; i < sizeof paths / sizeof *paths; i++) {
        assert_string_equal(git_path_unquote(*state, git_path_quote(*state, paths[i])), paths[i]);
    }
    assert_string_equal(git_path_unquote(*state, "\"a\\tb\\303\\274\\\"\\\\\""), "a\tb\xc3\xbc\"\\");
    assert_string_equal(git_path_unquote(*state, "\"open"), "open");
    assert_string_equal(git_path_unquote(*state, "\"open\\"), "open");
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
        test_with_git(a_commit_is_written_out_as_a_clone_would_have_it),
        test_with_git(what_the_user_works_on_stays_as_it_is),
        test_with_git(the_next_commit_replaces_only_what_differs),
        test_with_git(what_tests_left_or_changed_is_put_right),
        test_with_git(a_run_that_was_killed_half_way_is_not_trusted),
        test_with_git(links_that_leave_the_commit_are_left_out_with_a_warning),
        test_with_git(attributes_of_the_commit_decide_and_not_those_of_the_working_tree),
        test_with_git(changed_attributes_rewrite_an_unchanged_blob),
        test_with_git(a_filter_runs_and_its_failure_is_an_error),
        test_with_git(a_submodule_is_filled_from_its_clone_and_else_left_empty),
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
        test_with_git(two_things_of_one_name_and_a_git_folder_are_refused),
        test_with_git(a_missing_tree_is_an_error),
        test_with_git(an_interruption_stops_the_writing),
        test_with_arena(odd_paths_survive_quoting),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
