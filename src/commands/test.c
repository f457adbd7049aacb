#include "base/text.h"
#include "commands/commands.h"
#include "commands/testing.h"
#include "io/clock.h"
#include "io/file_system.h"
#include "model/event.h"
#include "services/dag_parse.h"
#include "services/dag_smoke.h"
#include "services/dag_tests.h"
#include "services/dbt.h"
#include "services/watch.h"
#include "services/watch_loop.h"

typedef struct DagOptions {
    const char *task, *date, *conf;
    const char *debug;  // NULL: not asked for; "" and "debugpy": for an editor; "pdb"
    long long retries;
    bool keeps, is_watching;
    TestReports reports;
} DagOptions;

static const Option dag_options[] = {
    {"task", 0, OPTION_STRING, "TASK", "run only this task", offsetof(DagOptions, task), NULL, false},
    {"date", 0, OPTION_STRING, "DATE", "logical date, e.g. 2026-01-31; default now", offsetof(DagOptions, date), NULL, false},
    {"conf", 0, OPTION_STRING, "JSON", "configuration of the run, a JSON object", offsetof(DagOptions, conf), NULL, false},
    {"retries", 0, OPTION_INTEGER, "N", "retries per task, default 0", offsetof(DagOptions, retries), NULL, false},
    {"keep", 0, OPTION_FLAG, NULL, "keep the run's private folder and say where it is", offsetof(DagOptions, keeps), NULL, false},
    {"debug", 0, OPTION_STRING, "pdb", "let an editor's debugger attach (debugpy); with =pdb, pdb on this terminal",
     offsetof(DagOptions, debug), NULL, false, true},
    {"watch", 0, OPTION_FLAG, NULL, "run it again after each save below dags, plugins and dbt, until Ctrl-C (exit code 0)",
     offsetof(DagOptions, is_watching), NULL, false},
    TEST_REPORT_OPTIONS(DagOptions, reports),
    {0},
};

// Of the verbs that test many things.
typedef struct ManyOptions {
    const char *changed;  // NULL: not asked for; "": since the default branch
    bool stops_at_first_red;
    TestReports reports;
} ManyOptions;

#define CHANGED_SINCE "what changed since BASE (default: the default branch)"

static const Option dags_options[] = {
    TEST_CHANGED_OPTION(ManyOptions, changed, "DAG files that are affected by " CHANGED_SINCE),
    TEST_FAIL_FAST_OPTION(ManyOptions, stops_at_first_red, "DAG file that is red"),
    TEST_REPORT_OPTIONS(ManyOptions, reports),
    {0},
};

static const Option dbt_options[] = {
    TEST_CHANGED_OPTION(ManyOptions, changed, CHANGED_SINCE ", and all that is made from it"),
    TEST_FAIL_FAST_OPTION(ManyOptions, stops_at_first_red, "model or test that is red, as dbt does"),
    TEST_REPORT_OPTIONS(ManyOptions, reports),
    {0},
};

static const Option all_options[] = {
    TEST_CHANGED_OPTION(ManyOptions, changed, "DAG files and models that are affected by " CHANGED_SINCE),
    TEST_FAIL_FAST_OPTION(ManyOptions, stops_at_first_red, "part that is red: DAGs, their runs, dbt"),
    TEST_REPORT_OPTIONS(ManyOptions, reports),
    {0},
};

static const Argument dag_arguments[] = {{"ID", "the DAG's id", ARGUMENT_REQUIRED, COMPLETE_DAGS}, {0}};
static const Argument path_arguments[] = {
    {"PATH", "DAG files or folders; default all", ARGUMENT_REPEATED_OPTIONAL, COMPLETE_FILES}, {0}};
static const Argument selector_arguments[] = {
    {"SELECTOR", "dbt node selection; default all", ARGUMENT_REPEATED_OPTIONAL, COMPLETE_NOTHING}, {0}};

