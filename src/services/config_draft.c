#include "services/config_draft.h"

#include "base/text.h"
#include "io/json.h"
#include "model/config.h"

// A JSON string is a YAML string too.
static const char *quoted(Arena *arena, const char *text) {
    static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_./";
    if (text[strspn(text, plain)] == '\0' && !text_equals(text, ".")) return text;
    return json_print(arena, value_string(arena, text));
}

static void write_airflow(Text *text, const Detection *detection) {
    const char *version = detection->airflow_version, *wanted = detection->airflow_wanted;
    text_append(text, "airflow:\n");
    if (version == NULL) {
        text_append(text, "  # Nothing here names a version of Airflow, so this is devbox's default.\n");
        version = config_defaults().airflow.version;
    } else if (text_equals(version, wanted)) {
        text_append_format(text, "  # As %s asks for.\n", detection->airflow_origin);
    } else {
        text_append_format(text, "  # %s asks for %s; this is the nearest version that devbox has.\n", detection->airflow_origin,
                           wanted);
    }
    text_append_format(text, "  version: \"%s\"\n", version);
    if (detection->requirements != NULL) text_append_format(text, "  requirements: %s\n", detection->requirements);
}

static void write_dags(Text *text, const Detection *detection) {
    if (detection->dags != NULL) {
        if (text_equals(detection->airflowignore, "dags/.airflowignore")) {
            text_append(text, "# Airflow leaves out what dags/.airflowignore lists.\n");
        } else if (detection->airflowignore != NULL) {
            text_append(text, "# Airflow does not read the .airflowignore beside this file: it belongs into dags/.\n");
        }
        text_append_format(text, "dags: %s\n", detection->dags);
    }
    if (detection->plugins != NULL) text_append_format(text, "plugins: %s\n", detection->plugins);
}

static void write_dbt(Text *text, const Detection *detection) {
    const StringList *projects = &detection->dbt_projects;
    if (projects->count == 0) return;
    text_append(text, "dbt:\n");
    for (size_t i = 1; i < projects->count; i++) text_append_format(text, "  # There is one in %s, too.\n", projects->items[i]);
    text_append_format(text, "  project: %s\n", quoted(text->arena, projects->items[0]));
}

const char *config_draft(Arena *arena, const Detection *detection) {
    Text text = {.arena = arena};
    text_append(&text, "# How this checkout runs locally. `devbox config show` prints every setting and where it comes from.\n");
    if (detection->dags != NULL || detection->requirements != NULL) write_airflow(&text, detection);
    write_dags(&text, detection);
    if (detection->seeds != NULL) text_append_format(&text, "seeds:\n  dir: %s\n", detection->seeds);
    write_dbt(&text, detection);
    return text_string(&text);
}

StringList config_draft_summary(Arena *arena, const Detection *detection) {
    StringList found = {0};
    if (detection->dags != NULL) list_push(arena, &found, arena_format(arena, "DAGs in %s", detection->dags));
    if (detection->plugins != NULL) list_push(arena, &found, arena_format(arena, "plugins in %s", detection->plugins));
    list_each (const char *const, project, &detection->dbt_projects) {
        list_push(arena, &found, arena_format(arena, "a dbt project in %s", *project));
    }
    if (detection->seeds != NULL) list_push(arena, &found, arena_format(arena, "seeds in %s", detection->seeds));
    if (detection->requirements != NULL) list_push(arena, &found, detection->requirements);
    if (detection->airflow_version != NULL) {
        const char *asked = arena_format(arena, "Airflow %s (%s)", detection->airflow_wanted, detection->airflow_origin);
        list_push(arena, &found, asked);
    }
    return found;
}
