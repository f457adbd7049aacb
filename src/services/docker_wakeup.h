// Starting the container engine when it does not run: offered on a terminal, never done silently.
#pragma once
#include "services/project.h"

// True when an engine answers. Else, on a terminal and with the user's consent (`is_wanted`), runs the command that starts the
// one that seems to be installed, and waits until it answers. Without all that: the error of docker_engine_find, whose hint is
// the command.
bool docker_wakeup(Context *ctx, bool *is_wanted, Error *err) MUST_USE;
