#include "services/airflow_native_restart.h"

#include "base/text.h"
#include "io/clock.h"
#include "model/event.h"
#include "services/airflow_native.h"
#include "services/airflow_setup.h"
#include "services/restart_request.h"
#include "services/runtime_state.h"

enum { ANSWER_TIMEOUT_MS = 15 * 1000, PAUSE_MS = 50 };

static bool check_names(Context *ctx, const RuntimeState *state, const StringList *services, Error *err) {
    StringList known = {0};
    list_each(const ServiceStatus, status, &state->services) list_push(ctx->arena, &known, status->name);
    list_each(const char *const, name, services) {
        if (string_list_contains(&known, *name)) continue;
        const char *nearest = text_nearest(*name, known.items, known.count), *all = text_join(ctx->arena, &known, ", ");
        error_set(err, ERROR_USAGE, "there is no service '%s'", *name);
        if (known.count == 0) return error_hint(err, "Airflow is only beginning to start; look with: devbox status");
        if (nearest == NULL) return error_hint(err, "there are: %s", all);
        return error_hint(err, "did you mean: devbox restart %s · there are: %s", nearest, all);
    }
    return true;
}

static bool report_silence(Context *ctx, const Project *project, const RuntimeState *state, Error *err) {
    restart_request_withdraw(ctx, project);
    error_set(err, ERROR_TIMEOUT, "the supervisor of Airflow (pid %d) did not answer within %s", (int)state->supervisor,
              text_duration(ctx->arena, ANSWER_TIMEOUT_MS));
    return error_hint(err, "restart all of Airflow: devbox restart");
}

static bool report_end(Context *ctx, const Project *project, Error *err) {
    restart_request_withdraw(ctx, project);
    error_set(err, ERROR_SERVICE, "the supervisor of Airflow ended before it could restart anything");
    return error_hint(err, "bring the platform up again: devbox start");
}

// The supervisor names the request in the same breath as it says that the services are not healthy any more.
static bool wait_for_answer(Context *ctx, const Project *project, const char *id, Error *err) {
    long long deadline_ms = clock_now_ms() + ANSWER_TIMEOUT_MS;
    RuntimeState state;
    for (;;) {
        if (!runtime_state_read(ctx, project, &state, err)) return false;
        if (state.phase == RUNTIME_STOPPED) return report_end(ctx, project, err);
        if (text_equals(state.request, id)) return true;
        if (context_is_cancelled(ctx)) {
            restart_request_withdraw(ctx, project);
            return error_set(err, ERROR_INTERRUPTED, "interrupted before anything was restarted");
        }
        if (clock_now_ms() >= deadline_ms) return report_silence(ctx, project, &state, err);
        event_tick(ctx);
        clock_sleep_ms(PAUSE_MS);
    }
}

static bool restart_services(Context *ctx, const Project *project, const StringList *services, Error *err) {
    const char *id;
    event_step_progress(ctx, "airflow", "restarting %s", text_join(ctx->arena, services, ", "));
    return restart_request_leave(ctx, project, services, &id, err) && wait_for_answer(ctx, project, id, err) &&
           airflow_native_wait_healthy(ctx, project, "airflow", err);
}

// What may take long or fail comes before the stop: until then Airflow stays up.
static bool restart_all(Context *ctx, const Project *project, Error *err) {
    AirflowSetup setup;
    bool was_running, already_runs;
    int port;
    if (!airflow_setup_complete(ctx, project, "airflow", &setup, err)) return false;
    if (!airflow_native_choose_port(ctx, project, &port, err)) return false;
    event_step_progress(ctx, "airflow", "stopping");
    if (!airflow_native_stop(ctx, project, &was_running, err)) return false;
    return airflow_native_launch(ctx, project, port, &already_runs, err) &&
           airflow_native_wait_healthy(ctx, project, "airflow", err);
}

bool airflow_native_restart(Context *ctx, const Project *project, const StringList *services, Error *err) {
    RuntimeState state;
    if (!runtime_state_read(ctx, project, &state, err)) return false;
    if (state.phase == RUNTIME_STOPPED) {
        error_set(err, ERROR_NOT_RUNNING, "the platform is not running, so there is nothing to restart");
        return error_hint(err, "bring it up: devbox start");
    }
    if (!check_names(ctx, &state, services, err)) return false;
    if (ctx->is_dry_run) return true;
    return services->count == 0 ? restart_all(ctx, project, err) : restart_services(ctx, project, services, err);
}
