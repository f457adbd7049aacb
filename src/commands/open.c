#include "base/text.h"
#include "commands/commands.h"
#include "model/event.h"
#include "services/airflow_runtime.h"
#include "services/browser.h"

static const char *const pages[] = {"airflow", NULL};

static const Argument arguments[] = {{"PAGE", "airflow, the default", ARGUMENT_OPTIONAL, COMPLETE_NOTHING}, {0}};

static const Example examples[] = {
    {"devbox open", "Airflow's page in your browser"},
    {"BROWSER=firefox devbox open", "in this one"},
    {0},
};

static bool check_page(const StringList *given, Error *err) {
    if (given->count == 0 || text_equals(given->items[0], pages[0])) return true;
    error_set(err, ERROR_USAGE, "there is no page '%s'", given->items[0]);
    return error_hint(err, "devbox open %s", pages[0]);
}

static bool find_address(Context *ctx, const Project *project, const char **url, Error *err) {
    RuntimeState state;
    if (!airflow_runtime_of(project)->read_state(ctx, project, &state, err)) return false;
    if (state.phase == RUNTIME_STOPPED || state.port == 0) {
        error_set(err, ERROR_NOT_RUNNING, "Airflow is not running, so there is no page to open");
        return error_hint(err, "bring it up: devbox start");
    }
    if (state.phase != RUNTIME_HEALTHY) {
        event_note(ctx, "Airflow is %s, so the page may not answer yet", runtime_phase_name(state.phase));
    }
    *url = arena_format(ctx->arena, "http://localhost:%d", state.port);
    return true;
}

static bool run(Context *ctx, const Invocation *invocation, Outcome *outcome, Error *err) {
    (void)outcome;
    const char *url = NULL;
    if (!check_page(&invocation->arguments, err) || !find_address(ctx, invocation->project, &url, err)) return false;
    const char *why = ctx->is_dry_run ? "a dry run opens nothing" : browser_open(ctx, url);
    if (why != NULL) event_note(ctx, "no browser was opened: %s", why);
    Value *data = value_object(ctx->arena);
    value_set_string(ctx->arena, data, "airflowUrl", url);
    value_set_bool(ctx->arena, data, "isOpened", why == NULL);
    event_result(ctx, &(Result){.data = data, .text = url});
    return true;
}

const Command command_open = {
    .name = "open",
    .group = "Every day",
    .summary = "Open Airflow's page in the browser",
    .description =
        "Uses $BROWSER where it is set, else what the desktop opens pages with. Without either it prints the address and says "
        "so.",
    .arguments = arguments,
    .examples = examples,
    .needs = NEEDS_PROJECT | ACCEPTS_FAULTS,
    .run = run,
};
