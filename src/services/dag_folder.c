#include "services/dag_folder.h"

#include "base/map.h"
#include "base/text.h"
#include "io/file_system.h"
#include "model/event.h"
#include "services/config_report.h"
#include "services/dag_ignore.h"

// Airflow walks with links followed and raises as soon as any folder comes up twice ("Detected recursive loop when walking DAG
// directory", in 2.x and 3.x alike): not one DAG of the whole folder is found then.

enum { DEEPEST = 64 };

typedef struct Walk {
    Context *ctx;
    const Project *project;
    const char *real_root;  // of the checkout, links resolved
    Map seen;               // resolved folder → the path it was reached by
    DagIgnoreSyntax syntax;
    DagFolderReport *report;
} Walk;

static const char *shown(const Walk *walk, const char *path) {
    return path_relative(walk->ctx->arena, path, walk->project->root);
}

static void add_finding(Walk *walk, bool is_error, const char *path, const char *message, const char *hint) {
    DagFolderFinding finding = {.is_error = is_error, .path = shown(walk, path), .message = message, .hint = hint};
    list_push(walk->ctx->arena, &walk->report->findings, finding);
}

// The link by which this path was reached: itself, or the nearest of the folders above it; NULL when all of them are real.
static const char *find_link(const Walk *walk, const char *path) {
    const char *top = walk->project->dags_dir;
    for (; path_is_inside(path, top) && !text_equals(path, top); path = path_folder(walk->ctx->arena, path)) {
        if (file_info_of_link(path).kind == FILE_LINK) return path;
    }
    return NULL;
}

// The folder that `dbt deps` fills, when the link lies in one: dbt would make the link again.
static const char *find_dbt_packages(const Walk *walk, const char *link) {
    const char *top = walk->project->dags_dir;
    const char *folder = path_folder(walk->ctx->arena, link);
    for (; path_is_inside(folder, top) && !text_equals(folder, top); folder = path_folder(walk->ctx->arena, folder)) {
        if (text_equals(path_name(folder), "dbt_packages")) return folder;
    }
    return NULL;
}

// What to do about a folder that comes up twice. Only a link may ever go: the folder itself may be the only copy of somebody's
// work.
static const char *advise_repeated(const Walk *walk, const char *link) {
    Arena *arena = walk->ctx->arena;
    if (link == NULL) return "keep one of the two, or list one of them in .airflowignore";
    const char *packages = find_dbt_packages(walk, link), *top = walk->project->dags_dir;
    if (packages == NULL) return arena_format(arena, "remove the link: rm %s", text_quote_for_shell(arena, link));
    const char *rule = dag_ignore_rule_for(arena, path_relative(arena, packages, top), walk->syntax);
    const char *file = path_join(arena, top, ".airflowignore");
    return arena_format(arena, "Airflow needs no dbt packages, add the line %s to %s: printf '\\n%%s\\n' %s >> %s", rule,
                        shown(walk, file), text_quote_for_shell(arena, rule), text_quote_for_shell(arena, file));
}

// Names sort as they like, so either of the two may have come first.
static void report_repeated(Walk *walk, const char *path, const char *real, bool is_loop) {
    Arena *arena = walk->ctx->arena;
    const char *first = map_get(&walk->seen, real), *link = find_link(walk, path);
    bool was_link_first = link == NULL && (link = find_link(walk, first)) != NULL;
    const char *second = was_link_first ? first : path;
    const char *name = shown(walk, second), *other = shown(walk, was_link_first ? path : first);
    const char *message = arena_format(
        arena, "%s leads to %s a second time; Airflow stops looking for DAGs when it comes to a folder twice", name, other);
    if (is_loop)
        message = arena_format(arena, "%s is a link back to %s, a loop; Airflow stops looking for DAGs there", name, other);
    add_finding(walk, true, link == NULL ? second : link, message, advise_repeated(walk, link));
}

static void report_environment(Walk *walk, const char *path) {
    Arena *arena = walk->ctx->arena;
    const char *message = arena_format(arena, "%s is a Python virtual environment inside the DAG folder", shown(walk, path));
    const char *target = path_join(arena, walk->project->root, path_name(path));
    const char *hint = arena_format(arena, "move it out: mv '%s' '%s'", path, target);
    add_finding(walk, true, path, message, hint);
}

