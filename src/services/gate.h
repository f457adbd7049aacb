// What a push would break: the smoke and dbt tests of commits, run on their own trees, never on the working tree.
#pragma once
#include "model/pre_push.h"
#include "model/verdict.h"
#include "services/project.h"

// The checkout that a push leaves from. What is wrong with devbox.yaml or .env of the working tree does not matter to a push: it
// is said as a warning, and defaults serve until the commit's own devbox.yaml is read.
bool gate_open_project(Context *ctx, const char *folder, Project *project, Error *err) MUST_USE;

typedef struct GateRevision {
    const char *name;         // as git understands it: HEAD, feature~1
    bool ignores_passed;      // tests it though the same tree passed before
    bool stops_at_first_red;  // a part that is red is the last one
} GateRevision;

// Tests one commit. A bad revision is an Error, a broken commit a red verdict, and what kept the tests from running the verdict's
// trouble.
bool gate_check_revision(Context *ctx, const Project *project, const GateRevision *revision, Verdict *verdict,
                         Error *err) MUST_USE;

// Tests every pushed commit tip once, all refs; deletions and tags of trees are ignored.
bool gate_check_push(Context *ctx, const Project *project, const PushRefList *refs, Verdict *verdict, Error *err) MUST_USE;
