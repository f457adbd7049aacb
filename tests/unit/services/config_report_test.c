#include "services/config_report.h"

#include "support/checkout.h"
#include "support/event_log.h"

static const char *said_about(Checkout *checkout, const char *config) {
    static EventLog log;
    ConfigEntryList entries;
    checkout_add_folder(checkout, "dags");
    checkout_add(checkout, "devbox.yaml", config);
    Project project = checkout_open(checkout);
    event_log_start(&log, &checkout->ctx);
    assert_true(config_report(&checkout->ctx, &project, false, &entries, &checkout->err));
    assert_true(entries.count > 10);
    return text_string(&log.text);
}

static void a_runtime_that_start_refuses_is_said_with_its_line(void **state) {
    assert_string_equal(said_about(*state, "airflow:\nruntime: docker\n"),
                        "warning: devbox.yaml:2:10: start refuses this: the docker runtime is not part of this version of devbox "
                        "→ set runtime: auto in devbox.yaml: Airflow then runs natively, with nothing to set up\n");
    assert_string_equal(said_about(*state, "runtime: native\n"), "");
    assert_string_equal(said_about(*state, ""), "");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        test_with_checkout(a_runtime_that_start_refuses_is_said_with_its_line),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
