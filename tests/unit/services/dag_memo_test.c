#include "services/dag_memo.h"

#include <fcntl.h>
#include <sys/stat.h>

#include "base/text.h"
#include "io/clock.h"
#include "support/checkout.h"

enum { LONG_AGO_S = 1700000000 };

static void write_old(Checkout *checkout, const char *name, const char *content) {
    const struct timespec times[] = {{.tv_sec = LONG_AGO_S}, {.tv_sec = LONG_AGO_S}};
    checkout_add(checkout, name, content);
    assert_int_equal(utimensat(AT_FDCWD, checkout_path(checkout, name), times, 0), 0);
}

static Project make_platform(Checkout *checkout) {
    write_old(checkout, "dags/a.py", "1");
    write_old(checkout, "dags/b.py", "1");
    write_old(checkout, "dags/helper.py", "1");
    checkout_add(checkout, "devbox.yaml", "{}");
    checkout_add_folder(checkout, ".devbox/tmp");
    return checkout_open(checkout);
}

static void learn(Checkout *checkout, DagMemory *memory, const char *name, const char *used) {
    DagEvents events = {0};
    CheckedFile file = {.path = checkout_path(checkout, name), .name = name, .knows_uses = true};
    if (used != NULL) list_push(checkout->arena, &file.uses, checkout_path(checkout, used));
    list_push(checkout->arena, &events.files, file);
    list_push(checkout->arena, &events.dags, ((FoundDag){.dag_id = path_name(name), .file = name, .line = 7}));
    dag_memory_learn(memory, &events);
}

static void keep(Checkout *checkout, const Project *project) {
    DagMemory memory = dag_memo_open(&checkout->ctx, project);
    learn(checkout, &memory, "dags/a.py", "dags/helper.py");
    learn(checkout, &memory, "dags/b.py", NULL);
    dag_memo_save(&checkout->ctx, project, &memory, clock_wall_ms());
}

// "dags/a.py(stale)>dags/helper.py dags/b.py"
static const char *recall(Checkout *checkout, const Project *project) {
    Text text = {.arena = checkout->arena};
    DagMemory memory = dag_memo_open(&checkout->ctx, project);
    for (size_t i = 0; i < memory.files.count; i++) {
        const RememberedFile *file = memory.files.entries[i].value;
        text_append_format(&text, "%s%s%s", i == 0 ? "" : " ", path_relative(checkout->arena, file->path, checkout->root),
                           file->is_stale ? "(stale)" : "");
        list_each(const char *const, used, &file->uses)
            text_append_format(&text, ">%s", path_relative(checkout->arena, *used, checkout->root));
    }
    return text_string(&text);
}

static void what_was_learned_is_there_the_next_time(void **state) {
    Project project = make_platform(*state);
    assert_string_equal(recall(*state, &project), "");
    keep(*state, &project);
    assert_string_equal(recall(*state, &project), "dags/a.py>dags/helper.py dags/b.py");
    DagMemory memory = dag_memo_open(&((Checkout *)*state)->ctx, &project);
    const RememberedFile *file = map_get(&memory.files, checkout_path(*state, "dags/a.py"));
    assert_false(file->is_red);
    assert_string_equal(file->dags.items[0].dag_id, "a.py");
    assert_string_equal(file->dags.items[0].file, "dags/a.py");
    assert_int_equal(file->dags.items[0].line, 7);
}

static void what_changed_since_makes_its_users_stale(void **state) {
    Project project = make_platform(*state);
    keep(*state, &project);
    checkout_add(*state, "dags/helper.py", "2");
    assert_string_equal(recall(*state, &project), "dags/a.py(stale)>dags/helper.py dags/b.py");
    write_old(*state, "dags/helper.py", "1");
    assert_string_equal(recall(*state, &project), "dags/a.py>dags/helper.py dags/b.py");
    write_old(*state, "dags/b.py", "12");
    assert_string_equal(recall(*state, &project), "dags/a.py>dags/helper.py dags/b.py(stale)");
    // A command that checks only the one keeps what is known of the other.
    DagMemory memory = dag_memo_open(&((Checkout *)*state)->ctx, &project);
    learn(*state, &memory, "dags/a.py", "dags/helper.py");
    dag_memo_save(&((Checkout *)*state)->ctx, &project, &memory, clock_wall_ms());
    assert_string_equal(recall(*state, &project), "dags/a.py>dags/helper.py dags/b.py(stale)");
}

static void what_was_written_while_it_was_checked_is_stale(void **state) {
    Project project = make_platform(*state);
    checkout_add(*state, "dags/b.py", "2");
    keep(*state, &project);
    assert_string_equal(recall(*state, &project), "dags/a.py>dags/helper.py dags/b.py(stale)");
}

static void what_is_gone_is_forgotten(void **state) {
    Checkout *checkout = *state;
    Project project = make_platform(checkout);
    keep(checkout, &project);
    assert_true(file_remove(checkout->arena, checkout_path(checkout, "dags/b.py"), &checkout->err));
    assert_string_equal(recall(checkout, &project), "dags/a.py>dags/helper.py");
}

static void files_of_devbox_itself_are_no_uses(void **state) {
    Checkout *checkout = *state;
    Project project = make_platform(checkout);
    DagMemory memory = dag_memo_open(&checkout->ctx, &project);
    learn(checkout, &memory, "dags/a.py", ".devbox/tmp/dags-x/airflow.cfg");
    dag_memo_save(&checkout->ctx, &project, &memory, clock_wall_ms());
    assert_string_equal(recall(checkout, &project), "dags/a.py");
}

static void another_airflow_or_a_broken_file_is_nothing_known(void **state) {
    Project project = make_platform(*state);
    keep(*state, &project);
    project.config.airflow.version = "0.0.1";
    assert_string_equal(recall(*state, &project), "");
    project = checkout_open(*state);
    checkout_add(*state, ".devbox/dag_uses.json", "{\"format\":1,");
    assert_string_equal(recall(*state, &project), "");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        test_with_checkout(what_was_learned_is_there_the_next_time),
        test_with_checkout(what_changed_since_makes_its_users_stale),
        test_with_checkout(what_was_written_while_it_was_checked_is_stale),
        test_with_checkout(what_is_gone_is_forgotten),
        test_with_checkout(files_of_devbox_itself_are_no_uses),
        test_with_checkout(another_airflow_or_a_broken_file_is_nothing_known),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
