#include "services/dbt_changes.h"

#include "support/git_fixture.h"

static void run(GitFixture *fixture, const char *script) { git_fixture_run(fixture, fixture->repository, script); }

// A platform in its own folder of the repository, with a local package and seeds beside the dbt project.
static Project make_platform(GitFixture *fixture) {
    run(fixture,
        "mkdir -p shop/dbt/models shop/dbt/data shop/dbt/dbt_packages shop/seeds common/macros; cd shop; echo 'name: shop' > "
        "dbt/dbt_project.yml;"
        "echo 'select 1' > dbt/models/a.sql; echo 'models: [{name: a}, {name: b}]' > dbt/models/a.yml; echo 'id' > "
        "seeds/orders.csv;"
        "echo '{% macro old() %}' > dbt/models/m.sql; ln -s ../../../common dbt/dbt_packages/common; echo 'x: 1' > devbox.yaml;"
        "printf 'dbt_packages\\ntarget\\n' > dbt/.gitignore; echo x > ../common/macros/x.sql; git add -A ..; git commit -qm "
        "shop");
    return (Project){.root = git_fixture_path(fixture, "repo/shop"),
                     .dbt_dir = git_fixture_path(fixture, "repo/shop/dbt"),
                     .seeds_dir = git_fixture_path(fixture, "repo/shop/seeds")};
}

static DbtChanges must_find(GitFixture *fixture, const Project *project) {
    DbtChanges changes = {0};
    if (!dbt_changes_find(&fixture->ctx, project, "", &changes, &fixture->err)) fail_msg("%s", fixture->err.message);
    return changes;
}

// "code models/a.sql, data …"
static const char *list_changes(GitFixture *fixture, const Project *project) {
    static const char *const kinds[] = {"code", "properties", "data", "settings"};
    DbtChanges changes = must_find(fixture, project);
    StringList lines = {0};
    list_each(const DbtChange, change, &changes.list) {
        const char *names = text_join(fixture->arena, &change->entries, "+");
        list_push(fixture->arena, &lines,
                  arena_format(fixture->arena, "%s %s%s%s", kinds[change->kind], change->path, *names == '\0' ? "" : ":", names));
    }
    return text_join(fixture->arena, &lines, ", ");
}

static void nothing_changed_is_said_with_its_base(void **state) {
    GitFixture *fixture = *state;
    Project project = make_platform(fixture);
    const char *base = git_fixture_run(fixture, fixture->repository, "git rev-parse --short=7 HEAD");
    run(fixture,
        "echo more >> dags/orders.py; echo note > shop/dbt/README.md; mkdir shop/dbt/logs; echo log > shop/dbt/logs/dbt.log;"
        "echo 'shop: {}' > shop/dbt/profiles.yml; echo 'models: [{name: b}, {description: x, name: a}]' > shop/dbt/models/a.yml");
    DbtChanges changes = must_find(fixture, &project);
    assert_int_equal(changes.list.count, 0);
    assert_string_equal(changes.since, arena_format(fixture->arena, "nothing that dbt reads changed since main (%s)", base));
}

static void each_file_is_what_dbt_takes_it_for(void **state) {
    GitFixture *fixture = *state;
    Project project = make_platform(fixture);
    run(fixture,
        "cd shop; rm dbt/models/m.sql; echo 'select 2' > dbt/models/a.sql; echo 'models: [{name: a, config: {tags: x}}]' > "
        "dbt/models/a.yml; echo 'packages: []' > dbt/packages.yml; echo 2 >> seeds/orders.csv; echo 3 > dbt/data/rows.csv;"
        "echo 4 > dbt/data/rows.parquet; echo 'import x' > dbt/models/p.py; echo '{}' > dbt/package.json");
    assert_string_equal(list_changes(fixture, &project),
                        "data data/rows.csv, settings data/rows.parquet, code models/a.sql, properties models/a.yml:a+b+a, "
                        "code models/m.sql, code models/p.py, settings packages.yml, data seeds/orders.csv");
    DbtChanges changes = must_find(fixture, &project);
    assert_string_equal(changes.list.items[4].before, "{% macro old() %}\n");
    assert_true(text_starts_with(changes.since, "8 files changed since main ("));
}

static void what_cannot_be_compared_concerns_all(void **state) {
    GitFixture *fixture = *state;
    Project project = make_platform(fixture);
    run(fixture, "cd shop; echo 'models: [' > dbt/models/a.yml; echo 'x: 2' > devbox.yaml; echo y > ../common/macros/x.sql");
    assert_string_equal(list_changes(fixture, &project),
                        "settings common/macros/x.sql, settings models/a.yml, settings devbox.yaml");
}

static void a_checkout_without_git_or_history_is_an_error(void **state) {
    GitFixture *fixture = *state;
    DbtChanges changes;
    Project outside = {.root = fixture->folder, .dbt_dir = fixture->folder};
    assert_false(dbt_changes_find(&fixture->ctx, &outside, "", &changes, &fixture->err));
    assert_int_equal(fixture->err.code, ERROR_CHECKOUT);
    error_clear(&fixture->err);
    Project project = make_platform(fixture);
    assert_false(dbt_changes_find(&fixture->ctx, &project, "no-such-branch", &changes, &fixture->err));
    assert_non_null(strstr(fixture->err.message, "no-such-branch"));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        test_with_git(nothing_changed_is_said_with_its_base),
        test_with_git(each_file_is_what_dbt_takes_it_for),
        test_with_git(what_cannot_be_compared_concerns_all),
        test_with_git(a_checkout_without_git_or_history_is_an_error),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
