#include "services/project_detect.h"

#include <strings.h>

#include "base/text.h"
#include "io/file_system.h"
#include "services/airflow_profile.h"
#include "services/config_file.h"

enum { DBT_DEPTH = 3 };

static bool has_file(Arena *arena, const char *folder, const char *name) { return file_exists(path_join(arena, folder, name)); }

static bool has_folder(Arena *arena, const char *folder, const char *name) {
    return folder_exists(path_join(arena, folder, name));
}

static bool is_git_root(Arena *arena, const char *folder) {
    return file_info(path_join(arena, folder, ".git")).kind != FILE_MISSING;
}

const char *project_find_git_root(Arena *arena, const char *folder) {
    for (;; folder = path_folder(arena, folder)) {
        if (is_git_root(arena, folder)) return folder;
        if (text_equals(folder, "/")) return NULL;
    }
}

// A dags/ inside another checkout's DAG folder is a package of DAGs, not a checkout.
static bool is_part_of_dags(Arena *arena, const char *candidate, const char *outer) {
    return path_is_inside(candidate, path_join(arena, outer, "dags"));
}

const char *project_find_root(Arena *arena, const char *folder, const char **limit) {
    const char *environment_home = getenv("HOME");
    const char *home = text_is_empty(environment_home) ? NULL : path_resolve(arena, environment_home);
    const char *with_dags = NULL, *with_dbt = NULL;
    for (;; folder = path_folder(arena, folder)) {
        *limit = folder;
        if (has_file(arena, folder, CONFIG_FILE_NAME)) return folder;
        bool is_better = with_dags == NULL || is_part_of_dags(arena, with_dags, folder);
        if (is_better && has_folder(arena, folder, "dags")) with_dags = folder;
        if (with_dbt == NULL && has_file(arena, folder, "dbt_project.yml")) with_dbt = folder;
        if (is_git_root(arena, folder) || text_equals(folder, home) || text_equals(folder, "/")) break;
    }
    return with_dags != NULL ? with_dags : with_dbt;
}

// Names that are files by their ending save a look at each of thousands of DAG files.
static bool may_be_folder(const char *name) {
    static const char *const endings[] = {".py", ".pyc", ".sql", ".yml", ".yaml", ".csv", ".md", ".txt", ".json", ".parquet"};
    static const char *const others[] = {"node_modules", "dbt_packages", "dbt_modules", "target", "logs", "__pycache__", "venv"};
    if (*name == '.') return false;
    for (size_t i = 0; i < sizeof endings / sizeof *endings; i++) {
        if (text_ends_with(name, endings[i])) return false;
    }
    for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
        if (text_equals(name, others[i])) return false;
    }
    return true;
}

static void add_folders_below(Arena *arena, const char *root, const char *folder, StringList *folders) {
    StringList names = {0};
    Error err = {.arena = arena};
    // A folder that cannot be read holds no project that could be used.
    if (!folder_list(arena, path_join(arena, root, folder), &names, &err)) return;
    list_each (const char *, name, &names) {
        if (!may_be_folder(*name)) continue;
        const char *below = path_join(arena, folder, *name);
        const char *absolute = path_join(arena, root, below);
        if (file_info_of_link(absolute).kind == FILE_FOLDER && !has_file(arena, absolute, "pyvenv.cfg"))
            list_push(arena, folders, below);
    }
}

StringList project_find_dbt(Arena *arena, const char *root) {
    StringList found = {0}, level = {0};
    list_push(arena, &level, "");
    for (int depth = 0; depth <= DBT_DEPTH && level.count > 0; depth++) {
        StringList deeper = {0};
        list_each (const char *, folder, &level) {
            if (has_file(arena, path_join(arena, root, *folder), "dbt_project.yml")) {
                list_push(arena, &found, **folder == '\0' ? "." : *folder);
            } else if (depth < DBT_DEPTH) {
                add_folders_below(arena, root, *folder, &deeper);
            }
        }
        level = deeper;
    }
    return found;
}

// The digits and dots at the start of `text`; NULL when it starts otherwise.
static const char *version_at(Arena *arena, const char *text) {
    size_t length = strspn(text, "0123456789.");
    while (length > 0 && text[length - 1] == '.') length--;
    return length == 0 || *text == '.' ? NULL : arena_copy_bytes(arena, text, length);
}

