// What helps with a failure that the user's own lines do not explain: the task's output, its operator's line, the usual remedy.
#pragma once
#include "services/project.h"

// What the task itself wrote: the log without Airflow's records about running it and without its tracebacks.
const char *dag_failure_clean_log(Arena *arena, const char *log);

// The line at or after `first_line`, else the first one of all, that gives task_id as `task_id` or defines a function of that
// name; 0 when no line does.
int dag_failure_find_task(Arena *arena, const char *source, const char *task_id, int first_line);

// What to do about an error with this message; NULL when it is none of the common ones.
const char *dag_failure_hint(Arena *arena, const Project *project, const char *message);