static const Example dag_examples[] = {
    {"devbox test dag daily_orders", "run every task once, here and now"},
    {"devbox test dag daily_orders --task load --date 2026-01-31", NULL},
    {"devbox test dag daily_orders --task load --debug=pdb", "pdb at breakpoint() and where the task fails"},
    {"devbox test dag daily_orders --watch", "and again after each save"},
    {0},
};
static const Example dags_examples[] = {
    {"devbox test dags", "import every DAG file"},
    {"devbox test dags dags/orders.py", NULL},
    {"devbox test dags --changed", "only what your branch changed, and what imports or reads it"},
    {0},
};
static const Example dbt_examples[] = {
    {"devbox test dbt", "build and test all models on a private copy"},
    {"devbox test dbt stg_orders+", NULL},
    {"devbox test dbt --changed", "only what your branch changed, and what is made from it"},
    {"devbox test dbt --changed=HEAD", "only what is not committed yet"},
    {0},
};
static const Example test_examples[] = {
    {"devbox test", "everything that a push would run, on the working tree"},
    {"devbox test --changed", "only what your branch affects, committed or not"},
    {"devbox test --junit junit.xml --report report.html", "and leave the verdict in files"},
    {0},
};

// As it was asked for, so that a report can say how to run it again.
static const char *dag_command(Arena *arena, const Invocation *invocation, const DagOptions *given) {
    const char *const options[][2] = {{"--task", given->task}, {"--date", given->date}, {"--conf", given->conf}};
    StringList words = {0};
    list_push(arena, &words, invocation->arguments.items[0]);
    for (size_t i = 0; i < sizeof options / sizeof *options; i++) {
        if (options[i][1] == NULL) continue;
        list_push(arena, &words, options[i][0]);
        list_push(arena, &words, options[i][1]);
    }
    return testing_command(arena, "test dag", &words);
}

typedef struct DagRounds {
    Testing *testing;
    const DagTestOptions *test;
} DagRounds;

static bool run_round(Context *ctx, void *state, WatchRound *round, Error *err) {
    const DagRounds *rounds = state;
    round->has_tested = dag_tests_run(ctx, rounds->testing->invocation->project, rounds->test, &round->verdict, err);
    return round->has_tested;
}

static bool show_round(Context *ctx, void *state, WatchRound *round, Error *err) {
    Testing *testing = ((DagRounds *)state)->testing;
    Outcome unused;
    testing->is_round = true;
    testing->verdict = round->verdict;
    return testing_end(ctx, testing, true, &unused, err);
}

// Airflow notices a saved DAG file by itself, but not a helper module that it imports.
static void follow_up(Context *ctx, void *state) {
    const DagRounds *rounds = state;
    const Project *project = rounds->testing->invocation->project;
    StringList files = {0};
    const char *file = dag_tests_recall_file(ctx, project, rounds->test->dag_id);
    if (file == NULL) return;
    list_push(ctx->arena, &files, file);
    dag_parse_follow_save(ctx, project, &files);
}

static bool watch_dag(Context *ctx, Testing *testing, const DagTestOptions *test, Error *err) {
    DagRounds rounds = {.testing = testing, .test = test};
    WatchLoop loop = {.project = testing->invocation->project, .run = run_round, .show = show_round, .follow_up = follow_up, .state = &rounds};
    loop.folders = watch_folders(ctx, loop.project, &loop.what);
    return watch_loop_run(ctx, &loop, err);
}

static bool read_debugger(const DagOptions *given, DagDebugger *debugger, Error *err) {
    *debugger = DAG_DEBUGGER_NONE;
    if (given->debug == NULL) return true;
    if (given->is_watching) {
        error_set(err, ERROR_USAGE, "--debug and --watch exclude each other: a save would end what is being debugged");
        return error_hint(err, "leave one of them out");
    }
    *debugger = text_equals(given->debug, "pdb") ? DAG_DEBUGGER_PDB : DAG_DEBUGGER_EDITOR;
    if (*debugger == DAG_DEBUGGER_PDB || text_is_empty(given->debug) || text_equals(given->debug, "debugpy")) return true;
    error_set(err, ERROR_USAGE, "--debug knows no '%s'", given->debug);
    return error_hint(err, "--debug lets an editor attach, --debug=pdb is pdb on this terminal");
}

