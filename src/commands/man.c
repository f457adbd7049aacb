#include "cli/help.h"
#include "commands/commands.h"
#include "model/event.h"

static bool run(Context *ctx, const Invocation *invocation, Outcome *outcome, Error *err) {
    (void)invocation;
    (void)outcome;
    (void)err;
    const char *page = man_page(ctx->arena, &devbox_command);
    event_result(ctx, &(Result){.data = value_string(ctx->arena, page), .text = page});
    return true;
}

const Command command_man = {
    .name = "__man",
    .summary = "Print the man page devbox(1)",
    .is_hidden = true,
    .run = run,
};
