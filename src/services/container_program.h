// A program inside a running container as if it were a child of ours: its streams are ours, it ends when we end.
#pragma once
#include "services/docker_containers.h"

// Connects stdin, stdout and stderr with the program's until it ends; *exit_code is its own. TERM, INT and HUP end it inside the
// container too (TERM, a grace of two seconds, KILL), as does a reader of our output that went away. A terminal is passed through when stdin
// and stdout are one (`devbox airflow …`): then with raw mode and its size.
bool container_program_attach(Context *ctx, const DockerEngine *engine, const DockerProgram *program, int *exit_code,
                              Error *err) MUST_USE;
