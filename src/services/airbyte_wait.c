#include "services/airbyte_wait.h"

#include "base/text.h"
#include "io/clock.h"
#include "model/event.h"
#include "services/airbyte_api.h"

enum {
    POLL_MS = 500,
    LOOK_MS = 5000,                       // between looks at the node and its pods
    KUBERNETES_LIMIT_MS = 5 * 60 * 1000,  // kubeadm itself gives up after 4 minutes
};

typedef struct Watch {
    Context *ctx;
    const DockerEngine *engine;
    const AirbyteWait *wait;
    long long started_ms, next_look_ms;
    AirbytePods pods;
    bool has_kubernetes, is_installed;
} Watch;

static bool check_node(Watch *watch, Error *err) {
    AirbyteCluster cluster;
    if (!airbyte_cluster_inspect(watch->ctx, watch->engine, &cluster, err)) return false;
    if (cluster.state == AIRBYTE_RUNNING) return true;
    error_set(err, ERROR_SERVICE, "Airbyte's node ended while it was starting (%s, exit code %d%s)", cluster.engine_state,
              cluster.exit_code, cluster.exit_code == 137 ? ": out of memory or killed" : "");
    return error_hint(err, "see why: docker logs --tail 30 %s", AIRBYTE_CONTAINER);
}

static bool check_kubernetes(const Watch *watch, Error *err) {
    if (watch->has_kubernetes || clock_now_ms() - watch->started_ms < KUBERNETES_LIMIT_MS) return true;
    error_set(err, ERROR_SERVICE, "Airbyte's node runs, but the Kubernetes in it does not come up");
    return error_hint(err,
                      "if its installation was cut short, remove the node and install anew (data in ~/.airbyte stays): docker rm "
                      "-f %s",
                      AIRBYTE_CONTAINER);
}

static void say_pods(const Watch *watch) {
    const AirbytePods *pods = &watch->pods;
    const char *trouble = pods->trouble == NULL ? "" : arena_format(watch->ctx->arena, " (%s)", pods->trouble);
    if (pods->total == 0)
        event_step_progress(watch->ctx, watch->wait->step, "starting: waiting for Kubernetes in the node");
    else
        event_step_progress(watch->ctx, watch->wait->step, "starting: %d of %d pods ready%s", pods->ready, pods->total, trouble);
}

static bool look(Watch *watch, Error *err) {
    Error unready = {.arena = watch->ctx->arena};
    if (clock_now_ms() < watch->next_look_ms) return true;
    if (!check_node(watch, err)) return false;
    bool answers = airbyte_cluster_is_installed(watch->ctx, watch->engine, &watch->is_installed, &unready);
    watch->has_kubernetes = watch->has_kubernetes || answers;
    if (answers && !airbyte_cluster_pods(watch->ctx, watch->engine, &watch->pods, &unready)) error_clear(&unready);
    say_pods(watch);
    watch->next_look_ms = clock_now_ms() + LOOK_MS;
    return check_kubernetes(watch, err);
}

static bool report_timeout(const Watch *watch, AirbyteHealth health, Error *err) {
    const AirbytePods *pods = &watch->pods;
    const char *duration = text_duration(watch->ctx->arena, watch->wait->timeout_ms);
    error_set(err, ERROR_TIMEOUT, "Airbyte is still starting after %s: %d of %d pods ready%s", duration, pods->ready, pods->total,
              health == AIRBYTE_FOREIGN ? ", and something else answers at its address" : "");
    error_hint(err, "it goes on starting by itself: devbox airbyte status; or wait longer: devbox airbyte start --timeout 30m");
    return error_detail(err, pods->trouble);
}

bool airbyte_wait_healthy(Context *ctx, const DockerEngine *engine, const AirbyteWait *wait, bool *is_installed, Error *err) {
    Watch watch = {.ctx = ctx, .engine = engine, .wait = wait, .started_ms = clock_now_ms(), .is_installed = true};
    for (;;) {
        AirbyteHealth health = airbyte_api_health(ctx, wait->port);
        if (context_is_cancelled(ctx)) break;
        if (health == AIRBYTE_HEALTHY) {
            *is_installed = true;
            return true;
        }
        if (!look(&watch, err)) return false;
        if (!watch.is_installed) {
            *is_installed = false;
            return true;
        }
        if (clock_now_ms() - watch.started_ms >= wait->timeout_ms) return report_timeout(&watch, health, err);
        clock_sleep_ms(POLL_MS);
        event_tick(ctx);
        if (context_is_cancelled(ctx)) break;
    }
    error_set(err, ERROR_INTERRUPTED, "interrupted; Airbyte goes on starting by itself");
    return error_hint(err, "devbox airbyte status says how far it is");
}
