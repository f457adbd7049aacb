#include "services/python_requirements.h"

#include <ctype.h>

#include "base/text.h"
#include "io/file_system.h"

// Deeper is a file that includes itself.
enum { INCLUDE_LIMIT = 10 };

typedef struct Reading {
    Arena *arena;
    Text packages, constraints, content;
    bool has_airflow_constraint, is_empty;
    int depth;
} Reading;

// The value of an option that stands at the start of the line ("-r base.txt", "--requirement=base.txt"), NULL for another line.
static const char *option_value(Arena *arena, const char *line, const char *letter, const char *word) {
    const char *value = NULL;
    if (text_starts_with(line, word)) {
        value = line + strlen(word);
        if (*value != '=' && !isspace((unsigned char)*value)) return NULL;
        value++;
    } else if (text_starts_with(line, letter)) {
        value = line + strlen(letter);
    }
    if (value == NULL) return NULL;
    const char *comment = strstr(value, " #");
    size_t length = comment == NULL ? strlen(value) : (size_t)(comment - value);
    return text_trim(arena, arena_copy_bytes(arena, value, length));
}

static bool is_airflow_constraint(const char *url) { return strstr(url, "constraints-") != NULL; }

static bool read_file(Reading *reading, const char *path, Error *err);

static bool add_constraints(Reading *reading, const char *path, Error *err) {
    char *content;
    if (!file_read(reading->arena, path, &content, NULL, err)) return false;
    text_append_format(&reading->constraints, "%s\n", content);
    text_append(&reading->content, content);
    return true;
}

static bool read_line(Reading *reading, const char *folder, const char *raw, Error *err) {
    const char *line = text_trim(reading->arena, raw);
    const char *included = option_value(reading->arena, line, "-r", "--requirement");
    const char *constraint = option_value(reading->arena, line, "-c", "--constraint");
    bool is_remote = strstr(line, "://") != NULL;
    if (included != NULL && !is_remote) return read_file(reading, path_join(reading->arena, folder, included), err);
    if (constraint != NULL && !is_remote) return add_constraints(reading, path_join(reading->arena, folder, constraint), err);
    if (constraint != NULL && is_airflow_constraint(constraint)) {
        reading->has_airflow_constraint = true;
        return true;
    }
    bool is_package = *line != '\0' && *line != '#' && (*line != '-' || text_starts_with(line, "-e") || included != NULL);
    if (is_package) reading->is_empty = false;
    text_append_format(&reading->packages, "%s\n", raw);
    return true;
}

static bool read_file(Reading *reading, const char *path, Error *err) {
    char *content;
    if (reading->depth == INCLUDE_LIMIT) {
        error_set(err, ERROR_CONFIG, "%s is included more than %d times over", path, INCLUDE_LIMIT);
        return error_hint(err, "remove the -r line that leads back to a file above");
    }
    if (!file_read(reading->arena, path, &content, NULL, err)) return false;
    text_append(&reading->content, content);
    const char *folder = path_folder(reading->arena, path);
    StringList lines = text_split_lines(reading->arena, content);
    reading->depth++;
    list_each(const char *, line, &lines) {
        if (!read_line(reading, folder, *line, err)) return false;
    }
    reading->depth--;
    return true;
}

bool python_requirements_read(Context *ctx, const char *path, PythonRequirements *requirements, Error *err) {
    Text empty = {.arena = ctx->arena};
    Reading reading = {.arena = ctx->arena, .packages = empty, .constraints = empty, .content = empty, .is_empty = true};
    if (!read_file(&reading, path, err)) return false;
    *requirements = (PythonRequirements){.packages = text_string(&reading.packages),
                                         .constraints = text_string(&reading.constraints),
                                         .content = text_string(&reading.content),
                                         .has_airflow_constraint = reading.has_airflow_constraint,
                                         .is_empty = reading.is_empty};
    return true;
}
