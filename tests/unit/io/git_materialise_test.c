#include "io/git_repository.h"

#include "support/git_opened.h"

static void a_commit_is_written_out_as_a_clone_would_have_it(void **state) {
    GitFixture *fixture = *state;
    git_fixture_run(fixture, fixture->repository, "printf 'no end' > 'odd \"name\"'; : > empty; git add .; git commit -q -m Odd");
    cleanup_git_repository GitRepository *repository = git_opened_at(fixture, fixture->repository);
    git_opened_write_out(fixture, repository, "HEAD");
    git_opened_assert_same_as_clone(fixture, "main");
    assert_string_equal(link_read(fixture->arena, git_fixture_path(fixture, "out/dags/readme")), "../README");
    assert_int_equal(file_info(git_fixture_path(fixture, "out/bin/run")).mode & 0100, 0100);
    assert_int_equal(git_opened_warnings.count, 0);
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
    cleanup_git_repository GitRepository *repository = git_opened_at(fixture, fixture->repository);
    git_opened_write_out(fixture, repository, "HEAD");
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
    cleanup_git_repository GitRepository *repository = git_opened_at(fixture, fixture->repository);
    git_opened_write_out(fixture, repository, "HEAD~1");
    FileInfo untouched = file_info(git_fixture_path(fixture, "out/README"));
    git_opened_write_out(fixture, repository, "HEAD~1");
    assert_int_equal(file_info(git_fixture_path(fixture, "out/README")).inode, untouched.inode);
    assert_int_equal(file_info(git_fixture_path(fixture, "out/README")).modified_ns, untouched.modified_ns);
    git_opened_write_out(fixture, repository, "HEAD");
    git_opened_assert_same_as_clone(fixture, "main");
    git_opened_write_out(fixture, repository, "HEAD~1");
    git_opened_assert_same_as_clone(fixture, "main~1");
}

static void what_tests_left_or_changed_is_put_right(void **state) {
    GitFixture *fixture = *state;
    cleanup_git_repository GitRepository *repository = git_opened_at(fixture, fixture->repository);
    git_opened_write_out(fixture, repository, "HEAD");
    git_fixture_run(
        fixture, fixture->folder,
        "cd out; mkdir -p dags/__pycache__ target/deep; echo x > dags/__pycache__/a.pyc; echo 'x = 9' > dags/orders.py;"
        "rm README; ln -s /etc/passwd README; rm bin/run; mkdir bin/run; ln -s /tmp link; chmod 500 target/deep");
    git_opened_write_out(fixture, repository, "HEAD");
    git_opened_assert_same_as_clone(fixture, "main");
    assert_null(git_fixture_read(fixture, "out/target/deep"));
}

static void a_run_that_was_killed_half_way_is_not_trusted(void **state) {
    GitFixture *fixture = *state;
    cleanup_git_repository GitRepository *repository = git_opened_at(fixture, fixture->repository);
    git_opened_write_out(fixture, repository, "HEAD");
    git_fixture_run(fixture, fixture->folder,
                    "rm out.manifest; echo half > out/README; echo lock > out.index.lock; echo old > out.index");
    git_opened_write_out(fixture, repository, "HEAD");
    git_opened_assert_same_as_clone(fixture, "main");
    git_fixture_run(fixture, fixture->folder, "echo nonsense > out.manifest; echo half > out/README");
    git_opened_write_out(fixture, repository, "HEAD");
    git_opened_assert_same_as_clone(fixture, "main");
}

static void links_that_leave_the_commit_are_left_out_with_a_warning(void **state) {
    GitFixture *fixture = *state;
    git_fixture_run(
        fixture, fixture->repository,
        "mkdir -p d1/d2; ln -s ../.. d1/d2/up; ln -s /etc/passwd absolute; ln -s ../../outside dags/out; ln -s d1/d2/up/.. sly;"
        "ln -s nowhere dangling; git add .; git commit -q -m Links");
    cleanup_git_repository GitRepository *repository = git_opened_at(fixture, fixture->repository);
    git_opened_write_out(fixture, repository, "HEAD");
    assert_int_equal(file_info_of_link(git_fixture_path(fixture, "out/absolute")).kind, FILE_MISSING);
    assert_int_equal(file_info_of_link(git_fixture_path(fixture, "out/dags/out")).kind, FILE_MISSING);
    assert_int_equal(file_info_of_link(git_fixture_path(fixture, "out/sly")).kind, FILE_MISSING);
    assert_int_equal(file_info_of_link(git_fixture_path(fixture, "out/d1/d2/up")).kind, FILE_LINK);
    assert_int_equal(file_info_of_link(git_fixture_path(fixture, "out/dangling")).kind, FILE_LINK);
    assert_int_equal(git_opened_warnings.count, 3);
}

