#include "services/airbyte_step.h"

#include "base/text.h"
#include "services/airbyte.h"

#define HOW_TO_INSTALL "devbox airbyte start installs it (about 6 GB, 10-30 min)"

static bool skip(StepReport *report, const char *summary) {
    *report = (StepReport){.is_skipped = true, .summary = summary};
    return true;
}

// Whether start may go on; what is in the way is a skip, or with airbyte.enabled: true an error.
static bool may_start(Context *ctx, const Project *project, StepReport *report, bool *may, Error *err) {
    DockerEngine engine;
    AirbyteCluster cluster;
    bool must_run = project->config.airbyte.enabled == CHOICE_TRUE;
    bool is_known = airbyte_find_engine(ctx, &engine, err) && airbyte_cluster_inspect(ctx, &engine, &cluster, err);
    *may = is_known && (must_run || cluster.state != AIRBYTE_ABSENT);
    if (*may) return true;
    if (must_run || context_is_cancelled(ctx)) return false;
    const char *reason = is_known ? "not installed; " HOW_TO_INSTALL : arena_format(ctx->arena, "off: %s", err->message);
    error_clear(err);
    return skip(report, reason);
}

bool airbyte_start_step(Context *ctx, const Project *project, StepReport *report, Error *err) {
    AirbyteReport airbyte = {0};
    bool may;
    if (project->config.airbyte.enabled == CHOICE_FALSE) return skip(report, "off: airbyte.enabled is false in devbox.yaml");
    if (!may_start(ctx, project, report, &may, err)) return false;
    if (!may) return true;
    AirbyteStart options = {.step = "airbyte", .may_install = project->config.airbyte.enabled == CHOICE_TRUE};
    if (!airbyte_start(ctx, project, &options, &airbyte, err)) {
        bool is_unfinished = err->code == ERROR_CONFIRMATION_NEEDED && !options.may_install;
        if (!is_unfinished) return false;
        error_clear(err);
        return skip(report, "its installation was cut short; devbox airbyte start goes on with it");
    }
    report->summary = arena_format(ctx->arena, "%s · http://localhost:%d", airbyte.summary, airbyte.cluster.port);
    return true;
}
