// An ordered set of steps with dependencies. Pure: who executes them is services/plan_runner.
#pragma once
#include <stdbool.h>

#include "base/list.h"

typedef enum StepState { STEP_WAITING, STEP_RUNNING, STEP_DONE, STEP_SKIPPED, STEP_FAILED } StepState;

typedef struct Step {
    const char *name;         // "airflow"
    const char *description;  // for --dry-run: "start Airflow 2.10.3 on port 8080"
    StringList after;         // names of steps that must have ended first
    bool is_required;         // when it fails, the steps after it cannot run
    bool is_background;       // what the user waits for is there without it
    StepState state;
    long long started_ms, duration_ms;  // monotonic time of its start, 0 before; how long it took
} Step;

typedef LIST_OF(Step) StepList;

typedef struct Plan {
    StepList steps;
    void (*on_usable)(void *state);  // called once, when only background steps are left; NULL: nobody asks
    void *state;                     // for on_usable
} Plan;

// Adds a waiting step; `after` is a comma separated list of names, "" for none. Names that are not in the plan so far hold
// nothing up.
void plan_add(Arena *arena, Plan *plan, const char *name, const char *description, const char *after, bool is_required);

// The index of a step that may start now, or -1. Steps after a failed required step become skipped on the way, and so on after
// these.
int plan_next_ready(Plan *plan);

// True when no step is waiting or running.
bool plan_is_finished(const Plan *plan);

// True while steps are waiting or running, but only background ones.
bool plan_is_usable(const Plan *plan);

// The failed or skipped required step that keeps `step` from running, or NULL.
const Step *plan_find_blocker(const Plan *plan, const Step *step);
