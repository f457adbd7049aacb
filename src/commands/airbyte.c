// devbox airbyte: the local Airbyte, one cluster for all checkouts of this machine.
#include "services/airbyte.h"

#include "base/text.h"
#include "commands/commands.h"
#include "io/clock.h"
#include "services/airbyte_api.h"
#include "services/airbyte_credentials.h"
#include "services/airbyte_link.h"

static const char *url_of(Arena *arena, int port) { return arena_format(arena, "http://localhost:%d", port); }

static Value *to_value(Arena *arena, const AirbyteReport *report) {
    static const char *const states[] = {
        [AIRBYTE_ABSENT] = "absent", [AIRBYTE_STOPPED] = "stopped", [AIRBYTE_PAUSED] = "paused", [AIRBYTE_RUNNING] = "running"};
    Value *data = value_object(arena);
    value_set_string(arena, data, "state", states[report->cluster.state]);
    value_set_bool(arena, data, "isHealthy", report->is_healthy);
    bool has_page = report->cluster.state == AIRBYTE_RUNNING && report->cluster.port != 0;
    value_set_string(arena, data, "url", has_page ? url_of(arena, report->cluster.port) : NULL);
    value_set_integer(arena, data, "podsReady", report->pods.ready);
    value_set_integer(arena, data, "pods", report->pods.total);
    value_set_string(arena, data, "trouble", report->pods.trouble);
    return data;
}

// --- start ----------------------------------------------------------------------------------------------------------------

static bool say_what_start_would_do(Context *ctx, Error *err) {
    static const char *const words[] = {[AIRBYTE_ABSENT] = "would install Airbyte (about 6 GB, 10 to 30 minutes)",
                                        [AIRBYTE_STOPPED] = "would start Airbyte's node and wait until it is healthy",
                                        [AIRBYTE_PAUSED] = "would wake Airbyte's node and wait until it is healthy",
                                        [AIRBYTE_RUNNING] = "its node runs: would wait until Airbyte is healthy"};
    AirbyteReport report;
    if (!airbyte_observe(ctx, &report, err)) return false;
    event_result(ctx, &(Result){.data = to_value(ctx->arena, &report), .text = words[report.cluster.state]});
    return true;
}

static bool run_start(Context *ctx, const Invocation *invocation, Outcome *outcome, Error *err) {
    (void)outcome;
    AirbyteReport report = {0};
    AirbyteStart options = {.step = "airbyte", .may_install = true};
    Error unlinked = {.arena = ctx->arena};
    long long started_ms = clock_now_ms();
    if (ctx->is_dry_run) return say_what_start_would_do(ctx, err);
    if (!project_prepare_state(ctx, invocation->project, err)) return false;
    if (!airbyte_start(ctx, invocation->project, &options, &report, err)) {
        event_step_failed(ctx, "airbyte", clock_now_ms() - started_ms, err);
        return false;
    }
    event_step_done(ctx, "airbyte", clock_now_ms() - started_ms, "%s", report.summary);
    if (!airbyte_link_airflow(ctx, invocation->project, &unlinked))
        event_warning(ctx, unlinked.hint, "Airflow's connection airbyte_default was not made: %s", unlinked.message);
    const char *text = arena_format(ctx->arena, "Airbyte is ready: %s\nlogin and API keys: devbox airbyte credentials",
                                    url_of(ctx->arena, report.cluster.port));
    event_result(ctx, &(Result){.data = to_value(ctx->arena, &report), .text = text});
    return true;
}

static const Example start_examples[] = {
    {"devbox airbyte start", "wake the cluster; where there is none, install it after a question"},
    {"devbox airbyte start --yes --timeout 60m", "install without a question, with more time than 30 minutes"},
    {0},
};

static const Command start = {
    .name = "start",
    .summary = "Bring Airbyte up and wait until it is healthy",
    .description =
        "A stopped cluster is started, a running one left alone. Where there is none, abctl (from PATH or airbyte.abctl of "
        "devbox.yaml, else fetched where its checksum is known) installs Airbyte into Docker, which is asked first: it fetches "
        "about 6 GB and takes 10 to 30 minutes. One cluster serves all checkouts of this machine.",
    .examples = start_examples,
    .needs = NEEDS_PROJECT,
    .run = run_start,
};

// --- stop -----------------------------------------------------------------------------------------------------------------

