#include "services/failure_card.h"

#include <ctype.h>

#include "base/text.h"
#include "io/file_system.h"
#include "model/event.h"
#include "services/container_memory.h"

enum { LOG_LINES = 15, SAVED_LINES = 20000 };

typedef struct Cause {
    const char *sign, *advice;
} Cause;

static const Cause causes[] = {
    {"ModuleNotFoundError: No module named", "a Python package is missing: add it to requirements.txt"},
    {"No space left on device", "the disk of the container engine is full: docker system df shows what takes it"},
    {"no space left on device", "the disk of the container engine is full: docker system df shows what takes it"},
    {"Temporary failure in name resolution",
     "containers reach no network: check it and the proxy; behind a VPN airflow.build_network: host may help a build"},
    {"No matching distribution found for", "a package has no such version: correct requirements.txt"},
    {"password authentication failed",
     "the database was made with another password: restore .devbox/secrets.json, or remove the volume named in devbox status"},
    {"could not translate host name \"postgres\"", "the containers do not find each other: devbox stop, then devbox start"},
    {"database files are incompatible with server",
     "the database was made by another PostgreSQL release: set airflow.database_image, or its image in devbox.compose.yaml, "
     "back"},
    {"Permission denied: '/opt/airflow",
     "the image does not let this user write /opt/airflow: is airflow.image made from Airflow's official one"},
    {"PermissionError: [Errno 13]", "the container may not read or write a file of the checkout: ls -l shows whose it is"},
    {"AirflowConfigException", "Airflow does not accept a setting: look at airflow.env in devbox.yaml and at .env"},
    {"Can't locate revision identified by",
     "the metadata database was migrated by a newer Airflow: set airflow.version back in devbox.yaml"},
    {"exec format error", "the image is made for another processor architecture"},
    {"executable file not found", "the image lacks a program: is airflow.image made from Airflow's official one"},
};

const char *failure_card_find_cause(const char *log) {
    for (size_t i = 0; i < sizeof causes / sizeof *causes; i++) {
        if (strstr(log, causes[i].sign) != NULL) return causes[i].advice;
    }
    return NULL;
}

// Without the colour codes that Airflow writes into its logs.
static void append_plain(Text *text, const char *line) {
    for (; *line != '\0'; line++) {
        if (line[0] == '\033' && line[1] == '[') {
            line += 2;
            while (*line != '\0' && !isalpha((unsigned char)*line)) line++;
            if (*line == '\0') return;
        } else if ((unsigned char)*line >= ' ' || *line == '\t') {
            text_append_char(text, *line);
        }
    }
}

static const char *read_log(Context *ctx, const DockerEngine *engine, const char *container) {
    DockerLogLineList lines = {0};
    Text text = {.arena = ctx->arena};
    Error silent = {.arena = ctx->arena};
    DockerLogQuery query = {.container = container, .tail = SAVED_LINES};
    if (!docker_container_log(ctx, engine, &query, &lines, &silent)) return "";
    list_each(const DockerLogLine, line, &lines) {
        append_plain(&text, line->text);
        text_append_char(&text, '\n');
    }
    return text_string(&text);
}

static const char *save_log(Context *ctx, const Project *project, const char *name, const char *log) {
    const char *path = project_state_path(ctx->arena, project, arena_format(ctx->arena, "logs/%s.log", name));
    Error problem = {.arena = ctx->arena};
    if (file_write_string(ctx->arena, path, log, 0600, &problem)) return path;
    event_warning(ctx, problem.hint, "the log could not be saved: %s", problem.message);
    return NULL;
}

// "devbox logs" in case the log could not be saved.
static bool add_hint(Context *ctx, const Project *project, const DockerContainer *container, const char *log, const char *path,
                     Error *err) {
    const char *cause = failure_card_find_cause(log),
               *where = path == NULL ? "devbox logs" : path_relative(ctx->arena, path, project->root);
    if (container->is_out_of_memory && text_equals(container->service, AIRFLOW_STACK_DATABASE)) {
        return error_hint(err, "give it more in devbox.compose.yaml: services: {%s: {mem_limit: 2g}} · full log: %s",
                          AIRFLOW_STACK_DATABASE, where);
    }
    if (container->is_out_of_memory) {
        return error_hint(err, "give it more: airflow.memory: %s in devbox.yaml, or close something · full log: %s",
                          container_memory_more(ctx->arena, project->config.airflow.memory), where);
    }
    if (cause != NULL) return error_hint(err, "%s · full log: %s", cause, where);
    return error_hint(err, "after mending the cause: devbox start · full log: %s", where);
}

static const ServiceStatus *find_status(const AirflowStack *stack, const char *name) {
    list_each(const ServiceStatus, status, &stack->state.services) {
        if (text_equals(status->name, name)) return status;
    }
    return NULL;
}

bool failure_card_fill(Context *ctx, const Project *project, const DockerEngine *engine, const AirflowStack *stack,
                       const char *service, Error *err) {
    const DockerContainer *container = airflow_stack_find(stack, service);
    const char *name = airflow_stack_short_name(ctx->arena, &stack->profile, service);
    const ServiceStatus *status = find_status(stack, name);
    if (container == NULL) {
        error_set(err, ERROR_SERVICE, "the container of %s is gone", name);
        return error_hint(err, "bring it up again: devbox start");
    }
    const char *log = read_log(ctx, engine, container->id);
    const char *path = save_log(ctx, project, name, log);
    bool is_back = text_equals(container->state, "running") && container->restarts > 0;
    const char *why = status != NULL && status->message != NULL ? status->message : is_back ? "crashes" : container->state;
    const char *restarts = container->restarts == 0 ? "" : arena_format(ctx->arena, ", restarted %d×", container->restarts);
    error_set(err, ERROR_SERVICE, "%s %s%s", status == NULL ? name : status->label, why, restarts);
    add_hint(ctx, project, container, log, path, err);
    return error_detail(err, text_last_lines(ctx->arena, log, LOG_LINES));
}

bool failure_card_fill_slow(Context *ctx, const Project *project, const DockerEngine *engine, const AirflowStack *stack,
                            const SlowService *slow, Error *err) {
    const ServiceStatus *status = slow->status;
    const char *duration = text_duration(ctx->arena, slow->limit_ms), *label = status == NULL ? "Airflow" : status->label;
    Error card = {.arena = err->arena};
    bool has_container = status != NULL && status->container != NULL;
    if (has_container) failure_card_fill(ctx, project, engine, stack, airflow_stack_service_of(stack, status), &card);
    if (status != NULL && status->state == SERVICE_UNHEALTHY) {
        error_set(err, ERROR_TIMEOUT, "%s is not healthy after %s: %s", label, duration, status->message);
    } else {
        error_set(err, ERROR_TIMEOUT, "%s is still starting after %s", label, duration);
    }
    error_hint(err, "it goes on starting; look with: devbox status · more time: devbox start --timeout %lldm",
               service_times_more_minutes(slow));
    return error_detail(err, card.detail);
}
