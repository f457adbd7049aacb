// Remembering which trees passed the gate. Only passes are remembered, keyed by everything that decided them.
#pragma once
#include "io/git_repository.h"
#include "services/project.h"

// Digits that stand for: the commit's files, the project's place in them, devbox itself with its profiles, locks and workers,
// .env and env.pass.
bool gate_cache_key(Context *ctx, const Project *live, const char *prefix, const GitId *tree, const char **key,
                    Error *err) MUST_USE;

bool gate_cache_has_passed(Context *ctx, const char *key);

// Failing to remember is no failure: the next push tests again.
void gate_cache_remember(Context *ctx, const char *key, const GitCommit *commit);
