#include "services/status.h"

#include "base/text.h"
#include "io/clock.h"
#include "io/file_system.h"
#include "services/airflow_runtime.h"
#include "services/sandbox.h"

// The supervisor renews its file every 5 s; three times that means that it hangs.
enum { STALE_MS = 15 * 1000 };

// NULL while nothing serves it.
static const char *airflow_url(Arena *arena, const RuntimeState *state) {
    bool is_known = state->phase != RUNTIME_STOPPED && state->port != 0;
    return is_known ? arena_format(arena, "http://localhost:%d", state->port) : NULL;
}

// A supervisor that has just started has not said yet which one it runs.
static const char *airflow_version(const Project *project, const RuntimeState *state) {
    bool is_known = state->phase != RUNTIME_STOPPED && *state->version != '\0';
    return is_known ? state->version : project->config.airflow.version;
}

static Value *service_to_value(Arena *arena, const ServiceStatus *status) {
    Value *object = value_object(arena);
    value_set_string(arena, object, "name", status->name);
    value_set_string(arena, object, "state", service_state_name(status->state));
    value_set_integer(arena, object, "pid", status->pid);
    if (status->container != NULL) value_set_string(arena, object, "container", status->container);
    value_set_integer(arena, object, "restarts", status->restarts);
    value_set_string(arena, object, "message", status->message);
    value_set_string(arena, object, "log", status->log_path);
    return object;
}

static Value *to_value(Arena *arena, const Project *project, const RuntimeState *state) {
    Value *data = value_object(arena), *services = value_array(arena);
    bool is_up = state->phase != RUNTIME_STOPPED;
    value_set_string(arena, data, "checkout", project->root);
    value_set_string(arena, data, "runtime", airflow_runtime_of(project)->name);
    value_set_string(arena, data, "phase", runtime_phase_name(state->phase));
    value_set_string(arena, data, "airflowVersion", airflow_version(project, state));
    value_set_string(arena, data, "airflowUrl", airflow_url(arena, state));
    value_set_string(arena, data, "sandbox", sandbox_path(arena, project));
    value_set_string(arena, data, "message", state->message);
    for (size_t i = 0; is_up && i < state->services.count; i++)
        value_append(arena, services, service_to_value(arena, &state->services.items[i]));
    value_set(arena, data, "services", services);
    return data;
}

static void add_service_row(Arena *arena, Table *table, const ServiceStatus *status) {
    bool is_alive = status->pid > 0;
    const char *cells[] = {status->label,
                           service_state_name(status->state),
                           is_alive ? arena_format(arena, "%d", (int)status->pid) : "",
                           is_alive ? text_duration(arena, clock_wall_ms() - status->started_ms) : "",
                           arena_format(arena, "%d", status->restarts),
                           status->message == NULL ? "" : status->message};
    table_add_row(arena, table, cells);
}

static Table *to_table(Arena *arena, const RuntimeState *state) {
    static const TableColumn columns[] = {{"SERVICE", ALIGN_LEFT}, {"STATE", ALIGN_LEFT},     {"PID", ALIGN_RIGHT},
                                          {"UP", ALIGN_RIGHT},     {"RESTARTS", ALIGN_RIGHT}, {"", ALIGN_LEFT}};
    Table *table = arena_allocate(arena, sizeof *table);
    for (size_t i = 0; i < sizeof columns / sizeof *columns; i++) list_push(arena, &table->columns, columns[i]);
    list_each(const ServiceStatus, status, &state->services) add_service_row(arena, table, status);
    return table;
}

static const char *headline(Arena *arena, const Project *project, const RuntimeState *state) {
    if (state->phase == RUNTIME_STOPPED) return arena_format(arena, "%s · stopped · start with: devbox start", project->name);
    bool is_stale = state->age_ms > STALE_MS;
    Text line = {.arena = arena};
    text_append_format(&line, "%s · %s · Airflow %s · %s", project->name, airflow_runtime_of(project)->name,
                       airflow_version(project, state), runtime_phase_name(state->phase));
    if (airflow_url(arena, state) != NULL) text_append_format(&line, " · %s", airflow_url(arena, state));
    if (is_stale) text_append(&line, " · the supervisor does not answer: devbox stop, then devbox start");
    return text_string(&line);
}

bool status_describe(Context *ctx, const Project *project, bool is_short, Result *result, Error *err) {
    RuntimeState state;
    if (!airflow_runtime_of(project)->read_state(ctx, project, &state, err)) return false;
    const char *line = headline(ctx->arena, project, &state);
    *result = (Result){.data = to_value(ctx->arena, project, &state)};
    if (is_short || state.phase == RUNTIME_STOPPED) {
        result->text = line;
    } else {
        event_headline(ctx, "%s", line);
        result->table = to_table(ctx->arena, &state);
    }
    return true;
}

bool status_describe_environment(Context *ctx, const Project *project, Result *result, Error *err) {
    RuntimeState state;
    Text lines = {.arena = ctx->arena};
    if (!airflow_runtime_of(project)->read_state(ctx, project, &state, err)) return false;
    text_append_format(&lines, "DEVBOX_PHASE=%s\n", runtime_phase_name(state.phase));
    text_append_format(&lines, "DEVBOX_SANDBOX=%s\n", text_quote_for_shell(ctx->arena, sandbox_path(ctx->arena, project)));
    const char *url = airflow_url(ctx->arena, &state);
    if (url != NULL) text_append_format(&lines, "DEVBOX_AIRFLOW_URL=%s\n", url);
    *result = (Result){.data = to_value(ctx->arena, project, &state), .text = text_string(&lines)};
    return true;
}
