#include "base/text.h"
#include "cli/help.h"
#include "commands/commands.h"
#include "model/event.h"

static bool run(Context *ctx, const Invocation *invocation, Outcome *outcome, Error *err) {
    (void)outcome;
    const char *shell = invocation->arguments.items[0];
    const char *script = completion_script(ctx->arena, &devbox_command, shell);
    if (script == NULL) {
        error_set(err, ERROR_USAGE, "there is no completion for '%s'", shell);
        return error_hint(err, "give one of: bash, zsh, fish");
    }
    event_result(ctx, &(Result){.data = value_string(ctx->arena, script), .text = script});
    return true;
}

static const Argument arguments[] = {{"SHELL", "bash, zsh or fish", ARGUMENT_REQUIRED, COMPLETE_NOTHING}, {0}};

static const Example examples[] = {
    {"devbox completion bash > ~/.local/share/bash-completion/completions/devbox", "complete in every new bash"},
    {"devbox completion zsh > ~/.zfunc/_devbox", "with fpath+=~/.zfunc before compinit in ~/.zshrc"},
    {"devbox completion fish > ~/.config/fish/completions/devbox.fish", NULL},
    {0},
};

const Command command_completion = {
    .name = "completion",
    .group = "Setup",
    .summary = "Print a completion script for bash, zsh or fish",
    .arguments = arguments,
    .examples = examples,
    .run = run,
};
