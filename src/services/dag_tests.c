#include "services/dag_tests.h"

#include "base/map.h"
#include "base/text.h"
#include "base/timestamp.h"
#include "io/clock.h"
#include "io/file_system.h"
#include "io/json.h"
#include "model/event.h"
#include "services/dag_findings.h"
#include "services/dag_folder.h"
#include "services/dag_lint.h"
#include "services/dag_memo.h"
#include "services/dag_request.h"
#include "services/sandbox.h"
#include "services/state_store.h"

enum {
    FILE_TIMEOUT_MS = 30 * 1000,
    RUN_TIMEOUT_MS = 5 * 60 * 1000,
    SMOKE_TIMEOUT_MS = 10 * 60 * 1000,
    DEBUG_TIMEOUT_MS = 24 * 60 * 60 * 1000
};

static void add_duplicate(Context *ctx, const FoundDag *first, const FoundDag *second, DagEvents *events) {
    TestCase duplicate = {
        .suite = "dags",
        .name = second->file,
        .file = second->file,
        .line = second->line,
        .state = TEST_FAIL,
        .duration_ms = -1,
        .message = arena_format(ctx->arena, "DAG id '%s' is used twice: %s:%d and %s:%d; Airflow shows only one of them",
                                second->dag_id, first->file, first->line, second->file, second->line)};
    verdict_add(ctx->arena, &events->verdict, &duplicate);
    event_test_case(ctx, &duplicate);
}

static int compare_places(const void *left, const void *right) {
    const FoundDag *one = left, *other = right;
    int order = strcmp(one->file, other->file);
    return order != 0 ? order : one->line - other->line;
}

// Each file is imported on its own, so ids that two files share show only here. Sorted: the files came in no fixed order.
static void find_duplicates(Context *ctx, DagEvents *events) {
    Map by_id = {0};
    if (events->dags.count > 1) qsort(events->dags.items, events->dags.count, sizeof *events->dags.items, compare_places);
    list_each(FoundDag, dag, &events->dags) {
        const FoundDag *first = map_get(&by_id, dag->dag_id);
        if (first == NULL) {
            map_set(ctx->arena, &by_id, dag->dag_id, dag);
        } else if (strcmp(first->file, dag->file) != 0) {
            add_duplicate(ctx, first, dag, events);
        }
    }
}

static bool add_files_below(Context *ctx, const Project *project, const char *given, StringList *files, Error *err) {
    StringList below = {0};
    const char *path = path_absolute(ctx->arena, path_join(ctx->arena, project->root, given));
    // Airflow knows files by the names that they have below its folder, links and all.
    if (!path_is_inside(path, project->dags_dir)) path = path_resolve(ctx->arena, path);
    if (path == NULL || file_info(path).kind == FILE_MISSING) {
        error_set(err, ERROR_USAGE, "there is no file %s", given);
        return error_hint(err, "paths are relative to the checkout: devbox test dags %s/my_dag.py", project->config.dags);
    }
    if (file_exists(path)) {
        list_push(ctx->arena, files, path);
        return true;
    }
    if (!dag_folder_list_below(ctx, project, path, &below, err)) return false;
    list_each(const char *, file, &below) list_push(ctx->arena, files, *file);
    if (below.count > 0) return true;
    error_set(err, ERROR_USAGE, "%s holds no DAG file", given);
    return error_hint(err, "DAG files are the .py files below ./%s", project->config.dags);
}

// The files at these paths; all of the DAG folder when there are none.
static bool choose_files(Context *ctx, const Project *project, const StringList *paths, DagFolderReport *chosen, Error *err) {
    if (!dag_folder_check(ctx, project, err)) return false;
    if (paths->count == 0) return dag_folder_inspect(ctx, project, chosen, err);
    list_each(const char *const, given, paths) {
        if (!add_files_below(ctx, project, *given, &chosen->files, err)) return false;
    }
    return true;
}

