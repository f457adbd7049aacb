#include "services/airflow_profile.h"

#include "base/text.h"
#include "io/file_system.h"
#include "io/yaml.h"

static const char *profiles_folder(Context *ctx) { return path_join(ctx->arena, ctx->share_dir, "compose/profiles"); }

StringList airflow_profile_versions(Context *ctx) {
    StringList names = {0}, versions = {0};
    Error err = {.arena = ctx->arena};
    if (!folder_list(ctx->arena, profiles_folder(ctx), &names, &err)) return versions;
    list_each(const char *, name, &names) {
        const char *file = path_join(ctx->arena, path_join(ctx->arena, profiles_folder(ctx), *name), "profile.yaml");
        if (file_exists(file)) list_push(ctx->arena, &versions, *name);
    }
    return versions;
}

static StringList read_strings(Arena *arena, const YamlNode *list) {
    StringList strings = {0};
    if (list == NULL) return strings;
    list_each(const YamlNode *, item, &list->items) {
        if ((*item)->kind == YAML_SCALAR) list_push(arena, &strings, (*item)->scalar);
    }
    return strings;
}

static void read_services(Arena *arena, const YamlNode *list, AirflowServiceList *services) {
    if (list == NULL) return;
    list_each(const YamlNode *, item, &list->items) {
        const char *name = yaml_get_string(*item, "name", "");
        AirflowService service = {.name = name,
                                  .label = yaml_get_string(*item, "label", name),
                                  .arguments = read_strings(arena, yaml_get(*item, "argv"))};
        list_push(arena, services, service);
    }
}

static void read_limits(Arena *arena, const YamlNode *map, ServiceLimitList *limits) {
    if (map == NULL) return;
    list_each(YamlEntry, entry, &map->entries) {
        ServiceLimit limit = {.name = entry->key};
        if (yaml_as_integer(entry->node, &limit.seconds)) list_push(arena, limits, limit);
    }
}

static void read_env(Arena *arena, const YamlNode *map, PairList *env) {
    if (map == NULL) return;
    list_each(YamlEntry, entry, &map->entries) {
        const char *value = entry->node->kind == YAML_SCALAR ? entry->node->scalar : "";
        Pair pair = {.key = entry->key, .value = value, .origin = "profile.yaml"};
        list_push(arena, env, pair);
    }
}

static void read_commands(Arena *arena, const YamlNode *list, CommandList *commands) {
    if (list == NULL) return;
    list_each(const YamlNode *, command, &list->items) list_push(arena, commands, read_strings(arena, *command));
}

static void read_docker(Context *ctx, const YamlNode *node, AirflowDockerProfile *docker) {
    const char *template = yaml_get_string(node, "template", "");
    docker->image = yaml_get_string(node, "image", NULL);
    docker->database_image = yaml_get_string(node, "database_image", NULL);
    docker->template_path = path_join(ctx->arena, path_join(ctx->arena, ctx->share_dir, "compose/templates"), template);
    docker->web_service = yaml_get_string(node, "web_service", "");
    read_commands(ctx->arena, yaml_get(node, "init"), &docker->init_commands);
    read_env(ctx->arena, yaml_get(node, "fixed_env"), &docker->fixed_env);
    read_env(ctx->arena, yaml_get(node, "env"), &docker->env);
}

static bool report_unknown_version(Context *ctx, const char *version, Error *err) {
    StringList known = airflow_profile_versions(ctx);
    error_set(err, ERROR_CONFIG, "Airflow %s has no profile in this devbox", version);
    return error_hint(err, "set airflow.version in devbox.yaml to one of: %s", text_join(ctx->arena, &known, ", "));
}

bool airflow_profile_load(Context *ctx, const char *version, AirflowProfile *profile, Error *err) {
    Arena *arena = ctx->arena;
    YamlNode *root;
    AirflowProfile read = {.version = version, .folder = path_join(arena, profiles_folder(ctx), version)};
    const char *path = path_join(arena, read.folder, "profile.yaml");
    if (strchr(version, '/') != NULL || !file_exists(path)) return report_unknown_version(ctx, version, err);
    if (!yaml_read_file(arena, path, &root, err)) return false;
    const YamlNode *python = yaml_get(root, "python"), *health = yaml_get(root, "health");
    const YamlNode *parse = yaml_get(root, "priority_parse");
    read.api = yaml_get_string(root, "api", "v2");
    read.lock_path = path_join(arena, read.folder, yaml_get_string(root, "lock", "requirements.lock"));
    read.python_min = yaml_get_string(python, "min", "3.10");
    read.python_max = yaml_get_string(python, "max", "3.12");
    read.python_prefer = yaml_get_string(python, "prefer", "3.11");
    read.passwords_file = yaml_get_string(yaml_get(root, "login"), "file", NULL);
    read.password_sql = yaml_get_string(yaml_get(root, "login"), "password_sql", NULL);
    read.stale_files = read_strings(arena, yaml_get(root, "stale_files"));
    read.health_path = yaml_get_string(health, "path", "/health");
    read.health_components = read_strings(arena, yaml_get(health, "components"));
    read.parse_changed = read_strings(arena, yaml_get(parse, "changed"));
    read.parse_removed = read_strings(arena, yaml_get(parse, "removed"));
    read.parse_all = read_strings(arena, yaml_get(parse, "all"));
    read_commands(arena, yaml_get(root, "template"), &read.template_commands);
    read.template_sql = read_strings(arena, yaml_get(root, "template_sql"));
    if (yaml_get(root, "docker") != NULL) read_docker(ctx, yaml_get(root, "docker"), &read.docker);
    read_services(arena, yaml_get(root, "services"), &read.services);
    read_limits(arena, yaml_get(root, "ready_within"), &read.ready_within);
    read_env(arena, yaml_get(root, "fixed_env"), &read.fixed_env);
    read_env(arena, yaml_get(root, "env"), &read.env);
    *profile = read;
    return true;
}

static const char *find_value(const PairList *values, const char *name, size_t length) {
    list_each(Pair, pair, values) {
        if (strlen(pair->key) == length && strncmp(pair->key, name, length) == 0) return pair->value;
    }
    return NULL;
}

const char *airflow_profile_expand(Arena *arena, const char *text, const PairList *values) {
    Text expanded = {.arena = arena};
    for (const char *open; (open = strstr(text, "${")) != NULL;) {
        const char *close = strchr(open, '}');
        if (close == NULL) break;
        const char *value = find_value(values, open + 2, (size_t)(close - open - 2));
        text_append_bytes(&expanded, text, (size_t)(open - text));
        if (value != NULL) {
            text_append(&expanded, value);
        } else {
            text_append_bytes(&expanded, open, (size_t)(close + 1 - open));
        }
        text = close + 1;
    }
    text_append(&expanded, text);
    return text_string(&expanded);
}

bool airflow_profile_require_docker(const AirflowProfile *profile, Error *err) {
    if (profile->docker.image != NULL) return true;
    error_set(err, ERROR_CONFIG, "devbox runs Airflow %s natively only", profile->version);
    return error_hint(err, "set runtime: native in devbox.yaml, or another airflow.version");
}
