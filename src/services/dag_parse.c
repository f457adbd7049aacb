#include "services/dag_parse.h"

#include "base/text.h"
#include "io/file_system.h"
#include "model/event.h"
#include "services/airflow_runtime.h"

// Statements for more would not fit into one variable of a program's environment, which is how they reach a container.
enum { MOST_FILES = 100 };

static const Pair *find_parameter(const Pair *parameters, size_t count, const char *sql) {
    for (size_t i = 0; i < count; i++) {
        if (text_starts_with(sql, parameters[i].key)) return &parameters[i];
    }
    return NULL;
}

// In one pass, since a path may itself contain what looks like a parameter.
static void fill(Text *text, const char *sql, const Pair *parameters, size_t count) {
    while (*sql != '\0') {
        const Pair *parameter = find_parameter(parameters, count, sql);
        if (parameter == NULL) {
            text_append_char(text, *sql++);
        } else {
            text_append_format(text, "'%s'", text_replace(text->arena, parameter->value, "'", "''"));
            sql += strlen(parameter->key);
        }
    }
    text_append(text, ";\n");
}

const char *dag_parse_fill(Arena *arena, const StringList *statements, const char *dags_dir, const char *path) {
    Text text = {.arena = arena};
    const char *relative = path == NULL ? "" : path_relative(arena, path, dags_dir);
    const Pair parameters[] = {{.key = ":dags", .value = dags_dir},
                               {.key = ":relative", .value = relative},
                               {.key = ":fileloc", .value = path == NULL ? "" : path}};
    list_each(const char *const, sql, statements) fill(&text, *sql, parameters, sizeof parameters / sizeof *parameters);
    return text_string(&text);
}

bool dag_parse_request(Context *ctx, const Project *project, const StringList *files, Error *err) {
    AirflowProfile profile;
    Text sql = {.arena = ctx->arena};
    const char *rows;
    bool is_there, is_everything = files->count == 0 || files->count > MOST_FILES;
    if (!airflow_profile_load(ctx, project->config.airflow.version, &profile, err)) return false;
    if (is_everything) text_append(&sql, dag_parse_fill(ctx->arena, &profile.parse_all, project->dags_dir, NULL));
    for (size_t i = 0; i < files->count && !is_everything; i++) {
        text_append(&sql, dag_parse_fill(ctx->arena, &profile.parse_changed, project->dags_dir, files->items[i]));
    }
    return airflow_runtime_of(project)->run_sql(ctx, project, text_string(&sql), &rows, &is_there, err);
}

void dag_parse_follow_save(Context *ctx, const Project *project, const StringList *files) {
    Error trouble = {.arena = ctx->arena};
    if (airflow_runtime_of(project)->hears_saves) return;
    if (dag_parse_request(ctx, project, files, &trouble) || ctx->verbosity == 0) return;
    event_note(ctx, "  the running Airflow takes it over a little later, as it could not be told: %s", trouble.message);
}
