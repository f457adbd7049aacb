// devbox hook: the pre-push hook as a file, and what it runs.
#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/text.h"
#include "commands/commands.h"
#include "commands/testing.h"
#include "io/terminal.h"
#include "model/event.h"
#include "services/gate.h"
#include "services/hook.h"

typedef struct RunOptions {
    const char *project;
} RunOptions;

static const char *state_name(HookState state) {
    static const char *const names[] = {
        [HOOK_ABSENT] = "absent", [HOOK_OURS] = "installed", [HOOK_FOREIGN] = "foreign", [HOOK_BROKEN] = "broken"};
    return names[state];
}

static void show(Context *ctx, const HookStatus *status, const char *text) {
    Value *data = value_object(ctx->arena);
    value_set_string(ctx->arena, data, "state", state_name(status->state));
    value_set_string(ctx->arena, data, "path", status->path);
    value_set_string(ctx->arena, data, "devbox", status->devbox);
    value_set_string(ctx->arena, data, "reason", status->reason);
    value_set_string(ctx->arena, data, "addLine", status->add_line);
    value_set_string(ctx->arena, data, "addTo", status->add_to);
    event_result(ctx, &(Result){.data = data, .text = text});
}

static bool run_install(Context *ctx, const Invocation *invocation, Outcome *outcome, Error *err) {
    HookStatus status;
    (void)outcome;
    if (!hook_install(ctx, invocation->folder, &status, err)) return false;
    const char *what = ctx->is_dry_run         ? "would be written"
                       : status.devbox == NULL ? status.reason
                                               : "is in place: every push is tested first";
    show(ctx, &status, arena_format(ctx->arena, "%s %s", status.path, what));
    return true;
}

static bool run_uninstall(Context *ctx, const Invocation *invocation, Outcome *outcome, Error *err) {
    HookStatus status;
    (void)outcome;
    if (!hook_uninstall(ctx, invocation->folder, &status, err)) return false;
    bool was_there = status.state == HOOK_OURS || status.state == HOOK_BROKEN;
    const char *what = !was_there        ? "was not there"
                       : ctx->is_dry_run ? "would be removed"
                                         : "is removed: pushes are not tested any more";
    show(ctx, &status, arena_format(ctx->arena, "%s %s", status.path, what));
    return true;
}

static bool run_status(Context *ctx, const Invocation *invocation, Outcome *outcome, Error *err) {
    HookStatus status;
    if (!hook_status(ctx, invocation->folder, &status, err)) return false;
    Text text = {.arena = ctx->arena};
    text_append_format(&text, "%s: %s", state_name(status.state), status.path);
    if (status.devbox != NULL) text_append_format(&text, ", runs %s", status.devbox);
    if (status.reason != NULL) text_append_format(&text, "\n%s", status.reason);
    if (status.add_line != NULL) text_append_format(&text, "\nadd to %s: %s", status.add_to, status.add_line);
    if (status.state == HOOK_ABSENT || status.state == HOOK_BROKEN) text_append(&text, "\ndevbox hook install");
    show(ctx, &status, text_string(&text));
    if (status.state != HOOK_OURS) outcome->exit_code = 1;
    return true;
}

static bool read_standard_input(Context *ctx, Text *input, Error *err) {
    char bytes[4096];
    if (terminal_is_interactive(STDIN_FILENO)) {
        error_set(err, ERROR_USAGE, "git feeds this command with the refs of a push; there is nothing to read from a terminal");
        return error_hint(err, "devbox check HEAD");
    }
    for (;;) {
        ssize_t count = read(STDIN_FILENO, bytes, sizeof bytes);
        if (count == 0) return true;
        if (count > 0) text_append_bytes(input, bytes, (size_t)count);
        if (context_is_cancelled(ctx)) return error_set(err, ERROR_INTERRUPTED, "interrupted while reading what git pushes");
        if (count < 0 && errno != EINTR) return error_set(err, ERROR_GIT, "cannot read what git pushes: %s", strerror(errno));
    }
}

static const char *short_ref(const char *ref) {
    static const char heads[] = "refs/heads/", tags[] = "refs/tags/";
    if (text_starts_with(ref, heads)) return ref + strlen(heads);
    return text_starts_with(ref, tags) ? ref + strlen(tags) : ref;
}

// "main, v1 to origin"; "(and 40 more)" for a mirror.
static const char *describe_push(Arena *arena, const PushRefList *refs, const StringList *arguments) {
    enum { SHOWN = 3 };
    StringList names = {0};
    size_t more = 0;
    list_each(const PushRef, ref, refs) {
        if (ref->is_deletion) continue;
        if (names.count == SHOWN) {
            more++;
        } else {
            list_push(arena, &names, short_ref(ref->remote_ref));
        }
    }
    const char *rest = more == 0 ? "" : arena_format(arena, " and %zu more", more);
    // Some programs run hooks without saying where they push to.
    const char *remote = arguments->count > 1 ? arena_format(arena, " to %s", arguments->items[1]) : "";
    return arena_format(arena, "%s%s%s", text_join(arena, &names, ", "), rest, remote);
}

