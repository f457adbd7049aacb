#include "services/dbt_seed_config.h"

#include "base/text.h"
#include "io/file_system.h"
#include "model/event.h"

static YamlNode *read_yaml(Context *ctx, const char *path) {
    Error err = {.arena = ctx->arena};
    YamlNode *root = NULL;
    if (yaml_read_file(ctx->arena, path, &root, &err)) return root;
    event_warning(ctx, "Types can be set in devbox.yaml too: seeds: {columns: {orders: {zip: text}}}",
                  "the seeds' column types in it are not used: %s", err.message);
    return NULL;
}

// `seed-paths`, before dbt 1.0 `data-paths`; one name or a list of them.
static void add_paths(Context *ctx, DbtSeedConfig *config) {
    const YamlNode *paths = yaml_get(config->project, "seed-paths");
    if (paths == NULL) paths = yaml_get(config->project, "data-paths");
    if (paths == NULL || paths->kind == YAML_NULL) {
        list_push(ctx->arena, &config->paths, path_join(ctx->arena, config->dbt_dir, "seeds"));
        return;
    }
    if (paths->kind == YAML_SCALAR) list_push(ctx->arena, &config->paths, path_join(ctx->arena, config->dbt_dir, paths->scalar));
    for (size_t i = 0; paths->kind == YAML_LIST && i < paths->items.count; i++) {
        const YamlNode *item = paths->items.items[i];
        if (item->kind == YAML_SCALAR) {
            list_push(ctx->arena, &config->paths, path_join(ctx->arena, config->dbt_dir, item->scalar));
        }
    }
}

DbtSeedConfig dbt_seed_config_read(Context *ctx, const char *dbt_dir) {
    DbtSeedConfig config = {.dbt_dir = dbt_dir};
    config.project = read_yaml(ctx, path_join(ctx->arena, dbt_dir, "dbt_project.yml"));
    add_paths(ctx, &config);
    return config;
}

void dbt_seed_config_add_properties(Context *ctx, DbtSeedConfig *config, const char *path) {
    const YamlNode *root = read_yaml(ctx, path);
    const YamlNode *seeds = root == NULL ? NULL : yaml_get(root, "seeds");
    for (size_t i = 0; seeds != NULL && seeds->kind == YAML_LIST && i < seeds->items.count; i++) {
        list_push(ctx->arena, &config->properties, seeds->items.items[i]);
    }
}

// "+alias" and "alias" mean the same to dbt.
static const YamlNode *get_setting(Arena *arena, const YamlNode *level, const char *name) {
    const YamlNode *setting = yaml_get(level, arena_format(arena, "+%s", name));
    return setting != NULL ? setting : yaml_get(level, name);
}

static const char *get_scalar(Arena *arena, const YamlNode *level, const char *name) {
    const YamlNode *setting = get_setting(arena, level, name);
    bool is_known = setting != NULL && setting->kind == YAML_SCALAR && strstr(setting->scalar, "{{") == NULL;
    return is_known ? setting->scalar : NULL;
}

// Takes over the settings of one level; a deeper level wins.
static void apply_level(Context *ctx, const YamlNode *level, SeedFile *file, bool *is_enabled) {
    const YamlNode *types = get_setting(ctx->arena, level, "column_types");
    for (size_t i = 0; types != NULL && types->kind == YAML_MAP && i < types->entries.count; i++) {
        const YamlEntry *entry = &types->entries.items[i];
        ColumnType type;
        if (entry->node->kind != YAML_SCALAR || !column_type_from_sql(entry->node->scalar, &type)) continue;
        seed_file_declare(ctx->arena, file, (DeclaredColumn){.column = entry->key, .type = type});
    }
    const char *alias = get_scalar(ctx->arena, level, "alias"), *delimiter = get_scalar(ctx->arena, level, "delimiter");
    const YamlNode *enabled = get_setting(ctx->arena, level, "enabled");
    if (!text_is_empty(alias)) file->table = alias;
    if (!text_is_empty(delimiter)) file->delimiter = text_equals(delimiter, "\\t") ? '\t' : *delimiter;
    if (enabled != NULL) yaml_as_bool(enabled, is_enabled);
}

bool dbt_seed_config_apply(Context *ctx, const DbtSeedConfig *config, const char *inside, SeedFile *file) {
    bool is_enabled = true;
    const char *name = file->table, *project = yaml_get_string(config->project, "name", "");
    const char *without_end = arena_copy_bytes(ctx->arena, inside, strlen(inside) - strlen(".csv"));
    StringList names = text_split(ctx->arena, arena_format(ctx->arena, "%s/%s", project, without_end), '/');
    const YamlNode *level = yaml_get(config->project, "seeds");
    for (size_t i = 0; level != NULL; i++) {
        apply_level(ctx, level, file, &is_enabled);
        level = i < names.count ? yaml_get(level, names.items[i]) : NULL;
    }
    list_each (const YamlNode *, entry, &config->properties) {
        const YamlNode *settings = yaml_get(*entry, "config");
        bool is_this = text_equals(yaml_get_string(*entry, "name", NULL), name);
        if (is_this && settings != NULL) apply_level(ctx, settings, file, &is_enabled);
    }
    return is_enabled;
}
