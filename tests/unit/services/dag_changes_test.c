#include "services/dag_changes.h"

#include "support/git_fixture.h"

#define RESET "git reset -q --hard; git checkout -q main; git clean -qfd"

static void run(GitFixture *fixture, const char *script) { git_fixture_run(fixture, fixture->repository, script); }

typedef struct Platform {
    GitFixture *fixture;
    Project project;
    DagMemory memory;
} Platform;

static const char *path_in(const Platform *platform, const char *name) {
    return path_join(platform->fixture->arena, platform->project.root, name);
}

// What a check of the file told: which files it uses ("a b").
static void learn(Platform *platform, const char *name, const char *uses) {
    Arena *arena = platform->fixture->arena;
    RememberedFile *file = dag_memory_entry(&platform->memory, path_in(platform, name));
    StringList words = text_split(arena, uses, ' ');
    file->uses = (StringList){0};
    list_each(const char *const, word, &words) {
        if (**word != '\0') list_push(arena, &file->uses, path_in(platform, *word));
    }
    list_push(arena, &file->dags, ((FoundDag){.dag_id = name, .file = name}));
}

static void learn_helper(Platform *platform, const char *name) {
    learn(platform, name, "");
    dag_memory_entry(&platform->memory, path_in(platform, name))->dags.count = 0;
}

// As it is after a test of all files.
static Platform make_known(GitFixture *fixture) {
    Platform platform = {.fixture = fixture, .memory = {.arena = fixture->arena}};
    platform.project = (Project){.root = git_fixture_path(fixture, "repo/shop"), .config = config_defaults()};
    platform.project.dags_dir = path_in(&platform, "dags");
    platform.project.plugins_dir = path_in(&platform, "plugins");
    platform.project.state = path_in(&platform, ".devbox");
    learn(&platform, "dags/a.py", "dags/lib/money.py dags/common/shared.py");
    learn(&platform, "dags/b.py", "dags/sql dags/sql/a.sql");
    learn(&platform, "dags/c.py", "");
    learn_helper(&platform, "dags/common/shared.py");
    learn_helper(&platform, "dags/lib/money.py");
    return platform;
}

// In a folder of its own in the repository, with a helper that others use and a link to a folder outside.
static Platform make_platform(GitFixture *fixture) {
    run(fixture,
        "mkdir -p shop/dags/lib shop/dags/sql shop/plugins common; cd shop; for f in a b c; do echo dag airflow $f > dags/$f.py; "
        "done;"
        "echo 1 > dags/lib/money.py; echo 1 > dags/sql/a.sql; echo 1 > plugins/op.py; echo 1 > ../common/shared.py;"
        "ln -s ../../common dags/common; echo 'x: 1' > devbox.yaml; echo pandas > requirements.txt; git add -A ..; git commit "
        "-qm shop");
    return make_known(fixture);
}

static DagChanges must_find(Platform *platform) {
    GitFixture *fixture = platform->fixture;
    DagChanges changes = {0};
    if (!dag_changes_find(&fixture->ctx, &platform->project, "", &platform->memory, &changes, &fixture->err))
        fail_msg("%s", fixture->err.message);
    return changes;
}

// "dags/a.py dags/b.py", "all: why".
static const char *affected(Platform *platform) {
    Arena *arena = platform->fixture->arena;
    DagChanges changes = must_find(platform);
    StringList names = {0};
    if (changes.is_all) return arena_format(arena, "all%s", strchr(changes.what, ':'));
    list_each(const char *const, file, &changes.files)
        list_push(arena, &names, path_relative(arena, *file, platform->project.root));
    return text_join(arena, &names, " ");
}

static void nothing_changed_is_said_with_its_base(void **state) {
    GitFixture *fixture = *state;
    Platform platform = make_platform(fixture);
    const char *base = git_fixture_run(fixture, fixture->repository, "git rev-parse --short=7 HEAD");
    DagChanges changes = must_find(&platform);
    assert_false(dag_changes_are_any(&changes));
    assert_string_equal(changes.what, arena_format(fixture->arena, "nothing that DAG files use changed since main (%s)", base));
    run(fixture, "echo more >> README; echo note > shop/dags/notes.md");
    changes = must_find(&platform);
    assert_false(dag_changes_are_any(&changes));
    run(fixture, "echo more >> shop/dags/a.py");
    changes = must_find(&platform);
    assert_string_equal(changes.what, arena_format(fixture->arena, "since main (%s): 1 DAG file is affected", base));
}

typedef struct Change {
    const char *script, *expected;
} Change;

static void assert_each_affects(GitFixture *fixture, const Change *rows, size_t count) {
    make_platform(fixture);
    for (size_t i = 0; i < count; i++) {
        Platform platform = make_known(fixture);
        git_fixture_run(fixture, platform.project.root, rows[i].script);
        const char *found = affected(&platform);
        if (!text_equals(found, rows[i].expected)) fail_msg("%s: '%s' instead of '%s'", rows[i].script, found, rows[i].expected);
        run(fixture, RESET);
    }
}

