#include "services/dag_unpause.h"

#include "base/text.h"
#include "io/database.h"
#include "support/world.h"

static void known_dags_are_released_once_and_others_wait(void **state) {
    TestWorld *world = *state;
    Context ctx = {.arena = world->arena};
    StringList waiting = {0};
    Database *db = NULL;
    int64_t paused = -1;
    const char *path = test_world_path(world, "airflow.db");
    dag_unpause_known(&ctx, path, &waiting);
    list_push(world->arena, &waiting, "later");
    list_push(world->arena, &waiting, "daily");
    list_push(world->arena, &waiting, "it's");
    dag_unpause_known(&ctx, path, &waiting);
    assert_int_equal(waiting.count, 3);
    assert_true(database_open(world->arena, path, DATABASE_CREATE, 1000, &db, &world->err));
    dag_unpause_known(&ctx, path, &waiting);
    assert_int_equal(waiting.count, 3);
    assert_true(database_execute(db, "CREATE TABLE dag(dag_id, is_paused); INSERT INTO dag VALUES('daily', 1), ('other', 1)",
                                 &world->err));
    dag_unpause_known(&ctx, path, &waiting);
    assert_string_equal(text_join(world->arena, &waiting, " "), "later it's");
    assert_true(database_query_integer(db, "SELECT sum(is_paused) FROM dag", -1, &paused, &world->err));
    assert_int_equal(paused, 1);
    // Paused again by the user, it stays so.
    assert_true(database_execute(db, "UPDATE dag SET is_paused = 1; INSERT INTO dag VALUES('later', 1)", &world->err));
    dag_unpause_known(&ctx, path, &waiting);
    assert_string_equal(text_join(world->arena, &waiting, " "), "it's");
    assert_true(database_query_integer(db, "SELECT is_paused FROM dag WHERE dag_id = 'daily'", -1, &paused, &world->err));
    assert_int_equal(paused, 1);
    database_close(db);
}

int main(void) {
    const struct CMUnitTest tests[] = {test_with_world(known_dags_are_released_once_and_others_wait)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
