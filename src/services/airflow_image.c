#include "services/airflow_image.h"

#include "base/cleanup.h"
#include "base/text.h"
#include "io/file_system.h"
#include "io/hash.h"
#include "io/json.h"
#include "io/lock_file.h"
#include "model/event.h"
#include "services/docker_images.h"
#include "services/failure_card.h"
#include "services/python_requirements.h"

enum { KEY_DIGITS = 12, LOCK_TIMEOUT_MS = 30 * 60 * 1000 };

static void add_file(Arena *arena, AirflowImage *image, const char *path, const char *content) {
    Pair file = {.key = path, .value = content};
    list_push(arena, &image->files, file);
}

static bool add_shared_file(Context *ctx, AirflowImage *image, const char *name, const char *shared, Error *err) {
    char *content;
    if (!file_read(ctx->arena, path_join(ctx->arena, ctx->share_dir, shared), &content, NULL, err)) return false;
    add_file(ctx->arena, image, name, content);
    return true;
}

static bool add_workers(Context *ctx, AirflowImage *image, Error *err) {
    StringList names = {0};
    if (!folder_list(ctx->arena, path_join(ctx->arena, ctx->share_dir, "workers"), &names, err)) return false;
    list_each(const char *const, name, &names) {
        const char *path = arena_format(ctx->arena, "workers/%s", *name);
        if (text_ends_with(*name, ".py") && !add_shared_file(ctx, image, path, path, err)) return false;
    }
    return true;
}

static bool add_requirements(Context *ctx, const Project *project, AirflowImage *image, Error *err) {
    PythonRequirements read = {.packages = "", .constraints = "", .is_empty = true};
    const char *given = project->config.airflow.requirements;
    const char *path = given == NULL ? NULL : path_join(ctx->arena, project->root, given);
    if (path != NULL && file_exists(path) && !python_requirements_read(ctx, path, &read, err)) return false;
    add_file(ctx->arena, image, "requirements.txt", read.is_empty ? "" : read.packages);
    add_file(ctx->arena, image, "constraints.txt", read.constraints);
    return true;
}

// What makes the metadata database of tests; its user is nobody's, so the password does not matter.
static void add_template(Context *ctx, const AirflowProfile *profile, AirflowImage *image) {
    Arena *arena = ctx->arena;
    Value *request = value_object(arena), *commands = value_array(arena);
    list_each(const StringList, command, &profile->template_commands) {
        if (text_equals(command->items[0], "db")) value_append(arena, commands, value_from_strings(arena, command));
    }
    value_set(arena, request, "commands", commands);
    value_set(arena, request, "sql", value_from_strings(arena, &profile->template_sql));
    add_file(arena, image, "template.json", json_print(arena, request));
}

static bool add_dbt(Context *ctx, const Project *project, AirflowImage *image, Error *err) {
    if (project->dbt_dir != NULL) return add_shared_file(ctx, image, "dbt.lock", "compose/dbt/requirements.lock", err);
    add_file(ctx->arena, image, "dbt.lock", "");
    return true;
}

static bool make_key(Context *ctx, const AirflowImage *image, const char *network, const char **key, Error *err) {
    Text text = {.arena = ctx->arena};
    text_append_format(&text, "%s\n%s\n", image->base, network == NULL ? "" : network);
    list_each(const Pair, file, &image->files) {
        text_append_format(&text, "%s %zu\n%s\n", file->key, strlen(file->value), file->value);
    }
    return hash_bytes(ctx->arena, text.content, text.length, key, err);
}

bool airflow_image_describe(Context *ctx, const Project *project, const AirflowProfile *profile, AirflowImage *image,
                            Error *err) {
    const AirflowConfig *own = &project->config.airflow;
    const char *key;
    AirflowImage made = {.base = own->image != NULL ? own->image : profile->docker.image,
                         .database = own->database_image != NULL ? own->database_image : profile->docker.database_image};
    if (!airflow_profile_require_docker(profile, err)) return false;
    if (!add_shared_file(ctx, &made, "Dockerfile", "compose/image/Dockerfile", err)) return false;
    if (!add_shared_file(ctx, &made, "dbt", "compose/image/dbt", err) || !add_dbt(ctx, project, &made, err)) return false;
    if (!add_shared_file(ctx, &made, "debugpy.lock", "compose/debugpy/requirements.lock", err)) return false;
    if (!add_requirements(ctx, project, &made, err) || !add_workers(ctx, &made, err)) return false;
    add_template(ctx, profile, &made);
    if (!make_key(ctx, &made, project->config.airflow.build_network, &key, err)) return false;
    made.name = arena_format(ctx->arena, "devbox-airflow:%s-%.*s", profile->version, KEY_DIGITS, key);
    *image = made;
    return true;
}

