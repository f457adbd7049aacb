// fakes: workbench clock
#include "services/sandbox_snapshots.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/text.h"
#include "fakes/fake_clock.h"
#include "fakes/fake_workbench.h"
#include "support/seed_project.h"

// Each test runs twice: with the database opened here, and through a container as where locks do not cross file sharing.
static bool is_behind_door;

static int set_up(void **state) {
    SeedReport report;
    if (seed_project_setup(state) != 0) return -1;
    SeedProject *shop = *state;
    fake_clock_set(1000, 1795696805000);  // 2026-11-26 12:40:05
    fake_workbench = (FakeWorkbench){.hides_locks = is_behind_door};
    if (is_behind_door) shop->project.config.runtime = RUNTIME_DOCKER;
    seed_project_write(shop, "seeds/orders.csv", "id\n1\n2\n");
    return sandbox_seed(&shop->ctx, &shop->project, &report, &shop->err) ? 0 : -1;
}

#define test_either_way(function) cmocka_unit_test_setup_teardown(function, set_up, seed_project_drop)

static void change(SeedProject *shop, const char *sql) {
    Database *db = seed_project_open(shop, ".devbox/sandbox.db");
    assert_true(database_execute(db, sql, &shop->err));
    database_close(db);
}

static int64_t count(SeedProject *shop, const char *sql) {
    int64_t found = -1;
    Database *db = seed_project_open(shop, ".devbox/sandbox.db");
    if (!database_query_integer(db, sql, -1, &found, &shop->err)) fail_msg("%s", shop->err.message);
    database_close(db);
    return found;
}

static Snapshot take(SeedProject *shop, const char *name) {
    Snapshot taken = {0};
    if (!sandbox_snapshots_take(&shop->ctx, &shop->project, name, &taken, &shop->err)) fail_msg("%s", shop->err.message);
    return taken;
}

// What was kept is returned.
static Snapshot restore(SeedProject *shop, const char *name) {
    Snapshot wanted, kept;
    bool is_done = sandbox_snapshots_find(&shop->ctx, &shop->project, name, &wanted, &shop->err) &&
                   sandbox_snapshots_restore(&shop->ctx, &shop->project, &wanted, &kept, &shop->err);
    if (!is_done) fail_msg("%s", shop->err.message);
    return kept;
}

static Snapshot reset(SeedProject *shop, SeedReport *report) {
    Snapshot kept;
    if (!sandbox_snapshots_reset(&shop->ctx, &shop->project, &kept, report, &shop->err)) fail_msg("%s", shop->err.message);
    return kept;
}

static StringList files(SeedProject *shop) {
    StringList names = {0};
    assert_true(folder_list(shop->arena, seed_project_path(shop, ".devbox/snapshots"), &names, &shop->err));
    return names;
}

// Files are told apart by their times, which may be the same here.
static void age(const Snapshot *snapshot, long seconds) {
    const struct timespec times[2] = {{.tv_sec = seconds}, {.tv_sec = seconds}};
    assert_int_equal(utimensat(AT_FDCWD, snapshot->path, times, 0), 0);
}

static void check_refused(SeedProject *shop, bool is_done, ErrorCode code, const char *message, const char *hint) {
    assert_false(is_done);
    assert_int_equal(shop->err.code, code);
    assert_string_equal(shop->err.message, message);
    if (strstr(shop->err.hint, hint) == NULL) fail_msg("'%s' is not in '%s'", hint, shop->err.hint);
    error_clear(&shop->err);
}

static void a_snapshot_is_the_database_as_it_was_in_one_private_file(void **state) {
    SeedProject *shop = *state;
    Snapshot taken = take(shop, NULL);
    assert_string_equal(taken.name, "20261126-124005");
    assert_string_equal(take(shop, NULL).name, "20261126-124005-2");
    assert_string_equal(take(shop, "mine").name, "mine");
    FileInfo info = file_info(taken.path);
    assert_int_equal(info.mode, 0600);
    assert_int_equal(info.size, taken.size_bytes);
    StringList names = files(shop);
    assert_string_equal(text_join(shop->arena, &names, " "), "20261126-124005-2.db 20261126-124005.db mine.db");
}

