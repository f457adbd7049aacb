#include "services/airflow_host.h"

#include <errno.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/text.h"
#include "io/file_system.h"
#include "io/json.h"
#include "io/process.h"

enum { LINE_LIMIT = 64 * 1024, OPEN_TIMEOUT_MS = 60 * 1000 };

bool airflow_host_open(Context *ctx, const AirflowSetup *setup, const ChildEnvironment *environment, const char *log_path,
                       AirflowHost *host, Error *err) {
    AirflowHost opened = {.pending = arena_allocate(ctx->arena, LINE_LIMIT)};
    const char *script = path_join(ctx->arena, ctx->share_dir, "workers/airflow_host.py");
    const char *const argv[] = {setup->python.python, script, "components", NULL};
    ProcessSpec spec = {.argv = argv,
                        .folder = setup->home,
                        .environment = child_environment_vector(environment),
                        .log_path = log_path,
                        .timeout_ms = OPEN_TIMEOUT_MS};
    if (!process_open(ctx, &spec, &opened.pid, &opened.input_fd, &opened.output_fd, err)) return false;
    *host = opened;
    return true;
}

bool airflow_host_start(Context *ctx, AirflowHost *host, const AirflowService *service, const char *log_path) {
    Value *request = value_object(ctx->arena);
    value_set_string(ctx->arena, request, "op", "start");
    value_set_string(ctx->arena, request, "service", service->name);
    value_set(ctx->arena, request, "argv", value_from_strings(ctx->arena, &service->arguments));
    value_set_string(ctx->arena, request, "log", log_path);
    const char *line = arena_format(ctx->arena, "%s\n", json_print(ctx->arena, request));
    // A request is far smaller than a pipe's atomic write.
    return write(host->input_fd, line, strlen(line)) == (ssize_t)strlen(line);
}

static void read_event(Context *ctx, const char *line, HostEventList *events) {
    static const struct {
        const char *name;
        HostEventKind kind;
    } kinds[] = {{"ready", HOST_READY}, {"started", HOST_SERVICE_STARTED}, {"exited", HOST_SERVICE_EXITED}};
    Value *message;
    Error ignored = {.arena = ctx->arena};
    if (!json_parse(ctx->arena, line, "airflow host", &message, &ignored)) return;
    const char *name = value_get_string(message, "event", "");
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        if (strcmp(name, kinds[i].name) != 0) continue;
        HostEvent event = {.kind = kinds[i].kind,
                           .service = value_get_string(message, "service", NULL),
                           .pid = (pid_t)value_get_integer(message, "pid", 0),
                           .exit_code = (int)value_get_integer(message, "exit_code", 0),
                           .signal = (int)value_get_integer(message, "signal", 0)};
        list_push(ctx->arena, events, event);
    }
}

static void take_lines(Context *ctx, AirflowHost *host, HostEventList *events) {
    char *start = host->pending, *end;
    size_t left = host->pending_length;
    while ((end = memchr(start, '\n', left)) != NULL) {
        read_event(ctx, arena_copy_bytes(ctx->arena, start, (size_t)(end - start)), events);
        left -= (size_t)(end + 1 - start);
        start = end + 1;
    }
    // A line longer than any event is noise: drop it.
    if (left == LINE_LIMIT) left = 0;
    memmove(host->pending, start, left);
    host->pending_length = left;
}

HostEventList airflow_host_read(Context *ctx, AirflowHost *host) {
    HostEventList events = {0};
    for (;;) {
        ssize_t count = read(host->output_fd, host->pending + host->pending_length, LINE_LIMIT - host->pending_length);
        if (count > 0) {
            host->pending_length += (size_t)count;
            take_lines(ctx, host, &events);
            continue;
        }
        if (count < 0 && errno == EINTR) continue;
        if (count < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) return events;
        HostEvent gone = {.kind = HOST_GONE, .pid = host->pid};
        list_push(ctx->arena, &events, gone);
        return events;
    }
}

void airflow_host_close(AirflowHost *host) {
    if (host->pid <= 0) return;
    close(host->input_fd);
    close(host->output_fd);
    kill(host->pid, SIGTERM);
    *host = (AirflowHost){.input_fd = -1, .output_fd = -1};
}
