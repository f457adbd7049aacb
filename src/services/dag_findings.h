// What is said of DAG files beside their verdicts: things that work, but that one would want to know.
#pragma once
#include "model/verdict.h"
#include "services/project.h"

// The warnings of a worker about one file become findings, and are emitted. Those about other people's code are left out, and
// pools that devbox.yaml defines.
void dag_findings_read(Context *ctx, const Project *project, const Value *warnings, Verdict *verdict);

// A file (absolute path) that Airflow passes over though it makes a DAG, because it lacks the word airflow.
void dag_findings_look_at_skipped(Context *ctx, const Project *project, const char *path, Verdict *verdict);

// A file (absolute path) that was imported and holds no DAG, though it has a function for one.
void dag_findings_look_at_empty(Context *ctx, const Project *project, const char *path, Verdict *verdict);

// Files with DAGs in them that .airflowignore names (absolute paths).
void dag_findings_look_at_ignored(Context *ctx, const Project *project, const StringList *paths, Verdict *verdict);

// Adds and emits one.
void dag_findings_add(Context *ctx, const Finding *finding, Verdict *verdict);

// The line of this task in `file` (relative to the checkout), at or after `first_line` if it can; `first_line` when no line
// tells.
int dag_findings_task_line(Context *ctx, const Project *project, const char *file, const char *task_id, int first_line);
