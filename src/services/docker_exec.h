// The engine's exec: preparing a program in a container, its exit code, its end. Not for others than docker_program.c and
// container_program.c.
#pragma once
#include "services/docker_containers.h"

typedef struct DockerExec {
    const char *id;
    const char *mark;  // "DEVBOX_EXEC=…": in the environment of the program and of all that it starts
} DockerExec;

typedef struct DockerExecStreams {
    bool has_input, has_terminal;
} DockerExecStreams;

// Checks that container and program are named and may run; nothing runs yet.
bool docker_exec_create(Context *ctx, const DockerEngine *engine, const DockerProgram *program, DockerExecStreams streams,
                        DockerExec *exec, Error *err) MUST_USE;

// Once its streams have ended: the exit code.
bool docker_exec_exit_code(Context *ctx, const DockerEngine *engine, const DockerProgram *program, const DockerExec *exec,
                           int *exit_code, Error *err) MUST_USE;

// Ends whatever carries the mark: TERM, two seconds, KILL. Also when the user wants to stop; failures are nobody's concern any
// more.
void docker_exec_end(Context *ctx, const DockerEngine *engine, const DockerProgram *program, const DockerExec *exec);

// Whether these are the engine's words for a program that it could not start, in place of the program's output. Says so in *err.
bool docker_exec_has_failed(const DockerProgram *program, int exit_code, const char *output, Error *err);
