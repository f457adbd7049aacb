// fakes: docker
#include "services/failure_card.h"

#include "base/text.h"
#include "fakes/fake_docker.h"
#include "support/checkout.h"

enum { LINES = 20, SHOWN = 15 };

static const DockerEngine engine = {.api_version = "1.41"};

static void known_signs_in_a_log_have_advice(void **state) {
    static const struct {
        const char *log, *advice;
    } rows[] = {
        {"E\nModuleNotFoundError: No module named 'pandas'\n", "requirements.txt"},
        {"dd: writing '/big': No space left on device", "docker system df"},
        {"write /var/lib/docker/tmp/x: no space left on device", "docker system df"},
        {"airflow.exceptions.AirflowConfigException: Failed to convert value to int", "airflow.env"},
        {"FATAL:  password authentication failed for user \"airflow\"", "another password"},
        {"Temporary failure in name resolution", "network"},
        {"ERROR: No matching distribution found for pandas==99", "requirements.txt"},
        {"Starting the scheduler", NULL},
        {"", NULL},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const char *advice = failure_card_find_cause(rows[i].log);
        bool is_right = rows[i].advice == NULL ? advice == NULL : advice != NULL && strstr(advice, rows[i].advice) != NULL;
        if (!is_right) fail_msg("%s → %s", rows[i].log, advice);
    }
}

static AirflowStack make_stack(Arena *arena, const DockerContainer *scheduler, const char *message) {
    static const AirflowService own = {.name = "scheduler", .label = "scheduler"};
    AirflowStack stack = {0};
    list_push(arena, &stack.profile.services, own);
    list_push(arena, &stack.containers, *scheduler);
    list_push(arena, &stack.state.services,
              ((ServiceStatus){.name = "scheduler", .label = "scheduler", .state = SERVICE_FAILED, .message = message}));
    return stack;
}

static Project open_checkout(Checkout *checkout) {
    checkout_add_folder(checkout, "dags");
    Project project = checkout_open(checkout);
    assert_true(project_prepare_state(&checkout->ctx, &project, &checkout->err));
    return project;
}

static const char *make_log(Arena *arena) {
    Text log = {.arena = arena};
    for (int i = 1; i <= LINES; i++) text_append_format(&log, "\033[34mline %d\033[0m\n", i);
    return text_string(&log);
}

static void the_card_has_state_restarts_log_and_command(void **state) {
    Checkout *checkout = *state;
    Project project = open_checkout(checkout);
    const FakeDockerAnswer script[] = {{.call = "log 4e1", .answer = make_log(checkout->arena)}};
    const DockerContainer scheduler = {.id = "4e1", .service = "airflow-scheduler", .state = "restarting", .restarts = 3};
    AirflowStack stack = make_stack(checkout->arena, &scheduler, "exited (1) 2.0s after its start");
    char *saved;
    fake_docker_script(script, 1);
    assert_false(failure_card_fill(&checkout->ctx, &project, &engine, &stack, "airflow-scheduler", &checkout->err));
    fake_docker_assert_used();
    assert_int_equal(checkout->err.code, ERROR_SERVICE);
    assert_string_equal(checkout->err.message, "scheduler exited (1) 2.0s after its start, restarted 3×");
    assert_string_equal(checkout->err.hint, "after mending the cause: devbox start · full log: .devbox/logs/scheduler.log");
    StringList shown = text_split_lines(checkout->arena, checkout->err.detail);
    assert_int_equal(shown.count, SHOWN);
    assert_string_equal(shown.items[0], "line 6");
    assert_string_equal(shown.items[SHOWN - 1], "line 20");
    error_clear(&checkout->err);
    assert_true(file_read(checkout->arena, checkout_path(checkout, ".devbox/logs/scheduler.log"), &saved, NULL, &checkout->err));
    assert_true(text_starts_with(saved, "line 1\n"));
}

static void out_of_memory_names_the_key_and_twice_its_value(void **state) {
    Checkout *checkout = *state;
    Project project = open_checkout(checkout);
    const FakeDockerAnswer script[] = {{.call = "log 4e1", .answer = "AirflowConfigException"}};
    const DockerContainer scheduler = {.id = "4e1", .service = "airflow-scheduler", .state = "exited", .is_out_of_memory = true};
    AirflowStack stack = make_stack(checkout->arena, &scheduler, "exited (137): out of memory, limit 512 MiB");
    project.config.airflow.memory = "512m";
    fake_docker_script(script, 1);
    assert_false(failure_card_fill(&checkout->ctx, &project, &engine, &stack, "airflow-scheduler", &checkout->err));
    assert_non_null(strstr(checkout->err.hint, "airflow.memory: 1024m"));
    const FakeDockerAnswer silent[] = {{.call = "log db1", .answer = ""}};
    const DockerContainer database = {.id = "db1", .service = "postgres", .state = "exited", .is_out_of_memory = true};
    stack = make_stack(checkout->arena, &database, "exited (137): out of memory, limit 1 GiB");
    fake_docker_script(silent, 1);
    assert_false(failure_card_fill(&checkout->ctx, &project, &engine, &stack, "postgres", &checkout->err));
    assert_non_null(strstr(checkout->err.hint, "devbox.compose.yaml: services: {postgres: {mem_limit: 2g}}"));
}

// The engine may be gone by the time that somebody asks for the log.
static void without_a_log_or_a_container_the_card_still_says_what_failed(void **state) {
    Checkout *checkout = *state;
    Project project = open_checkout(checkout);
    const FakeDockerAnswer script[] = {{.call = "log 4e1", .failure = ERROR_SERVICE}};
    const DockerContainer scheduler = {.id = "4e1", .service = "airflow-scheduler", .state = "exited"};
    AirflowStack stack = make_stack(checkout->arena, &scheduler, NULL);
    fake_docker_script(script, 1);
    assert_false(failure_card_fill(&checkout->ctx, &project, &engine, &stack, "airflow-scheduler", &checkout->err));
    assert_string_equal(checkout->err.message, "scheduler exited");
    assert_false(failure_card_fill(&checkout->ctx, &project, &engine, &stack, "triggerer", &checkout->err));
    assert_string_equal(checkout->err.message, "the container of triggerer is gone");
    assert_string_equal(checkout->err.hint, "bring it up again: devbox start");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(known_signs_in_a_log_have_advice),
        test_with_checkout(the_card_has_state_restarts_log_and_command),
        test_with_checkout(out_of_memory_names_the_key_and_twice_its_value),
        test_with_checkout(without_a_log_or_a_container_the_card_still_says_what_failed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
