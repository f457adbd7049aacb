#include "services/gate.h"

#include "base/cleanup.h"
#include "base/text.h"
#include "io/clock.h"
#include "io/file_system.h"
#include "io/git_repository.h"
#include "io/lock_file.h"
#include "model/event.h"
#include "services/dag_smoke.h"
#include "services/dag_tests.h"
#include "services/dbt.h"
#include "services/gate_cache.h"
#include "services/sandbox.h"

#define TREE_FOLDER "gate/tree"
#define FULL_DISK "no space left on the disk that holds .devbox"

// One run of the gate: the budget is for all of its commits together.
typedef struct Gate {
    Context *ctx;
    const Project *live;
    GitRepository *repository;
    const char *prefix;  // the project's folder as seen from the repository's root; "." when they are the same
    long long started_ms, budget_ms;
    bool blocks_on_error;
    bool hides_green;  // in front of a push hundreds of green lines are noise; the parts' counts tell
    bool ignores_passed, stops_at_first_red;
    Verdict *verdict;
} Gate;

// A part of the test of one commit; false with *err set when it could not run.
typedef bool GatePart(Context *ctx, const Project *snapshot, Verdict *verdict, Error *err);

bool gate_open_project(Context *ctx, const char *folder, Project *project, Error *err) {
    if (project_open(ctx, folder, project, err)) return true;
    if (err->code != ERROR_CONFIG && err->code != ERROR_CHECKOUT) return false;
    event_warning(ctx, err->hint, "%s; the push is tested without it", err->message);
    error_clear(err);
    const char *root = path_absolute(ctx->arena, folder);
    *project = (Project){
        .root = root,
        .name = path_name(root),
        .state = path_join(ctx->arena, root, ".devbox"),
        .instance = "000000000000",
        .config = config_defaults(),
    };
    return true;
}

static long long remaining_ms(const Gate *gate) { return gate->started_ms + gate->budget_ms - clock_now_ms(); }

static const char *label(Arena *arena, const GitCommit *commit) {
    return arena_format(arena, "%.7s %s", commit->id.hex, commit->summary);
}

// The commit's own files are wrong: that is a red test, whoever finds it.
static bool is_fault_of_commit(ErrorCode code) { return code == ERROR_CONFIG || code == ERROR_SEED || code == ERROR_DAG_FOLDER; }

// The words of the system, of Python and uv, and of SQLite.
static bool tells_full_disk(const char *text) {
    static const char *const words[] = {"No space left on device", "[Errno 28]", "ENOSPC", "database or disk is full", NULL};
    for (const char *const *word = words; *word != NULL; word++) {
        if (text != NULL && strstr(text, *word) != NULL) return true;
    }
    return false;
}

static bool is_red_case(const TestCase *test_case) { return test_case->state == TEST_FAIL || test_case->state == TEST_ERROR; }

// Whatever ran short of space says nothing about the commit.
static bool is_starved(const TestCase *test_case) {
    bool tells =
        tells_full_disk(test_case->message) || tells_full_disk(test_case->detail) || tells_full_disk(test_case->log_tail);
    return is_red_case(test_case) && tells;
}

static TestCase as_not_run(const TestCase *test_case) {
    TestCase changed = *test_case;
    changed.state = TEST_SKIP;
    changed.summary = "not run: " FULL_DISK;
    return changed;
}

// A traceback says no more than the line that names the file.
static void set_full_disk(Error *problem, const char *evidence) {
    StringList lines = text_split_lines(problem->arena, evidence);
    error_set(problem, ERROR_FILE, FULL_DISK);
    error_hint(problem, "make room there, then try again; what is left: df -h .devbox");
    error_detail(problem, evidence);
    list_each(const char *, line, &lines) {
        if (tells_full_disk(*line)) error_detail(problem, *line);
    }
}

static void blame_full_disk(Error *problem) {
    if (problem->code == ERROR_INTERRUPTED) return;
    if (tells_full_disk(problem->detail)) {
        set_full_disk(problem, problem->detail);
    } else if (tells_full_disk(problem->message)) {
        set_full_disk(problem, problem->message);
    }
}

