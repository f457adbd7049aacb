#include "base/text.h"
#include "commands/commands.h"
#include "io/file_system.h"
#include "model/event.h"
#include "services/airflow_runtime.h"
#include "services/browser.h"
#include "services/test_reports.h"

typedef bool FindAddress(Context *ctx, const Project *project, const char **url, Error *err);

typedef struct Page {
    const char *name, *key;  // the key of its address in --json
    FindAddress *find;
} Page;

static const Argument arguments[] = {{"PAGE", "airflow, the default, or report", ARGUMENT_OPTIONAL, COMPLETE_NOTHING}, {0}};

static const Example examples[] = {
    {"devbox open", "Airflow's page in your browser"},
    {"devbox open report", "the report of the last test"},
    {"BROWSER=firefox devbox open", "in this one"},
    {0},
};

static bool find_airflow(Context *ctx, const Project *project, const char **url, Error *err) {
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

static bool find_report(Context *ctx, const Project *project, const char **url, Error *err) {
    const char *path = project_state_path(ctx->arena, project, LAST_REPORT);
    if (!file_exists(path)) {
        error_set(err, ERROR_FILE, "there is no report yet: no test has run in this checkout");
        return error_hint(err, "run one: devbox test");
    }
    *url = arena_format(ctx->arena, "file://%s", text_replace(ctx->arena, text_encode_for_url(ctx->arena, path), "%2F", "/"));
    return true;
}

static const Page pages[] = {{"airflow", "airflowUrl", find_airflow}, {"report", "reportUrl", find_report}};

static const Page *find_page(const StringList *given, Error *err) {
    const char *wanted = given->count == 0 ? pages[0].name : given->items[0];
    for (size_t i = 0; i < sizeof pages / sizeof *pages; i++) {
        if (text_equals(wanted, pages[i].name)) return &pages[i];
    }
    error_set(err, ERROR_USAGE, "there is no page '%s'", wanted);
    error_hint(err, "devbox open airflow, or devbox open report");
    return NULL;
}

static bool run(Context *ctx, const Invocation *invocation, Outcome *outcome, Error *err) {
    (void)outcome;
    const char *url = NULL;
    const Page *page = find_page(&invocation->arguments, err);
    if (page == NULL || !page->find(ctx, invocation->project, &url, err)) return false;
    const char *why = ctx->is_dry_run ? "a dry run opens nothing" : browser_open(ctx, url);
    if (why != NULL) event_note(ctx, "no browser was opened: %s", why);
    Value *data = value_object(ctx->arena);
    value_set_string(ctx->arena, data, page->key, url);
    value_set_bool(ctx->arena, data, "isOpened", why == NULL);
    event_result(ctx, &(Result){.data = data, .text = url});
    return true;
}

const Command command_open = {
    .name = "open",
    .group = "Every day",
    .summary = "Open Airflow's page, or the last test's report, in the browser",
    .description =
        "Uses $BROWSER where it is set, else what the desktop opens pages with. Without either it prints the address and says "
        "so.",
    .arguments = arguments,
    .examples = examples,
    .needs = NEEDS_PROJECT | ACCEPTS_FAULTS,
    .run = run,
};
