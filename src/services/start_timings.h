// What each step of a start took (`devbox start --timings`).
#pragma once
#include "base/text.h"
#include "model/plan.h"
#include "model/value.h"

typedef struct StepTiming {
    const char *step;
    StepState state;
    long long after_ms, duration_ms;  // when it began, counted from the start's own beginning; how long it took
} StepTiming;

typedef LIST_OF(StepTiming) StepTimingList;

// Adds the steps of the plan that ran; `origin_ms` is the monotonic time that their beginnings are counted from.
void start_timings_add_plan(Arena *arena, StepTimingList *timings, const Plan *plan, long long origin_ms);

// Adds a table of them to the last lines of start, with the time from the first beginning to the last end.
void start_timings_add_text(Text *text, const StepTimingList *timings);
Value *start_timings_to_value(Arena *arena, const StepTimingList *timings);
