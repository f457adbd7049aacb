#include "commands/commands.h"
#include "library_names.h"
#include "model/event.h"

static bool run(Context *ctx, const Invocation *invocation, Outcome *outcome, Error *err) {
    (void)invocation;
    (void)outcome;
    (void)err;
    Value *data = value_object(ctx->arena);
    value_set_string(ctx->arena, data, "version", DEVBOX_VERSION);
    event_result(ctx, &(Result){.data = data, .text = "devbox " DEVBOX_VERSION});
    return true;
}

const Command command_version = {
    .name = "version",
    .group = "Setup",
    .summary = "Print the version",
    .run = run,
};
