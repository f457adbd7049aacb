#include "services/seed_memo.h"

#include "base/text.h"
#include "io/clock.h"
#include "io/file_system.h"
#include "io/hash.h"
#include "io/json.h"
#include "io/mapped_file.h"

// A file that was written this recently may change again without a new time stamp (kernels count in ticks).
enum { SETTLED_AFTER_MS = 2000, FORMAT = 1 };

struct SeedMemo {
    Context *ctx;
    const char *path;
    Value *files;  // {"/abs/orders.csv": {"size", "modified_ns", "inode", "sha256", "content_hash", "rows"}}
    bool has_changed;
};

SeedMemo *seed_memo_open(Context *ctx, const Project *project) {
    SeedMemo *memo = arena_allocate(ctx->arena, sizeof *memo);
    Error err = {.arena = ctx->arena};
    Value *root = NULL;
    *memo =
        (SeedMemo){.ctx = ctx, .path = project_state_path(ctx->arena, project, "seeds.json"), .files = value_object(ctx->arena)};
    if (!json_read_file(ctx->arena, memo->path, &root, &err) || value_get_integer(root, "format", 0) != FORMAT) return memo;
    const Value *files = value_get(root, "files");
    for (size_t i = 0; files != NULL && files->kind == VALUE_OBJECT && i < files->count; i++) {
        value_set(ctx->arena, memo->files, files->members[i].key, files->members[i].value);
    }
    return memo;
}

static bool is_same_file(const Value *entry, const FileInfo *info) {
    return value_get_integer(entry, "size", -1) == info->size &&
           value_get_integer(entry, "modified_ns", -1) == info->modified_ns &&
           value_get_integer(entry, "inode", -1) == (int64_t)info->inode;
}

static bool hash_content(SeedMemo *memo, const SeedFile *file, const char **sha256, Error *err) {
    Arena *arena = memo->ctx->arena;
    FileInfo info = file_info(file->path);
    const Value *known = value_get(memo->files, file->path);
    const char *remembered = value_get_string(known, "sha256", NULL);
    if (remembered != NULL && is_same_file(known, &info)) {
        *sha256 = remembered;
        return true;
    }
    cleanup_mapped_file MappedFile content = {0};
    if (!mapped_file_open(file->path, &content, err) || !hash_bytes(arena, content.bytes, content.length, sha256, err))
        return false;
    Value *entry = value_object(arena);
    bool is_settled = clock_wall_ms() - info.modified_ns / 1000000 > SETTLED_AFTER_MS;
    value_set_integer(arena, entry, "size", info.size);
    value_set_integer(arena, entry, "modified_ns", is_settled ? info.modified_ns : -1);
    value_set_integer(arena, entry, "inode", (int64_t)info.inode);
    value_set_string(arena, entry, "sha256", *sha256);
    value_set(arena, memo->files, file->path, entry);
    memo->has_changed = true;
    return true;
}

bool seed_memo_hash(SeedMemo *memo, const SeedFile *file, const char **content_hash, Error *err) {
    const char *sha256 = NULL;
    Text basis = {.arena = memo->ctx->arena};
    if (!hash_content(memo, file, &sha256, err)) return false;
    text_append_format(&basis, "%d %s %d", FORMAT, sha256, file->delimiter);
    list_each (const DeclaredColumn, declared, &file->declared) {
        text_append_format(&basis, "\n%s %s", column_type_name(declared->type), declared->column);
    }
    return hash_bytes(memo->ctx->arena, basis.content, basis.length, content_hash, err);
}

long long seed_memo_rows(const SeedMemo *memo, const SeedFile *file, const char *content_hash) {
    const Value *entry = value_get(memo->files, file->path);
    bool is_this = text_equals(value_get_string(entry, "content_hash", NULL), content_hash);
    return is_this ? value_get_integer(entry, "rows", -1) : -1;
}

void seed_memo_set_rows(SeedMemo *memo, const SeedFile *file, const char *content_hash, long long rows) {
    Arena *arena = memo->ctx->arena;
    const Value *known = value_get(memo->files, file->path);
    Value *entry = value_object(arena);
    for (size_t i = 0; known != NULL && i < known->count; i++)
        value_set(arena, entry, known->members[i].key, known->members[i].value);
    value_set_string(arena, entry, "content_hash", content_hash);
    value_set_integer(arena, entry, "rows", rows);
    value_set(arena, memo->files, file->path, entry);
    memo->has_changed = true;
}

void seed_memo_save(SeedMemo *memo) {
    Arena *arena = memo->ctx->arena;
    Error ignored = {.arena = arena};
    if (!memo->has_changed) return;
    Value *root = value_object(arena);
    value_set_integer(arena, root, "format", FORMAT);
    value_set(arena, root, "files", memo->files);
    if (file_write_string(arena, memo->path, json_print(arena, root), 0600, &ignored)) memo->has_changed = false;
}
