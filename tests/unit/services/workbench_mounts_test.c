#include "services/workbench.h"
#include "support/test.h"

static void file_sharing_that_stopped_comes_with_the_remedy_of_whose_it_is(void **state) {
    static const struct {
        const char *provider, *remedy;
    } rows[] = {
        {"Docker Desktop", "choose VirtioFS in Docker Desktop's settings"},
        {"Colima", "colima restart, with --mount-type virtiofs"},
        {"Rancher Desktop", "restart Rancher Desktop, with virtiofs"},
        {"OrbStack", "orb restart docker"},
        {"Lima", "limactl stop and start"},
        {"Podman", "podman machine stop && podman machine start"},
        {"Docker", "restart the container engine, then: devbox start"},
        {NULL, "restart the container engine, then: devbox start"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const char *remedy = workbench_sharing_remedy(rows[i].provider);
        if (strstr(remedy, rows[i].remedy) != remedy) fail_msg("%s: %s", rows[i].provider, remedy);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        test_with_arena(file_sharing_that_stopped_comes_with_the_remedy_of_whose_it_is),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
