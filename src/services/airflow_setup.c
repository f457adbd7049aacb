#include "services/airflow_setup.h"

#include "base/text.h"
#include "io/file_system.h"
#include "io/json.h"
#include "model/event.h"
#include "services/airflow_settings.h"
#include "services/airflow_template.h"

static PythonRequest python_request(Context *ctx, const Project *project, const AirflowProfile *profile) {
    const char *requirements = project->config.airflow.requirements;
    const char *path = requirements == NULL ? NULL : path_join(ctx->arena, project->root, requirements);
    return (PythonRequest){.name = arena_format(ctx->arena, "airflow-%s", profile->version),
                           .lock_path = profile->lock_path,
                           .python_min = profile->python_min,
                           .python_max = profile->python_max,
                           .python_prefer = profile->python_prefer,
                           .requirements = path != NULL && file_exists(path) ? path : NULL,
                           .pin = arena_format(ctx->arena, "apache-airflow==%s", profile->version)};
}

bool airflow_setup_observe(Context *ctx, const Project *project, AirflowSetup *setup, Error *err) {
    AirflowSetup observed = {0};
    if (!airflow_profile_load(ctx, project->config.airflow.version, &observed.profile, err)) return false;
    PythonRequest request = python_request(ctx, project, &observed.profile);
    if (!python_environment_observe(ctx, &request, &observed.python, err)) return false;
    observed.home = project_state_path(ctx->arena, project, arena_format(ctx->arena, "airflow/%s", observed.profile.version));
    observed.database = path_join(ctx->arena, observed.home, "airflow.db");
    if (!airflow_template_locate(ctx, project, &observed, err)) return false;
    *setup = observed;
    return true;
}

// Airflow puts AIRFLOW_HOME unescaped into the defaults of its configparser, which dies of a % there ("invalid interpolation
// syntax", 2.10.3 and 3.0.6 alike). Doubling it is no help: Airflow uses the value as a path, too. Its other variables may hold a
// %.
static bool check_home(const Project *project, const AirflowSetup *setup, Error *err) {
    if (strchr(setup->home, '%') == NULL) return true;
    error_set(err, ERROR_CHECKOUT, "Airflow cannot run in %s: it takes the %% in the path for the start of a placeholder",
              project->root);
    const char *name = path_name(project->root), *parent = path_folder(err->arena, project->root);
    if (strchr(parent, '%') != NULL || strchr(name, '%') == NULL)
        return error_hint(err, "move the checkout to a folder that has no %% in its path");
    const char *renamed = path_join(err->arena, parent, text_replace(err->arena, name, "%", "_"));
    return error_hint(err, "rename the checkout: mv %s %s", text_quote_for_shell(err->arena, project->root),
                      text_quote_for_shell(err->arena, renamed));
}

bool airflow_setup_prepare_tests(Context *ctx, const Project *project, const char *step, AirflowSetup *setup, Error *err) {
    if (!airflow_setup_observe(ctx, project, setup, err) || !check_home(project, setup, err)) return false;
    PythonRequest request = python_request(ctx, project, &setup->profile);
    if (!setup->python.is_ready && !python_environment_install(ctx, &request, step, &setup->python, err)) return false;
    return folder_create(ctx->arena, setup->home, err) && airflow_template_ensure(ctx, project, step, setup, err);
}

// Airflow 3 keeps its users in a file of its own; Airflow 2 has them in the template.
static bool write_passwords(Context *ctx, const Project *project, const AirflowSetup *setup, Error *err) {
    if (setup->profile.passwords_file == NULL) return true;
    Pair home = {.key = "airflow_home", .value = setup->home};
    PairList values = {.items = &home, .count = 1};
    Value *users = value_object(ctx->arena);
    value_set_string(ctx->arena, users, "admin", project->config.airflow.password);
    const char *path = airflow_profile_expand(ctx->arena, setup->profile.passwords_file, &values);
    return file_write_string(ctx->arena, path, json_print(ctx->arena, users), 0600, err);
}

static void warn_about_fixed(const Context *ctx, const PairList *pairs, const AirflowProfile *profile) {
    list_each(const Pair, pair, pairs) {
        if (pair_list_find(&profile->fixed_env, pair->key) == NULL) continue;
        event_warning(ctx, "remove the line", "%s: %s is left out, because devbox sets it itself", pair->origin, pair->key);
    }
}

static void warn_about_what_is_left_out(const Context *ctx, const Project *project, const AirflowSetup *setup) {
    warn_about_fixed(ctx, &project->config.airflow.env, &setup->profile);
    warn_about_fixed(ctx, &project->dotenv, &setup->profile);
}

bool airflow_setup_complete(Context *ctx, const Project *project, const char *step, AirflowSetup *setup, Error *err) {
    if (!airflow_setup_prepare_tests(ctx, project, step, setup, err)) return false;
    warn_about_what_is_left_out(ctx, project, setup);
    return airflow_template_install(ctx, project, setup, err) && write_passwords(ctx, project, setup, err);
}

static PairList placeholder_values(Context *ctx, const Project *project, const AirflowSetup *setup, const Secrets *secrets,
                                   int port) {
    PairList values = airflow_settings_placeholders(ctx->arena, project, secrets, port);
    pair_list_add(ctx->arena, &values, "airflow_home", setup->home);
    pair_list_add(ctx->arena, &values, "database", setup->database);
    pair_list_add(ctx->arena, &values, "venv", setup->python.folder);
    return values;
}

// airflow.env of devbox.yaml is the team's word on Airflow, then comes what is the user's own, then the profile.
static void add_airflow_variables(ChildEnvironment *environment, const Project *project, const AirflowProfile *profile,
                                  const PairList *values) {
    Arena *arena = environment->arena;
    list_each(const Pair, pair, &profile->env) {
        bool is_users = pair_list_find(&project->dotenv, pair->key) != NULL;
        if (!is_users) child_environment_set(environment, pair->key, airflow_profile_expand(arena, pair->value, values));
    }
    list_each(const Pair, pair, &project->config.airflow.env) {
        child_environment_set_from(environment, pair->key, pair->value, pair->origin);
    }
    // By this stop and status find our processes.
    child_environment_set(environment, "DEVBOX_INSTANCE", project->instance);
    list_each(const Pair, pair, &profile->fixed_env) {
        child_environment_set(environment, pair->key, airflow_profile_expand(arena, pair->value, values));
    }
}

bool airflow_setup_environment(Context *ctx, const Project *project, const AirflowSetup *setup, int port,
                               ChildEnvironment *environment, Error *err) {
    Secrets secrets;
    if (!secrets_load(ctx, project, &secrets, err)) return false;
    PairList values = placeholder_values(ctx, project, setup, &secrets, port);
    ChildEnvironment built = child_environment_create(ctx, project);
    if (!airflow_settings_apply(ctx, project, &built, err)) return false;
    add_airflow_variables(&built, project, &setup->profile, &values);
    child_environment_prepend_path(&built, setup->python.bin);
    // Before the venv's own: a task that says `dbt` gets the sandbox's dbt.
    child_environment_prepend_path(&built, project_state_path(ctx->arena, project, "run/bin"));
    *environment = built;
    return true;
}