static void add_case(Gate *gate, const TestCase *test_case) {
    verdict_add(gate->ctx->arena, gate->verdict, test_case);
    event_test_case(gate->ctx, test_case);
}

// As the user knows the file: without the folder that the commit was written to.
static const char *as_in_commit(const Gate *gate, const char *text) {
    Arena *arena = gate->ctx->arena;
    const char *folder = arena_format(arena, "%s/", project_state_path(arena, gate->live, TREE_FOLDER));
    return text == NULL ? NULL : text_replace(arena, text, folder, "");
}

// The same trouble is told once, however many parts and commits had it.
static void merge(Gate *gate, const Verdict *part) {
    Verdict news = *part;
    const char *told = gate->verdict->trouble;
    if (told != NULL && part->trouble != NULL && strstr(told, part->trouble) != NULL) news.trouble = NULL;
    verdict_merge(gate->ctx->arena, gate->verdict, &news);
}

static void add_fault(Gate *gate, const char *part, const Error *fault) {
    Arena *arena = gate->ctx->arena;
    const char *hint = fault->hint == NULL ? "" : fault->hint;
    const char *detail = fault->detail == NULL ? hint : arena_format(arena, "%s\n%s", fault->detail, hint);
    TestCase broken = {
        .suite = "gate",
        .name = part,
        .state = TEST_FAIL,
        .duration_ms = -1,
        .message = as_in_commit(gate, fault->message),
        .detail = as_in_commit(gate, detail),
    };
    add_case(gate, &broken);
}

// Tells apart what the commit did wrong, what kept us from testing it, and an interruption; only the last is an Error.
static bool report(Gate *gate, const char *part, const Error *problem, Error *err) {
    if (problem->code == ERROR_INTERRUPTED || problem->code == ERROR_INTERNAL) {
        *err = *problem;
        return false;
    }
    if (is_fault_of_commit(problem->code)) {
        add_fault(gate, part, problem);
        return true;
    }
    Verdict trouble = {.trouble = problem->message, .is_inconclusive = gate->blocks_on_error};
    event_step_failed(gate->ctx, part, clock_now_ms() - gate->started_ms, problem);
    merge(gate, &trouble);
    return true;
}

static bool set_budget_error(const Gate *gate, const char *part, Error *err) {
    error_set(err, ERROR_TIMEOUT, "the gate's budget of %s was used up before %s was tested",
              text_duration(gate->ctx->arena, gate->budget_ms), part);
    return error_hint(err, "give it more with gate.budget in devbox.yaml, or test less with gate.run");
}

// The services under test report steps of their own, which start and end elsewhere: here they are the progress of one part.
typedef struct PartSink {
    EventSink sink;
    EventSink *inner;
    const char *part;
    bool hides_green;
} PartSink;

static void pass_on(EventSink *sink, const Event *event) {
    PartSink *own = (PartSink *)sink;
    Event changed = *event;
    bool is_end = event->kind == EVENT_STEP_DONE || event->kind == EVENT_STEP_SKIPPED;
    bool is_step =
        is_end || event->kind == EVENT_STEP_STARTED || event->kind == EVENT_STEP_PROGRESS || event->kind == EVENT_STEP_FAILED;
    bool is_case = event->kind == EVENT_TEST_CASE, is_short = is_case && is_starved(event->test_case);
    TestCase not_run = is_short ? as_not_run(event->test_case) : (TestCase){0};
    bool is_hidden = own->hides_green && is_case && (is_short || !is_red_case(event->test_case));
    if (own->inner == NULL || is_hidden) return;
    if (is_short) changed.test_case = &not_run;
    if (is_step) changed.step = own->part;
    if (is_step) changed.kind = EVENT_STEP_PROGRESS;
    if (is_step && text_is_empty(changed.text)) return;
    own->inner->emit(own->inner, &changed);
}

static size_t count_red(const Verdict *verdict) { return verdict->failed + verdict->errors; }

static const char *describe_counts(Arena *arena, const Verdict *found) {
    if (found->cases.count == 0) return "";
    const char *passed = arena_format(arena, "%zu of %zu passed", found->passed, found->cases.count);
    return found->skipped == 0 ? passed : arena_format(arena, "%s, %zu not run", passed, found->skipped);
}