static bool run_stop(Context *ctx, const Invocation *invocation, Outcome *outcome, Error *err) {
    (void)invocation;
    (void)outcome;
    bool was_running;
    long long started_ms = clock_now_ms();
    event_step_progress(ctx, "airbyte", "stopping its node");
    if (!airbyte_stop(ctx, &was_running, err)) {
        event_step_failed(ctx, "airbyte", clock_now_ms() - started_ms, err);
        return false;
    }
    const char *done = ctx->is_dry_run ? "would be stopped" : "stopped; its data stays";
    event_step_done(ctx, "airbyte", clock_now_ms() - started_ms, "%s", was_running ? done : "was not running");
    Value *data = value_object(ctx->arena);
    value_set_bool(ctx->arena, data, "wasRunning", was_running);
    event_result(ctx, &(Result){.data = data});
    return true;
}

static const Example stop_examples[] = {{"devbox airbyte stop", "end Airbyte for all checkouts; nothing is deleted"}, {0}};

static const Command stop = {
    .name = "stop",
    .summary = "Stop Airbyte's cluster; its data stays",
    .description = "Stops the one container that Airbyte runs in, for all checkouts of this machine. Running syncs end.",
    .examples = stop_examples,
    .needs = NEEDS_PROJECT | ACCEPTS_FAULTS,
    .run = run_stop,
};

// --- status ---------------------------------------------------------------------------------------------------------------

static const char *describe_running(Arena *arena, const AirbyteReport *report) {
    const AirbytePods *pods = &report->pods;
    Text text = {.arena = arena};
    text_append_format(&text, "Airbyte · %s · %s", report->is_healthy ? "healthy" : "starting",
                       url_of(arena, report->cluster.port));
    if (pods->total > 0) text_append_format(&text, " · %d of %d pods ready", pods->ready, pods->total);
    if (pods->total == 0 && !report->is_healthy) text_append(&text, " · its Kubernetes does not answer yet");
    if (pods->trouble != NULL) text_append_format(&text, "\n%s", pods->trouble);
    return text_string(&text);
}

static const char *describe(Arena *arena, const AirbyteReport *report) {
    switch (report->cluster.state) {
        case AIRBYTE_ABSENT:
            return "Airbyte · not installed · devbox airbyte start installs it (about 6 GB, 10-30 min)";
        case AIRBYTE_STOPPED:
            return "Airbyte · stopped · devbox airbyte start";
        case AIRBYTE_PAUSED:
            return "Airbyte · paused · devbox airbyte start";
        case AIRBYTE_RUNNING:
            break;
    }
    return describe_running(arena, report);
}

static bool run_status(Context *ctx, const Invocation *invocation, Outcome *outcome, Error *err) {
    (void)invocation;
    (void)outcome;
    AirbyteReport report;
    if (!airbyte_observe(ctx, &report, err)) return false;
    event_result(ctx, &(Result){.data = to_value(ctx->arena, &report), .text = describe(ctx->arena, &report)});
    return true;
}

static const Example status_examples[] = {{"devbox airbyte status", NULL}, {0}};

static const Command status = {
    .name = "status",
    .summary = "Whether Airbyte is up, and where",
    .examples = status_examples,
    .needs = NEEDS_PROJECT | ACCEPTS_FAULTS,
    .run = run_status,
};

// --- credentials ----------------------------------------------------------------------------------------------------------

typedef struct CredentialsOptions {
    bool reveals;
} CredentialsOptions;

static const Option credentials_options[] = {
    {"reveal", 0, OPTION_FLAG, NULL, "show password and client secret", offsetof(CredentialsOptions, reveals), NULL, false},
    {0},
};

typedef struct Login {
    AirbyteReport report;
    AirbyteCredentials credentials;
    AirbyteInstance instance;
    AirbyteToken token;
    const char *connection;  // for Airflow, as it reaches this machine
} Login;

static bool report_not_running(const AirbyteReport *report, Error *err) {
    bool is_there = report->cluster.state != AIRBYTE_ABSENT;
    error_set(err, ERROR_NOT_RUNNING, is_there ? "Airbyte is %s" : "Airbyte is not installed", report->cluster.engine_state);
    return error_hint(err, "devbox airbyte start");
}