static void report_dangling(Walk *walk, const char *path) {
    Arena *arena = walk->ctx->arena;
    const char *message =
        arena_format(arena, "%s is a link to %s, which does not exist", shown(walk, path), link_read(arena, path));
    add_finding(walk, false, path, message, arena_format(arena, "mend or remove it: rm '%s'", path));
}

static void report_leaving(Walk *walk, const char *path, const char *real) {
    Arena *arena = walk->ctx->arena;
    const char *message = arena_format(arena, "%s is a link to %s, outside the checkout", shown(walk, path), real);
    add_finding(walk, false, path, message,
                "colleagues, containers and the pre-push check will not have it: copy it into the checkout");
}

static void report_state(Walk *walk) {
    Arena *arena = walk->ctx->arena;
    const char *state = walk->project->state;
    const DagIgnoreRuleList none = {0};
    DagIgnoreRuleList rules = dag_ignore_read(arena, walk->project->dags_dir, walk->project->dags_dir, &none, walk->syntax);
    if (dag_ignore_matches(arena, &rules, state)) return;
    const char *message = arena_format(arena, "%s, where devbox keeps its state, lies inside the DAG folder", shown(walk, state));
    add_finding(walk, true, state, message, "set dags in devbox.yaml to a folder of its own, like dags");
}

static bool walk_folder(Walk *walk, const char *folder, const DagIgnoreRuleList *inherited, int depth, Error *err);

// Looks at a link; false when it should not be followed.
static bool inspect_link(Walk *walk, const char *path) {
    const char *real = path_resolve(walk->ctx->arena, path);
    if (real == NULL) {
        report_dangling(walk, path);
        return false;
    }
    if (!path_is_inside(real, walk->real_root)) report_leaving(walk, path, real);
    return true;
}

static bool enter_folder(Walk *walk, const char *path, const DagIgnoreRuleList *rules, int depth, Error *err) {
    const char *real = path_resolve(walk->ctx->arena, path);
    if (real == NULL || (depth > 0 && dag_ignore_matches(walk->ctx->arena, rules, path))) return true;
    if (map_has(&walk->seen, real)) {
        const char *parent = path_resolve(walk->ctx->arena, path_folder(walk->ctx->arena, path));
        report_repeated(walk, path, real, parent != NULL && path_is_inside(parent, real));
        return true;
    }
    // Where it is ours, it was reported before the walk: it may not be there yet.
    if (text_equals(path_name(path), path_name(walk->project->state))) return true;
    if (file_exists(path_join(walk->ctx->arena, path, "pyvenv.cfg"))) {
        report_environment(walk, path);
        return true;
    }
    map_set(walk->ctx->arena, &walk->seen, real, (void *)(uintptr_t)path);
    return walk_folder(walk, path, rules, depth + 1, err);
}

static bool is_skipped(const char *name) { return text_equals(name, "__pycache__") || text_equals(name, ".git"); }

static bool visit(Walk *walk, const char *path, const DagIgnoreRuleList *rules, int depth, Error *err) {
    if (context_is_cancelled(walk->ctx))
        return error_set(err, ERROR_INTERRUPTED, "interrupted while looking through %s", walk->project->dags_dir);
    if (file_info_of_link(path).kind == FILE_LINK && !inspect_link(walk, path)) return true;
    FileKind kind = file_info(path).kind;
    if (kind == FILE_FOLDER && !is_skipped(path_name(path))) return enter_folder(walk, path, rules, depth, err);
    bool is_module = kind == FILE_REGULAR && text_ends_with(path, ".py");
    if (!is_module) return true;
    bool is_ignored = dag_ignore_matches(walk->ctx->arena, rules, path);
    list_push(walk->ctx->arena, is_ignored ? &walk->report->ignored : &walk->report->files, path);
    return true;
}

