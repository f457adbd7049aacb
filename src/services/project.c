#include "services/project.h"

#include <pwd.h>
#include <unistd.h>

#include "base/text.h"
#include "io/file_system.h"
#include "model/env_file.h"
#include "model/event.h"
#include "services/config_file.h"
#include "services/project_detect.h"

#define STATE_FOLDER ".devbox"
#define ENV_FILE ".env"

enum { INSTANCE_DIGITS = 12, GROUP_AND_OTHERS_WRITE = 022 };

// From path and user only: the same after every restart of the machine, without any file, and never that of another checkout.
static const char *make_instance(Arena *arena, const char *root) {
    uint64_t hash = 14695981039346656037ULL;
    const char *text = arena_format(arena, "%lu:%s", (unsigned long)getuid(), root);
    for (; *text != '\0'; text++) hash = (hash ^ (unsigned char)*text) * 1099511628211ULL;
    return arena_format(arena, "%0*llx", INSTANCE_DIGITS, (unsigned long long)(hash >> (64 - 4 * INSTANCE_DIGITS)));
}

static bool find_root(Context *ctx, const char *folder, const char **root, Error *err) {
    const char *resolved = path_resolve(ctx->arena, folder), *limit;
    if (resolved == NULL || !folder_exists(resolved)) {
        error_set(err, ERROR_CHECKOUT, "there is no folder %s", folder);
        return error_hint(err, "devbox init --example %s writes a checkout to start from", folder);
    }
    *root = project_find_root(ctx->arena, resolved, &limit);
    if (*root != NULL) return true;
    const char *above = text_equals(resolved, limit) ? "" : arena_format(ctx->arena, " or above it up to %s", limit);
    error_set(err, ERROR_CHECKOUT, "%s is no data platform checkout: no devbox.yaml, dags/ or dbt_project.yml there%s", resolved,
              above);
    return error_hint(err, "go to your checkout or name it with -C DIR; devbox init --example DIR writes one to look at");
}

static bool read_config(Context *ctx, const char *root, Config *config, Error *err) {
    const char *path = path_join(ctx->arena, root, CONFIG_FILE_NAME);
    const char *misspelt = path_join(ctx->arena, root, "devbox.yml");
    *config = config_defaults();
    if (file_exists(path)) return config_file_read(ctx, path, config, err);
    if (!file_exists(misspelt)) return true;
    error_set(err, ERROR_CONFIG, "%s is not read: the file's name is devbox.yaml", misspelt);
    return error_hint(err, "mv '%s' '%s'", misspelt, path);
}

static bool read_dotenv(Context *ctx, const char *root, PairList *pairs, Error *err) {
    char *text;
    size_t length;
    const char *path = path_join(ctx->arena, root, ENV_FILE);
    FileInfo info = file_info(path);
    if (info.kind == FILE_MISSING || info.kind == FILE_FOLDER) return true;
    if ((info.mode & GROUP_AND_OTHERS_WRITE) != 0) {
        error_set(err, ERROR_CONFIG,
                  "%s can be written by others than its owner (mode %04o), so anybody of them could run code here", path,
                  (unsigned)info.mode);
        return error_hint(err, "chmod go-w '%s'", path);
    }
    if (!file_read(ctx->arena, path, &text, &length, err)) return false;
    if (!env_file_parse(ctx->arena, text, length, ENV_FILE, pairs, err)) return false;
    list_each(const Pair, pair, pairs) {
        // There is no expansion, so the usual PATH=/some/bin:$PATH would hide every program.
        if (!text_equals(pair->key, "PATH") && !text_equals(pair->key, "HOME")) continue;
        error_set(err, ERROR_CONFIG, "%s: %s cannot be set here, it would hide the programs that devbox runs", pair->origin,
                  pair->key);
        return error_hint(err, "remove the line, and set %s in your shell if it must differ", pair->key);
    }
    return true;
}

static bool find_dbt(Context *ctx, Project *project, Error *err) {
    const char *wanted = project->config.dbt.project;
    if (wanted == NULL) {
        StringList found = project_find_dbt(ctx->arena, project->root);
        if (found.count == 0) return true;
        bool is_root = text_equals(found.items[0], ".");
        project->dbt_dir = is_root ? project->root : path_join(ctx->arena, project->root, found.items[0]);
        return true;
    }
    const char *folder = path_absolute(ctx->arena, path_join(ctx->arena, project->root, wanted));
    if (!file_exists(path_join(ctx->arena, folder, "dbt_project.yml"))) {
        error_set(err, ERROR_CONFIG, "dbt.project in devbox.yaml is %s, but there is no dbt_project.yml in %s", wanted, folder);
        StringList found = project_find_dbt(ctx->arena, project->root);
        if (found.count == 0) return error_hint(err, "remove dbt.project, or add the dbt project");
        return error_hint(err, "write project: %s, or remove the key: devbox finds it by itself", found.items[0]);
    }
    project->dbt_dir = folder;
    return true;
}

static const char *folder_of(Arena *arena, const Project *project, const char *name) {
    return path_absolute(arena, path_join(arena, project->root, name));
}

