#include "services/start_timings.h"

static const char *const state_words[] = {[STEP_WAITING] = "not run",
                                          [STEP_RUNNING] = "not finished",
                                          [STEP_DONE] = "done",
                                          [STEP_SKIPPED] = "skipped",
                                          [STEP_FAILED] = "failed"};

void start_timings_add_plan(Arena *arena, StepTimingList *timings, const Plan *plan, long long origin_ms) {
    list_each(const Step, step, &plan->steps) {
        if (step->started_ms == 0) continue;
        StepTiming timing = {
            .step = step->name, .state = step->state, .after_ms = step->started_ms - origin_ms, .duration_ms = step->duration_ms};
        list_push(arena, timings, timing);
    }
}

static long long total_ms(const StepTimingList *timings) {
    long long last_ms = 0;
    list_each(const StepTiming, timing, timings) {
        long long end_ms = timing->after_ms + timing->duration_ms;
        if (end_ms > last_ms) last_ms = end_ms;
    }
    return last_ms;
}

void start_timings_add_text(Text *text, const StepTimingList *timings) {
    Arena *arena = text->arena;
    text_append_format(text, "%-10s  %8s  %8s  %s\n", "STEP", "BEGAN AT", "TOOK", "STATE");
    text_append_format(text, "%-10s  %8s  %8s  %s\n", "----------", "--------", "--------", "------------");
    list_each(const StepTiming, timing, timings) {
        text_append_format(text, "%-10s  %8s  %8s  %s\n", timing->step, text_duration(arena, timing->after_ms),
                           text_duration(arena, timing->duration_ms), state_words[timing->state]);
    }
    text_append_format(text, "%-10s  %8s  %8s\n", "all", "", text_duration(arena, total_ms(timings)));
}

Value *start_timings_to_value(Arena *arena, const StepTimingList *timings) {
    Value *list = value_array(arena);
    list_each(const StepTiming, timing, timings) {
        Value *object = value_object(arena);
        value_set_string(arena, object, "step", timing->step);
        value_set_string(arena, object, "state", state_words[timing->state]);
        value_set_integer(arena, object, "afterMs", timing->after_ms);
        value_set_integer(arena, object, "durationMs", timing->duration_ms);
        value_append(arena, list, object);
    }
    return list;
}
