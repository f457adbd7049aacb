#include "services/dag_failure.h"

#include <ctype.h>

#include "base/text.h"
#include "io/file_system.h"

#define TASK_ID "task_id"

typedef struct LogFilter {
    Arena *arena;
    Text output;
    bool drops_traceback;  // one that comes next belongs to a record of Airflow
    bool is_in_traceback, is_in_box;
} LogFilter;

static bool starts_with_any(const char *string, const char *const *prefixes, size_t count) {
    for (size_t i = 0; i < count; i++) {
        if (text_starts_with(string, prefixes[i])) return true;
    }
    return false;
}

// Of Airflow 3, whose records are structlog's: "2026-01-31 08:12:44 [info     ] …". The rest is what is left of a box that
// began before the tail of the log.
static bool is_decoration(const char *line) {
    static const char *const parts[] = {"\033[31m│", "\033[31m╰", "\033[1;91m", "During handling of the above exception",
                                        "The above exception was the direct cause"};
    enum { STAMP_LENGTH = 20 };
    if (starts_with_any(line, parts, sizeof parts / sizeof *parts)) return true;
    if (strstr(line, "/site-packages/") != NULL && strstr(line, "Warning: ") != NULL) return true;
    return text_starts_with(line, "20") && strlen(line) > STAMP_LENGTH && line[4] == '-' && line[STAMP_LENGTH] == '[';
}

// Airflow 3 draws the traceback as a box, and below it the exception.
static bool read_box(LogFilter *filter, const char *line) {
    static const char red[] = "\033[31m";
    const char *body = text_starts_with(line, red) ? line + strlen(red) : line;
    if (text_starts_with(body, "╭") && strstr(body, "Traceback") != NULL) filter->is_in_box = true;
    if (!filter->is_in_box) return false;
    filter->is_in_box = !text_starts_with(body, "╰");
    filter->is_in_traceback = !filter->is_in_box;
    return true;
}

static bool is_about_running(const char *source, const char *message) {
    static const char *const sources[] = {"taskinstance.py:", "task_runner.py:", "_client.py:"};
    static const char *const frame[] = {"[DAG TEST]",
                                        "Tmp dir root location: ", "Running command: ", "Command exited with return code "};
    if (starts_with_any(source, sources, sizeof sources / sizeof *sources)) return true;
    bool is_framing = text_starts_with(source, "dag.py:") || text_starts_with(source, "subprocess.py:");
    return is_framing && (starts_with_any(message, frame, sizeof frame / sizeof *frame) || text_equals(message, "Output:"));
}

// "[2026-01-31 08:12:44,123] {subprocess.py:106} INFO - out"; false when the line is no such record.
static bool read_record(LogFilter *filter, const char *line) {
    const char *source = strstr(line, "] {"), *level = source == NULL ? NULL : strstr(source, "} ");
    const char *message = level == NULL ? NULL : strstr(level, " - ");
    if (!text_starts_with(line, "[20") || message == NULL) return false;
    source += strlen("] {");
    level += strlen("} ");
    const char *word = arena_copy_bytes(filter->arena, level, (size_t)(message - level));
    message += strlen(" - ");
    bool is_dropped = is_about_running(source, message);
    filter->is_in_traceback = false;
    filter->drops_traceback = is_dropped || text_starts_with(source, "abstractoperator.py:");
    if (is_dropped) return true;
    if (!text_equals(word, "INFO")) text_append_format(&filter->output, "%s ", word);
    text_append_format(&filter->output, "%s\n", message);
    return true;
}

static bool read_traceback(LogFilter *filter, const char *line) {
    bool is_start = filter->drops_traceback && text_starts_with(line, "Traceback (most recent call last)");
    if (!is_start && !filter->is_in_traceback) return false;
    // The line with the type of the exception ends it; another may follow that it is the cause of.
    filter->is_in_traceback = is_start || *line == ' ';
    return true;
}

const char *dag_failure_clean_log(Arena *arena, const char *log) {
    LogFilter filter = {.arena = arena, .output = {.arena = arena}};
    StringList lines = text_split_lines(arena, log);
    list_each(const char *, line, &lines) {
        if (*text_trim(arena, *line) == '\0' || read_box(&filter, *line) || read_record(&filter, *line)) continue;
        bool is_decorating = is_decoration(*line);
        if (is_decorating) filter.is_in_traceback = false;
        if (is_decorating || read_traceback(&filter, *line)) continue;
        filter.drops_traceback = false;
        text_append_format(&filter.output, "%s\n", *line);
    }
    return text_string(&filter.output);
}

static const char *skip_blanks(const char *text) { return text + strspn(text, " \t"); }

static bool gives_task_id(const char *line, const char *task_id) {
    size_t length = strlen(task_id);
    for (const char *found = strstr(line, TASK_ID); found != NULL; found = strstr(found + 1, TASK_ID)) {
        const char *value = skip_blanks(found + strlen(TASK_ID));
        if (*value != '=') continue;
        value = skip_blanks(value + 1);
        bool is_quoted = *value == '"' || *value == '\'';
        if (is_quoted && strncmp(value + 1, task_id, length) == 0 && value[length + 1] == *value) return true;
    }
    return false;
}