// The limit that the user set for Airflow holds here too.
static long long import_timeout_ms(const AirflowConfig *airflow) {
    list_each(const Pair, pair, &airflow->env) {
        double seconds = text_equals(pair->key, "AIRFLOW__CORE__DAGBAG_IMPORT_TIMEOUT") ? strtod(pair->value, NULL) : 0;
        if (seconds > 0 && seconds * 1000 < SMOKE_TIMEOUT_MS) return (long long)(seconds * 1000);
    }
    return FILE_TIMEOUT_MS;
}

// An id may be used again in a file that is not checked now.
static void consult_memory(const Context *ctx, const StringList *paths, DagEvents *events) {
    dag_memory_learn(events->memory, events);
    FoundDagList others = dag_memory_dags_besides(ctx->arena, events->memory, paths);
    list_each(const FoundDag, dag, &others) {
        if (paths->count > 0) list_push(ctx->arena, &events->dags, *dag);
    }
}

static void note_left(const Context *ctx, int64_t left) {
    if (left == 0) return;
    event_note(ctx, "%lld more DAG %s not tested: --fail-fast stops after the first red one", (long long)left,
               left == 1 ? "file was" : "files were");
}

// No files: all that Airflow finds.
static bool import_files(Context *ctx, const Project *project, const StringList *paths, DagEvents *events, Error *err) {
    Value *message = value_object(ctx->arena);
    value_set_string(ctx->arena, message, "op", "check_dags");
    value_set(ctx->arena, message, "files", value_from_strings(ctx->arena, paths));
    if (events->memory != NULL)
        value_set(ctx->arena, message, "uses_below", value_from_strings(ctx->arena, &events->memory->uses_below));
    if (events->stops_at_first_red) value_set_bool(ctx->arena, message, "fail_fast", true);
    value_set_integer(ctx->arena, message, "timeout_ms", import_timeout_ms(&project->config.airflow));
    long long timeout_ms = ctx->timeout_ms > 0 ? ctx->timeout_ms : SMOKE_TIMEOUT_MS;
    DagRequest request = {.message = message, .timeout_ms = timeout_ms};
    event_step_started(ctx, "dags", "importing DAG files");
    if (!dag_request_send(ctx, project, &request, events, err)) return false;
    if (events->memory != NULL) consult_memory(ctx, paths, events);
    find_duplicates(ctx, events);
    note_left(ctx, value_get_integer(events->last, "left", 0));
    return true;
}

static bool check_files(Context *ctx, const Project *project, const StringList *paths, DagEvents *events, Error *err) {
    DagLint lint;
    const StringList all = {0};
    DagFolderReport chosen = {0};
    long long start_ms = clock_now_ms();
    if (!choose_files(ctx, project, paths, &chosen, err)) return false;
    dag_lint_start(ctx, project, &chosen.files, &lint);
    if (!import_files(ctx, project, paths->count == 0 ? &all : &chosen.files, events, err)) {
        dag_lint_stop(ctx, &lint);
        return false;
    }
    dag_findings_look_at_ignored(ctx, project, &chosen.ignored, &events->verdict);
    dag_lint_finish(ctx, project, &lint, &events->verdict);
    events->verdict.duration_ms = clock_now_ms() - start_ms;
    return true;
}

bool dag_tests_check(Context *ctx, const Project *project, const StringList *paths, Verdict *verdict, Error *err) {
    return dag_tests_check_and_learn(ctx, project, paths, NULL, verdict, err);
}

static bool require_folder(const Context *ctx, const Project *project, Error *err) {
    if (folder_exists(project->dags_dir)) return true;
    error_set(err, ERROR_CHECKOUT, "there is no folder %s", path_relative(ctx->arena, project->dags_dir, project->root));
    return error_hint(err, "set dags in devbox.yaml to the folder that holds the DAG files");
}

static const char *title_of(const Context *ctx, const Project *project) {
    return arena_format(ctx->arena, "DAGs · Airflow %s", project->config.airflow.version);
}