static void the_newest_comes_first_and_is_the_last_one(void **state) {
    SeedProject *shop = *state;
    SnapshotList snapshots;
    Snapshot found, one = take(shop, "one"), two = take(shop, "two");
    age(&two, 1000);
    age(&one, 2000);
    seed_project_write(shop, ".devbox/snapshots/notes.txt", "not a snapshot");
    assert_true(sandbox_snapshots_list(&shop->ctx, &shop->project, &snapshots, &shop->err));
    assert_int_equal(snapshots.count, 2);
    assert_string_equal(snapshots.items[0].name, "one");
    assert_int_equal(snapshots.items[1].taken_ms, 1000000);
    assert_true(sandbox_snapshots_find(&shop->ctx, &shop->project, NULL, &found, &shop->err));
    assert_string_equal(found.name, "one");
}

static void restoring_brings_rows_back_and_can_be_undone(void **state) {
    SeedProject *shop = *state;
    Snapshot one = take(shop, "one");
    change(shop, "DELETE FROM orders; CREATE TABLE mine(x)");
    Snapshot kept = restore(shop, "one");
    assert_string_equal(kept.name, "before-restore-20261126-124005");
    assert_int_equal(count(shop, "SELECT count(*) FROM orders"), 2);
    assert_int_equal(count(shop, "SELECT count(*) FROM sqlite_master WHERE name = 'mine'"), 0);
    age(&one, 1000);
    Snapshot undone = restore(shop, NULL);
    assert_string_equal(undone.name, "before-restore-20261126-124005-2");
    assert_int_equal(count(shop, "SELECT count(*) FROM orders"), 0);
    assert_int_equal(count(shop, "SELECT count(*) FROM sqlite_master WHERE name = 'mine'"), 1);
}

static void who_has_the_database_open_sees_the_restored_rows(void **state) {
    SeedProject *shop = *state;
    int64_t rows = -1, is_fine = -1;
    take(shop, "one");
    Database *reader = seed_project_open(shop, ".devbox/sandbox.db");
    assert_true(database_execute(reader, "INSERT INTO orders VALUES (3)", &shop->err));
    restore(shop, "one");
    assert_true(database_query_integer(reader, "SELECT count(*) FROM orders", -1, &rows, &shop->err));
    assert_int_equal(rows, 2);
    assert_true(database_execute(reader, "INSERT INTO orders VALUES (4)", &shop->err));
    assert_true(
        database_query_integer(reader, "SELECT integrity_check = 'ok' FROM pragma_integrity_check", -1, &is_fine, &shop->err));
    assert_int_equal(is_fine, 1);
    database_close(reader);
}

static void a_deleted_database_comes_back(void **state) {
    SeedProject *shop = *state;
    take(shop, "one");
    assert_true(file_remove(shop->arena, sandbox_path(shop->arena, &shop->project), &shop->err));
    assert_null(restore(shop, "one").name);
    assert_int_equal(count(shop, "SELECT count(*) FROM orders"), 2);
    assert_int_equal(count(shop, "SELECT journal_mode = 'wal' FROM pragma_journal_mode"), 1);
    assert_int_equal(file_info(sandbox_path(shop->arena, &shop->project)).mode, 0600);
}

static void a_reset_leaves_the_seeds_alone_and_keeps_what_was(void **state) {
    SeedProject *shop = *state;
    SeedReport report = {0};
    change(shop, "CREATE TABLE mine(x); CREATE VIEW seen AS SELECT * FROM orders; DELETE FROM orders");
    Snapshot kept = reset(shop, &report);
    assert_int_equal(report.tables, 1);
    assert_int_equal(report.rows, 2);
    assert_int_equal(count(shop, "SELECT count(*) FROM sqlite_master WHERE name IN ('mine', 'seen')"), 0);
    assert_int_equal(count(shop, "SELECT count(*) FROM orders"), 2);
    restore(shop, kept.name);
    assert_int_equal(count(shop, "SELECT count(*) FROM sqlite_master WHERE name IN ('mine', 'seen')"), 2);
    assert_int_equal(count(shop, "SELECT count(*) FROM seen"), 0);
}