static bool fill(Context *ctx, Project *project, Error *err) {
    Arena *arena = ctx->arena;
    if (!read_config(ctx, project->root, &project->config, err)) return false;
    // A file that devbox.yaml names is there, its reader has looked; the default one need not be.
    const char **requirements = &project->config.airflow.requirements;
    if (*requirements == NULL) *requirements = "requirements.txt";
    if (!file_exists(path_join(arena, project->root, *requirements))) *requirements = NULL;
    project->dags_dir = folder_of(arena, project, project->config.dags);
    project->plugins_dir = folder_of(arena, project, project->config.plugins);
    project->seeds_dir = folder_of(arena, project, project->config.seeds_dir);
    return find_dbt(ctx, project, err);
}

static bool locate(Context *ctx, const char *folder, Project *project, Error *err) {
    if (!find_root(ctx, folder, &project->root, err)) return false;
    project->name = path_name(project->root);
    project->state = path_join(ctx->arena, project->root, STATE_FOLDER);
    project->instance = make_instance(ctx->arena, project->root);
    return true;
}

void project_recall_runtime(Context *ctx, Project *project) {
    char *content;
    Error ignored = {.arena = ctx->arena};
    const char *path = project_state_path(ctx->arena, project, RUNTIME_FILE);
    if (project->config.runtime != RUNTIME_AUTO || !file_exists(path)) return;
    if (!file_read(ctx->arena, path, &content, NULL, &ignored)) return;
    if (text_starts_with(content, "docker")) project->config.runtime = RUNTIME_DOCKER;
    if (text_starts_with(content, "native")) project->config.runtime = RUNTIME_NATIVE;
}

bool project_open(Context *ctx, const char *folder, Project *project, Error *err) {
    Project opened = {0};
    if (!locate(ctx, folder, &opened, err)) return false;
    if (!fill(ctx, &opened, err) || !read_dotenv(ctx, opened.root, &opened.dotenv, err)) return false;
    opened.config.is_runtime_explicit = opened.config.runtime != RUNTIME_AUTO;
    project_recall_runtime(ctx, &opened);
    *project = opened;
    return true;
}

bool project_open_with_faults(Context *ctx, const char *folder, Project *project, Error *err) {
    Project located = {.config = config_defaults()};
    if (project_open(ctx, folder, project, err)) return true;
    if (err->code != ERROR_CONFIG || !locate(ctx, folder, &located, err)) return false;
    event_warning(ctx, err->hint, "%s", err->message);
    error_clear(err);
    project_recall_runtime(ctx, &located);
    *project = located;
    return true;
}

bool project_open_snapshot(Context *ctx, const Project *live, const char *folder, const char *state, Project *snapshot,
                           Error *err) {
    Project opened = {.name = live->name, .instance = live->instance, .state = state, .dotenv = live->dotenv};
    opened.root = path_resolve(ctx->arena, folder);
    if (opened.root == NULL) return error_set(err, ERROR_CHECKOUT, "there is no folder %s", folder);
    if (!fill(ctx, &opened, err)) return false;
    opened.config.runtime = live->config.runtime;
    *snapshot = opened;
    return true;
}

static bool explain_unwritable(const Project *project, Error *err) {
    bool is_file = !folder_exists(project->state) && file_info_of_link(project->state).kind != FILE_MISSING;
    error_wrap(err, "devbox keeps its state in %s", project->state);
    err->code = ERROR_CHECKOUT;
    if (is_file) return error_hint(err, "move away what stands there: mv '%s' '%s.old'", project->state, project->state);
    return error_hint(err, "make the checkout writable for you: ls -ld '%s'", project->root);
}

bool project_prepare_state(Context *ctx, const Project *project, Error *err) {
    static const char *const folders[] = {"airflow", "logs", "run", "tmp"};
    const char *ignore = project_state_path(ctx->arena, project, ".gitignore");
    if (!folder_create(ctx->arena, project->state, err)) return explain_unwritable(project, err);
    // First, so that nothing of it can be committed even when we are killed here.
    if (!file_exists(ignore) && !file_write_string(ctx->arena, ignore, "*\n", 0600, err)) return explain_unwritable(project, err);
    for (size_t i = 0; i < sizeof folders / sizeof *folders; i++) {
        if (!folder_create(ctx->arena, project_state_path(ctx->arena, project, folders[i]), err))
            return explain_unwritable(project, err);
    }
    return true;
}

const char *project_state_path(Arena *arena, const Project *project, const char *name) {
    return path_join(arena, project->state, name);
}

const char *user_cache_path(Arena *arena, const char *name) {
    const char *cache = getenv("XDG_CACHE_HOME"), *home = getenv("HOME");
    // The XDG specification asks to ignore a relative path.
    if (!text_is_empty(cache) && *cache == '/') return path_join(arena, path_join(arena, cache, "devbox"), name);
    if (text_is_empty(home)) {
        const struct passwd *user = getpwuid(getuid());
        home = user == NULL ? "/tmp" : user->pw_dir;
    }
    return path_join(arena, path_join(arena, home, ".cache/devbox"), name);
}

bool project_has_file(const Project *project, const char *path) {
    bool is_inside = path_is_inside(path, project->root) || path_is_inside(path, project->dags_dir);
    return is_inside && !path_is_inside(path, project->state);
}
