// devbox check: what the pre-push hook runs, for any commit.
#include "base/text.h"
#include "commands/commands.h"
#include "commands/testing.h"
#include "model/event.h"
#include "services/gate.h"

typedef struct CheckOptions {
    bool ignores_passed, stops_at_first_red;
    TestReports reports;
} CheckOptions;

static const Option options[] = {
    {"no-cache", 0, OPTION_FLAG, NULL, "test the commit though the same tree passed before",
     offsetof(CheckOptions, ignores_passed), NULL, false},
    TEST_FAIL_FAST_OPTION(CheckOptions, stops_at_first_red, "part that is red: seeds, DAGs, their runs, dbt"),
    TEST_REPORT_OPTIONS(CheckOptions, reports),
    {0},
};

static const Argument arguments[] = {{"REV", "a commit, branch, tag or range; default HEAD", ARGUMENT_OPTIONAL, COMPLETE_NOTHING},
                                     {0}};

static const Example examples[] = {
    {"devbox check", "would a push of HEAD go through?"},
    {"devbox check feature~1", NULL},
    {"devbox check --no-cache --junit junit.xml --report report.html", "in CI"},
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
    const CheckOptions *given = invocation->options;
    Testing testing = {.invocation = invocation,
                       .reports = &given->reports,
                       .command = testing_command(ctx->arena, "check", &invocation->arguments)};
    const char *revision = invocation->arguments.count > 0 ? invocation->arguments.items[0] : "HEAD";
    if (!testing_begin(ctx, &testing, err)) return false;
    GateRevision wanted = {find_tip(ctx, revision), given->ignores_passed, given->stops_at_first_red};
    bool is_done = gate_check_revision(ctx, invocation->project, &wanted, &testing.verdict, err);
    return testing_end(ctx, &testing, is_done, outcome, err);
}

const Command command_check = {
    .name = "check",
    .group = "Tests",
    .summary = "Test a commit as a push would, without touching the working tree",
    .description =
        "Writes the commit's files into a folder of devbox's own and runs the DAG and dbt tests there, with the commit's own "
        "seeds "
        "and devbox.yaml. What is not committed does not count.",
    .options = options,
    .options_size = sizeof(CheckOptions),
    .arguments = arguments,
    .examples = examples,
    .needs = NEEDS_PROJECT,
    .is_streaming = true,
    .run = run,
};
