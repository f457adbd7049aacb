// devbox check: what the pre-push hook runs, for any commit.
#include "base/text.h"
#include "commands/commands.h"
#include "model/event.h"
#include "services/gate.h"

static const Argument arguments[] = {{"REV", "a commit, branch, tag or range; default HEAD", ARGUMENT_OPTIONAL, COMPLETE_NOTHING},
                                     {0}};

static const Example examples[] = {
    {"devbox check", "would a push of HEAD go through?"},
    {"devbox check feature~1", NULL},
    {0},
};

// A push tests tips, so the tip of a range it is. `:/text` may hold any dots.
static const char *find_tip(Context *ctx, const char *revision) {
    const char *dots = *revision == ':' ? NULL : strstr(revision, "..");
    if (dots == NULL) return revision;
    const char *tip = dots + strspn(dots, ".");
    if (*tip == '\0') tip = "HEAD";
    event_note(ctx, "of the range %s its tip is tested: %s", revision, tip);
    return tip;
}

static bool run(Context *ctx, const Invocation *invocation, Outcome *outcome, Error *err) {
    Verdict verdict = {0};
    const char *revision = invocation->arguments.count > 0 ? invocation->arguments.items[0] : "HEAD";
    if (!gate_check_revision(ctx, invocation->project, find_tip(ctx, revision), &verdict, err)) return false;
    event_verdict(ctx, &verdict);
    if (!verdict_is_green(&verdict)) outcome->exit_code = 1;
    return true;
}

const Command command_check = {
    .name = "check",
    .group = "Tests",
    .summary = "Test a commit as a push would, without touching the working tree",
    .description =
        "Writes the commit's files into a folder of devbox's own and runs the DAG and dbt tests there, with the commit's own "
        "seeds "
        "and devbox.yaml. What is not committed does not count.",
    .arguments = arguments,
    .examples = examples,
    .needs = NEEDS_PROJECT,
    .is_streaming = true,
    .run = run,
};