bool dag_tests_check_and_learn(Context *ctx, const Project *project, const StringList *paths, DagMemory *memory, Verdict *verdict,
                               Error *err) {
    DagEvents events = {.memory = memory};
    if (!require_folder(ctx, project, err) || !check_files(ctx, project, paths, &events, err)) return false;
    events.verdict.title = title_of(ctx, project);
    *verdict = events.verdict;
    return true;
}

static bool check_and_keep(Context *ctx, const Project *project, DagCheck *check, DagMemory *memory, Verdict *verdict,
                           Error *err) {
    DagEvents events = {.memory = memory, .stops_at_first_red = check->stops_at_first_red};
    long long began_ms = clock_wall_ms();
    const StringList *paths = check->base == NULL ? &check->paths : &check->changes.files;
    if (!check_files(ctx, project, paths, &events, err)) return false;
    dag_memo_save(ctx, project, memory, began_ms);
    *verdict = events.verdict;
    return true;
}

bool dag_tests_check_working_tree(Context *ctx, const Project *project, DagCheck *check, Verdict *verdict, Error *err) {
    DagMemory memory = dag_memo_open(ctx, project);
    Verdict found = {0};
    const char *title = title_of(ctx, project);
    check->changes = (DagChanges){.is_all = true};
    if (!require_folder(ctx, project, err)) return false;
    if (check->base != NULL) {
        if (!dag_changes_find(ctx, project, check->base, &memory, &check->changes, err)) return false;
        title = arena_format(ctx->arena, "%s · %s", title, check->changes.what);
    }
    bool is_any = dag_changes_are_any(&check->changes);
    if (is_any && check->base != NULL) event_note(ctx, "%s", check->changes.what);
    if (is_any && !check_and_keep(ctx, project, check, &memory, &found, err)) return false;
    found.title = title;
    *verdict = found;
    return true;
}

static bool is_selected(const FoundDag *dag, const StringList *wanted) {
    list_each(const char *const, wish, wanted) {
        bool is_tag = text_starts_with(*wish, "tag:");
        if (is_tag && string_list_contains(&dag->tags, *wish + strlen("tag:"))) return true;
        if (!is_tag && strcmp(*wish, dag->dag_id) == 0) return true;
    }
    return false;
}

// A typo in gate.run_dags would otherwise run nothing, and look green.
static void warn_when_unmatched(const Context *ctx, const char *wish, const FoundDagList *dags) {
    const StringList single = {.items = &wish, .count = 1};
    list_each(const FoundDag, dag, dags) {
        if (is_selected(dag, &single)) return;
    }
    event_warning(ctx, "check gate.run_dags in devbox.yaml: DAG ids, or tag:NAME", "gate.run_dags: no DAG matches %s", wish);
}

bool dag_tests_select(Context *ctx, const Project *project, const StringList *wanted, const StringList *files,
                      StringList *dag_ids, Error *err) {
    DagEvents events = {0};
    Context quiet = *ctx;
    quiet.sink = NULL;
    if (wanted->count == 0) return true;
    if (!dag_folder_check(&quiet, project, err) || !import_files(&quiet, project, files, &events, err)) return false;
    bool is_of_all = files->count == 0;
    for (size_t i = 0; is_of_all && i < wanted->count; i++) warn_when_unmatched(ctx, wanted->items[i], &events.dags);
    list_each(FoundDag, dag, &events.dags) {
        if (is_selected(dag, wanted)) list_push(ctx->arena, dag_ids, dag->dag_id);
    }
    return true;
}