static void a_reset_without_a_database_is_the_first_load(void **state) {
    SeedProject *shop = *state;
    SeedReport report = {0};
    assert_true(file_remove(shop->arena, sandbox_path(shop->arena, &shop->project), &shop->err));
    assert_null(reset(shop, &report).name);
    assert_int_equal(count(shop, "SELECT count(*) FROM orders"), 2);
}

static void a_reset_whose_seeds_cannot_be_loaded_changes_nothing(void **state) {
    SeedProject *shop = *state;
    Snapshot kept;
    SeedReport report;
    change(shop, "CREATE TABLE mine(x); DELETE FROM orders WHERE id = 1");
    seed_project_write(shop, "seeds/orders.csv", "id\n1\n2,3\n");
    assert_false(sandbox_snapshots_reset(&shop->ctx, &shop->project, &kept, &report, &shop->err));
    assert_int_equal(shop->err.code, ERROR_SEED);
    assert_int_equal(shop->notes.count, 0);
    assert_int_equal(count(shop, "SELECT count(*) FROM orders"), 1);
    assert_int_equal(count(shop, "SELECT count(*) FROM sqlite_master WHERE name = 'mine'"), 1);
}

static void pages_of_another_size_are_no_obstacle(void **state) {
    SeedProject *shop = *state;
    take(shop, "one");
    assert_int_equal(count(shop, "SELECT page_size FROM pragma_page_size"), 16384);
    assert_true(file_remove(shop->arena, sandbox_path(shop->arena, &shop->project), &shop->err));
    Database *other = NULL;
    assert_true(database_open(shop->arena, sandbox_path(shop->arena, &shop->project), DATABASE_CREATE, 1000, &other, &shop->err));
    assert_true(database_execute(other, "CREATE TABLE mine(x)", &shop->err));
    Snapshot kept = restore(shop, "one");
    database_close(other);
    assert_int_equal(count(shop, "SELECT count(*) FROM orders"), 2);
    restore(shop, kept.name);
    assert_int_equal(count(shop, "SELECT count(*) FROM mine"), 0);
    StringList names = files(shop);
    list_each(const char *const, name, &names) assert_null(strstr(*name, ".new"));
}

static void three_of_its_own_snapshots_stay_and_all_of_the_users(void **state) {
    SeedProject *shop = *state;
    SeedReport report;
    Snapshot mine = take(shop, "before-backfill");
    age(&mine, 1);
    for (long i = 0; i < 6; i++) {
        fake_clock_advance(1000);
        Snapshot kept = reset(shop, &report);
        age(&kept, 1000 + i);
    }
    StringList names = files(shop);
    assert_string_equal(
        text_join(shop->arena, &names, " "),
        "before-backfill.db before-reset-20261126-124009.db before-reset-20261126-124010.db before-reset-20261126-124011.db");
}

static void what_a_killed_command_left_goes_with_the_next(void **state) {
    SeedProject *shop = *state;
    take(shop, "one");
    seed_project_write(shop, ".devbox/snapshots/half.db.new", "half");
    seed_project_write(shop, ".devbox/snapshots/half.db.new-journal", "half");
    seed_project_write(shop, ".devbox/snapshots/half.db.new.0123456789abcdef", "half");
    take(shop, "two");
    StringList names = files(shop);
    assert_string_equal(text_join(shop->arena, &names, " "), "one.db two.db");
}

