#include "services/dag_memory.h"

#include "base/text.h"
#include "io/file_system.h"

RememberedFile *dag_memory_entry(DagMemory *memory, const char *path) {
    RememberedFile *file = map_get(&memory->files, path);
    if (file != NULL) return file;
    file = arena_allocate(memory->arena, sizeof *file);
    file->path = arena_copy_string(memory->arena, path);
    map_set(memory->arena, &memory->files, file->path, file);
    return file;
}

static StringList copy_strings(Arena *arena, const StringList *strings) {
    StringList copies = {0};
    list_each(const char *const, string, strings) list_push(arena, &copies, arena_copy_string(arena, *string));
    return copies;
}

static bool are_same(const StringList *left, const StringList *right) {
    if (left->count != right->count) return false;
    for (size_t i = 0; i < left->count; i++) {
        if (!text_equals(left->items[i], right->items[i])) return false;
    }
    return true;
}

static void learn_dags(Arena *arena, RememberedFile *file, const char *name, const FoundDagList *dags) {
    size_t count = 0;
    list_each(const FoundDag, dag, dags) {
        if (!text_equals(dag->file, name)) continue;
        bool is_known = count < file->dags.count && text_equals(file->dags.items[count].dag_id, dag->dag_id);
        FoundDag copy = {.dag_id = is_known ? file->dags.items[count].dag_id : arena_copy_string(arena, dag->dag_id),
                         .file = count > 0 || file->dags.count > 0 ? file->dags.items[0].file : arena_copy_string(arena, name),
                         .line = dag->line};
        if (count == file->dags.count) list_push(arena, &file->dags, copy);
        file->dags.items[count++] = copy;
    }
    file->dags.count = count;
}

// A day of saves must not take much memory: what stayed the same is not copied again.
void dag_memory_learn(DagMemory *memory, const DagEvents *events) {
    list_each(const CheckedFile, checked, &events->files) {
        RememberedFile *file = dag_memory_entry(memory, checked->path);
        file->is_red = checked->is_red;
        file->is_gone = file->is_stale = false;
        file->stamp = NULL;
        if (checked->knows_uses && !are_same(&file->uses, &checked->uses))
            file->uses = copy_strings(memory->arena, &checked->uses);
        // A file that does not import keeps its DAGs: the ids are still meant.
        if (!checked->is_red) learn_dags(memory->arena, file, checked->name, &events->dags);
    }
}

static bool uses(Arena *arena, const RememberedFile *file, const FileChange *change) {
    const char *folder = path_folder(arena, change->path);
    list_each(const char *const, used, &file->uses) {
        if (text_equals(*used, change->path) || text_equals(*used, folder)) return true;
        // A folder that went away does not name its files.
        if (change->is_removed && path_is_inside(*used, change->path)) return true;
    }
    return false;
}

// Being in a folder that a DAG file lists is not yet being read by it.
static bool is_read(const DagMemory *memory, const char *path) {
    for (size_t i = 0; i < memory->files.count; i++) {
        const RememberedFile *file = memory->files.entries[i].value;
        if (!file->is_gone && string_list_contains(&file->uses, path)) return true;
    }
    return false;
}

static void add(Arena *arena, StringList *files, const char *path) {
    if (!string_list_contains(files, path)) list_push(arena, files, path);
}

// A module that others import, and that defines no DAG, is seen through them.
static bool is_to_check_itself(const DagMemory *memory, const char *dags_dir, const FileChange *change) {
    const RememberedFile *known = map_get(&memory->files, change->path);
    if (change->is_removed || !text_ends_with(change->path, ".py") || !path_is_inside(change->path, dags_dir)) return false;
    bool has_dags = known != NULL && known->dags.count > 0;
    return has_dags || !is_read(memory, change->path);
}

static void forget(DagMemory *memory, const char *path) {
    for (size_t i = 0; i < memory->files.count; i++) {
        RememberedFile *file = memory->files.entries[i].value;
        if (path_is_inside(file->path, path)) file->is_gone = true;
    }
}

StringList dag_memory_find_affected(Arena *arena, DagMemory *memory, const char *dags_dir, const FileChangeList *changes) {
    StringList affected = {0};
    list_each(const FileChange, change, changes) {
        if (change->is_removed) forget(memory, change->path);
        if (is_to_check_itself(memory, dags_dir, change)) add(arena, &affected, change->path);
        for (size_t i = 0; i < memory->files.count; i++) {
            const RememberedFile *file = memory->files.entries[i].value;
            bool may_differ = file->is_red || file->is_stale || uses(arena, file, change);
            if (!file->is_gone && may_differ) add(arena, &affected, file->path);
        }
    }
    return affected;
}

FoundDagList dag_memory_dags_besides(Arena *arena, const DagMemory *memory, const StringList *files) {
    FoundDagList dags = {0};
    for (size_t i = 0; i < memory->files.count; i++) {
        const RememberedFile *file = memory->files.entries[i].value;
        if (file->is_gone || file->is_stale || string_list_contains(files, file->path)) continue;
        list_each(const FoundDag, dag, &file->dags) list_push(arena, &dags, *dag);
    }
    return dags;
}
