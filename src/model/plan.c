#include "model/plan.h"

#include <string.h>

#include "base/text.h"

void plan_add(Arena *arena, Plan *plan, const char *name, const char *description, const char *after, bool is_required) {
    Step step = {.name = name, .description = description, .is_required = is_required, .state = STEP_WAITING};
    StringList names = text_split(arena, after, ',');
    list_each (const char *, part, &names) {
        const char *trimmed = text_trim(arena, *part);
        if (*trimmed != '\0') list_push(arena, &step.after, trimmed);
    }
    list_push(arena, &plan->steps, step);
}

// Only earlier steps count, so that no plan can wait for itself.
static const Step *find_earlier(const Plan *plan, const Step *step, const char *name) {
    for (const Step *earlier = plan->steps.items; earlier < step; earlier++) {
        if (strcmp(earlier->name, name) == 0) return earlier;
    }
    return NULL;
}

static bool has_ended(const Step *step) { return step->state != STEP_WAITING && step->state != STEP_RUNNING; }

// A step that was skipped because it had nothing to do keeps nobody waiting; one that could not run does.
static bool blocks_others(const Plan *plan, const Step *step) {
    if (!step->is_required) return false;
    return step->state == STEP_FAILED || (step->state == STEP_SKIPPED && plan_find_blocker(plan, step) != NULL);
}

const Step *plan_find_blocker(const Plan *plan, const Step *step) {
    list_each (const char *, name, &step->after) {
        const Step *earlier = find_earlier(plan, step, *name);
        if (earlier != NULL && blocks_others(plan, earlier)) return earlier;
    }
    return NULL;
}

static bool is_ready(const Plan *plan, const Step *step) {
    list_each (const char *, name, &step->after) {
        const Step *earlier = find_earlier(plan, step, *name);
        if (earlier != NULL && !has_ended(earlier)) return false;
    }
    return true;
}

int plan_next_ready(Plan *plan) {
    list_each (Step, step, &plan->steps) {
        if (step->state != STEP_WAITING) continue;
        if (plan_find_blocker(plan, step) != NULL) {
            step->state = STEP_SKIPPED;
        } else if (is_ready(plan, step)) {
            return (int)(step - plan->steps.items);
        }
    }
    return -1;
}

bool plan_is_finished(const Plan *plan) {
    list_each (const Step, step, &plan->steps) {
        if (!has_ended(step)) return false;
    }
    return true;
}

bool plan_is_usable(const Plan *plan) {
    bool is_any_left = false;
    list_each (const Step, step, &plan->steps) {
        if (!has_ended(step) && !step->is_background) return false;
        is_any_left = is_any_left || !has_ended(step);
    }
    return is_any_left;
}
