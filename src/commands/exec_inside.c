// The commands that devbox runs itself to have a child inside a container: `devbox __exec CONTAINER FOLDER [NAME=VALUE…] --
// PROGRAM…`, and `devbox __relay …` for a program to which a terminal is but a source of bytes.
#include "base/text.h"
#include "commands/commands.h"
#include "io/platform.h"
#include "services/container_program.h"
#include "services/docker_session.h"

static const Argument arguments[] = {{"WORD", "container, folder, variables, --, program", ARGUMENT_REPEATED, COMPLETE_NOTHING},
                                     {0}};

static bool run_inside(Context *ctx, const Invocation *invocation, bool is_relay, Outcome *outcome, Error *err) {
    const DockerEngine *engine;
    StringList variables = {0}, program = {0};
    const StringList *words = &invocation->arguments;
    bool is_program = false;
    for (size_t i = 2; i < words->count; i++) {
        bool is_mark = !is_program && text_equals(words->items[i], "--");
        if (!is_mark) list_push(ctx->arena, is_program ? &program : &variables, words->items[i]);
        is_program = is_program || is_mark;
    }
    if (program.count == 0) return error_set(err, ERROR_USAGE, "__exec needs a container, a folder and a program");
    DockerProgram inside = {.container = words->items[0],
                            .folder = words->items[1],
                            .argv = string_list_to_argv(ctx->arena, &program),
                            .environment = string_list_to_argv(ctx->arena, &variables),
                            .is_relay = is_relay};
    if (!docker_session_engine(ctx, false, &engine, err)) return false;
    return container_program_attach(ctx, engine, &inside, &outcome->exit_code, err);
}

static bool run_program(Context *ctx, const Invocation *invocation, Outcome *outcome, Error *err) {
    return run_inside(ctx, invocation, false, outcome, err);
}

static bool run_relay(Context *ctx, const Invocation *invocation, Outcome *outcome, Error *err) {
    // It would go on to take what is typed on the terminal.
    if (!platform_end_with_parent()) return error_set(err, ERROR_INTERRUPTED, "the devbox that this relay belongs to is gone");
    return run_inside(ctx, invocation, true, outcome, err);
}

const Command command_exec = {
    .name = "__exec",
    .group = "Internal",
    .summary = "Run a program inside a container as our child",
    .arguments = arguments,
    .needs = NEEDS_ALL_WORDS,
    .is_hidden = true,
    .run = run_program,
};

const Command command_relay = {
    .name = "__relay",
    .group = "Internal",
    .summary = "Pass bytes to a program inside a container and back",
    .arguments = arguments,
    .needs = NEEDS_ALL_WORDS,
    .is_hidden = true,
    .run = run_relay,
};