// A file that does not import may be the one that holds the DAG.
static const char *list_import_errors(Context *ctx, const Project *project, const Value *last) {
    const Value *broken = value_get(last, "import_errors");
    Text lines = {.arena = ctx->arena};
    for (size_t i = 0; broken != NULL && i < broken->count; i++) {
        const Value *item = broken->members[i].value, *error = value_get(item, "error");
        text_append_format(&lines, "%s does not import: %s: %s\n",
                           path_relative(ctx->arena, value_get_string(item, "file", "?"), project->root),
                           value_get_string(error, "type", "Error"), value_get_string(error, "message", ""));
    }
    return lines.length == 0 ? NULL : text_string(&lines);
}

static bool report_unknown_dag(Context *ctx, const Project *project, const char *dag_id, const DagEvents *events, Error *err) {
    StringList known = value_strings(ctx->arena, value_get(events->last, "dags"));
    const char *nearest = text_nearest(dag_id, known.items, known.count);
    error_set(err, ERROR_USAGE, "no DAG has the id '%s'", dag_id);
    if (nearest != NULL) {
        error_hint(err, "did you mean: devbox test dag %s", nearest);
    } else if (known.count > 0) {
        if (known.count > 20) known.count = 20;
        error_hint(err, "DAG ids here: %s", text_join(ctx->arena, &known, ", "));
    } else {
        error_hint(err, "no DAG was found below ./%s", project->config.dags);
    }
    return error_detail(err, list_import_errors(ctx, project, events->last));
}

// The DAG's file does not import, or not in time: there are no tasks to speak of.
static void add_broken_file(Context *ctx, const Project *project, const char *dag_id, DagEvents *events) {
    TestCase broken = {.suite = "dag", .name = dag_id, .state = TEST_FAIL, .duration_ms = -1};
    dag_events_describe_error(ctx, project, value_get(events->last, "error"), &broken);
    verdict_add(ctx->arena, &events->verdict, &broken);
    event_test_case(ctx, &broken);
}

// A task that hung has said so itself; this is for time that passed between tasks.
static void add_timeout(Context *ctx, long long timeout_ms, DagEvents *events) {
    TestCase slow = {.suite = "dag",
                     .name = "timeout",
                     .state = TEST_FAIL,
                     .duration_ms = timeout_ms,
                     .message = arena_format(ctx->arena, "not finished after %s; more time: --timeout 30m",
                                             text_duration(ctx->arena, timeout_ms))};
    verdict_add(ctx->arena, &events->verdict, &slow);
    event_test_case(ctx, &slow);
}

static bool report_unknown_task(Context *ctx, const DagTestOptions *options, const DagEvents *events, Error *err) {
    StringList known = value_strings(ctx->arena, value_get(events->last, "tasks"));
    const char *nearest = text_nearest(options->task, known.items, known.count);
    error_set(err, ERROR_USAGE, "the DAG %s has no task '%s'", options->dag_id, options->task);
    if (nearest != NULL) return error_hint(err, "did you mean: devbox test dag %s --task %s", options->dag_id, nearest);
    return error_hint(err, "its tasks: %s", text_join(ctx->arena, &known, ", "));
}

static bool report_no_debugger(const DagTestOptions *options, const DagEvents *events, Error *err) {
    error_set(err, ERROR_RUNTIME_MISSING, "there is no debugger for %s: %s", options->dag_id,
              value_get_string(events->last, "message", "its process does not say why"));
    if (options->debugger == DAG_DEBUGGER_PDB) return error_hint(err, "run this again");
    return error_hint(err, "pdb needs no packages: devbox test dag %s --debug=pdb", options->dag_id);
}

// Tasks that Airflow never reached have no event of their own.
static void add_unreached_tasks(Context *ctx, DagEvents *events) {
    Map seen = {0};
    list_each(TestCase, test_case, &events->verdict.cases) {
        const char *bracket = strchr(test_case->name, '[');
        const char *task = bracket == NULL ? test_case->name
                                           : arena_copy_bytes(ctx->arena, test_case->name, (size_t)(bracket - test_case->name));
        map_set(ctx->arena, &seen, task, events);
    }
    list_each(const char *, task_id, &events->tasks) {
        if (map_has(&seen, *task_id)) continue;
        TestCase unreached = {.suite = "dag", .name = *task_id, .state = TEST_SKIP, .duration_ms = -1, .summary = "not run"};
        verdict_add(ctx->arena, &events->verdict, &unreached);
        event_test_case(ctx, &unreached);
    }
}