static void end_part(const Gate *gate, const char *name, const Verdict *found, long long duration_ms) {
    Event event = {
        .kind = count_red(found) > 0 ? EVENT_STEP_FAILED : EVENT_STEP_DONE,
        .step = name,
        .text = describe_counts(gate->ctx->arena, found),
        .duration_ms = duration_ms,
    };
    event_emit(gate->ctx, &event);
}

// Takes what found no space out of the red ones; false with *problem set when there was such a case.
static bool sort_out_starved(const Gate *gate, Verdict *found, Error *problem) {
    Arena *arena = gate->ctx->arena;
    Verdict sorted = *found;
    const TestCase *starved = NULL;
    sorted.cases = (TestCaseList){0};
    sorted.passed = sorted.failed = sorted.errors = sorted.skipped = 0;
    list_each(const TestCase, test_case, &found->cases) {
        bool is_short = is_starved(test_case);
        TestCase not_run = as_not_run(test_case);
        if (is_short) starved = test_case;
        verdict_add(arena, &sorted, is_short ? &not_run : test_case);
    }
    if (starved == NULL) return true;
    *found = sorted;
    if (problem->code != ERROR_NONE) return false;
    const char *why = starved->message == NULL ? "failed" : starved->message;
    set_full_disk(problem, arena_format(arena, "%s: %s", starved->name, why));
    return false;
}

static bool run_part(Gate *gate, const char *name, GatePart *part, const Project *snapshot, Error *err) {
    Verdict found = {0};
    Error problem = {.arena = gate->ctx->arena};
    Context limited = *gate->ctx;
    PartSink sink = {.sink = {pass_on}, .inner = gate->ctx->sink, .part = name, .hides_green = gate->hides_green};
    long long started_ms = clock_now_ms();
    limited.timeout_ms = remaining_ms(gate);
    limited.is_dry_run = false;  // the gate works on copies of its own: there is nothing to spare
    limited.sink = &sink.sink;
    bool has_time = limited.timeout_ms > 0;
    if (has_time) event_step_started(gate->ctx, name, "testing");
    bool is_done = has_time && part(&limited, snapshot, &found, &problem);
    if (!sort_out_starved(gate, &found, &problem)) is_done = false;
    blame_full_disk(&problem);
    // What was found before the trouble counts: a red test stays red.
    verdict_merge(gate->ctx->arena, gate->verdict, &found);
    if (is_done) {
        end_part(gate, name, &found, clock_now_ms() - started_ms);
        return true;
    }
    bool is_over = remaining_ms(gate) <= 0 && (problem.code == ERROR_NONE || problem.code == ERROR_TIMEOUT);
    if (is_over) set_budget_error(gate, name, &problem);
    if (is_fault_of_commit(problem.code)) end_part(gate, name, &(Verdict){.failed = 1}, clock_now_ms() - started_ms);
    return report(gate, name, &problem, err);
}

// Seeds of the last commit, and what its DAGs wrote, must not decide about this one.
static bool load_seeds(Context *ctx, const Project *snapshot, Verdict *verdict, Error *err) {
    static const char *const ends[] = {"", "-wal", "-shm"};
    SeedReport seeds;
    (void)verdict;
    for (size_t i = 0; i < sizeof ends / sizeof *ends; i++) {
        const char *path = arena_format(ctx->arena, "%s%s", sandbox_path(ctx->arena, snapshot), ends[i]);
        if (!file_remove(ctx->arena, path, err)) return false;
    }
    return sandbox_seed(ctx, snapshot, &seeds, err);
}

static bool test_dags(Context *ctx, const Project *snapshot, Verdict *verdict, Error *err) {
    StringList everything = {0};
    return dag_tests_check(ctx, snapshot, &everything, verdict, err);
}

static bool run_dags(Context *ctx, const Project *snapshot, Verdict *verdict, Error *err) {
    StringList everything = {0};
    return dag_smoke_run(ctx, snapshot, &everything, verdict, err);
}

static bool test_dbt(Context *ctx, const Project *snapshot, Verdict *verdict, Error *err) {
    const DbtTestOptions everything = {0};
    return dbt_test(ctx, snapshot, &everything, verdict, err);
}