// A decorated function without a task_id has its own name as id.
static bool defines_task(Arena *arena, const char *line, const char *task_id) {
    size_t length = strlen(task_id);
    line = text_trim(arena, line);
    if (text_starts_with(line, "async ")) line = skip_blanks(line + strlen("async "));
    if (!text_starts_with(line, "def ")) return false;
    line = skip_blanks(line + strlen("def "));
    return strncmp(line, task_id, length) == 0 && (line[length] == '(' || line[length] == ' ');
}

int dag_failure_find_task(Arena *arena, const char *source, const char *task_id, int first_line) {
    int first = 0;
    const char *dot = strrchr(task_id, '.');  // a task group's name comes before it
    StringList lines = text_split_lines(arena, source);
    for (size_t i = 0; i < lines.count; i++) {
        const char *name = dot == NULL ? task_id : dot + 1;
        if (!gives_task_id(lines.items[i], name) && !defines_task(arena, lines.items[i], name)) continue;
        int line = (int)i + 1;
        if (line >= first_line) return line;
        if (first == 0) first = line;
    }
    return first;
}

// What stands between `before` and the next `after`; NULL when the message does not say so, or it is no plain name.
static const char *find_name(Arena *arena, const char *message, const char *before, const char *after) {
    const char *start = strstr(message, before);
    if (start == NULL) return NULL;
    start += strlen(before);
    const char *end = strstr(start, after);
    if (end == NULL || end == start) return NULL;
    for (const char *at = start; at < end; at++) {
        if (!isalnum((unsigned char)*at) && strchr("_-.", *at) == NULL) return NULL;
    }
    return arena_copy_bytes(arena, start, (size_t)(end - start));
}

static const char *advise_key(Arena *arena, const char *section, const char *prefix, const char *name) {
    const char *value = text_equals(section, "connections") ? "TYPE://USER:PASSWORD@HOST" : "VALUE";
    Text variable = {.arena = arena};
    bool is_variable = strpbrk(name, "-.") == NULL;  // a shell and .env know no others
    const char *in_config = arena_format(arena, "add it under airflow.%s in devbox.yaml (%s: %s)", section, name, value);
    for (; *name != '\0'; name++) text_append_char(&variable, (char)toupper((unsigned char)*name));
    if (!is_variable) return in_config;
    return arena_format(arena, "%s, or %s%s=... in .env", in_config, prefix, text_string(&variable));
}

static const char *name_package(Arena *arena, const char *module) {
    static const char *const families[] = {"apache", "cncf", "common", "dbt", "microsoft"};
    static const char providers[] = "airflow.providers.";
    if (!text_starts_with(module, "airflow")) return arena_copy_bytes(arena, module, strcspn(module, "."));
    if (!text_starts_with(module, providers)) return NULL;
    const char *provider = module + strlen(providers);
    for (size_t i = 0; i < sizeof families / sizeof *families; i++) {
        if (text_equals(provider, families[i])) return NULL;
    }
    return arena_format(arena, "apache-airflow-providers-%s", text_replace(arena, provider, ".", "-"));
}

static const char *advise_module(Arena *arena, const Project *project, const char *module) {
    const char *package = name_package(arena, module), *requirements = project->config.airflow.requirements;
    if (package == NULL) return NULL;
    // The checkout's own module, of which a part is missing.
    const char *own[] = {path_join(arena, project->dags_dir, package), path_join(arena, project->root, package)};
    for (size_t i = 0; i < sizeof own / sizeof *own; i++) {
        if (folder_exists(own[i]) || file_exists(arena_format(arena, "%s.py", own[i]))) return NULL;
    }
    return arena_format(arena, "add %s (or the package that brings it) to %s, then: devbox start", package,
                        requirements == NULL ? "requirements.txt" : requirements);
}

const char *dag_failure_hint(Arena *arena, const Project *project, const char *message) {
    const char *name = find_name(arena, message, "Variable ", " does not exist");
    if (name == NULL) name = find_name(arena, message, "VARIABLE_NOT_FOUND: {'key': '", "'");
    if (name == NULL) name = find_name(arena, message, "VARIABLE_NOT_FOUND: {'message': 'Variable ", " not found'");
    if (name != NULL) return advise_key(arena, "variables", "AIRFLOW_VAR_", name);
    name = find_name(arena, message, "The conn_id `", "` isn't defined");
    if (name == NULL) name = find_name(arena, message, "CONNECTION_NOT_FOUND: {'conn_id': '", "'");
    if (name != NULL) return advise_key(arena, "connections", "AIRFLOW_CONN_", name);
    name = find_name(arena, message, "No module named '", "'");
    return name == NULL ? NULL : advise_module(arena, project, name);
}