static bool read_conf(Context *ctx, const DagTestOptions *options, Value **conf, Error *err) {
    if (options->conf == NULL) return true;
    bool is_json = json_parse(ctx->arena, options->conf, "--conf", conf, err);
    if (is_json && (*conf)->kind == VALUE_OBJECT) return true;
    if (is_json) error_set(err, ERROR_USAGE, "--conf holds no JSON object: %s", options->conf);
    err->code = ERROR_USAGE;
    return error_hint(err, "--conf takes a JSON object: --conf '{\"day\": \"2026-01-31\"}'");
}

static bool check_date(const DagTestOptions *options, Error *err) {
    if (options->logical_date == NULL || timestamp_is_iso(options->logical_date)) return true;
    error_set(err, ERROR_USAGE, "--date is no date: %s", options->logical_date);
    return error_hint(err, "--date 2026-01-31, or with a time: --date 2026-01-31T06:30+02:00");
}

static const char *file_key(Arena *arena, const char *dag_id) { return arena_format(arena, "dag.file.%s", dag_id); }

const char *dag_tests_recall_file(Context *ctx, const Project *project, const char *dag_id) {
    const char *file = state_store_get(ctx, project, file_key(ctx->arena, dag_id));
    const char *path = file == NULL ? NULL : path_join(ctx->arena, project->root, file);
    return path != NULL && file_exists(path) ? path : NULL;
}

static void remember_file(Context *ctx, const Project *project, const char *dag_id, const char *file) {
    Error ignored = {.arena = ctx->arena};
    const char *key = file_key(ctx->arena, dag_id);
    if (file == NULL || text_equals(state_store_get(ctx, project, key), file)) return;
    if (!state_store_set(ctx, project, key, file, &ignored)) return;
}

static bool write_request(Context *ctx, const Project *project, const DagTestOptions *options, Value *message, Error *err) {
    Value *conf = value_object(ctx->arena);
    if (!check_date(options, err) || !read_conf(ctx, options, &conf, err)) return false;
    const char *log_dir = project_state_path(ctx->arena, project, arena_format(ctx->arena, "logs/test/%s", options->dag_id));
    // A single task takes its inputs from what the last whole run left here.
    if (options->task == NULL && !folder_remove(ctx->arena, log_dir, err)) return false;
    if (!folder_create(ctx->arena, log_dir, err)) return false;
    value_set_string(ctx->arena, message, "op", "test_dag");
    value_set_string(ctx->arena, message, "dag_id", options->dag_id);
    value_set_string(ctx->arena, message, "file", dag_tests_recall_file(ctx, project, options->dag_id));
    value_set_string(ctx->arena, message, "sandbox", sandbox_path(ctx->arena, project));
    value_set_string(ctx->arena, message, "task", options->task);
    value_set_string(ctx->arena, message, "logical_date", options->logical_date);
    value_set(ctx->arena, message, "conf", conf);
    value_set_integer(ctx->arena, message, "retries", options->retries);
    value_set_string(ctx->arena, message, "log_dir", log_dir);
    return true;
}

static const char *name_next_step(Arena *arena, const DagTestOptions *options, const Verdict *verdict) {
    if (options->debugger != DAG_DEBUGGER_NONE) return NULL;
    list_each(const TestCase, test_case, &verdict->cases) {
        if (test_case->state != TEST_FAIL || test_case->log_path == NULL) continue;
        int length = (int)strcspn(test_case->name, "[");  // a mapped task is asked for as a whole
        const char *again = arena_format(arena, "devbox test dag %s --task %.*s", options->dag_id, length, test_case->name);
        return options->task == NULL ? arena_format(arena, "only this task: %s", again)
                                     : arena_format(arena, "with a debugger: %s --debug=pdb (an editor: --debug)", again);
    }
    return NULL;
}

