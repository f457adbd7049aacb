#include "commands/testing.h"

#include "base/text.h"
#include "cli/report.h"
#include "io/clock.h"
#include "io/file_system.h"
#include "model/event.h"
#include "services/test_reports.h"

const char *testing_command(Arena *arena, const char *verb, const StringList *words) {
    Text command = {.arena = arena};
    text_append(&command, verb);
    list_each(const char *const, word, words) {
        text_append_format(&command, " %s", text_as_shell_word(arena, *word));
    }
    return text_string(&command);
}

static const char *find_path(Context *ctx, const Testing *testing, const char *given) {
    return given == NULL ? NULL : path_join(ctx->arena, testing->invocation->folder, given);
}

bool testing_begin(Context *ctx, const Testing *testing, Error *err) {
    const char *junit = find_path(ctx, testing, testing->reports->junit), *page = find_path(ctx, testing, testing->reports->page);
    return (junit == NULL || test_reports_prepare(ctx, junit, err)) && (page == NULL || test_reports_prepare(ctx, page, err));
}

static Report describe(Context *ctx, const Project *project, const char *command, const Verdict *verdict) {
    return (Report){
        .verdict = verdict,
        .command = command,
        .project = project->name,
        .platform = arena_format(ctx->arena, "Airflow %s", project->config.airflow.version),
        .ended = clock_format(ctx->arena, clock_wall_ms()),
        .folder = ".",
    };
}

void testing_keep(Context *ctx, const Project *project, const char *command, const Verdict *verdict) {
    Report report = describe(ctx, project, command, verdict);
    test_reports_keep(ctx, project, report_html(ctx->arena, &report));
}

// Lines of the output, which GitHub reads; a program that reads JSON finds the same in the envelope.
static void annotate(Context *ctx, const Testing *testing, const Report *report) {
    if (testing->invocation->is_json) return;
    StringList lines = report_github_annotations(ctx->arena, report);
    list_each(const char *, line, &lines) event_line(ctx, *line);
}

static bool write_files(Context *ctx, const Testing *testing, const Report *report, Error *err) {
    const char *junit = find_path(ctx, testing, testing->reports->junit), *page = find_path(ctx, testing, testing->reports->page);
    const char *html = report_html(ctx->arena, report);
    test_reports_keep(ctx, testing->invocation->project, html);
    if (junit != NULL && !test_reports_write(ctx, junit, report_junit(ctx->arena, report), err)) return false;
    if (page != NULL && !test_reports_write(ctx, page, html, err)) return false;
    return !test_reports_are_for_github() || test_reports_add_summary(report_github_summary(ctx->arena, report), err);
}

// What stopped the test stays the error; reports that it kept from being written are a smaller matter.
static bool end_without_verdict(Context *ctx, Testing *testing, const Report *report, const Error *err) {
    bool is_of_user = err->code == ERROR_USAGE || err->code == ERROR_INTERRUPTED;
    Error other = {.arena = ctx->arena};
    if (is_of_user) return false;
    testing->verdict.trouble = err->message;
    testing->verdict.is_inconclusive = true;
    if (!write_files(ctx, testing, report, &other)) event_warning(ctx, NULL, "%s", other.message);
    return false;
}

bool testing_end(Context *ctx, Testing *testing, bool is_done, Outcome *outcome, Error *err) {
    const Project *project = testing->invocation->project;
    Report report = describe(ctx, project, testing->command, &testing->verdict);
    report.dag_id = testing->dag_id;
    report.folder = test_reports_repository_folder(ctx->arena, project);
    if (!is_done) return end_without_verdict(ctx, testing, &report, err);
    if (test_reports_are_for_github()) annotate(ctx, testing, &report);
    if (testing->is_round) {
        event_round(ctx, &testing->verdict);
    } else {
        event_verdict(ctx, &testing->verdict);
        if (!verdict_is_green(&testing->verdict)) outcome->exit_code = 1;
    }
    return write_files(ctx, testing, &report, err);
}
