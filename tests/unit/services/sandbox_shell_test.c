// fakes: workbench
#include "services/sandbox_shell.h"

#include "fakes/fake_workbench.h"
#include "services/sandbox.h"
#include "support/seed_project.h"

static void where_locks_do_not_cross_this_machine_does_not_open_the_database(void **state) {
    SeedProject *shop = *state;
    SeedReport report;
    int exit_code = -1;
    fake_workbench = (FakeWorkbench){.hides_locks = true};
    shop->project.config.runtime = RUNTIME_DOCKER;
    seed_project_write(shop, "seeds/orders.csv", "id\n1\n");
    assert_true(sandbox_seed(&shop->ctx, &shop->project, &report, &shop->err));
    assert_false(sandbox_shell_run(&shop->ctx, &shop->project, &exit_code, &shop->err));
    assert_int_equal(shop->err.code, ERROR_DATA_AT_RISK);
    assert_non_null(strstr(shop->err.hint, "devbox db query SQL"));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(where_locks_do_not_cross_this_machine_does_not_open_the_database, seed_project_setup,
                                        seed_project_drop),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
