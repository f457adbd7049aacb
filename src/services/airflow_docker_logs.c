#include "services/airflow_docker_logs.h"

#include <stdlib.h>

#include "base/text.h"
#include "io/clock.h"
#include "model/event.h"
#include "services/airflow_stack.h"
#include "services/docker_session.h"

// Most lines of a web server are answers to health questions, which are not shown: so more are read than are asked for.
enum { TAIL_LINES = 5000, FOLLOW_PAUSE_MS = 300, LOOK_PAUSE_MS = 2000 };

typedef struct LogSource {
    const char *id, *name;
    const char *last_stamp;  // of the last line that was shown; NULL: none yet
} LogSource;

typedef LIST_OF(LogSource) LogSourceList;

typedef struct LogLine {
    const DockerLogLine *line;
    const char *name;
} LogLine;

typedef LIST_OF(LogLine) LogLineList;

static bool find_sources(Context *ctx, const Project *project, const DockerEngine *engine, const StringList *wanted,
                         LogSourceList *sources, Error *err) {
    AirflowStack stack;
    StringList known = {0};
    if (!airflow_stack_observe(ctx, project, engine, &stack, err)) return false;
    list_each(const DockerContainer, container, &stack.containers) {
        const char *name = airflow_stack_short_name(ctx->arena, &stack.profile, container->service);
        list_push(ctx->arena, &known, name);
        bool is_named = string_list_contains(wanted, name) || string_list_contains(wanted, container->service);
        if (wanted->count > 0 && !is_named) continue;
        list_push(ctx->arena, sources,
                  ((LogSource){.id = container->id, .name = is_named || wanted->count == 0 ? name : container->service}));
    }
    if (known.count == 0) {
        error_set(err, ERROR_NOT_RUNNING, "there are no containers of this checkout, so there are no logs");
        return error_hint(err, "bring the platform up: devbox start");
    }
    list_each(const char *const, name, wanted) {
        bool is_known = string_list_contains(&known, *name);
        list_each(const DockerContainer, container, &stack.containers)
            is_known = is_known || text_equals(container->service, *name);
        if (is_known) continue;
        error_set(err, ERROR_USAGE, "there is no log of '%s'", *name);
        return error_hint(err, "there are logs of: %s", text_join(ctx->arena, &known, ", "));
    }
    return true;
}

static int compare_lines(const void *left, const void *right) {
    return strcmp(((const LogLine *)left)->line->stamp, ((const LogLine *)right)->line->stamp);
}

// The engine's own question, every few seconds, is no news.
static bool is_health_question(const char *line) {
    return strstr(line, "\"GET /health") != NULL || strstr(line, "GET /api/v2/monitor/health") != NULL ||
           strstr(line, "GET /api/v2/version") != NULL;
}

typedef struct Reading {
    const Project *project;
    const DockerEngine *engine;
    const StringList *wanted;  // services; empty: all
    LogSourceList sources;
    Arena *lasting;  // keeps the stamps
    int tail;        // of a source that was not read yet
} Reading;

// New lines of all sources, in order of time.
static bool read_new(Context *ctx, Reading *reading, LogLineList *lines, Error *err) {
    list_each(LogSource, source, &reading->sources) {
        DockerLogLineList read = {0};
        DockerLogQuery query = {.container = source->id,
                                .tail = source->last_stamp == NULL ? reading->tail : 0,
                                .since = source->last_stamp,
                                .accepts_missing = true};
        if (!docker_container_log(ctx, reading->engine, &query, &read, err)) return false;
        for (size_t i = 0; i < read.count; i++) {
            if (is_health_question(read.items[i].text)) continue;
            list_push(ctx->arena, lines, ((LogLine){.line = &read.items[i], .name = source->name}));
        }
        if (read.count > 0) source->last_stamp = arena_copy_string(reading->lasting, read.items[read.count - 1].stamp);
    }
    if (lines->count > 1) qsort(lines->items, lines->count, sizeof *lines->items, compare_lines);
    return true;
}

static void show(Context *ctx, const LogLineList *lines, const LogOptions *options) {
    long long oldest_ms = options->since_ms > 0 ? clock_wall_ms() - options->since_ms : 0;
    size_t wanted = options->lines > 0 ? (size_t)options->lines : lines->count;
    for (size_t i = lines->count > wanted ? lines->count - wanted : 0; i < lines->count; i++) {
        const LogLine *line = &lines->items[i];
        if (line->line->time_ms < oldest_ms) continue;
        event_line(ctx, arena_format(ctx->arena, "%-13s | %s", line->name, line->line->text));
    }
}

static bool is_known_source(const Reading *reading, const LogSource *wanted) {
    list_each(const LogSource, source, &reading->sources) {
        if (text_equals(source->id, wanted->id)) return true;
    }
    return false;
}

// A start with other settings, or somebody by hand, puts a new container into the place of one that is followed.
static void add_successors(Context *turn, Reading *reading) {
    LogSourceList found = {0};
    Error none_now = {.arena = turn->arena};
    if (!find_sources(turn, reading->project, reading->engine, reading->wanted, &found, &none_now)) return;
    list_each(const LogSource, source, &found) {
        if (is_known_source(reading, source)) continue;
        Arena *arena = reading->lasting;
        LogSource kept = {.id = arena_copy_string(arena, source->id), .name = arena_copy_string(arena, source->name)};
        list_push(arena, &reading->sources, kept);
    }
}

static bool follow(Context *ctx, Reading *reading, Error *err) {
    Context turn = *ctx;
    const LogOptions everything = {0};
    bool goes_on = true;
    long long look_ms = clock_now_ms() + LOOK_PAUSE_MS;
    turn.arena = arena_create();
    ArenaMark mark = arena_mark(turn.arena);
    while (goes_on && !context_is_cancelled(ctx)) {
        LogLineList lines = {0};
        clock_sleep_ms(FOLLOW_PAUSE_MS);
        if (clock_now_ms() >= look_ms) {
            add_successors(&turn, reading);
            look_ms = clock_now_ms() + LOOK_PAUSE_MS;
        }
        goes_on = read_new(&turn, reading, &lines, err);
        show(&turn, &lines, &everything);
        arena_reset(turn.arena, mark);
    }
    arena_destroy(turn.arena);
    return goes_on || context_is_cancelled(ctx);
}

bool airflow_docker_show_logs(Context *ctx, const Project *project, const LogOptions *options, Error *err) {
    Reading reading = {.project = project, .wanted = &options->services, .lasting = ctx->arena, .tail = TAIL_LINES};
    LogLineList lines = {0};
    if (!docker_session_engine(ctx, false, &reading.engine, err)) return false;
    if (!find_sources(ctx, project, reading.engine, &options->services, &reading.sources, err)) return false;
    if (!read_new(ctx, &reading, &lines, err)) return false;
    show(ctx, &lines, options);
    return !options->is_following || follow(ctx, &reading, err);
}
