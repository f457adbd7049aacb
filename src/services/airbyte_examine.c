#include "services/airbyte_examine.h"

#include "base/text.h"
#include "services/airbyte.h"
#include "services/docker_session.h"

static void add(Context *ctx, CheckList *checks, CheckState state, const char *finding, const char *remedy) {
    Check check = {.name = "Airbyte", .state = state, .finding = finding, .remedy = state == CHECK_GOOD ? NULL : remedy};
    list_push(ctx->arena, checks, check);
}

static void add_running(Context *ctx, const AirbyteReport *report, CheckList *checks) {
    const AirbytePods *pods = &report->pods;
    const char *trouble = pods->trouble == NULL ? "" : arena_format(ctx->arena, " (%s)", pods->trouble);
    const char *finding =
        arena_format(ctx->arena, "%s at http://localhost:%d, %d of %d pods ready%s", report->is_healthy ? "healthy" : "starting",
                     report->cluster.port, pods->ready, pods->total, trouble);
    add(ctx, checks, report->is_healthy ? CHECK_GOOD : CHECK_WARNING, finding, "wait for it: devbox airbyte start");
}

static void add_absent(Context *ctx, bool must_run, CheckList *checks) {
    const DockerEngine *engine;
    Error none = {.arena = ctx->arena};
    bool has_engine = docker_session_engine(ctx, false, &engine, &none);
    const char *finding = has_engine ? "not installed; devbox airbyte start installs it"
                                     : "not installed; it needs a container engine, and none answers";
    add(ctx, checks, must_run ? CHECK_WARNING : CHECK_GOOD, finding, has_engine ? "devbox airbyte start" : none.hint);
}

void airbyte_examine(Context *ctx, const Project *project, CheckList *checks) {
    AirbyteReport report;
    Error err = {.arena = ctx->arena};
    bool must_run = project->config.airbyte.enabled == CHOICE_TRUE;
    if (project->config.airbyte.enabled == CHOICE_FALSE) return;
    if (!must_run && !airbyte_was_installed(ctx)) {
        add_absent(ctx, must_run, checks);
    } else if (!airbyte_observe(ctx, &report, &err)) {
        const char *remedy = text_is_empty(err.hint) ? "devbox airbyte status" : err.hint;
        add(ctx, checks, must_run ? CHECK_BAD : CHECK_WARNING, err.message, remedy);
    } else if (report.cluster.state == AIRBYTE_ABSENT) {
        add_absent(ctx, must_run, checks);
    } else if (report.cluster.state == AIRBYTE_RUNNING) {
        add_running(ctx, &report, checks);
    } else {
        add(ctx, checks, CHECK_GOOD, "stopped; devbox start wakes it", NULL);
    }
}