static bool test_snapshot(Gate *gate, const Project *snapshot, Error *err) {
    const GateConfig *config = &snapshot->config.gate;
    bool has_dags = config->runs_dags && folder_exists(snapshot->dags_dir);
    bool has_dbt = config->runs_dbt && snapshot->dbt_dir != NULL;
    bool runs = has_dags && config->run_dags.count > 0;
    size_t red_before = count_red(gate->verdict);
    if (!has_dags && !has_dbt) event_note(gate->ctx, "no DAGs and no dbt project in this commit: nothing to test");
    if ((has_dbt || runs) && !run_part(gate, "seeds", load_seeds, snapshot, err)) return false;
    if (count_red(gate->verdict) > red_before) return true;
    if (has_dags && !run_part(gate, "dags", test_dags, snapshot, err)) return false;
    // A DAG that does not import cannot be run.
    bool is_red = count_red(gate->verdict) > red_before;
    if (runs && !is_red && !run_part(gate, "run_dags", run_dags, snapshot, err)) return false;
    if (gate->stops_at_first_red && count_red(gate->verdict) > red_before) return true;
    return !has_dbt || run_part(gate, "dbt", test_dbt, snapshot, err);
}

// Only the commit's own devbox.yaml says what its gate is, but --timeout is this very user's.
static void take_settings(Gate *gate, const GateConfig *config) {
    gate->blocks_on_error = config->blocks_on_error;
    gate->budget_ms = gate->ctx->timeout_ms > 0 ? gate->ctx->timeout_ms : config->budget_ms;
}

static bool write_snapshot(Gate *gate, const GitCommit *commit, Project *snapshot, Error *err) {
    Context *ctx = gate->ctx;
    const char *tree = project_state_path(ctx->arena, gate->live, TREE_FOLDER);
    const char *state = project_state_path(ctx->arena, gate->live, "gate/state");
    if (!git_tree_materialise(gate->repository, ctx, &commit->tree, tree, err)) return false;
    const char *root = text_equals(gate->prefix, ".") ? tree : path_join(ctx->arena, tree, gate->prefix);
    // A commit from before the project: an empty folder has nothing to test either.
    if (!folder_exists(root) && !folder_create(ctx->arena, root, err)) return false;
    return project_open_snapshot(ctx, gate->live, root, state, snapshot, err) && project_prepare_state(ctx, snapshot, err);
}

static bool lock_and_test(Gate *gate, const GitCommit *commit, Error *err) {
    Context *ctx = gate->ctx;
    Project snapshot = {0};
    Error problem = {.arena = ctx->arena};
    cleanup_fd int lock = -1;
    const char *folder = project_state_path(ctx->arena, gate->live, "gate");
    bool is_ready = project_prepare_state(ctx, gate->live, &problem) && folder_create(ctx->arena, folder, &problem) &&
                    lock_file_take(ctx, path_join(ctx->arena, folder, "lock"), "check", remaining_ms(gate), &lock, &problem) &&
                    write_snapshot(gate, commit, &snapshot, &problem);
    if (!is_ready) blame_full_disk(&problem);
    if (!is_ready) return report(gate, problem.code == ERROR_CONFIG ? "devbox.yaml" : "check", &problem, err);
    take_settings(gate, &snapshot.config.gate);
    return test_snapshot(gate, &snapshot, err);
}

static bool is_all_well(const Verdict *verdict) { return verdict_is_green(verdict) && verdict->trouble == NULL; }

static bool check_commit(Gate *gate, const GitCommit *commit, Error *err) {
    Context *ctx = gate->ctx;
    const char *key = NULL;
    Error problem = {.arena = ctx->arena};
    bool has_key = gate_cache_key(ctx, gate->live, gate->prefix, &commit->tree, &key, &problem);
    if (has_key && !gate->ignores_passed && gate_cache_has_passed(ctx, key)) {
        const char *name = label(ctx->arena, commit);
        add_case(gate,
                 &(TestCase){.suite = "gate", .name = name, .duration_ms = -1, .summary = "passed before", .is_cached = true});
        return true;
    }
    Verdict *all = gate->verdict, own = {0};
    gate->verdict = &own;
    bool is_done = lock_and_test(gate, commit, err);
    gate->verdict = all;
    if (is_done && has_key && is_all_well(&own)) gate_cache_remember(ctx, key, commit);
    merge(gate, &own);
    return is_done;
}

