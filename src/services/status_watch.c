#include "services/status_watch.h"

#include "base/text.h"
#include "io/clock.h"
#include "services/airflow_runtime.h"

enum { PAUSE_MS = 500 };

static const ServiceStatus *find_service(const RuntimeState *state, const char *name) {
    list_each(const ServiceStatus, status, &state->services) {
        if (text_equals(status->name, name)) return status;
    }
    return NULL;
}

static bool is_same(const ServiceStatus *before, const ServiceStatus *now) {
    return before->state == now->state && before->restarts == now->restarts && text_equals(before->message, now->message);
}

static const char *describe_service(Arena *arena, const ServiceStatus *before, const ServiceStatus *now) {
    Text line = {.arena = arena};
    text_append_format(&line, "%s: ", now->name);
    if (before != NULL && before->state != now->state) text_append_format(&line, "%s → ", service_state_name(before->state));
    text_append(&line, service_state_name(now->state));
    if (now->restarts > 0) text_append_format(&line, ", %d restart%s", now->restarts, now->restarts == 1 ? "" : "s");
    if (now->message != NULL) text_append_format(&line, ": %s", now->message);
    return text_string(&line);
}

StringList status_watch_compare(Arena *arena, const RuntimeState *before, const RuntimeState *now) {
    StringList lines = {0};
    bool is_up = now->phase != RUNTIME_STOPPED;
    for (size_t i = 0; is_up && i < now->services.count; i++) {
        const ServiceStatus *service = &now->services.items[i];
        const ServiceStatus *earlier = before->phase == RUNTIME_STOPPED ? NULL : find_service(before, service->name);
        if (earlier == NULL || !is_same(earlier, service)) list_push(arena, &lines, describe_service(arena, earlier, service));
    }
    if (before->phase != now->phase) {
        const char *phases =
            arena_format(arena, "Airflow: %s → %s", runtime_phase_name(before->phase), runtime_phase_name(now->phase));
        list_push(arena, &lines, phases);
    }
    return lines;
}

typedef struct Watching {
    Project project;   // with the runtime that was found last
    Arena *arenas[2];  // [0] holds `last`, the other is for the next look
    RuntimeState last;
    char trouble[200];  // why the last look failed; "": it did not
} Watching;

static void say(const Context *ctx, const char *line) {
    const char *time = clock_describe(ctx->arena, clock_wall_ms());
    event_line(ctx, arena_format(ctx->arena, "%s %s", time + strlen("2026-11-23 "), line));
}

static void say_that_it_goes_on(const Context *ctx) { event_status(ctx, "watching · Ctrl-C ends"); }

// An engine that does not answer may answer again.
static void say_trouble(const Context *ctx, Watching *watching, const Error *trouble) {
    if (strncmp(trouble->message, watching->trouble, sizeof watching->trouble - 1) == 0) return;
    snprintf(watching->trouble, sizeof watching->trouble, "%s", trouble->message);
    say(ctx, trouble->message);
    say_that_it_goes_on(ctx);
}

static void say_what_is_new(const Context *ctx, Watching *watching, const RuntimeState *state) {
    bool is_trouble_over = watching->trouble[0] != '\0';
    StringList lines = status_watch_compare(ctx->arena, &watching->last, state);
    watching->trouble[0] = '\0';
    if (lines.count == 0 && is_trouble_over)
        list_push(ctx->arena, &lines, arena_format(ctx->arena, "Airflow: %s", runtime_phase_name(state->phase)));
    list_each(const char *const, line, &lines) say(ctx, *line);
    if (lines.count > 0) say_that_it_goes_on(ctx);
}

static void remember(Watching *watching, const RuntimeState *state) {
    Arena *spare = watching->arenas[0];
    watching->arenas[0] = watching->arenas[1];
    watching->arenas[1] = spare;
    watching->last = *state;
}

static void look(const Context *ctx, Watching *watching) {
    Context now = *ctx;
    RuntimeState state;
    now.arena = watching->arenas[1];
    arena_reset(now.arena, (ArenaMark){0});
    Error trouble = {.arena = now.arena};
    airflow_runtime_find_again(&now, &watching->project);
    const Project *project = &watching->project;
    if (!airflow_runtime_of(project)->read_state(&now, project, &state, &trouble)) {
        say_trouble(&now, watching, &trouble);
        return;
    }
    say_what_is_new(&now, watching, &state);
    remember(watching, &state);
}

bool status_watch_run(Context *ctx, const Project *given, Result *result, Error *err) {
    Watching watching = {.project = *given, .arenas = {arena_create(), arena_create()}};
    const Project *project = &watching.project;
    airflow_runtime_find(ctx, &watching.project);
    bool is_done = status_describe(ctx, project, false, result, err) &&
                   airflow_runtime_of(project)->read_state(ctx, project, &watching.last, err);
    if (is_done) event_result(ctx, result);
    if (is_done) say_that_it_goes_on(ctx);
    while (is_done && !context_is_cancelled(ctx)) {
        clock_sleep_ms(PAUSE_MS);
        if (!context_is_cancelled(ctx)) look(ctx, &watching);
    }
    arena_destroy(watching.arenas[0]);
    arena_destroy(watching.arenas[1]);
    Context quiet = *ctx;
    quiet.sink = NULL;
    quiet.cancel = NULL;
    airflow_runtime_find_again(&quiet, &watching.project);
    is_done = is_done && status_describe(&quiet, project, false, result, err);
    result->table = NULL;
    result->text = NULL;
    return is_done;
}
