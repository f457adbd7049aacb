#include "services/airflow_stack.h"

#include "base/text.h"
#include "io/clock.h"
#include "services/airflow_stack_state.h"
#include "services/compose_file.h"

enum { PAGE_TIMEOUT_MS = 700 };

// The engine's own checks have their first turn only after a pause: Airflow's page knows earlier.
static void ask_page(Context *ctx, AirflowStack *stack) {
    ComponentHealthList components = {0};
    Error silent = {.arena = ctx->arena};
    const DockerContainer *web = airflow_stack_find(stack, stack->profile.docker.web_service);
    if (!airflow_stack_is_waiting(stack) || stack->state.port == 0 || web == NULL || !airflow_stack_is_alive(web)) return;
    if (!airflow_health_ask(ctx, &stack->profile, stack->state.port, PAGE_TIMEOUT_MS, &components, &silent)) return;
    airflow_stack_take_page(ctx->arena, &components, clock_wall_ms(), stack);
}

static bool inspect_all(Context *ctx, const DockerEngine *engine, DockerContainerList *containers, Error *err) {
    list_each(DockerContainer, container, containers) {
        bool is_found;
        DockerContainer whole;
        if (!docker_container_inspect(ctx, engine, container->id, &whole, &is_found, err)) return false;
        // Removed between the two questions: what the list said of it is all there is.
        if (is_found) *container = whole;
    }
    return true;
}

bool airflow_stack_observe(Context *ctx, const Project *project, const DockerEngine *engine, AirflowStack *stack, Error *err) {
    AirflowStack seen = {0};
    const char *label = compose_project_label(ctx->arena, project);
    if (!airflow_profile_load(ctx, project->config.airflow.version, &seen.profile, err)) return false;
    if (!docker_container_list(ctx, engine, label, &seen.containers, err)) return false;
    if (!inspect_all(ctx, engine, &seen.containers, err)) return false;
    airflow_stack_judge(ctx->arena, project, &seen);
    ask_page(ctx, &seen);
    *stack = seen;
    return true;
}