static void attributes_of_the_commit_decide_and_not_those_of_the_working_tree(void **state) {
    GitFixture *fixture = *state;
    git_fixture_run(
        fixture, fixture->repository,
        "mkdir win; printf '*.bat eol=crlf\\n*.id ident\\n*.u16 working-tree-encoding=UTF-16LE-BOM\\n' > win/.gitattributes;"
        "printf 'a\\nb\\n' > win/run.bat; printf '$Id$\\n' > win/x.id; printf 'a\\nb\\n' > plain.bat; printf 'q\\n' > 'win/o\"d "
        "d.bat';"
        "git add .; git commit -q -m Attributes; echo '*.py eol=crlf' > .gitattributes; rm win/.gitattributes");
    cleanup_git_repository GitRepository *repository = git_opened_at(fixture, fixture->repository);
    git_opened_write_out(fixture, repository, "HEAD");
    assert_string_equal(git_fixture_read(fixture, "out/win/run.bat"), "a\r\nb\r\n");
    assert_string_equal(git_fixture_read(fixture, "out/win/o\"d d.bat"), "q\r\n");
    assert_string_equal(git_fixture_read(fixture, "out/plain.bat"), "a\nb\n");
    assert_string_equal(git_fixture_read(fixture, "out/dags/orders.py"), "x = 1\n");
    assert_non_null(strstr(git_fixture_read(fixture, "out/win/x.id"), "$Id: "));
    git_fixture_run(fixture, fixture->repository, "git checkout -q .; rm .gitattributes");
    git_opened_assert_same_as_clone(fixture, "main");
    FileInfo converted = file_info(git_fixture_path(fixture, "out/win/run.bat"));
    git_opened_write_out(fixture, repository, "HEAD");
    assert_int_equal(file_info(git_fixture_path(fixture, "out/win/run.bat")).inode, converted.inode);
    assert_null(git_fixture_read(fixture, "out.index"));
}

static void changed_attributes_rewrite_an_unchanged_blob(void **state) {
    GitFixture *fixture = *state;
    git_fixture_run(
        fixture, fixture->repository,
        "printf 'a\\n' > x.bat; git add .; git commit -q -m Plain; echo '*.bat eol=crlf' > .gitattributes; git add .; git commit "
        "-q -m Crlf");
    cleanup_git_repository GitRepository *repository = git_opened_at(fixture, fixture->repository);
    git_opened_write_out(fixture, repository, "HEAD~1");
    assert_string_equal(git_fixture_read(fixture, "out/x.bat"), "a\n");
    git_opened_write_out(fixture, repository, "HEAD");
    assert_string_equal(git_fixture_read(fixture, "out/x.bat"), "a\r\n");
    git_opened_write_out(fixture, repository, "HEAD~1");
    assert_string_equal(git_fixture_read(fixture, "out/x.bat"), "a\n");
}

static void a_filter_runs_and_its_failure_is_an_error(void **state) {
    GitFixture *fixture = *state;
    git_fixture_run(fixture, fixture->repository,
                    "echo '*.secret filter=turn' > .gitattributes; git config filter.turn.smudge 'tr a-z A-Z'; git config "
                    "filter.turn.clean cat;"
                    "git config filter.turn.required true; echo quiet > a.secret; git add .; git commit -q -m Filter");
    cleanup_git_repository GitRepository *repository = git_opened_at(fixture, fixture->repository);
    git_opened_write_out(fixture, repository, "HEAD");
    assert_string_equal(git_fixture_read(fixture, "out/a.secret"), "QUIET\n");
    git_fixture_run(fixture, fixture->folder, "git -C repo config filter.turn.smudge false; rm out/a.secret");
    GitCommit commit = git_opened_find(fixture, repository, "HEAD");
    assert_false(git_tree_materialise(repository, &fixture->ctx, &commit.tree, git_fixture_path(fixture, "out"), &fixture->err));
    assert_int_equal(fixture->err.code, ERROR_GIT);
    assert_non_null(fixture->err.detail);
}

static void a_submodule_is_filled_from_its_clone_and_else_left_empty(void **state) {
    GitFixture *fixture = *state;
    git_fixture_run(fixture, fixture->folder,
                    "git init -q lib; cd lib; echo old > helper.py; git add .; git commit -q -m Lib; cd ../repo;"
                    "git submodule --quiet add ../lib dags/lib; git commit -q -m Submodule; echo dirty > dags/lib/helper.py");
    cleanup_git_repository GitRepository *repository = git_opened_at(fixture, fixture->repository);
    git_opened_write_out(fixture, repository, "HEAD");
    assert_string_equal(git_fixture_read(fixture, "out/dags/lib/helper.py"), "old\n");
    assert_int_equal(git_opened_warnings.count, 0);
    git_fixture_run(fixture, fixture->repository, "rm -rf dags/lib; mkdir dags/lib");
    git_opened_write_out(fixture, repository, "HEAD");
    assert_null(git_fixture_read(fixture, "out/dags/lib/helper.py"));
    assert_true(folder_exists(git_fixture_path(fixture, "out/dags/lib")));
    assert_int_equal(git_opened_warnings.count, 1);
    assert_non_null(strstr(git_opened_warnings.items[0], "dags/lib"));
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
    cleanup_git_repository GitRepository *repository = git_opened_at(fixture, fixture->repository);
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
    cleanup_git_repository GitRepository *repository = git_opened_at(fixture, fixture->repository);
    assert_false(git_tree_materialise(repository, &fixture->ctx, &id, git_fixture_path(fixture, "out"), &fixture->err));
    assert_false(git_tree_changes(repository, fixture->arena, NULL, &id, &paths, &fixture->err));
    assert_int_equal(fixture->err.code, ERROR_GIT);
}

static void an_interruption_stops_the_writing(void **state) {
    GitFixture *fixture = *state;
    volatile sig_atomic_t cancel = 1;
    cleanup_git_repository GitRepository *repository = git_opened_at(fixture, fixture->repository);
    GitCommit commit = git_opened_find(fixture, repository, "HEAD");
    fixture->ctx.cancel = &cancel;
    assert_false(git_tree_materialise(repository, &fixture->ctx, &commit.tree, git_fixture_path(fixture, "out"), &fixture->err));
    assert_int_equal(fixture->err.code, ERROR_INTERRUPTED);
    fixture->ctx.cancel = NULL;
}

int main(void) {
    const struct CMUnitTest tests[] = {
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
        test_with_git(two_things_of_one_name_and_a_git_folder_are_refused),
        test_with_git(a_missing_tree_is_an_error),
        test_with_git(an_interruption_stops_the_writing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