static bool has_commits(const PushRefList *refs) {
    list_each(const PushRef, ref, refs) {
        if (!ref->is_deletion) return true;
    }
    return false;
}

static bool is_skipped(void) {
    const char *skip = getenv("DEVBOX_SKIP");
    return !text_is_empty(skip) && !text_equals(skip, "0");
}

static const char *first_new_commit(const PushRefList *refs) {
    list_each(const PushRef, ref, refs) {
        if (!ref->is_deletion) return ref->local_id;
    }
    return "HEAD";
}

// What is green was counted already, part by part.
static void show_verdict(Context *ctx, Verdict verdict) {
    TestCaseList all = verdict.cases;
    verdict.cases = (TestCaseList){0};
    list_each(const TestCase, test_case, &all) {
        bool is_red = test_case->state == TEST_FAIL || test_case->state == TEST_ERROR;
        bool is_shown = ctx->verbosity > 0 || is_red || test_case->is_cached;
        if (is_shown) list_push(ctx->arena, &verdict.cases, *test_case);
    }
    event_verdict(ctx, &verdict);
}

static bool test_push(Context *ctx, const char *folder, const PushRefList *refs, Outcome *outcome, Error *err) {
    Project project;
    Verdict verdict = {0};
    if (!gate_open_project(ctx, folder, &project, err)) return false;
    if (!gate_check_push(ctx, &project, refs, &verdict, err)) return false;
    const char *again = arena_format(ctx->arena, "check %.7s", first_new_commit(refs));
    bool is_green = verdict_is_green(&verdict);
    verdict.consequence = "push stopped";
    if (!is_green) {
        verdict.next = arena_format(ctx->arena, "run it: devbox %s · push anyway: DEVBOX_SKIP=1 git push", again);
        outcome->exit_code = 1;
    }
    testing_keep(ctx, &project, again, &verdict);
    show_verdict(ctx, verdict);
    return true;
}

static bool run_pre_push(Context *ctx, const Invocation *invocation, Outcome *outcome, Error *err) {
    const RunOptions *options = invocation->options;
    Text input = {.arena = ctx->arena};
    PushRefList refs;
    const char *folder;
    if (!text_equals(invocation->arguments.items[0], "pre-push")) {
        error_set(err, ERROR_USAGE, "devbox has no hook '%s'", invocation->arguments.items[0]);
        return error_hint(err, "devbox hook run pre-push");
    }
    if (!read_standard_input(ctx, &input, err)) return false;
    if (!pre_push_parse(ctx->arena, text_string(&input), input.length, &refs, err)) return false;
    if (!has_commits(&refs)) return true;
    const char *what = describe_push(ctx->arena, &refs, &invocation->arguments);
    if (is_skipped()) {
        event_warning(ctx, NULL, "DEVBOX_SKIP is set: %s goes out untested", what);
        return true;
    }
    event_headline(ctx, "devbox: %s", what);
    if (!hook_find_project_folder(ctx, invocation->folder, options->project, &folder, err)) return false;
    return test_push(ctx, folder, &refs, outcome, err);
}

static const Example hook_examples[] = {
    {"devbox hook install", "test every push before it leaves"},
    {"DEVBOX_SKIP=1 git push", "push without the tests, once"},
    {0},
};

static const Option run_options[] = {
    {.name = "project",
     .kind = OPTION_STRING,
     .value_name = "DIR",
     .help = "the project's folder below the repository's root",
     .offset = offsetof(RunOptions, project)},
    {0},
};

static const Argument run_arguments[] = {
    {"HOOK", "pre-push, then what git gives it: the remote's name and URL", ARGUMENT_REPEATED, COMPLETE_NOTHING}, {0}};

static const Command hook_install_command = {
    .name = "install",
    .group = "Git",
    .summary = "Write the pre-push hook of this repository",
    .description =
        "Writes a small shell script where git looks for the hook. Where another hook or core.hooksPath is in the way, nothing "
        "is "
        "changed and the line to add is said.",
    .examples = hook_examples,
    .run = run_install,
};

static const Command hook_uninstall_command = {
    .name = "uninstall", .group = "Git", .summary = "Remove the hook that devbox wrote", .run = run_uninstall};

static const Command hook_status_command = {
    .name = "status", .group = "Git", .summary = "Say whether pushes are tested, and by which devbox", .run = run_status};

static const Command hook_run_command = {
    .name = "run",
    .group = "Git",
    .summary = "What the hook calls: reads the pushed refs from stdin",
    .options = run_options,
    .options_size = sizeof(RunOptions),
    .arguments = run_arguments,
    .is_hidden = true,
    .prints_to_stderr = true,
    .run = run_pre_push,
};

static const Command *const subcommands[] = {&hook_install_command, &hook_uninstall_command, &hook_status_command,
                                             &hook_run_command, NULL};

const Command command_hook = {
    .name = "hook",
    .group = "Git",
    .summary = "The pre-push hook: nothing broken leaves the machine",
    .examples = hook_examples,
    .subcommands = subcommands,
};