static bool run_dag(Context *ctx, const Invocation *invocation, Outcome *outcome, Error *err) {
    const DagOptions *given = invocation->options;
    DagTestOptions test = {.dag_id = invocation->arguments.items[0],
                           .task = given->task,
                           .logical_date = given->date,
                           .conf = given->conf,
                           .retries = (int)given->retries,
                           .keeps_work_dir = given->keeps};
    Testing testing = {.invocation = invocation,
                       .reports = &given->reports,
                       .command = dag_command(ctx->arena, invocation, given),
                       .dag_id = test.dag_id};
    if (!read_debugger(given, &test.debugger, err) || !testing_begin(ctx, &testing, err)) return false;
    if (given->is_watching) return watch_dag(ctx, &testing, &test, err);
    bool is_done = dag_tests_run(ctx, invocation->project, &test, &testing.verdict, err);
    return testing_end(ctx, &testing, is_done, outcome, err);
}

// Paths are those of the user's folder, where the shell completes them; else of the checkout.
static StringList find_paths(Context *ctx, const Invocation *invocation) {
    StringList paths = {0};
    list_each(const char *const, given, &invocation->arguments) {
        const char *path = path_join(ctx->arena, invocation->folder, *given);
        list_push(ctx->arena, &paths, file_exists(path) || folder_exists(path) ? path : *given);
    }
    return paths;
}

// As it was asked for.
static const char *many_command(Arena *arena, const Invocation *invocation, const char *verb) {
    const ManyOptions *given = invocation->options;
    StringList words = invocation->arguments;
    bool has_base = !text_is_empty(given->changed);
    if (given->changed != NULL)
        list_push(arena, &words, has_base ? arena_format(arena, "--changed=%s", given->changed) : "--changed");
    if (given->stops_at_first_red) list_push(arena, &words, "--fail-fast");
    return testing_command(arena, verb, &words);
}

static bool begin_many(Context *ctx, const Invocation *invocation, const char *verb, Testing *testing, Error *err) {
    const ManyOptions *given = invocation->options;
    *testing =
        (Testing){.invocation = invocation, .reports = &given->reports, .command = many_command(ctx->arena, invocation, verb)};
    if (given->changed != NULL && invocation->arguments.count > 0) {
        error_set(err, ERROR_USAGE, "--changed selects by itself and takes nothing to test beside it");
        return error_hint(err, "another base: devbox %s --changed=%s", verb, invocation->arguments.items[0]);
    }
    return testing_begin(ctx, testing, err) && project_prepare_state(ctx, invocation->project, err);
}

static bool run_dags(Context *ctx, const Invocation *invocation, Outcome *outcome, Error *err) {
    const ManyOptions *given = invocation->options;
    Testing testing;
    DagCheck check = {
        .paths = find_paths(ctx, invocation), .base = given->changed, .stops_at_first_red = given->stops_at_first_red};
    if (!begin_many(ctx, invocation, "test dags", &testing, err)) return false;
    bool is_done = dag_tests_check_working_tree(ctx, invocation->project, &check, &testing.verdict, err);
    return testing_end(ctx, &testing, is_done, outcome, err);
}

static bool run_dbt(Context *ctx, const Invocation *invocation, Outcome *outcome, Error *err) {
    const ManyOptions *given = invocation->options;
    Testing testing;
    const DbtTestOptions test = {
        .selectors = invocation->arguments, .base = given->changed, .stops_at_first_red = given->stops_at_first_red};
    if (!begin_many(ctx, invocation, "test dbt", &testing, err)) return false;
    bool is_done = dbt_test(ctx, invocation->project, &test, &testing.verdict, err);
    return testing_end(ctx, &testing, is_done, outcome, err);
}

// Adds a part, and its title: what nothing changed of is told by that alone.
static void add_part(Context *ctx, const Verdict *part, bool has_title, Verdict *all) {
    verdict_merge(ctx->arena, all, part);
    if (!has_title) return;
    all->title = all->title == NULL ? part->title : arena_format(ctx->arena, "%s; %s", all->title, part->title);
}

static bool test_dags_and_run(Context *ctx, const Project *project, const ManyOptions *given, Verdict *all, Error *err) {
    Verdict dags = {0}, runs = {0};
    DagCheck check = {.base = given->changed};
    if (!dag_tests_check_working_tree(ctx, project, &check, &dags, err)) return false;
    add_part(ctx, &dags, given->changed != NULL, all);
    // A DAG that does not import cannot be run.
    if (!verdict_is_green(&dags) || !dag_changes_are_any(&check.changes)) return true;
    if (!dag_smoke_run(ctx, project, &check.changes.files, &runs, err)) return false;
    add_part(ctx, &runs, false, all);
    return true;
}