static void mistakes_name_what_there_is(void **state) {
    SeedProject *shop = *state;
    Snapshot found;
    check_refused(shop, sandbox_snapshots_find(&shop->ctx, &shop->project, "one", &found, &shop->err), ERROR_USAGE,
                  "there is no snapshot of the sandbox database yet", "devbox db snapshot");
    take(shop, "backfill");
    check_refused(shop, sandbox_snapshots_find(&shop->ctx, &shop->project, "backfil", &found, &shop->err), ERROR_USAGE,
                  "there is no snapshot 'backfil'", "did you mean: backfill");
    check_refused(shop, sandbox_snapshots_find(&shop->ctx, &shop->project, "x", &found, &shop->err), ERROR_USAGE,
                  "there is no snapshot 'x'", "there are: backfill");
    check_refused(shop, sandbox_snapshots_take(&shop->ctx, &shop->project, "backfill", &found, &shop->err), ERROR_USAGE,
                  "there is a snapshot 'backfill' already", "snapshots/backfill.db");
    check_refused(shop, sandbox_snapshots_take(&shop->ctx, &shop->project, "before-reset-1", &found, &shop->err), ERROR_USAGE,
                  "'before-reset-1' is a name that devbox gives itself, and may remove again", "my-before-reset-1");
    const char *const wrong[] = {
        "", "../up", "a b", ".hidden", "-x", "ö", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        check_refused(shop, sandbox_snapshots_take(&shop->ctx, &shop->project, wrong[i], &found, &shop->err), ERROR_USAGE,
                      arena_format(shop->arena, "'%s' cannot be the name of a snapshot", wrong[i]), "letters");
    }
    assert_true(file_remove(shop->arena, sandbox_path(shop->arena, &shop->project), &shop->err));
    assert_false(sandbox_snapshots_take(&shop->ctx, &shop->project, "late", &found, &shop->err));
    assert_string_equal(shop->err.hint, "devbox db seed");
}

// Its header is fine, so that it shows only while pages are copied or used.
static void a_damaged_snapshot_is_what_the_error_names(void **state) {
    SeedProject *shop = *state;
    Snapshot wanted = take(shop, "one"), kept;
    assert_int_equal(truncate(wanted.path, wanted.size_bytes - 100), 0);
    bool is_done = sandbox_snapshots_restore(&shop->ctx, &shop->project, &wanted, &kept, &shop->err);
    if (!is_done) assert_null(strstr(shop->err.hint == NULL ? "" : shop->err.hint, "sandbox.db"));
    restore(shop, is_done ? kept.name : "before-restore-20261126-124005");
    assert_int_equal(count(shop, "SELECT count(*) FROM orders"), 2);
}

static void a_snapshot_that_is_no_database_changes_nothing(void **state) {
    SeedProject *shop = *state;
    Snapshot wanted, kept;
    seed_project_write(shop, ".devbox/snapshots/broken.db",
                       "this is no database, and long enough to be taken for one by its size");
    assert_true(sandbox_snapshots_find(&shop->ctx, &shop->project, "broken", &wanted, &shop->err));
    assert_false(sandbox_snapshots_restore(&shop->ctx, &shop->project, &wanted, &kept, &shop->err));
    assert_int_equal(shop->err.code, ERROR_DATABASE);
    assert_int_equal(count(shop, "SELECT count(*) FROM orders"), 2);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        test_either_way(a_snapshot_is_the_database_as_it_was_in_one_private_file),
        test_either_way(the_newest_comes_first_and_is_the_last_one),
        test_either_way(restoring_brings_rows_back_and_can_be_undone),
        test_either_way(who_has_the_database_open_sees_the_restored_rows),
        test_either_way(a_deleted_database_comes_back),
        test_either_way(a_reset_leaves_the_seeds_alone_and_keeps_what_was),
        test_either_way(a_reset_without_a_database_is_the_first_load),
        test_either_way(three_of_its_own_snapshots_stay_and_all_of_the_users),
        test_either_way(what_a_killed_command_left_goes_with_the_next),
        test_either_way(mistakes_name_what_there_is),
        test_either_way(a_reset_whose_seeds_cannot_be_loaded_changes_nothing),
        test_either_way(pages_of_another_size_are_no_obstacle),
        test_either_way(a_damaged_snapshot_is_what_the_error_names),
        test_either_way(a_snapshot_that_is_no_database_changes_nothing),
    };
    int failed = cmocka_run_group_tests_name("here", tests, NULL, NULL);
    is_behind_door = true;
    return failed + cmocka_run_group_tests_name("through the door", tests, NULL, NULL);
}
