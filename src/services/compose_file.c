#include "services/compose_file.h"

#include <ctype.h>

#include "base/text.h"
#include "io/file_system.h"
#include "io/hash.h"
#include "io/json.h"

enum { NAME_LIMIT = 30, FINGERPRINT_DIGITS = 12 };

#define OVERRIDE_NAME "devbox.compose.yaml"

const char *compose_project_name(Arena *arena, const Project *project) {
    Text name = {.arena = arena};
    text_append(&name, "devbox-");
    for (const char *letter = project->name; *letter != '\0' && name.length < NAME_LIMIT; letter++) {
        char lower = (char)tolower((unsigned char)*letter);
        bool is_allowed = isalnum((unsigned char)lower) && (unsigned char)lower < 128;
        text_append_char(&name, is_allowed || lower == '_' ? lower : '-');
    }
    text_append_format(&name, "-%.6s", project->instance);
    return text_string(&name);
}

const char *compose_project_label(Arena *arena, const Project *project) {
    return arena_format(arena, "com.docker.compose.project=%s", compose_project_name(arena, project));
}

// JSON is YAML too; compose takes $ for a variable of its own.
static const char *quote(Arena *arena, const char *text) {
    return text_replace(arena, json_print(arena, value_string(arena, text)), "$", "$$");
}

static const char *list_volumes(Arena *arena, const AirflowContainer *container) {
    Text lines = {.arena = arena};
    list_each(const Mount, mount, &container->mounts) {
        text_append_format(&lines, "- {type: bind, source: %s, target: %s}\n", quote(arena, mount->source),
                           quote(arena, mount->target));
    }
    return text_string(&lines);
}

static const char *list_environment(Arena *arena, const AirflowContainer *container) {
    Text lines = {.arena = arena};
    list_each(const Pair, pair, &container->environment) {
        text_append_format(&lines, "%s: %s\n", quote(arena, pair->key), quote(arena, pair->value));
    }
    return text_string(&lines);
}

// The database does not depend on Airflow's settings: it has no fingerprint, and stays when they change.
static const char *list_database_labels(Arena *arena, const Project *project) {
    Text lines = {.arena = arena};
    text_append_format(&lines, LABEL_INSTANCE ": %s\n", quote(arena, project->instance));
    text_append_format(&lines, LABEL_CHECKOUT ": %s\n", quote(arena, project->root));
    return text_string(&lines);
}

static const char *list_labels(Arena *arena, const Project *project, const char *fingerprint) {
    Text lines = {.arena = arena};
    text_append(&lines, list_database_labels(arena, project));
    text_append_format(&lines, LABEL_VERSION ": %s\n", quote(arena, project->config.airflow.version));
    text_append_format(&lines, LABEL_FINGERPRINT ": %s\n", quote(arena, fingerprint));
    return text_string(&lines);
}

static const char *list_passwords(Arena *arena, const Project *project) {
    Value *users = value_object(arena);
    value_set_string(arena, users, "admin", project->config.airflow.password);
    return json_print(arena, users);
}

static PairList placeholder_values(Context *ctx, const Project *project, const AirflowContainer *container, int port,
                                   const char *fingerprint) {
    Arena *arena = ctx->arena;
    const Pair pairs[] = {
        {.key = "image", .value = quote(arena, container->image.name)},
        {.key = "database_image", .value = quote(arena, container->image.database)},
        {.key = "version", .value = project->config.airflow.version},
        {.key = "user", .value = quote(arena, container->user)},
        {.key = "root", .value = quote(arena, project->root)},
        {.key = "memory", .value = container->memory},
        {.key = "port", .value = arena_format(arena, "%d", port)},
        {.key = "volumes", .value = list_volumes(arena, container)},
        {.key = "environment", .value = list_environment(arena, container)},
        {.key = "labels", .value = list_labels(arena, project, fingerprint)},
        {.key = "database_labels", .value = list_database_labels(arena, project)},
        {.key = "passwords", .value = quote(arena, list_passwords(arena, project))},
        {.key = "init_commands",
         .value = quote(arena, arena_format(arena, "[%s]", text_join(arena, &container->init_commands, ",")))},
    };
    PairList values = {0};
    for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++) list_push(arena, &values, pairs[i]);
    return values;
}

// A placeholder that has a line for itself stands for lines, each with its indentation.
static const char *render(Arena *arena, const char *template, const PairList *values) {
    Text text = {.arena = arena};
    StringList lines = text_split_lines(arena, template);
    list_each(const char *const, line, &lines) {
        size_t indentation = strspn(*line, " ");
        const char *expanded = airflow_profile_expand(arena, *line + indentation, values);
        bool is_block = text_starts_with(*line + indentation, "${") && strchr(expanded, '\n') != NULL;
        StringList parts = is_block ? text_split_lines(arena, expanded) : (StringList){.items = &expanded, .count = 1};
        list_each(const char *const, part, &parts) {
            text_append_format(&text, "%*s%s\n", **part == '\0' ? 0 : (int)indentation, "", *part);
        }
    }
    return text_string(&text);
}

static bool make_fingerprint(Context *ctx, const char *text, const char *override_path, const char **fingerprint, Error *err) {
    char *override = "";
    const char *hex;
    if (override_path != NULL && !file_read(ctx->arena, override_path, &override, NULL, err)) return false;
    const char *all = arena_format(ctx->arena, "%s\n%s", text, override);
    if (!hash_bytes(ctx->arena, all, strlen(all), &hex, err)) return false;
    *fingerprint = arena_format(ctx->arena, "%.*s", FINGERPRINT_DIGITS, hex);
    return true;
}

ComposeFile compose_file_of(Arena *arena, const Project *project) {
    const char *override = path_join(arena, project->root, OVERRIDE_NAME);
    return (ComposeFile){.project = compose_project_name(arena, project),
                         .path = project_state_path(arena, project, "compose.yaml"),
                         .settings_path = project_state_path(arena, project, ".env"),
                         .override_path = file_exists(override) ? override : NULL};
}

bool compose_file_render(Context *ctx, const Project *project, const AirflowContainer *container, int port, ComposeFile *file,
                         Error *err) {
    char *template;
    Arena *arena = ctx->arena;
    ComposeFile made = compose_file_of(arena, project);
    if (!file_read(arena, container->profile.docker.template_path, &template, NULL, err)) return false;
    // The fingerprint cannot be part of what it is made from.
    PairList values = placeholder_values(ctx, project, container, port, "");
    if (!make_fingerprint(ctx, render(arena, template, &values), made.override_path, &made.fingerprint, err)) return false;
    values = placeholder_values(ctx, project, container, port, made.fingerprint);
    made.text = render(arena, template, &values);
    *file = made;
    return true;
}

bool compose_file_write(Context *ctx, const ComposeFile *file, Error *err) {
    const char *settings = arena_format(ctx->arena, "COMPOSE_PROJECT_NAME=%s\n", file->project);
    return file_write_string(ctx->arena, file->path, file->text, 0600, err) &&
           file_write_string(ctx->arena, file->settings_path, settings, 0600, err);
}
