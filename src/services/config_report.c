#include "services/config_report.h"

#include "base/text.h"
#include "io/file_system.h"
#include "io/yaml.h"
#include "model/config_schema.h"
#include "model/event.h"
#include "model/sensitive.h"
#include "services/config_file.h"
#include "services/config_structured.h"

typedef struct Report {
    Arena *arena;
    const Project *project;
    const YamlNode *root;  // of devbox.yaml, NULL without one
    bool reveals;
    ConfigEntryList entries;
} Report;

static void add(Report *report, const char *path, const char *value, const char *origin) {
    const char *shown = report->reveals ? value : value_masked(report->arena, path, value);
    ConfigEntry entry = {.path = path, .value = shown, .origin = origin};
    list_push(report->arena, &report->entries, entry);
}

// Where devbox.yaml sets this path, NULL when it does not.
static const YamlEntry *find_entry(Arena *arena, const YamlNode *map, const char *path) {
    const YamlEntry *found = NULL;
    StringList parts = text_split(arena, path, '.');
    list_each(const char *, part, &parts) {
        found = NULL;
        if (map == NULL || map->kind != YAML_MAP) return NULL;
        list_each(const YamlEntry, entry, &map->entries) {
            if (text_equals(entry->key, *part)) found = entry;
        }
        map = found == NULL ? NULL : found->node;
    }
    return found != NULL && found->node->kind != YAML_NULL ? found : NULL;
}

static const char *bracketed(Arena *arena, const StringList *strings) {
    return arena_format(arena, "[%s]", text_join(arena, strings, ", "));
}

static const char *gate_parts(Arena *arena, const GateConfig *gate) {
    StringList parts = {0};
    if (gate->runs_dags) list_push(arena, &parts, "dags");
    if (gate->runs_dbt) list_push(arena, &parts, "dbt");
    return bracketed(arena, &parts);
}

static const char *duration(Arena *arena, long long duration_ms) {
    if (duration_ms % 1000 != 0) return arena_format(arena, "%lldms", duration_ms);
    return arena_format(arena, "%llds", duration_ms / 1000);
}

// What Config holds at the row's place, as text.
static const char *stored_value(Arena *arena, const Config *config, const ConfigKey *row) {
    const void *field = (const char *)config + row->offset;
    StringList words = text_split(arena, row->allowed == NULL ? "" : row->allowed, '|');
    switch (row->kind) {
        case CONFIG_TEXT:
        case CONFIG_VERSION:
        case CONFIG_FOLDER:
        case CONFIG_FILE:
        case CONFIG_MEMORY:
            return *(const char *const *)field;
        case CONFIG_PORT:
            return arena_format(arena, "%d", *(const int *)field);
        case CONFIG_DURATION:
            return duration(arena, *(const long long *)field);
        case CONFIG_CHOICE:
            return words.items[*(const int *)field];
        case CONFIG_ON_ERROR:
            return words.items[*(const bool *)field ? 0 : 1];
        case CONFIG_GATE_PARTS:
            return gate_parts(arena, field);
        case CONFIG_TEXT_LIST:
        case CONFIG_NAME_LIST:
            return bracketed(arena, field);
        default:
            return NULL;
    }
}

static void add_plain(Report *report, const ConfigKey *row) {
    Arena *arena = report->arena;
    const Project *project = report->project;
    const YamlEntry *entry = find_entry(arena, report->root, row->path);
    const char *origin = entry == NULL ? "default" : arena_format(arena, "%s:%d", CONFIG_FILE_NAME, entry->key_line);
    bool is_kept = entry == NULL && text_equals(row->path, "runtime") && project->config.runtime != RUNTIME_AUTO;
    if (is_kept) origin = path_relative(arena, project_state_path(arena, project, RUNTIME_FILE), project->root);
    if (row->offset == CONFIG_NOWHERE) {
        if (entry == NULL || row->kind == CONFIG_SECTION) return;
        bool is_scalar = entry->node->kind == YAML_SCALAR;
        add(report, row->path, is_scalar ? entry->node->scalar : config_node_to_json(arena, entry->node), origin);
        return;
    }
    const char *value = stored_value(arena, &project->config, row);
    bool is_found = entry == NULL && value != NULL && row->kind == CONFIG_FILE;
    if (text_equals(row->path, "dbt.project") && value == NULL && project->dbt_dir != NULL) {
        value = path_relative(arena, project->dbt_dir, project->root);
        is_found = true;
    }
    // The login admin/admin is in the documentation: no secret.
    if (entry == NULL && text_equals(row->path, "airflow.password")) {
        list_push(arena, &report->entries, (ConfigEntry){.path = row->path, .value = value, .origin = origin});
        return;
    }
    add(report, row->path, value, is_found ? "found" : origin);
}