static bool test_models(Context *ctx, const Project *project, const ManyOptions *given, Verdict *all, Error *err) {
    Verdict dbt = {0};
    const DbtTestOptions test = {.base = given->changed};
    if (!dbt_test(ctx, project, &test, &dbt, err)) return false;
    add_part(ctx, &dbt, given->changed != NULL, all);
    return true;
}

static bool test_everything(Context *ctx, const Project *project, const ManyOptions *given, Verdict *all, Error *err) {
    const GateConfig *gate = &project->config.gate;
    // A checkout may hold only a dbt project; one that holds nothing hears so from the test of its DAGs.
    bool has_dbt = project->dbt_dir != NULL, has_dags = folder_exists(project->dags_dir) || !has_dbt;
    if (gate->runs_dags && has_dags && !test_dags_and_run(ctx, project, given, all, err)) return false;
    bool is_over = given->stops_at_first_red && !verdict_is_green(all);
    bool is_done = !gate->runs_dbt || !has_dbt || is_over || test_models(ctx, project, given, all, err);
    if (is_done && all->title == NULL) all->title = "DAGs and dbt";
    return is_done;
}

static bool run_all(Context *ctx, const Invocation *invocation, Outcome *outcome, Error *err) {
    Testing testing;
    if (!begin_many(ctx, invocation, "test", &testing, err)) return false;
    bool is_done = test_everything(ctx, invocation->project, invocation->options, &testing.verdict, err);
    return testing_end(ctx, &testing, is_done, outcome, err);
}

static const Command test_dag = {
    .name = "dag",
    .group = "Tests",
    .summary = "Run one DAG here and now, with each task's result, log and data",
    .description =
        "Runs the DAG's real tasks in process (Airflow's dag.test) on a private metadata database with the connections, "
        "variables "
        "and pools of the running Airflow. Retries are off. Tasks write to the sandbox as they would in Airflow.",
    .options = dag_options,
    .options_size = sizeof(DagOptions),
    .arguments = dag_arguments,
    .examples = dag_examples,
    .needs = NEEDS_PROJECT,
    .is_streaming = true,
    .run = run_dag,
};

static const Command test_dags = {
    .name = "dags",
    .group = "Tests",
    .summary = "Import every DAG file, and say what is wrong or slow in it",
    .description =
        "With --changed, git says which files differ from where this branch left BASE, committed or not, and the last check of "
        "each DAG file which files it imports, reads or lists: changed DAG files are tested, and those that use a changed file. "
        "Plugins, requirements, devbox.yaml, .airflowignore, or nothing known yet mean all of them.",
    .options = dags_options,
    .options_size = sizeof(ManyOptions),
    .arguments = path_arguments,
    .examples = dags_examples,
    .needs = NEEDS_PROJECT,
    .is_streaming = true,
    .run = run_dags,
};

static const Command test_dbt = {
    .name = "dbt",
    .group = "Tests",
    .summary = "Build and test dbt models on a private copy of the sandbox",
    .description =
        "With --changed, git says which files differ from where this branch left BASE, committed or not, and dbt's manifest what "
        "is made from them: changed models, whatever calls a changed macro or has other properties, everything downstream, and "
        "the tests of those.",
    .options = dbt_options,
    .options_size = sizeof(ManyOptions),
    .arguments = selector_arguments,
    .examples = dbt_examples,
    .needs = NEEDS_PROJECT,
    .is_streaming = true,
    .run = run_dbt,
};

static const Command *const subcommands[] = {&test_dag, &test_dags, &test_dbt, NULL};

const Command command_test = {
    .name = "test",
    .group = "Tests",
    .summary = "Test DAGs and dbt models; alone: everything that a push would run",
    .description =
        "With --changed, only what the branch affects, as test dags --changed and test dbt --changed find it; of gate.run_dags "
        "those DAGs whose files are affected.",
    .options = all_options,
    .options_size = sizeof(ManyOptions),
    .examples = test_examples,
    .needs = NEEDS_PROJECT,
    .is_streaming = true,
    .subcommands = subcommands,
    .run = run_all,
};