// The id names a folder of logs, which is emptied.
static bool is_dag_id(const char *id) {
    return *id != '\0' && strchr(id, '/') == NULL && !text_equals(id, ".") && !text_equals(id, "..");
}

// A run can end badly though no task did: nothing could be scheduled any more.
static void add_failed_run(Context *ctx, const DagTestOptions *options, DagEvents *events) {
    const Verdict *verdict = &events->verdict;
    if (text_equals(events->state, "success") || verdict->failed + verdict->errors > 0) return;
    TestCase failed = {.suite = "dag", .name = options->dag_id, .state = TEST_FAIL, .duration_ms = -1};
    failed.message = arena_format(ctx->arena, "the DAG run ended as '%s' though no task failed", events->state);
    verdict_add(ctx->arena, &events->verdict, &failed);
    event_test_case(ctx, &failed);
}

static bool send_with_debugger(Context *ctx, const Project *project, DagDebugger debugger, const DagRequest *request,
                               DagEvents *events, Error *err) {
    DagDebugRelay relay;
    if (!dag_debug_prepare(ctx, project, debugger, request->message, &relay, err)) return false;
    events->debugger_port = relay.port;
    bool is_done = dag_request_send(ctx, project, request, events, err);
    dag_debug_relay_end(ctx, &relay);
    return is_done;
}

bool dag_tests_run(Context *ctx, const Project *project, const DagTestOptions *options, Verdict *verdict, Error *err) {
    DagEvents events = {.leaves_terminal = options->debugger == DAG_DEBUGGER_PDB};
    Value *message = value_object(ctx->arena);
    long long start_ms = clock_now_ms();
    if (!is_dag_id(options->dag_id)) return error_set(err, ERROR_USAGE, "'%s' is no DAG id", options->dag_id);
    if (!project_prepare_state(ctx, project, err) || !write_request(ctx, project, options, message, err)) return false;
    long long usual_ms = options->debugger == DAG_DEBUGGER_NONE ? RUN_TIMEOUT_MS : DEBUG_TIMEOUT_MS;
    long long timeout_ms = ctx->timeout_ms > 0 ? ctx->timeout_ms : usual_ms;
    value_set_integer(ctx->arena, message, "timeout_ms", timeout_ms);
    DagRequest request = {.message = message, .timeout_ms = timeout_ms, .keeps_work_dir = options->keeps_work_dir};
    if (options->debugger == DAG_DEBUGGER_NONE) {
        events.step = options->dag_id;
        event_step_started(ctx, events.step, "importing Airflow");
    }
    if (!send_with_debugger(ctx, project, options->debugger, &request, &events, err)) return false;
    remember_file(ctx, project, options->dag_id, events.file);
    if (strcmp(events.state, "unknown_dag") == 0) return report_unknown_dag(ctx, project, options->dag_id, &events, err);
    if (strcmp(events.state, "unknown_task") == 0) return report_unknown_task(ctx, options, &events, err);
    if (strcmp(events.state, "no_debugger") == 0) return report_no_debugger(options, &events, err);
    bool is_timeout = strcmp(events.state, "timeout") == 0, has_error = value_get(events.last, "error") != NULL;
    if (strcmp(events.state, "import_error") == 0 || (is_timeout && has_error))
        add_broken_file(ctx, project, options->dag_id, &events);
    if (is_timeout && !has_error && value_get(events.last, "task") == NULL) add_timeout(ctx, timeout_ms, &events);
    if (options->task == NULL) add_unreached_tasks(ctx, &events);
    add_failed_run(ctx, options, &events);
    events.verdict.duration_ms = clock_now_ms() - start_ms;
    events.verdict.next = name_next_step(ctx->arena, options, &events.verdict);
    *verdict = events.verdict;
    return true;
}