static void each_change_affects_the_dag_files_that_use_it(void **state) {
    static const Change rows[] = {
        {"echo 2 > dags/a.py", "dags/a.py"},
        {"echo 2 > dags/lib/money.py", "dags/a.py"},
        {"rm dags/lib/money.py", "dags/a.py"},
        {"echo 2 > dags/sql/a.sql", "dags/b.py"},
        {"echo 2 > dags/sql/new.sql", "dags/b.py"},                    // it lists the folder
        {"mkdir dags/sql/x; echo 2 > dags/sql/x/y.sql", "dags/b.py"},  // and sees a new one in it
        {"rm -r dags/sql", "dags/b.py"},
        {"echo 2 > ../common/shared.py", "dags/a.py"},  // which it reaches by a link
        {"rm dags/c.py", ""},
        {"git mv dags/c.py dags/d.py", "dags/d.py"},
        {"echo dag AIRFLOW > dags/new.py; echo 2 > dags/words.py", "dags/new.py"},
        {"echo airflow dag > dags/lib/money.py; touch dags/.#a.py dags/a.pyc plugins/op.pyc", "dags/a.py"},
        {"git checkout -qb topic; echo 2 > dags/c.py; git commit -qam c; echo 2 > dags/a.py", "dags/a.py dags/c.py"},
    };
    assert_each_affects(*state, rows, sizeof rows / sizeof *rows);
}

static void what_is_known_of_no_single_file_concerns_all(void **state) {
    static const Change rows[] = {
        {"echo 2 > plugins/op.py", "all: plugins/op.py changed, so all DAG files are tested"},
        {"rm -r plugins", "all: plugins/op.py changed, so all DAG files are tested"},
        {"echo b > dags/lib/.airflowignore", "all: dags/lib/.airflowignore changed, so all DAG files are tested"},
        {"echo 1 > dags/airflow_local_settings.py", "all: dags/airflow_local_settings.py changed, so all DAG files are tested"},
        {"echo 2 > requirements.txt", "all: requirements.txt changed, so all DAG files are tested"},
        {"mkdir requirements; echo 2 > requirements/base.txt", "all: requirements/base.txt changed, so all DAG files are tested"},
        {"echo 'x: 2' > devbox.yaml", "all: devbox.yaml changed, so all DAG files are tested"},
        {"echo x=1 > .env", "all: .env changed, so all DAG files are tested"},
        {"echo x=1 > dags/.env; echo 1 > ../requirements.md", ""},
    };
    assert_each_affects(*state, rows, sizeof rows / sizeof *rows);
}

static void a_file_that_was_never_checked_is_tested(void **state) {
    Platform platform = make_platform(*state);
    run(*state, "echo dag airflow > shop/dags/old.py; git add .; git commit -qm old; echo note > README");
    assert_string_equal(affected(&platform), "dags/old.py");
    platform.memory = (DagMemory){.arena = platform.fixture->arena};
    assert_string_equal(affected(&platform), "all: which files each DAG file uses is not known yet, so all DAG files are tested");
    run(*state, "git checkout -q README");
    assert_string_equal(affected(&platform), "");
}

static void without_safe_mode_any_file_may_hold_dags(void **state) {
    Platform platform = make_platform(*state);
    Pair off = {.key = "AIRFLOW__CORE__DAG_DISCOVERY_SAFE_MODE", .value = "False"};
    run(*state, "echo 2 > shop/dags/words.py");
    assert_string_equal(affected(&platform), "");
    platform.project.config.airflow.env = (PairList){.items = &off, .count = 1};
    assert_string_equal(affected(&platform), "dags/words.py");
}

static void a_checkout_without_git_or_history_is_an_error(void **state) {
    GitFixture *fixture = *state;
    DagChanges changes;
    Platform platform = make_platform(fixture);
    assert_false(dag_changes_find(&fixture->ctx, &platform.project, "no-such", &platform.memory, &changes, &fixture->err));
    assert_non_null(strstr(fixture->err.message, "no-such"));
    error_clear(&fixture->err);
    platform.project.root = fixture->folder;
    assert_false(dag_changes_find(&fixture->ctx, &platform.project, "", &platform.memory, &changes, &fixture->err));
    assert_int_equal(fixture->err.code, ERROR_CHECKOUT);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        test_with_git(nothing_changed_is_said_with_its_base),        test_with_git(each_change_affects_the_dag_files_that_use_it),
        test_with_git(what_is_known_of_no_single_file_concerns_all), test_with_git(a_file_that_was_never_checked_is_tested),
        test_with_git(without_safe_mode_any_file_may_hold_dags),     test_with_git(a_checkout_without_git_or_history_is_an_error),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
