// A text sink whose two streams go into memory: `screen` holds both in order, as a terminal would show them.
#pragma once
#include <stdio.h>
#include <stdlib.h>

#include "cli/sinks.h"
#include "fakes/fake_clock.h"
#include "model/event.h"
#include "support/test.h"

typedef struct Scene {
    Arena *arena;
    SinkOptions options;
    Context ctx;
    char *screen;
    size_t length;
    FILE *file;
} Scene;

static inline void scene_open(Scene *scene, Arena *arena) {
    *scene = (Scene){.arena = arena};
    fake_clock_set(1000, 1000);
    scene->file = open_memstream(&scene->screen, &scene->length);
    assert_non_null(scene->file);
    scene->options = (SinkOptions){.arena = arena, .out = scene->file, .err = scene->file, .has_unicode = true, .width = 100};
    scene->ctx = (Context){.arena = arena};
}

// From here on the options hold, and events are shown.
static inline void scene_play(Scene *scene) { scene->ctx.sink = sink_text_create(&scene->options); }

// Ends the sink; all that was shown.
static inline const char *scene_close(Scene *scene, const Error *error, int exit_code) {
    assert_true(sink_finish(scene->ctx.sink, error, exit_code, 0));
    fclose(scene->file);
    const char *screen = arena_copy_string(scene->arena, scene->screen);
    free(scene->screen);
    return screen;
}

static inline void scene_show_text(const Context *ctx, const char *text) { event_result(ctx, &(Result){.text = text}); }

// With all that one can know of it.
static inline TestCase scene_failed_task(Arena *arena) {
    TestCase failed = {.suite = "dag",
                       .name = "check_totals",
                       .state = TEST_FAIL,
                       .duration_ms = 30,
                       .message = "AssertionError: empty day: 0",
                       .detail = "Traceback (most recent call last):\n  whole traceback",
                       .log_tail = "INFO - Task failed",
                       .log_path = ".devbox/logs/test/daily_orders/check_totals.log"};
    list_push(arena, &failed.frames, (Frame){"/venv/airflow/operators/python.py", 220, "execute", "return self.fn()", false});
    list_push(arena, &failed.frames, (Frame){"dags/orders.py", 41, "check_totals", "assert total > 0", true});
    list_push(arena, &failed.source, (SourceLine){40, "    total = sum(row[\"amount\"] for row in rows)", false});
    list_push(arena, &failed.source, (SourceLine){41, "    assert total > 0, f\"empty day: {total}\"", true});
    return failed;
}
