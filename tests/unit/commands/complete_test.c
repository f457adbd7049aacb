#include "base/text.h"
#include "commands/commands.h"
#include "support/invoke.h"

static const char *complete(Checkout *checkout, const char *kind) {
    Recorder recorder;
    assert_true(invoke(checkout, &command_complete, NULL, kind, &recorder));
    return recorder.text;
}

static void dag_ids_are_found_in_every_form_that_people_write(void **state) {
    Checkout *checkout = *state;
    checkout_add(checkout, "dags/classic.py",
                 "with DAG(\n    dag_id=\"classic\",\n): pass\nother = DAG('positional', schedule=None)\n");
    checkout_add(checkout, "dags/team/flow.py",
                 "@dag(schedule=None)\ndef by_function():\n    pass\n\n@dag\ndef bare():\n    pass\n");
    checkout_add(checkout, "dags/named.py", "@dag(dag_id = 'named-1.0')\ndef not_this():\n    pass\n");
    assert_string_equal(complete(checkout, "dags"), "bare\nby_function\nclassic\nnamed-1.0\npositional");
}

static void what_only_looks_like_a_dag_id_is_left_out(void **state) {
    Checkout *checkout = *state;
    checkout_add(checkout, "dags/a.py",
                 "TriggerDagRunOperator(trigger_dag_id=\"elsewhere\")\n"
                 "if run.dag_id == \"compared\": pass\n"
                 "DAG(f\"made_{up}\")\nDAG(dag_id=name)\nSubDAG(\"sub\")\n@dag_owner\ndef helper():\n    pass\n"
                 "DAG(\"unfinished\n");
    assert_string_equal(complete(checkout, "dags"), "");
}

static void a_dag_that_is_named_twice_is_offered_once(void **state) {
    Checkout *checkout = *state;
    checkout_add(checkout, "dags/a.py", "DAG(dag_id='same')\n");
    checkout_add(checkout, "dags/b.py", "DAG(dag_id='same')\n");
    assert_string_equal(complete(checkout, "dags"), "same");
}

static void snapshots_are_those_of_the_sandbox(void **state) {
    Checkout *checkout = *state;
    checkout_add_folder(checkout, "dags");
    assert_string_equal(complete(checkout, "snapshots"), "");
    checkout_add(checkout, ".devbox/snapshots/before-backfill.db", "a database");
    checkout_add(checkout, ".devbox/snapshots/half.db.new", "half of one");
    assert_string_equal(complete(checkout, "snapshots"), "before-backfill");
}

static void services_are_none_while_nothing_runs(void **state) {
    Checkout *checkout = *state;
    checkout_add_folder(checkout, "dags");
    assert_string_equal(complete(checkout, "services"), "");
}

static void an_unknown_kind_is_refused(void **state) {
    Checkout *checkout = *state;
    Recorder recorder;
    checkout_add_folder(checkout, "dags");
    assert_false(invoke(checkout, &command_complete, NULL, "weather", &recorder));
    assert_int_equal(checkout->err.code, ERROR_USAGE);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        test_with_checkout(dag_ids_are_found_in_every_form_that_people_write),
        test_with_checkout(what_only_looks_like_a_dag_id_is_left_out),
        test_with_checkout(a_dag_that_is_named_twice_is_offered_once),
        test_with_checkout(snapshots_are_those_of_the_sandbox),
        test_with_checkout(services_are_none_while_nothing_runs),
        test_with_checkout(an_unknown_kind_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
