#include "services/docker_capacity.h"

#include "base/text.h"
#include "support/test.h"

#define GIB (1LL << 30)

typedef struct Row {
    int processors;
    long long memory_bytes;
    const char *architecture;
    CheckState expected;
    const char *remedy;
} Row;

static void an_engine_that_is_too_small_or_of_another_kind_is_told_with_what_to_do(void **state) {
    static const Row rows[] = {
        {8, 16 * GIB, "x86_64", CHECK_GOOD, NULL},
        {2, 4 * GIB, "aarch64", CHECK_GOOD, NULL},
        {1, 16 * GIB, "arm64", CHECK_WARNING, "2 CPUs and 4 GiB"},
        {2, 3 * GIB, "amd64", CHECK_WARNING, "2 CPUs and 4 GiB"},
        {8, 3 * GIB - 1, "x86_64", CHECK_BAD, "need 3 GiB"},
        {8, 16 * GIB, "riscv64", CHECK_BAD, "amd64 and arm64 only"},
        {0, 0, "", CHECK_BAD, "amd64 and arm64 only"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        CheckList checks = {0};
        DockerEngine engine = {
            .processors = rows[i].processors, .memory_bytes = rows[i].memory_bytes, .architecture = rows[i].architecture};
        docker_capacity_judge(*state, &engine, &checks);
        assert_int_equal(checks.count, 1);
        assert_int_equal(checks.items[0].state, rows[i].expected);
        if (rows[i].remedy == NULL) assert_null(checks.items[0].remedy);
        if (rows[i].remedy != NULL) assert_non_null(strstr(checks.items[0].remedy, rows[i].remedy));
    }
}

// /proc has no room at all.
static void a_full_disk_is_told_where_it_is_this_machines(void **state) {
    static const struct {
        const char *name, *folder;
        bool is_known, is_full;
    } rows[] = {
        {"Docker 20.10.24", "/proc", true, true},
        {"Docker Desktop 4.51.0", "/proc", false, false},
        {"Colima, Docker 27.0.1", "/proc", false, false},
        {"Docker 20.10.24", "/nonexistent", false, false},
        {"Docker 20.10.24", "", false, false},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        CheckList checks = {0};
        DockerEngine engine = {.name = rows[i].name, .data_folder = rows[i].folder};
        docker_capacity_judge_disk(*state, &engine, &checks);
        assert_int_equal(checks.count, rows[i].is_known);
        if (!rows[i].is_known) continue;
        assert_int_equal(checks.items[0].state, CHECK_BAD);
        assert_string_equal(checks.items[0].finding, "only 0 MiB free for the engine's images in /proc");
        assert_string_equal(checks.items[0].remedy, "Airflow's image needs 3 GiB; what takes the room: docker system df");
    }
}

static void a_limit_below_what_airflow_takes_is_a_warning(void **state) {
    CheckList checks = {0};
    docker_capacity_judge_limit(*state, "1g", &checks);
    docker_capacity_judge_limit(*state, "512m", &checks);
    assert_int_equal(checks.count, 0);
    docker_capacity_judge_limit(*state, "100m", &checks);
    assert_int_equal(checks.items[0].state, CHECK_WARNING);
    assert_string_equal(checks.items[0].finding, "100m for each container is less than Airflow itself takes");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        test_with_arena(an_engine_that_is_too_small_or_of_another_kind_is_told_with_what_to_do),
        test_with_arena(a_full_disk_is_told_where_it_is_this_machines),
        test_with_arena(a_limit_below_what_airflow_takes_is_a_warning),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