// apache-airflow==2.10.3, apache-airflow[amazon]~=2.10, but not apache-airflow-providers-…
static const char *version_of_requirement(Arena *arena, const char *line) {
    const char *name = "apache-airflow";
    if (strncasecmp(line, name, strlen(name)) != 0) return NULL;
    line += strlen(name);
    if (*line == '[') line += strcspn(line, "]") + (strchr(line, ']') != NULL);
    line += strspn(line, " \t");
    size_t operator_length = strspn(line, "=~>");
    if (operator_length < 2) return NULL;
    line += operator_length;
    return version_at(arena, line + strspn(line, " \t"));
}

// --constraint "https://…/constraints-2.10.3/constraints-3.11.txt"
static const char *version_of_constraint(Arena *arena, const char *line) {
    const char *folder = "/constraints-";
    if (!text_starts_with(line, "-c") && !text_starts_with(line, "--constraint")) return NULL;
    const char *at = strstr(line, folder);
    return at == NULL ? NULL : version_at(arena, at + strlen(folder));
}

static bool detect_version(Context *ctx, const char *root, Detection *detection, Error *err) {
    char *text;
    if (detection->requirements == NULL) return true;
    if (!file_read(ctx->arena, path_join(ctx->arena, root, detection->requirements), &text, NULL, err)) return false;
    StringList lines = text_split_lines(ctx->arena, text);
    for (size_t i = 0; i < lines.count && detection->airflow_wanted == NULL; i++) {
        const char *line = text_trim(ctx->arena, lines.items[i]);
        const char *version = version_of_requirement(ctx->arena, line);
        if (version == NULL) version = version_of_constraint(ctx->arena, line);
        detection->airflow_wanted = version;
        detection->airflow_origin = arena_format(ctx->arena, "%s:%zu", detection->requirements, i + 1);
    }
    if (detection->airflow_wanted == NULL) return true;
    StringList known = airflow_profile_versions(ctx);
    detection->airflow_version = project_nearest_version(detection->airflow_wanted, &known);
    return true;
}

static int compare_versions(const char *left, const char *right) {
    enum { PARTS = 4 };
    for (int part = 0; part < PARTS; part++) {
        char *left_end, *right_end;
        long left_number = strtol(left, &left_end, 10), right_number = strtol(right, &right_end, 10);
        if (left_number != right_number) return left_number < right_number ? -1 : 1;
        left = left_end + (*left_end == '.');
        right = right_end + (*right_end == '.');
    }
    return 0;
}

const char *project_nearest_version(const char *wanted, const StringList *known) {
    const char *newer = NULL, *same_major = NULL, *newest = NULL;
    list_each (const char *, version, known) {
        bool has_major = strtol(*version, NULL, 10) == strtol(wanted, NULL, 10);
        if (newest == NULL || compare_versions(*version, newest) > 0) newest = *version;
        if (!has_major) continue;
        if (same_major == NULL || compare_versions(*version, same_major) > 0) same_major = *version;
        bool is_newer = compare_versions(*version, wanted) >= 0;
        if (is_newer && (newer == NULL || compare_versions(*version, newer) < 0)) newer = *version;
    }
    if (newer != NULL) return newer;
    return same_major != NULL ? same_major : newest;
}

bool project_detect(Context *ctx, const char *root, Detection *detection, Error *err) {
    Arena *arena = ctx->arena;
    Detection found = {
        .dags = has_folder(arena, root, "dags") ? "dags" : NULL,
        .plugins = has_folder(arena, root, "plugins") ? "plugins" : NULL,
        .seeds = has_folder(arena, root, "seeds") ? "seeds" : NULL,
        .requirements = has_file(arena, root, "requirements.txt") ? "requirements.txt" : NULL,
        .dbt_projects = project_find_dbt(arena, root),
    };
    if (has_file(arena, root, ".airflowignore")) found.airflowignore = ".airflowignore";
    if (has_file(arena, root, "dags/.airflowignore")) found.airflowignore = "dags/.airflowignore";
    if (!detect_version(ctx, root, &found, err)) return false;
    *detection = found;
    return true;
}
