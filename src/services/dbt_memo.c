#include "services/dbt_memo.h"

#include <stdlib.h>

#include "base/text.h"
#include "io/database.h"
#include "io/file_system.h"
#include "io/hash.h"
#include "io/json.h"
#include "services/sandbox.h"
#include "services/sandbox_door.h"

enum { BUSY_MS = 200 };

static const char *memo_path(Context *ctx, const Project *project) {
    return project_state_path(ctx->arena, project, "dbt/built.json");
}

// dbt's own leavings are not what a model is made from.
static bool is_output(const char *name) {
    return text_equals(name, "target") || text_equals(name, "logs") || text_equals(name, ".user.yml") ||
           text_equals(name, "__pycache__");
}

static bool note_file(void *state, const char *path, const FileInfo *info) {
    Text *text = state;
    if (is_output(path_name(path))) return false;
    if (info->kind != FILE_FOLDER) text_append_format(text, "%s %lld %lld\n", path, info->size, info->modified_ns);
    return true;
}

// Everything in the database's own file, whose time then tells of every change. Other programs that have it open keep us from
// that.
static bool stamp_sandbox(Context *ctx, const Project *project, Text *text, Error *err) {
    cleanup_database Database *db = NULL;
    int64_t busy = 1;
    const char *path = sandbox_path(ctx->arena, project);
    if (!database_open(ctx->arena, path, DATABASE_WRITE, BUSY_MS, &db, err)) return false;
    if (!database_query_integer(db, "PRAGMA wal_checkpoint(TRUNCATE)", 1, &busy, err) || busy != 0) return false;
    FileInfo info = file_info(path);
    text_append_format(text, "%lld %lld %llu\n", info.size, info.modified_ns, (unsigned long long)info.inode);
    return true;
}

static void note_settings(Context *ctx, const Project *project, Text *text) {
    text_append_format(text, "%s\n%s\n%s\n", ctx->executable, project->config.dbt.target, project->dbt_dir);
    FileInfo self = file_info(ctx->executable);
    text_append_format(text, "%lld %d\n", self.modified_ns, (int)project->config.runtime);
    list_each(const Pair, pair, &project->dotenv) text_append_format(text, "%s=%s\n", pair->key, pair->value);
    list_each(const char *const, name, &project->config.env_pass) {
        const char *value = getenv(*name);
        text_append_format(text, "%s=%s\n", *name, value == NULL ? "" : value);
    }
}

static bool make_key(Context *ctx, const Project *project, const char **key, Error *err) {
    Text text = {.arena = ctx->arena};
    // What stands in the database's own file and what in its log is then known inside containers only.
    if (sandbox_door_is_needed(ctx, project)) return error_set(err, ERROR_BUSY, "the sandbox database is not opened here");
    note_settings(ctx, project, &text);
    if (!folder_walk(ctx->arena, project->dbt_dir, note_file, &text, err)) return false;
    return stamp_sandbox(ctx, project, &text, err) && hash_bytes(ctx->arena, text.content, text.length, key, err);
}

bool dbt_memo_matches(Context *ctx, const Project *project, const char **summary) {
    Value *memo;
    const char *key;
    Error ignored = {.arena = ctx->arena};
    const char *path = memo_path(ctx, project);
    if (!file_exists(path) || !json_read_file(ctx->arena, path, &memo, &ignored)) return false;
    if (!make_key(ctx, project, &key, &ignored) || !text_equals(value_get_string(memo, "key", NULL), key)) return false;
    *summary = value_get_string(memo, "summary", "");
    return true;
}

void dbt_memo_remember(Context *ctx, const Project *project, const char *summary) {
    const char *key;
    Value *memo = value_object(ctx->arena);
    Error ignored = {.arena = ctx->arena};
    if (!make_key(ctx, project, &key, &ignored)) return;
    value_set_string(ctx->arena, memo, "key", key);
    value_set_string(ctx->arena, memo, "summary", summary);
    if (!file_write_string(ctx->arena, memo_path(ctx, project), json_print_indented(ctx->arena, memo), 0600, &ignored)) return;
}
