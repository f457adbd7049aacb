#include "services/airflow_template.h"

#include "base/cleanup.h"
#include "base/text.h"
#include "io/database.h"
#include "io/file_system.h"
#include "io/hash.h"
#include "io/lock_file.h"
#include "io/process.h"
#include "model/event.h"
#include "services/state_store.h"

enum { COMMAND_TIMEOUT_MS = 3 * 60 * 1000, LOCK_TIMEOUT_MS = 5 * 60 * 1000, BUSY_MS = 5000 };

bool airflow_template_locate(Context *ctx, const Project *project, AirflowSetup *setup, Error *err) {
    const char *hex;
    Text key = {.arena = ctx->arena};
    text_append_format(&key, "%s\n", path_name(setup->python.folder));
    // Only a template that holds the user depends on the password.
    if (setup->profile.passwords_file == NULL) text_append(&key, project->config.airflow.password);
    list_each(StringList, command, &setup->profile.template_commands) {
        text_append_format(&key, "\n%s", text_join(ctx->arena, command, " "));
    }
    if (!hash_bytes(ctx->arena, key.content, key.length, &hex, err)) return false;
    const char *name = arena_format(ctx->arena, "templates/airflow-%s-%.12s.db", setup->profile.version, hex);
    setup->template_path = user_cache_path(ctx->arena, name);
    return true;
}

static bool run_airflow(Context *ctx, const Project *project, const AirflowSetup *making, const StringList *words, Error *err) {
    ChildEnvironment environment;
    ProcessResult result;
    StringList argv = {0};
    Pair password = {.key = "password", .value = project->config.airflow.password};
    PairList values = {.items = &password, .count = 1};
    if (!airflow_setup_environment(ctx, project, making, 0, &environment, err)) return false;
    list_push(ctx->arena, &argv, making->python.python);
    list_push(ctx->arena, &argv, "-m");
    list_push(ctx->arena, &argv, "airflow");
    list_each(const char *, word, words) list_push(ctx->arena, &argv, airflow_profile_expand(ctx->arena, *word, &values));
    ProcessSpec spec = {.argv = string_list_to_argv(ctx->arena, &argv),
                        .folder = making->home,
                        .environment = child_environment_vector(&environment),
                        .timeout_ms = COMMAND_TIMEOUT_MS};
    return process_check(ctx, &spec, &result, err);
}

static bool finish_database(Context *ctx, const AirflowSetup *making, Error *err) {
    cleanup_database Database *db = NULL;
    if (!database_open(ctx->arena, making->database, DATABASE_WRITE, BUSY_MS, &db, err)) return false;
    list_each(const char *, sql, &making->profile.template_sql) {
        if (!database_execute(db, *sql, err)) return false;
    }
    return true;
}

static bool make_template(Context *ctx, const Project *project, const AirflowSetup *setup, Error *err) {
    AirflowSetup making = *setup;
    // Made beside the final place, so that a killed attempt leaves no half template under its name.
    making.home = arena_format(ctx->arena, "%s.making", setup->template_path);
    making.database = path_join(ctx->arena, making.home, "airflow.db");
    if (!folder_remove(ctx->arena, making.home, err) || !folder_create(ctx->arena, making.home, err)) return false;
    // All checkouts share it, and Airflow would leave bytecode in the plugins folder that it imports.
    Project empty = *project;
    empty.dags_dir = path_join(ctx->arena, making.home, "dags");
    empty.plugins_dir = path_join(ctx->arena, making.home, "plugins");
    list_each(StringList, command, &setup->profile.template_commands) {
        if (!run_airflow(ctx, &empty, &making, command, err)) return error_wrap(err, "cannot make Airflow's metadata database");
    }
    if (!finish_database(ctx, &making, err)) return false;
    if (!file_rename(ctx->arena, making.database, setup->template_path, err)) return false;
    return folder_remove(ctx->arena, making.home, err);
}

bool airflow_template_ensure(Context *ctx, const Project *project, const char *step, const AirflowSetup *setup, Error *err) {
    cleanup_fd int lock_fd = -1;
    if (file_exists(setup->template_path)) return true;
    if (!folder_create(ctx->arena, path_folder(ctx->arena, setup->template_path), err)) return false;
    const char *lock = arena_format(ctx->arena, "%s.lock", setup->template_path);
    event_step_progress(ctx, step, "preparing Airflow's metadata database");
    if (!lock_file_take(ctx, lock, "metadata template", LOCK_TIMEOUT_MS, &lock_fd, err)) return false;
    return file_exists(setup->template_path) || make_template(ctx, project, setup, err);
}

static bool write_pools(Context *ctx, const Project *project, const char *path, Error *err) {
    cleanup_database Database *db = NULL;
    const PoolConfigList *pools = &project->config.airflow.pools;
    if (pools->count == 0) return true;
    if (!database_open(ctx->arena, path, DATABASE_WRITE, BUSY_MS, &db, err)) return false;
    list_each(PoolConfig, pool, pools) {
        const char *slots = arena_format(ctx->arena, "%d", pool->slots);
        const char *const parameters[] = {pool->name, slots, pool->description == NULL ? "" : pool->description};
        const char *sql =
            "INSERT INTO slot_pool(pool, slots, description, include_deferred) VALUES (?1, ?2, ?3, 0) "
            "ON CONFLICT(pool) DO UPDATE SET slots = excluded.slots, description = excluded.description";
        if (!database_execute_with(db, sql, parameters, 3, err)) return error_wrap(err, "pool %s", pool->name);
    }
    return true;
}

// airflow.password changed since the database was made: only then, so that a password changed in Airflow's page stays.
static bool take_over_password(Context *ctx, const Project *project, const AirflowSetup *setup, Error *err) {
    cleanup_database Database *db = NULL;
    const char *fact = arena_format(ctx->arena, "airflow.%s.template", setup->profile.version);
    const char *name = path_name(setup->template_path);
    if (setup->profile.password_sql == NULL || text_equals(state_store_get(ctx, project, fact), name)) return true;
    if (!database_open(ctx->arena, setup->database, DATABASE_WRITE, BUSY_MS, &db, err)) return false;
    if (!database_execute_with(db, "ATTACH ?1 AS template", &setup->template_path, 1, err)) return false;
    return database_execute(db, setup->profile.password_sql, err) && state_store_set(ctx, project, fact, name, err);
}

bool airflow_template_install(Context *ctx, const Project *project, const AirflowSetup *setup, Error *err) {
    if (!file_exists(setup->database)) {
        // SQLite would replay the log of a removed database onto the new one.
        const char *log = arena_format(ctx->arena, "%s-wal", setup->database);
        if (!folder_create(ctx->arena, setup->home, err) || !file_remove(ctx->arena, log, err)) return false;
        if (!file_copy(ctx->arena, setup->template_path, setup->database, 0600, err)) return false;
    }
    return take_over_password(ctx, project, setup, err) && write_pools(ctx, project, setup->database, err);
}
