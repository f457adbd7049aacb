#include "fakes/fake_dag_tests.h"

#include "base/text.h"
#include "io/clock.h"
#include "io/file_system.h"
#include "model/event.h"
#include "support/test.h"

enum { MOST_RUNS = 16 };

FakeDagTests fake_dag_tests;

static bool add_files(Context *ctx, const Project *project, Verdict *verdict, Error *err) {
    StringList names;
    if (!folder_list(ctx->arena, project->dags_dir, &names, err)) return false;
    list_each(const char *, name, &names) {
        char *content;
        const char *path = path_join(ctx->arena, project->dags_dir, *name);
        if (!text_ends_with(*name, ".py") || !file_read(ctx->arena, path, &content, NULL, err)) continue;
        bool is_broken = strstr(content, "broken") != NULL;
        TestCase found = {.suite = "dags", .name = path_relative(ctx->arena, path, project->root)};
        found.state = is_broken ? TEST_FAIL : TEST_PASS;
        const char *message = fake_dag_tests.message == NULL ? "ImportError: broken" : fake_dag_tests.message;
        found.message = is_broken ? message : NULL;
        found.detail = is_broken ? fake_dag_tests.detail : NULL;
        verdict_add(ctx->arena, verdict, &found);
        event_test_case(ctx, &found);
    }
    return true;
}

bool dag_tests_check(Context *ctx, const Project *project, const StringList *paths, Verdict *verdict, Error *err) {
    fake_dag_tests.paths = *paths;
    fake_dag_tests.checks++;
    fake_dag_tests.last_root = project->root;
    fake_dag_tests.timeout_ms = ctx->timeout_ms;
    event_step_progress(ctx, "airflow", "importing");
    if (fake_dag_tests.takes_ms > 0) clock_sleep_ms(fake_dag_tests.takes_ms);
    if (fake_dag_tests.failure != ERROR_NONE && fake_dag_tests.checks >= fake_dag_tests.fails_from) {
        error_set(err, fake_dag_tests.failure, "Airflow could not be asked");
        error_detail(err, fake_dag_tests.detail);
        return error_hint(err, "devbox doctor");
    }
    return add_files(ctx, project, verdict, err);
}

// A line "uses dags/helper.py" in a file says what it depends on, "dag NAME" which DAG is in it.
static void tell_memory(Context *ctx, const Project *project, const char *path, DagMemory *memory) {
    char *content;
    Error ignored = {.arena = ctx->arena};
    DagEvents events = {0};
    const char *name = path_relative(ctx->arena, path, project->root);
    if (!file_read(ctx->arena, path, &content, NULL, &ignored)) return;
    CheckedFile file = {.path = path, .name = name, .is_red = strstr(content, "broken") != NULL, .knows_uses = true};
    StringList lines = text_split_lines(ctx->arena, content);
    list_each(const char *, line, &lines) {
        if (text_starts_with(*line, "uses "))
            list_push(ctx->arena, &file.uses, path_join(ctx->arena, project->root, *line + strlen("uses ")));
        if (text_starts_with(*line, "dag "))
            list_push(ctx->arena, &events.dags, ((FoundDag){.dag_id = *line + strlen("dag "), .file = name}));
    }
    list_push(ctx->arena, &events.files, file);
    dag_memory_learn(memory, &events);
}

bool dag_tests_check_and_learn(Context *ctx, const Project *project, const StringList *paths, DagMemory *memory, Verdict *verdict,
                               Error *err) {
    Verdict all = {0};
    if (!dag_tests_check(ctx, project, paths, &all, err)) return false;
    list_each(const TestCase, test_case, &all.cases) {
        const char *path = path_join(ctx->arena, project->root, test_case->name);
        if (paths->count > 0 && !string_list_contains(paths, path)) continue;
        verdict_add(ctx->arena, verdict, test_case);
        tell_memory(ctx, project, path, memory);
    }
    return true;
}

bool dag_tests_check_working_tree(Context *ctx, const Project *project, DagCheck *check, Verdict *verdict, Error *err) {
    fake_dag_tests.check = *check;
    check->changes = check->base == NULL ? (DagChanges){.is_all = true} : fake_dag_tests.changes;
    const StringList *paths = check->base == NULL ? &check->paths : &check->changes.files;
    if (dag_changes_are_any(&check->changes) && !dag_tests_check(ctx, project, paths, verdict, err)) return false;
    if (check->base != NULL) verdict->title = arena_format(ctx->arena, "DAGs · %s", check->changes.what);
    return true;
}

bool dag_tests_select(Context *ctx, const Project *project, const StringList *wanted, const StringList *files,
                      StringList *dag_ids, Error *err) {
    (void)project;
    (void)err;
    fake_dag_tests.selected_from = files->count;
    list_each(const char *const, id, wanted) list_push(ctx->arena, dag_ids, *id);
    return true;
}

bool dag_tests_run(Context *ctx, const Project *project, const DagTestOptions *options, Verdict *verdict, Error *err) {
    (void)project;
    (void)err;
    // A watch forgets the memory of each round, but the test still asks what was run.
    static const char *ids[MOST_RUNS];
    if (fake_dag_tests.ran.count == MOST_RUNS) fail_msg("more than %d runs", MOST_RUNS);
    fake_dag_tests.runs++;
    fake_dag_tests.ran.items = ids;
    ids[fake_dag_tests.ran.count++] = options->dag_id;
    verdict_add(ctx->arena, verdict, &(TestCase){.suite = "dag", .name = options->dag_id});
    return true;
}

const char *dag_tests_recall_file(Context *ctx, const Project *project, const char *dag_id) {
    (void)ctx;
    (void)project;
    (void)dag_id;
    return NULL;
}
