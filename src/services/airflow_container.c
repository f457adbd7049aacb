#include "services/airflow_container.h"

#include <unistd.h>

#include "base/text.h"
#include "io/file_system.h"
#include "io/hash.h"
#include "io/json.h"
#include "services/airflow_settings.h"
#include "services/dbt_setup.h"

enum { FINGERPRINT_DIGITS = 12 };

#define CONTAINER_HOME "/opt/airflow"

static PairList placeholder_values(Context *ctx, const Project *project, const char *logs, const Secrets *secrets, int port) {
    PairList values = airflow_settings_placeholders(ctx->arena, project, secrets, port);
    pair_list_add(ctx->arena, &values, "airflow_home", CONTAINER_HOME);
    pair_list_add(ctx->arena, &values, "database", CONTAINER_HOME "/airflow.db");
    pair_list_add(ctx->arena, &values, "logs", logs);
    return values;
}

static void add_profile(ChildEnvironment *environment, const PairList *pairs, const PairList *values, const PairList *users) {
    list_each(const Pair, pair, pairs) {
        if (users != NULL && pair_list_find(users, pair->key) != NULL) continue;
        child_environment_set(environment, pair->key, airflow_profile_expand(environment->arena, pair->value, values));
    }
}

// The same order of precedence as without containers (airflow_setup_environment); what the profile says of containers comes over
// what it says in general.
static void add_airflow_variables(ChildEnvironment *environment, const Project *project, const AirflowProfile *profile,
                                  const PairList *values) {
    add_profile(environment, &profile->env, values, &project->dotenv);
    add_profile(environment, &profile->docker.env, values, &project->dotenv);
    list_each(const Pair, pair, &project->config.airflow.env) {
        child_environment_set_from(environment, pair->key, pair->value, pair->origin);
    }
    add_profile(environment, &profile->fixed_env, values, NULL);
    add_profile(environment, &profile->docker.fixed_env, values, NULL);
}

// A proxy must not stand between the containers themselves.
static void keep_containers_from_proxies(ChildEnvironment *environment, const AirflowProfile *profile) {
    static const char *const names[] = {"NO_PROXY", "no_proxy"};
    bool has_proxy =
        child_environment_get(environment, "HTTP_PROXY") != NULL || child_environment_get(environment, "http_proxy") != NULL;
    for (size_t i = 0; has_proxy && i < sizeof names / sizeof *names; i++) {
        const char *own = arena_format(environment->arena, "localhost,127.0.0.1,postgres,%s", profile->docker.web_service);
        const char *given = child_environment_get(environment, names[i]);
        child_environment_set(environment, names[i], given == NULL ? own : arena_format(environment->arena, "%s,%s", given, own));
    }
}

static int compare_pairs(const void *left, const void *right) {
    return strcmp(((const Pair *)left)->key, ((const Pair *)right)->key);
}

static bool make_environment(Context *ctx, const Project *project, int port, AirflowContainer *container, Error *err) {
    Secrets secrets;
    if (!secrets_load(ctx, project, &secrets, err)) return false;
    PairList values = placeholder_values(ctx, project, container->logs, &secrets, port);
    ChildEnvironment environment = child_environment_create_for_container(ctx, project);
    if (!airflow_settings_apply(ctx, project, &environment, err)) return false;
    add_airflow_variables(&environment, project, &container->profile, &values);
    if (project->dbt_dir != NULL) {
        child_environment_set(&environment, "DEVBOX_DBT_CONTEXT",
                              path_join(ctx->arena, dbt_live_places(ctx, project).folder, "context.json"));
    }
    keep_containers_from_proxies(&environment, &container->profile);
    container->environment = environment.variables;
    qsort(container->environment.items, container->environment.count, sizeof(Pair), compare_pairs);
    list_each(const StringList, command, &container->profile.docker.init_commands) {
        Value *words = value_array(ctx->arena);
        list_each(const char *const, word, command) {
            value_append(ctx->arena, words, value_string(ctx->arena, airflow_profile_expand(ctx->arena, *word, &values)));
        }
        list_push(ctx->arena, &container->init_commands, json_print(ctx->arena, words));
    }
    return true;
}

static void add_mount(Arena *arena, MountList *mounts, const char *source, const char *target) {
    Mount mount = {.source = source, .target = target};
    list_push(arena, mounts, mount);
}

// At its own path, so that every path means the same inside and outside; DAGs also find the folders that Airflow's image and MWAA
// have. A missing folder is left out: the engine would make it, as root.
static void add_mounts(Arena *arena, const Project *project, MountList *mounts) {
    const struct { const char *folder, *name; } known[] = {{project->dags_dir, "dags"}, {project->plugins_dir, "plugins"}};
    add_mount(arena, mounts, project->root, project->root);
    // A pushed commit keeps its state elsewhere.
    if (!path_is_inside(project->state, project->root)) add_mount(arena, mounts, project->state, project->state);
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        if (!folder_exists(known[i].folder)) continue;
        add_mount(arena, mounts, known[i].folder, arena_format(arena, CONTAINER_HOME "/%s", known[i].name));
        add_mount(arena, mounts, known[i].folder, arena_format(arena, "/usr/local/airflow/%s", known[i].name));
    }
}

static bool check_place(const Project *project, Error *err) {
    bool hides_airflow = path_is_inside(CONTAINER_HOME, project->root) || path_is_inside(project->root, CONTAINER_HOME);
    if (!hides_airflow) return true;
    error_set(err, ERROR_CHECKOUT, "%s cannot be mounted into Airflow's containers: they keep Airflow itself in " CONTAINER_HOME,
              project->root);
    return error_hint(err, "move the checkout to another folder, or set runtime: native in devbox.yaml");
}

bool airflow_container_describe(Context *ctx, const Project *project, const DockerEngine *engine, int port,
                                AirflowContainer *container, Error *err) {
    AirflowContainer made = {.memory = project->config.airflow.memory};
    if (!check_place(project, err)) return false;
    if (!airflow_profile_load(ctx, project->config.airflow.version, &made.profile, err)) return false;
    if (!airflow_image_describe(ctx, project, &made.profile, &made.image, err)) return false;
    // Group 0 may write where Airflow's image expects it; files in the checkout stay the user's.
    made.user = arena_format(ctx->arena, "%u:0", engine->is_rootless ? 0 : (unsigned)getuid());
    made.logs = project_state_path(ctx->arena, project, arena_format(ctx->arena, "airflow/%s/logs", made.profile.version));
    add_mounts(ctx->arena, project, &made.mounts);
    if (!make_environment(ctx, project, port, &made, err)) return false;
    *container = made;
    return true;
}

bool airflow_container_fingerprint(Context *ctx, const AirflowContainer *container, const char **fingerprint, Error *err) {
    Text text = {.arena = ctx->arena};
    const char *hex;
    text_append_format(&text, "%s\n%s\n%s\n", container->image.name, container->user, container->memory);
    list_each(const Mount, mount, &container->mounts) text_append_format(&text, "%s:%s\n", mount->source, mount->target);
    list_each(const Pair, pair, &container->environment) text_append_format(&text, "%s=%s\n", pair->key, pair->value);
    if (!hash_bytes(ctx->arena, text.content, text.length, &hex, err)) return false;
    *fingerprint = arena_format(ctx->arena, "%.*s", FINGERPRINT_DIGITS, hex);
    return true;
}
