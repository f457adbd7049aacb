#include "services/seed_files.h"

#include <stdlib.h>
#include <strings.h>

#include "base/text.h"
#include "io/file_system.h"
#include "io/mapped_file.h"
#include "model/event.h"
#include "services/dbt_seed_config.h"

typedef struct Search {
    Context *ctx;
    const Project *project;
    SeedFileList files;
    StringList known_to_dbt;  // also those that dbt has switched off or calls by another name
} Search;

void seed_file_declare(Arena *arena, SeedFile *file, DeclaredColumn declared) {
    list_each(DeclaredColumn, known, &file->declared) {
        if (strcasecmp(known->column, declared.column) != 0) continue;
        *known = declared;
        return;
    }
    list_push(arena, &file->declared, declared);
}

static SeedFile new_file(Context *ctx, const Project *project, const char *path) {
    const char *name = path_name(path);
    const char *table = arena_copy_bytes(ctx->arena, name, strlen(name) - strlen(".csv"));
    return (SeedFile){.path = path, .shown = path_relative(ctx->arena, path, project->root), .table = table, .delimiter = ','};
}

static bool is_seed_name(const char *name) {
    return *name != '.' && text_ends_with(name, ".csv") && strlen(name) > strlen(".csv");
}

static bool is_dangling(const char *path) {
    return file_info_of_link(path).kind == FILE_LINK && file_info(path).kind == FILE_MISSING;
}

static void warn_about_dangling(Context *ctx, const Project *project, const char *path) {
    event_warning(ctx, arena_format(ctx->arena, "mend or remove it: rm %s", text_quote_for_shell(ctx->arena, path)),
                  "%s is a link to %s, which does not exist: its table is left out",
                  path_relative(ctx->arena, path, project->root), link_read(ctx->arena, path));
}

static bool check_table_name(const SeedFile *file, Error *err) {
    bool is_reserved = strncasecmp(file->table, "sqlite_", 7) == 0 || strncasecmp(file->table, "_devbox_", 8) == 0;
    if (!is_reserved) return true;
    error_set(err, ERROR_SEED, "%s would become the table %s, a name that is reserved", file->shown, file->table);
    return error_hint(err, "Rename the file: names must not begin with sqlite_ or _devbox_");
}

// --- one table per name ---------------------------------------------------------------------------------------------------

static bool has_same_content(const SeedFile *left, const SeedFile *right, bool *is_same, Error *err) {
    cleanup_mapped_file MappedFile first = {0};
    cleanup_mapped_file MappedFile second = {0};
    if (text_equals(left->path, right->path)) return *is_same = true;
    if (!mapped_file_open(left->path, &first, err) || !mapped_file_open(right->path, &second, err)) return false;
    *is_same = first.length == second.length && (first.length == 0 || memcmp(first.bytes, second.bytes, first.length) == 0);
    return true;
}

// Adds the file unless a file of the same name and content is there: dbt's own come first, since dbt knows their types.
static bool add_file(Context *ctx, SeedFileList *files, const SeedFile *file, Error *err) {
    list_each(SeedFile, known, files) {
        bool is_same = false;
        if (strcasecmp(known->table, file->table) != 0) continue;
        if (!has_same_content(known, file, &is_same, err)) return false;
        if (is_same) return true;
        error_set(err, ERROR_SEED, "%s and %s would both become the table %s, but their content differs", known->shown,
                  file->shown, file->table);
        return error_hint(err, "Keep one of them, or rename one: diff %s %s", known->shown, file->shown);
    }
    if (!check_table_name(file, err)) return false;
    list_push(ctx->arena, files, *file);
    return true;
}

// --- dbt's seeds ----------------------------------------------------------------------------------------------------------

typedef struct Found {
    Context *ctx;
    StringList seeds, properties, dangling;
} Found;

static bool collect(void *state, const char *path, const FileInfo *info) {
    Found *found = state;
    const char *name = path_name(path);
    if (info->kind == FILE_FOLDER) return *name != '.';
    if (*name == '.') return true;
    const char *kept = arena_copy_string(found->ctx->arena, path);
    if (is_dangling(path) && is_seed_name(name)) list_push(found->ctx->arena, &found->dangling, kept);
    if (file_info(path).kind != FILE_REGULAR) return true;
    if (is_seed_name(name)) list_push(found->ctx->arena, &found->seeds, kept);
    if (text_ends_with(name, ".yml") || text_ends_with(name, ".yaml")) list_push(found->ctx->arena, &found->properties, kept);
    return true;
}