static bool write_context(Context *ctx, const AirflowImage *image, const char *folder, Error *err) {
    if (!folder_remove(ctx->arena, folder, err)) return false;
    list_each(const Pair, file, &image->files) {
        const char *path = path_join(ctx->arena, folder, file->key);
        if (!folder_create(ctx->arena, path_folder(ctx->arena, path), err)) return false;
        if (!file_write_string(ctx->arena, path, file->value, 0600, err)) return false;
    }
    return true;
}

static bool refuse_pull(const char *name, Error *err) {
    error_set(err, ERROR_RUNTIME_MISSING, "the image %s is not there, and airflow.pull: never forbids to fetch it", name);
    return error_hint(err, "docker pull %s, or remove airflow.pull from devbox.yaml", name);
}

static bool ensure_pulled(Context *ctx, const Project *project, const AirflowImageUse *use, const char *name, bool *was_there,
                          Error *err) {
    if (!docker_image_exists(ctx, use->engine, name, was_there, err)) return false;
    if (*was_there) return true;
    if (project->config.airflow.pull == PULL_NEVER) return refuse_pull(name, err);
    return docker_image_pull(ctx, use->engine, name, use->step, err);
}

static void add_argument(Arena *arena, DockerBuild *build, const char *key, const char *value) {
    Pair argument = {.key = key, .value = value};
    if (value != NULL) list_push(arena, &build->arguments, argument);
}

static bool build(Context *ctx, const Project *project, const AirflowImageUse *use, Error *err) {
    static const char *const proxies[] = {"HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "http_proxy", "https_proxy", "no_proxy"};
    Arena *arena = ctx->arena;
    const AirflowImage *image = use->image;
    const char *folder = project_state_path(arena, project, "tmp/image");
    DockerBuild request = {.image = image->name,
                           .folder = folder,
                           .network = project->config.airflow.build_network,
                           .log_path = project_state_path(arena, project, "logs/image-build.log")};
    add_argument(arena, &request, "AIRFLOW_IMAGE", image->base);
    add_argument(arena, &request, "AIRFLOW_VERSION", project->config.airflow.version);
    for (size_t i = 0; i < sizeof proxies / sizeof *proxies; i++) add_argument(arena, &request, proxies[i], getenv(proxies[i]));
    list_push(arena, &request.labels, ((Pair){.key = "dev.devbox.base", .value = image->base}));
    event_step_progress(ctx, use->step, "building %s", image->name);
    bool is_built = write_context(ctx, image, folder, err) && docker_image_build(ctx, use->engine, &request, use->step, err);
    const char *cause = is_built || err->detail == NULL ? NULL : failure_card_find_cause(err->detail);
    if (cause != NULL) error_hint(err, "%s · the whole log of the build: %s", cause, request.log_path);
    Error cleaning = {.arena = arena};
    if (!folder_remove(arena, folder, &cleaning)) event_warning(ctx, NULL, "%s", cleaning.message);
    return is_built;
}

bool airflow_image_ensure(Context *ctx, const Project *project, const AirflowImageUse *use, bool *was_there, Error *err) {
    cleanup_fd int lock_fd = -1;
    bool exists;
    const AirflowImage *image = use->image;
    if (!docker_image_exists(ctx, use->engine, image->name, &exists, err)) return false;
    *was_there = exists;
    if (exists) return true;
    // A push and a start may want it at the same moment.
    const char *lock = project_state_path(ctx->arena, project, "run/image.lock");
    if (!folder_create(ctx->arena, path_folder(ctx->arena, lock), err)) return false;
    if (!lock_file_take(ctx, lock, "image build", LOCK_TIMEOUT_MS, &lock_fd, err)) return false;
    if (!docker_image_exists(ctx, use->engine, image->name, &exists, err)) return false;
    if (exists) return true;
    return ensure_pulled(ctx, project, use, image->base, &exists, err) && build(ctx, project, use, err);
}

bool airflow_image_ensure_database(Context *ctx, const Project *project, const AirflowImageUse *use, bool *was_there,
                                   Error *err) {
    return ensure_pulled(ctx, project, use, use->image->database, was_there, err);
}
