#include "services/docker_wakeup.h"

#include <unistd.h>

#include "base/text.h"
#include "io/clock.h"
#include "io/process.h"
#include "io/terminal.h"
#include "model/event.h"
#include "services/consent.h"
#include "services/docker_session.h"

enum { ANSWER_TIMEOUT_MS = 3 * 60 * 1000, PAUSE_MS = 500 };

// In the foreground: sudo asks for a password, Docker Desktop tells what it does.
static bool run_command(Context *ctx, const char *command, Error *err) {
    ProcessResult result;
    StringList words = text_split(ctx->arena, command, ' ');
    ProcessSpec spec = {.argv = string_list_to_argv(ctx->arena, &words), .is_foreground = true};
    if (!process_run(ctx, &spec, &result, err)) return false;
    if (result.outcome == PROCESS_INTERRUPTED)
        return error_set(err, ERROR_INTERRUPTED, "interrupted while the engine was starting");
    if (result.outcome == PROCESS_EXITED && result.exit_code == 0) return true;
    error_set(err, ERROR_RUNTIME_MISSING, "%s did not start the container engine (exit code %d)", command, result.exit_code);
    return error_hint(err, "start it by hand, then: devbox start · or set runtime: native in devbox.yaml");
}

static bool wait_for_answer(Context *ctx, const char *command, Error *err) {
    const DockerEngine *engine;
    long long started_ms = clock_now_ms();
    event_step_started(ctx, "engine", "waiting for the container engine");
    for (Error silent = {.arena = ctx->arena}; !docker_session_engine(ctx, false, &engine, &silent); error_clear(&silent)) {
        if (context_is_cancelled(ctx)) return error_set(err, ERROR_INTERRUPTED, "interrupted while the engine was starting");
        if (clock_now_ms() - started_ms >= ANSWER_TIMEOUT_MS) {
            const char *duration = text_duration(ctx->arena, ANSWER_TIMEOUT_MS);
            error_set(err, ERROR_TIMEOUT, "the container engine does not answer %s after: %s", duration, command);
            error_hint(err, "it may still be starting; look at it, then: devbox start");
            event_step_failed(ctx, "engine", clock_now_ms() - started_ms, err);
            return false;
        }
        event_tick(ctx);
        clock_sleep_ms(PAUSE_MS);
    }
    event_step_done(ctx, "engine", clock_now_ms() - started_ms, "started with: %s", command);
    return true;
}

// NULL when none is known, or when starting this machine's would not help: DOCKER_HOST names another, or it is refused to us.
static const char *find_start_command(Context *ctx) {
    DockerEngine silent = {0};
    Error same = {.arena = ctx->arena};
    if (docker_endpoint_is_given() || docker_engine_find(ctx, &silent, &same)) return NULL;
    return silent.endpoint.start_command;
}

bool docker_wakeup(Context *ctx, bool *is_wanted, Error *err) {
    const DockerEngine *engine;
    *is_wanted = false;
    if (docker_session_engine(ctx, false, &engine, err)) return true;
    bool can_ask = terminal_is_interactive(STDIN_FILENO) && terminal_is_interactive(STDERR_FILENO);
    const char *command = err->code == ERROR_RUNTIME_MISSING && can_ask ? find_start_command(ctx) : NULL;
    if (command == NULL) return false;
    const char *question = arena_format(ctx->arena, "%s. Start one now with: %s ?", err->message, command);
    Error refused = {.arena = ctx->arena};
    if (!consent_get(ctx, question, "", "", &refused)) {
        if (refused.code == ERROR_INTERRUPTED) *err = refused;
        return false;
    }
    *is_wanted = true;
    error_clear(err);
    return run_command(ctx, command, err) && wait_for_answer(ctx, command, err);
}
