// What the Docker runtime needs of the engine and the machine, looked at before anything is pulled.
#pragma once
#include "services/check.h"
#include "services/project.h"

// The checks of `devbox start`: the first bad one is the error. *finding: "engine, compose 2.40".
bool docker_checks_run(Context *ctx, const Project *project, const char **finding, Error *err) MUST_USE;

// The same for `devbox doctor`, all of them.
void docker_checks_examine(Context *ctx, const Project *project, CheckList *checks);