static bool add_dbt_folder(Search *search, DbtSeedConfig *config, const char *folder, Error *err) {
    Context *ctx = search->ctx;
    Found found = {.ctx = ctx};
    const char *resolved = path_resolve(ctx->arena, folder);
    if (resolved == NULL || !folder_exists(resolved)) return true;
    if (!folder_walk(ctx->arena, resolved, collect, &found, err)) return false;
    list_each(const char *, path, &found.properties) dbt_seed_config_add_properties(ctx, config, *path);
    list_each(const char *, path, &found.dangling) {
        list_push(ctx->arena, &search->known_to_dbt, *path);
        warn_about_dangling(ctx, search->project, *path);
    }
    list_each(const char *, path, &found.seeds) {
        SeedFile file = new_file(ctx, search->project, *path);
        list_push(ctx->arena, &search->known_to_dbt, *path);
        if (!dbt_seed_config_apply(ctx, config, path_relative(ctx->arena, *path, resolved), &file)) continue;
        if (!add_file(ctx, &search->files, &file, err)) return false;
    }
    return true;
}

static bool add_dbt_files(Search *search, Error *err) {
    if (search->project->dbt_dir == NULL) return true;
    DbtSeedConfig config = dbt_seed_config_read(search->ctx, search->project->dbt_dir);
    for (size_t i = 0; i < config.paths.count; i++) {
        if (!add_dbt_folder(search, &config, config.paths.items[i], err)) return false;
    }
    return true;
}

// --- devbox's own seeds folder --------------------------------------------------------------------------------------------

static bool add_own_files(Search *search, Error *err) {
    Context *ctx = search->ctx;
    const Project *project = search->project;
    StringList names = {0};
    const char *folder = project->seeds_dir == NULL ? NULL : path_resolve(ctx->arena, project->seeds_dir);
    if (folder == NULL) return true;
    if (!folder_list(ctx->arena, folder, &names, err)) return false;
    list_each(const char *, name, &names) {
        const char *path = path_join(ctx->arena, folder, *name);
        if (!is_seed_name(*name) || string_list_contains(&search->known_to_dbt, path)) continue;
        if (is_dangling(path)) warn_about_dangling(ctx, project, path);
        if (file_info(path).kind != FILE_REGULAR) continue;
        SeedFile file = new_file(ctx, project, path);
        if (!add_file(ctx, &search->files, &file, err)) return false;
    }
    return true;
}

static bool read_declared_type(const SeedColumn *column, ColumnType *type, Error *err) {
    const char *names[TYPE_COUNT];
    if (column_type_from_name(column->type, type)) return true;
    for (int i = 0; i < TYPE_COUNT; i++) names[i] = column_type_name((ColumnType)i);
    const char *nearest = text_nearest(column->type, names, TYPE_COUNT);
    error_set(err, ERROR_CONFIG, "seeds.columns.%s.%s in devbox.yaml is %s, which is no column type", column->table,
              column->column, column->type);
    if (nearest != NULL) return error_hint(err, "Did you mean %s?", nearest);
    return error_hint(err, "Write integer, real, text, boolean, date or timestamp");
}

static bool apply_config(Context *ctx, const Project *project, const SeedFileList *files, Error *err) {
    list_each(SeedColumn, column, &project->config.seed_columns) {
        DeclaredColumn declared = {.column = column->column, .is_config = true};
        bool is_used = false;
        if (!read_declared_type(column, &declared.type, err)) return false;
        list_each(SeedFile, file, files) {
            if (strcasecmp(file->table, column->table) != 0) continue;
            seed_file_declare(ctx->arena, file, declared);
            is_used = true;
        }
        if (is_used) continue;
        event_warning(ctx, NULL, "seeds.columns.%s.%s in devbox.yaml has no effect: there is no %s.csv", column->table,
                      column->column, column->table);
    }
    return true;
}

static int compare_tables(const void *left, const void *right) {
    return strcasecmp(((const SeedFile *)left)->table, ((const SeedFile *)right)->table);
}

bool seed_files_find(Context *ctx, const Project *project, SeedFileList *files, Error *err) {
    Search search = {.ctx = ctx, .project = project};
    SeedFileList *found = &search.files;
    if (!add_dbt_files(&search, err) || !add_own_files(&search, err)) return false;
    if (!apply_config(ctx, project, found, err)) return false;
    if (found->count > 1) qsort(found->items, found->count, sizeof *found->items, compare_tables);
    *files = *found;
    return true;
}
