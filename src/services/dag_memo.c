#include "services/dag_memo.h"

#include "base/text.h"
#include "io/file_system.h"
#include "io/hash.h"
#include "io/json.h"

// Some file systems tell times in steps of two seconds.
enum { SETTLED_AFTER_MS = 2000, NS_PER_MS = 1000000, FORMAT = 1 };

typedef struct Memo {
    Context *ctx;
    const Project *project;
    long long began_ms;  // of the check; 0: nothing is checked, old stamps are compared
    Map seen;            // path → FileInfo: helpers are used by many
} Memo;

static const char *memo_path(const Memo *memo) { return project_state_path(memo->ctx->arena, memo->project, "dag_uses.json"); }

// Other settings of the project concern all DAG files whenever they change.
static const char *what_it_is_for(const Memo *memo) {
    const Project *project = memo->project;
    return arena_format(memo->ctx->arena, "%s %s %s", project->config.airflow.version, project->dags_dir, project->plugins_dir);
}

static const FileInfo *look_at(Memo *memo, const char *path) {
    FileInfo *info = map_get(&memo->seen, path);
    if (info != NULL) return info;
    info = arena_allocate(memo->ctx->arena, sizeof *info);
    *info = file_info(path);
    map_set(memo->ctx->arena, &memo->seen, path, info);
    return info;
}

static bool add_to_stamp(Memo *memo, const char *path, Text *text) {
    const FileInfo *info = look_at(memo, path);
    // The size of a folder says nothing of its list.
    long long size = info->kind == FILE_FOLDER ? 0 : info->size;
    text_append_format(text, "%s %d %lld %lld\n", path, (int)info->kind, size, info->modified_ns);
    return memo->began_ms == 0 || info->modified_ns / NS_PER_MS < memo->began_ms - SETTLED_AFTER_MS;
}

// "": it cannot be said, so that no later stamp is the same.
static const char *stamp_of(Memo *memo, const RememberedFile *file) {
    Text text = {.arena = memo->ctx->arena};
    Error ignored = {.arena = memo->ctx->arena};
    const char *stamp;
    bool is_settled = add_to_stamp(memo, file->path, &text);
    list_each(const char *const, used, &file->uses) is_settled &= add_to_stamp(memo, *used, &text);
    if (!is_settled || !hash_bytes(memo->ctx->arena, text.content, text.length, &stamp, &ignored)) return "";
    return stamp;
}

// --- reading --------------------------------------------------------------------------------------------------------------

static void read_dags(const Memo *memo, const char *name, const Value *dags, RememberedFile *file) {
    for (size_t i = 0; dags != NULL && dags->kind == VALUE_OBJECT && i < dags->count; i++) {
        FoundDag dag = {
            .dag_id = dags->members[i].key, .file = name, .line = (int)value_get_integer(dags, dags->members[i].key, 0)};
        list_push(memo->ctx->arena, &file->dags, dag);
    }
}

static void read_entry(Memo *memo, DagMemory *memory, const char *name, const Value *entry) {
    Arena *arena = memo->ctx->arena;
    const char *path = path_join(arena, memo->project->root, name), *stamp = value_get_string(entry, "stamp", "");
    StringList uses = value_strings(arena, value_get(entry, "uses"));
    if (!file_exists(path)) return;
    RememberedFile *file = dag_memory_entry(memory, path);
    list_each(const char *const, used, &uses) list_push(arena, &file->uses, path_join(arena, memo->project->root, *used));
    read_dags(memo, name, value_get(entry, "dags"), file);
    file->is_red = value_get_bool(entry, "red", true);
    file->stamp = stamp;
    file->is_stale = text_is_empty(stamp) || !text_equals(stamp, stamp_of(memo, file));
}

DagMemory dag_memo_open(Context *ctx, const Project *project) {
    Memo memo = {.ctx = ctx, .project = project};
    DagMemory memory = {.arena = ctx->arena};
    Error ignored = {.arena = ctx->arena};
    Value *root = NULL;
    // git tells of changes anywhere in the checkout.
    const char *const folders[] = {project->root, project->dags_dir, project->plugins_dir};
    for (size_t i = 0; i < sizeof folders / sizeof *folders; i++) list_push(ctx->arena, &memory.uses_below, folders[i]);
    if (!json_read_file(ctx->arena, memo_path(&memo), &root, &ignored)) return memory;
    bool is_for_this =
        value_get_integer(root, "format", 0) == FORMAT && text_equals(value_get_string(root, "for", NULL), what_it_is_for(&memo));
    const Value *files = is_for_this ? value_get(root, "files") : NULL;
    for (size_t i = 0; files != NULL && files->kind == VALUE_OBJECT && i < files->count; i++)
        read_entry(&memo, &memory, files->members[i].key, files->members[i].value);
    return memory;
}

// --- writing --------------------------------------------------------------------------------------------------------------

static const char *name_of(const Memo *memo, const char *path) {
    return path_relative(memo->ctx->arena, path, memo->project->root);
}

static Value *describe(Memo *memo, RememberedFile *file) {
    Arena *arena = memo->ctx->arena;
    Value *entry = value_object(arena), *uses = value_array(arena), *dags = value_object(arena);
    StringList own = {0};
    // Airflow's private home is there too, and gone with the test.
    list_each(const char *const, used, &file->uses) {
        if (!path_is_inside(*used, memo->project->state)) list_push(arena, &own, *used);
    }
    file->uses = own;
    list_each(const char *const, used, &own) value_append(arena, uses, value_string(arena, name_of(memo, *used)));
    list_each(const FoundDag, dag, &file->dags) value_set_integer(arena, dags, dag->dag_id, dag->line);
    value_set(arena, entry, "uses", uses);
    value_set(arena, entry, "dags", dags);
    value_set_bool(arena, entry, "red", file->is_red);
    value_set_string(arena, entry, "stamp", file->stamp != NULL ? file->stamp : stamp_of(memo, file));
    return entry;
}

void dag_memo_save(Context *ctx, const Project *project, const DagMemory *memory, long long began_ms) {
    Memo memo = {.ctx = ctx, .project = project, .began_ms = began_ms};
    Value *root = value_object(ctx->arena), *files = value_object(ctx->arena);
    Error ignored = {.arena = ctx->arena};
    for (size_t i = 0; i < memory->files.count; i++) {
        RememberedFile *file = memory->files.entries[i].value;
        bool is_there = !file->is_gone && file_exists(file->path);
        if (is_there) value_set(ctx->arena, files, name_of(&memo, file->path), describe(&memo, file));
    }
    value_set_integer(ctx->arena, root, "format", FORMAT);
    value_set_string(ctx->arena, root, "for", what_it_is_for(&memo));
    value_set(ctx->arena, root, "files", files);
    // Not being able to remember only costs a longer test.
    if (!file_write_fast(ctx->arena, memo_path(&memo), json_print(ctx->arena, root), 0600, &ignored)) return;
}
