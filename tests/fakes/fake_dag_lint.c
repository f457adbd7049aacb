// No ruff: for tests of what happens around it. Replaces services/dag_lint.c.
#include "services/dag_lint.h"

void dag_lint_start(Context *ctx, const Project *project, const StringList *files, DagLint *lint) {
    (void)ctx;
    (void)project;
    (void)files;
    *lint = (DagLint){0};
}

void dag_lint_finish(Context *ctx, const Project *project, DagLint *lint, Verdict *verdict) {
    (void)ctx;
    (void)project;
    (void)lint;
    (void)verdict;
}

void dag_lint_stop(Context *ctx, DagLint *lint) {
    (void)ctx;
    (void)lint;
}