static bool walk_folder(Walk *walk, const char *folder, const DagIgnoreRuleList *inherited, int depth, Error *err) {
    StringList names = {0};
    Arena *arena = walk->ctx->arena;
    DagIgnoreRuleList rules = dag_ignore_read(arena, walk->project->dags_dir, folder, inherited, walk->syntax);
    if (depth > DEEPEST) return error_set(err, ERROR_DAG_FOLDER, "%s is nested more than %d folders deep", folder, DEEPEST);
    if (!folder_list(arena, folder, &names, err)) return error_wrap(err, "Airflow could not look through the DAG folder");
    list_each(const char *, name, &names) {
        if (!visit(walk, path_join(arena, folder, *name), &rules, depth, err)) return false;
    }
    return true;
}

// Airflow's default differs by major version, and a checkout may set its own.
static DagIgnoreSyntax ignore_syntax(const AirflowConfig *airflow) {
    list_each(const Pair, pair, &airflow->env) {
        if (text_equals(pair->key, "AIRFLOW__CORE__DAG_IGNORE_FILE_SYNTAX")) {
            return text_equals(pair->value, "glob") ? DAG_IGNORE_GLOB : DAG_IGNORE_REGEXP;
        }
    }
    return text_starts_with(airflow->version, "2.") ? DAG_IGNORE_REGEXP : DAG_IGNORE_GLOB;
}

bool dag_folder_inspect(Context *ctx, const Project *project, DagFolderReport *report, Error *err) {
    DagFolderReport found = {0};
    const DagIgnoreRuleList none = {0};
    Walk walk = {.ctx = ctx, .project = project, .report = &found, .syntax = ignore_syntax(&project->config.airflow)};
    walk.real_root = path_resolve(ctx->arena, project->root);
    if (walk.real_root == NULL) walk.real_root = project->root;
    FileKind kind = file_info(project->dags_dir).kind;
    if (kind == FILE_MISSING && file_info_of_link(project->dags_dir).kind == FILE_LINK) report_dangling(&walk, project->dags_dir);
    if (path_is_inside(project->state, project->dags_dir)) report_state(&walk);
    if (kind == FILE_FOLDER && !visit(&walk, project->dags_dir, &none, 0, err)) return false;
    if (kind != FILE_FOLDER && kind != FILE_MISSING) {
        error_set(err, ERROR_DAG_FOLDER, "%s is a file, not a folder of DAGs", project->dags_dir);
        return error_hint(err, "set dags in devbox.yaml to the folder of the DAG files");
    }
    *report = found;
    return true;
}

// git keeps no empty folders, so in the tree of a pushed commit a missing one is no mistake.
static bool is_working_tree(const Project *project) { return path_is_inside(project->state, project->root); }

bool dag_folder_check(Context *ctx, const Project *project, Error *err) {
    Text others = {.arena = ctx->arena};
    DagFolderReport found;
    if (is_working_tree(project) && !config_check_folders(ctx, project, err)) return false;
    if (file_info_of_link(project->dags_dir).kind == FILE_MISSING)
        event_note(ctx, "there is no ./%s folder yet: DAG files go there", project->config.dags);
    if (!dag_folder_inspect(ctx, project, &found, err)) return false;
    const DagFolderFinding *first = NULL;
    list_each(const DagFolderFinding, finding, &found.findings) {
        if (!finding->is_error) {
            event_warning(ctx, finding->hint, "%s", finding->message);
        } else if (first == NULL) {
            first = finding;
        } else {
            text_append_format(&others, "%s%s (%s)", others.length > 0 ? "\n" : "", finding->message, finding->hint);
        }
    }
    if (first == NULL) return true;
    error_set(err, ERROR_DAG_FOLDER, "%s", first->message);
    error_hint(err, "%s", first->hint);
    return error_detail(err, text_string(&others));
}

bool dag_folder_list_below(Context *ctx, const Project *project, const char *path, StringList *files, Error *err) {
    Project part = *project;
    DagFolderReport report = {0};
    part.dags_dir = path;
    if (file_info(path).kind == FILE_REGULAR) {
        list_push(ctx->arena, &report.files, path);
    } else if (!dag_folder_inspect(ctx, &part, &report, err)) {
        return false;
    }
    *files = report.files;
    return true;
}

bool dag_folder_list(Context *ctx, const Project *project, StringList *files, Error *err) {
    return dag_folder_list_below(ctx, project, project->dags_dir, files, err);
}