static bool read_login(Context *ctx, const Project *project, Login *login, Error *err) {
    DockerEngine engine;
    if (!airbyte_observe(ctx, &login->report, err)) return false;
    if (login->report.cluster.state != AIRBYTE_RUNNING) return report_not_running(&login->report, err);
    if (!docker_engine_find(ctx, &engine, err)) return false;
    if (!airbyte_credentials_read(ctx, &engine, &login->credentials, err)) return false;
    int port = login->report.cluster.port;
    const AirbyteCredentials *read = &login->credentials;
    login->token = read->client_id == NULL || read->client_secret == NULL
                       ? AIRBYTE_TOKEN_UNNEEDED
                       : airbyte_api_check_token(ctx, port, read->client_id, read->client_secret);
    if (!airbyte_api_instance(ctx, port, &login->instance)) login->instance = (AirbyteInstance){0};
    bool is_in_containers = project->config.runtime == RUNTIME_DOCKER;
    login->connection = airbyte_connection_json(ctx->arena, read, is_in_containers ? "host.docker.internal" : "localhost", port);
    return true;
}

static const char *shown(const char *secret, bool reveals) {
    if (secret == NULL) return "none";
    return reveals ? secret : "****";
}

static const char *show_login(Arena *arena, const Login *login, bool reveals) {
    const AirbyteCredentials *read = &login->credentials;
    Text text = {.arena = arena};
    const char *email = login->instance.email != NULL ? login->instance.email : "the first login asks for one";
    text_append_format(&text, "page           %s\n", url_of(arena, login->report.cluster.port));
    text_append_format(&text, "e-mail         %s\n", email);
    text_append_format(&text, "password       %s\n", shown(read->password, reveals));
    text_append_format(&text, "client id      %s\n", read->client_id == NULL ? "none" : read->client_id);
    text_append_format(&text, "client secret  %s\n", shown(read->client_secret, reveals));
    text_append_format(&text, "API token      %s", airbyte_token_describe(login->token));
    if (reveals) text_append_format(&text, "\nfor Airflow    AIRFLOW_CONN_AIRBYTE_DEFAULT=%s", login->connection);
    if (!reveals) text_append(&text, "\nhidden values: devbox airbyte credentials --reveal");
    return text_string(&text);
}

static bool run_credentials(Context *ctx, const Invocation *invocation, Outcome *outcome, Error *err) {
    (void)outcome;
    Login login = {0};
    Arena *arena = ctx->arena;
    const CredentialsOptions *options = invocation->options;
    if (!read_login(ctx, invocation->project, &login, err)) return false;
    Value *data = value_object(arena);
    value_set_string(arena, data, "url", url_of(arena, login.report.cluster.port));
    value_set_string(arena, data, "email", login.instance.email);
    value_set_string(arena, data, "password",
                     login.credentials.password == NULL ? NULL : shown(login.credentials.password, options->reveals));
    value_set_string(arena, data, "clientId", login.credentials.client_id);
    value_set_string(arena, data, "clientSecret",
                     login.credentials.client_secret == NULL ? NULL : shown(login.credentials.client_secret, options->reveals));
    value_set_string(arena, data, "airflowConnection", options->reveals ? login.connection : NULL);
    value_set_string(arena, data, "token", airbyte_token_describe(login.token));
    event_result(ctx, &(Result){.data = data, .text = show_login(arena, &login, options->reveals)});
    return true;
}

static const Example credentials_examples[] = {
    {"devbox airbyte credentials", "everything but the secrets, and whether the API grants a token"},
    {"devbox airbyte credentials --reveal", "the secrets too, and the line for .env with which DAGs reach Airbyte"},
    {0},
};

static const Command credentials = {
    .name = "credentials",
    .summary = "Login of Airbyte's page and keys of its API",
    .description = "Read from the cluster each time; devbox keeps none of them.",
    .options = credentials_options,
    .options_size = sizeof(CredentialsOptions),
    .examples = credentials_examples,
    .needs = NEEDS_PROJECT | ACCEPTS_FAULTS,
    .run = run_credentials,
};

// --- airbyte --------------------------------------------------------------------------------------------------------------

static const Command *const subcommands[] = {&start, &stop, &status, &credentials, NULL};

static const Example examples[] = {
    {"devbox airbyte start", "wake or install it"},
    {"devbox airbyte status", NULL},
    {0},
};

const Command command_airbyte = {
    .name = "airbyte",
    .group = "Data",
    .summary = "The local Airbyte: start, stop, status, credentials",
    .examples = examples,
    .subcommands = subcommands,
};