// A connection's text may hold a secret anywhere: only its type is shown.
static const char *connection_type(Arena *arena, const char *value) {
    const char *end = strstr(value, "://");
    return end == NULL ? "****" : arena_format(arena, "%.*s://****", (int)(end - value), value);
}

static void add_pairs(Report *report, const ConfigKey *row, const char *section) {
    const PairList *pairs = (const void *)((const char *)&report->project->config + row->offset);
    list_each(const Pair, pair, pairs) {
        const char *path = arena_format(report->arena, "%s.%s", section, pair->key);
        bool is_hidden = row->kind == CONFIG_CONNECTION && !report->reveals;
        add(report, path, is_hidden ? connection_type(report->arena, pair->value) : pair->value, pair->origin);
    }
}

static const char *origin_of(Report *report, const char *path) {
    const YamlEntry *entry = find_entry(report->arena, report->root, path);
    return entry == NULL ? CONFIG_FILE_NAME : arena_format(report->arena, "%s:%d", CONFIG_FILE_NAME, entry->key_line);
}

static void add_named(Report *report, const ConfigKey *row) {
    Arena *arena = report->arena;
    const Config *config = &report->project->config;
    const char *section = arena_copy_bytes(arena, row->path, strlen(row->path) - strlen(".*"));
    if (row->kind == CONFIG_VARIABLE || row->kind == CONFIG_STRUCTURED || row->kind == CONFIG_CONNECTION) {
        add_pairs(report, row, section);
    } else if (row->kind == CONFIG_POOL) {
        list_each(const PoolConfig, pool, &config->airflow.pools) {
            const char *path = arena_format(arena, "%s.%s", section, pool->name);
            add(report, path, arena_format(arena, "%d", pool->slots), origin_of(report, path));
        }
    } else if (row->kind == CONFIG_COLUMN) {
        list_each(const SeedColumn, column, &config->seed_columns) {
            const char *path = arena_format(arena, "seeds.columns.%s.%s", column->table, column->column);
            add(report, path, column->type, origin_of(report, path));
        }
    }
}

bool config_report(Context *ctx, const Project *project, bool reveals, ConfigEntryList *entries, Error *err) {
    YamlNode *root = NULL;
    Report report = {.arena = ctx->arena, .project = project, .reveals = reveals};
    if (project->config.path != NULL && !yaml_read_file(ctx->arena, project->config.path, &root, err)) return false;
    report.root = root;
    for (size_t i = 0; i < config_schema_count; i++) {
        const ConfigKey *row = &config_schema[i];
        if (text_ends_with(row->path, "*")) {
            add_named(&report, row);
        } else {
            add_plain(&report, row);
        }
    }
    *entries = report.entries;
    return true;
}

bool config_check_folders(Context *ctx, const Project *project, Error *err) {
    static const char *const paths[] = {"dags", "plugins", "seeds.dir"};
    YamlNode *root = NULL;
    if (project->config.path == NULL) return true;
    if (!yaml_read_file(ctx->arena, project->config.path, &root, err)) return false;
    for (size_t i = 0; i < sizeof paths / sizeof *paths; i++) {
        const YamlEntry *entry = find_entry(ctx->arena, root, paths[i]);
        if (entry == NULL || entry->node->kind != YAML_SCALAR) continue;
        const char *folder = path_absolute(ctx->arena, path_join(ctx->arena, project->root, entry->node->scalar));
        if (file_info(folder).kind != FILE_MISSING) continue;
        error_set(err, ERROR_CONFIG, "%s:%d:%d: %s: there is no folder %s in the checkout", CONFIG_FILE_NAME, entry->node->line,
                  entry->node->column, paths[i], entry->node->scalar);
        return error_hint(err, "correct the name, remove the key, or create it: mkdir -p %s",
                          text_quote_for_shell(ctx->arena, folder));
    }
    return true;
}
