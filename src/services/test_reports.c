#include "services/test_reports.h"

#include <stdlib.h>

#include "base/text.h"
#include "io/file_system.h"
#include "model/event.h"
#include "services/project_detect.h"

enum { ASKED_FOR_MODE = 0644, KEPT_MODE = 0600 };

bool test_reports_prepare(Context *ctx, const char *path, Error *err) {
    const char *folder = path_folder(ctx->arena, path);
    if (folder_exists(path)) {
        error_set(err, ERROR_FILE, "the report cannot be written: %s is a folder", path);
        return error_hint(err, "give the option a file in it: %s/report", path);
    }
    if (!folder_create(ctx->arena, folder, err)) return error_wrap(err, "the report %s cannot be written", path_name(path));
    if (file_is_writable(folder)) return true;
    error_set(err, ERROR_FILE, "the report cannot be written: nothing may be written into %s", folder);
    return error_hint(err, "give the option a file in a folder of yours");
}

bool test_reports_write(Context *ctx, const char *path, const char *content, Error *err) {
    if (file_write_fast(ctx->arena, path, content, ASKED_FOR_MODE, err)) return true;
    return error_hint(err, "the verdict above stands; only the report is missing");
}

void test_reports_keep(Context *ctx, const Project *project, const char *page) {
    Error err = {.arena = ctx->arena};
    if (!folder_exists(project->state)) return;  // nothing ran here yet
    const char *path = project_state_path(ctx->arena, project, LAST_REPORT);
    if (file_write_fast(ctx->arena, path, page, KEPT_MODE, &err)) return;
    event_warning(ctx, err.hint, "devbox open report will not show this test: %s", err.message);
}

bool test_reports_are_for_github(void) { return text_equals(getenv("GITHUB_ACTIONS"), "true"); }

const char *test_reports_repository_folder(Arena *arena, const Project *project) {
    const char *root = path_resolve(arena, project->root);
    const char *repository = root == NULL ? NULL : project_find_git_root(arena, root);
    return repository == NULL ? "." : path_relative(arena, root, repository);
}

bool test_reports_add_summary(const char *markdown, Error *err) {
    const char *path = getenv("GITHUB_STEP_SUMMARY");
    if (text_is_empty(path)) return true;
    if (file_append_string(path, markdown, ASKED_FOR_MODE, err)) return true;
    return error_hint(err, "GITHUB_STEP_SUMMARY names the file; unset it to go without a summary");
}