static bool open_gate(Gate *gate, bool is_hook, Error *err) {
    Arena *arena = gate->ctx->arena;
    take_settings(gate, &gate->live->config.gate);
    if (!git_repository_open_at(gate->ctx, gate->live->root, is_hook, &gate->repository, err)) return false;
    const char *root = git_repository_root(gate->repository);
    const char *real_root = root == NULL ? NULL : path_resolve(arena, root);
    const char *real_project = path_resolve(arena, gate->live->root);
    bool is_inside = real_root != NULL && real_project != NULL && path_is_inside(real_project, real_root);
    gate->prefix = is_inside ? path_relative(arena, real_project, real_root) : ".";
    return true;
}

bool gate_check_revision(Context *ctx, const Project *project, const GateRevision *revision, Verdict *verdict, Error *err) {
    GitCommit commit;
    bool is_commit;
    Verdict found = {0};
    Gate gate = {.ctx = ctx,
                 .live = project,
                 .started_ms = clock_now_ms(),
                 .ignores_passed = revision->ignores_passed,
                 .stops_at_first_red = revision->stops_at_first_red,
                 .verdict = &found};
    if (!open_gate(&gate, false, err)) return false;
    cleanup_git_repository GitRepository *repository = gate.repository;
    if (!git_commit_find(repository, ctx->arena, revision->name, &commit, &is_commit, err)) return false;
    if (!is_commit) {
        error_set(err, ERROR_USAGE, "'%s' names no commit, but a tree or a file", revision->name);
        return error_hint(err, "devbox check HEAD");
    }
    found.title = label(ctx->arena, &commit);
    event_headline(ctx, "%s", found.title);
    if (!check_commit(&gate, &commit, err)) return false;
    found.duration_ms = clock_now_ms() - gate.started_ms;
    *verdict = found;
    return true;
}

// Refs that hold no state of the project, though their commits have trees: `git push --mirror` sends them too.
static bool is_bookkeeping(const char *ref) { return text_starts_with(ref, "refs/notes/") || text_equals(ref, "refs/stash"); }

// The tips of a push, each tree once.
static bool find_tips(Gate *gate, const PushRefList *refs, StringList *trees, Error *err) {
    Context *ctx = gate->ctx;
    list_each(const PushRef, ref, refs) {
        GitCommit commit;
        bool is_commit = false;
        Error problem = {.arena = ctx->arena};
        if (ref->is_deletion || is_bookkeeping(ref->remote_ref)) continue;
        if (!git_commit_find(gate->repository, ctx->arena, ref->local_id, &commit, &is_commit, &problem)) {
            if (!report(gate, "check", &problem, err)) return false;
            continue;
        }
        if (!is_commit) event_note(ctx, "%s names no commit: not tested", ref->remote_ref);
        if (!is_commit || string_list_contains(trees, commit.tree.hex)) continue;
        list_push(ctx->arena, trees, arena_copy_string(ctx->arena, commit.tree.hex));
        event_headline(ctx, "%s", label(ctx->arena, &commit));
        if (!check_commit(gate, &commit, err)) return false;
    }
    return true;
}

bool gate_check_push(Context *ctx, const Project *project, const PushRefList *refs, Verdict *verdict, Error *err) {
    StringList trees = {0};
    Verdict found = {0};
    Error problem = {.arena = ctx->arena};
    Gate gate = {
        .ctx = ctx, .live = project, .started_ms = clock_now_ms(), .verdict = &found, .hides_green = ctx->verbosity == 0};
    bool is_open = open_gate(&gate, true, &problem);
    cleanup_git_repository GitRepository *repository = gate.repository;
    bool is_done = is_open ? find_tips(&gate, refs, &trees, err) : report(&gate, "check", &problem, err);
    if (!is_done) return false;
    found.duration_ms = clock_now_ms() - gate.started_ms;
    *verdict = found;
    return true;
}
