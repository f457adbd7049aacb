// fakes: process
#include "services/airflow_host.h"

#include <fcntl.h>
#include <unistd.h>

#include "base/text.h"
#include "fakes/fake_process.h"
#include "io/json.h"
#include "support/event_log.h"

typedef struct Hosting {
    Context ctx;
    AirflowHost host;
    Error err;
} Hosting;

static Hosting open_host(Arena *arena, const char *output) {
    FakeChild *child = arena_allocate(arena, sizeof *child);
    Hosting hosting = {.ctx = {.arena = arena, .share_dir = "/share"}, .err = {.arena = arena}};
    AirflowSetup setup = {.home = "/home/airflow", .python = {.python = "/venv/bin/python"}};
    ChildEnvironment environment = {.arena = arena};
    *child = (FakeChild){
        .command = "/venv/bin/python /share/workers/airflow_host.py components", .folder = "/home/airflow", .output = output};
    fake_process_script(child, 1);
    if (!airflow_host_open(&hosting.ctx, &setup, &environment, "/log", &hosting.host, &hosting.err))
        fail_msg("%s", hosting.err.message);
    return hosting;
}

static void what_the_host_says_becomes_events(void **state) {
    Hosting hosting = open_host(*state,
                                "{\"event\":\"ready\"}\n{\"event\":\"started\",\"service\":\"scheduler\",\"pid\":42}\n"
                                "Airflow says hello\n{\"event\":\"new\"}\n[]\n"
                                "{\"event\":\"exited\",\"service\":\"scheduler\",\"pid\":42,\"exit_code\":1,\"signal\":9}\n"
                                "{\"event\":\"ready\"");
    HostEventList events = airflow_host_read(&hosting.ctx, &hosting.host);
    assert_int_equal(events.count, 4);
    assert_int_equal(events.items[0].kind, HOST_READY);
    assert_null(events.items[0].service);
    assert_int_equal(events.items[1].kind, HOST_SERVICE_STARTED);
    assert_string_equal(events.items[1].service, "scheduler");
    assert_int_equal(events.items[1].pid, 42);
    assert_int_equal(events.items[2].kind, HOST_SERVICE_EXITED);
    assert_int_equal(events.items[2].exit_code, 1);
    assert_int_equal(events.items[2].signal, 9);
    assert_int_equal(events.items[3].kind, HOST_GONE);
    assert_int_equal(events.items[3].pid, hosting.host.pid);
    airflow_host_close(&hosting.host);
}

static void a_line_may_come_in_pieces_and_noise_without_end_is_dropped(void **state) {
    int ends[2];
    char noise[60 * 1024];
    Hosting hosting = open_host(*state, "");
    close(hosting.host.output_fd);
    assert_int_equal(pipe2(ends, O_NONBLOCK), 0);
    hosting.host.output_fd = ends[0];
    assert_int_equal(airflow_host_read(&hosting.ctx, &hosting.host).count, 0);
    assert_true(write(ends[1], "{\"event\":", 9) == 9);
    assert_int_equal(airflow_host_read(&hosting.ctx, &hosting.host).count, 0);
    assert_true(write(ends[1], "\"ready\"}\n", 9) == 9);
    assert_int_equal(airflow_host_read(&hosting.ctx, &hosting.host).count, 1);
    memset(noise, 'x', sizeof noise);
    for (int i = 0; i < 3; i++) {
        assert_true(write(ends[1], noise, sizeof noise) == (ssize_t)sizeof noise);
        assert_int_equal(airflow_host_read(&hosting.ctx, &hosting.host).count, 0);
    }
    assert_true(write(ends[1], "\n{\"event\":\"ready\"}\n", 19) == 19);
    assert_int_equal(airflow_host_read(&hosting.ctx, &hosting.host).count, 1);
    close(ends[1]);
    airflow_host_close(&hosting.host);
}

static void a_component_is_asked_for_by_one_line(void **state) {
    int ends[2];
    char line[512] = "";
    Value *request;
    Hosting hosting = open_host(*state, "");
    AirflowService service = {.name = "scheduler"};
    list_push(*state, &service.arguments, "scheduler");
    list_push(*state, &service.arguments, "--skip-serve-logs");
    close(hosting.host.input_fd);
    assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
    hosting.host.input_fd = ends[1];
    assert_true(airflow_host_start(&hosting.ctx, &hosting.host, &service, "/logs/scheduler.log"));
    assert_true(read(ends[0], line, sizeof line - 1) > 0);
    assert_true(text_ends_with(line, "}\n"));
    assert_true(json_parse(*state, line, "request", &request, &hosting.err));
    assert_string_equal(value_get_string(request, "op", ""), "start");
    assert_string_equal(value_get_string(request, "service", ""), "scheduler");
    assert_string_equal(value_get_string(request, "log", ""), "/logs/scheduler.log");
    assert_int_equal(value_get(request, "argv")->count, 2);
    close(ends[0]);
    airflow_host_close(&hosting.host);
    // Closed, there is nobody to ask and nothing to close again.
    assert_false(airflow_host_start(&hosting.ctx, &hosting.host, &service, "/logs/scheduler.log"));
    airflow_host_close(&hosting.host);
}

static void a_host_that_cannot_be_started_is_an_error(void **state) {
    static const FakeChild missing[] = {{.command = "*", .error = ERROR_RUNTIME_MISSING}};
    Context ctx = {.arena = *state, .share_dir = "/share"};
    Error err = {.arena = *state};
    AirflowHost host = {.pid = 7};
    AirflowSetup setup = {.home = "/home/airflow", .python = {.python = "/venv/bin/python"}};
    ChildEnvironment environment = {.arena = *state};
    fake_process_script(missing, 1);
    assert_false(airflow_host_open(&ctx, &setup, &environment, "/log", &host, &err));
    assert_int_equal(host.pid, 7);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        test_with_arena(what_the_host_says_becomes_events),
        test_with_arena(a_line_may_come_in_pieces_and_noise_without_end_is_dropped),
        test_with_arena(a_component_is_asked_for_by_one_line),
        test_with_arena(a_host_that_cannot_be_started_is_an_error),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
