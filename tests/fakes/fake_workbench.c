#include "fakes/fake_workbench.h"

#include "base/text.h"
#include "io/file_system.h"
#include "services/airflow_image.h"

FakeWorkbench fake_workbench;

bool workbench_ensure(Context *ctx, const Project *project, const char *step, const char **container, Error *err) {
    (void)ctx;
    (void)project;
    (void)step;
    if (fake_workbench.failure != ERROR_NONE) return error_set(err, fake_workbench.failure, "no container engine answers");
    *container = "workbench";
    return true;
}

static const char *take_word(Arena *arena, const char *word) {
    if (text_equals(word, "python")) return "python3";
    if (!path_is_inside(word, AIRFLOW_IMAGE_WORKERS)) return word;
    return arena_format(arena, TEST_DATA "/../src/workers%s", word + strlen(AIRFLOW_IMAGE_WORKERS));
}

bool workbench_wrap(Context *ctx, const Project *project, const char *step, const PairList *variables, ProcessSpec *spec,
                    Error *err) {
    StringList argv = {0};
    const char *container;
    (void)variables;
    if (!workbench_ensure(ctx, project, step, &container, err)) return false;
    fake_workbench.programs++;
    const char *const shell[] = {"sh", "-c", fake_workbench.program, NULL};
    const char *const *words = fake_workbench.program == NULL ? spec->argv : shell;
    for (; *words != NULL; words++) list_push(ctx->arena, &argv, take_word(ctx->arena, *words));
    spec->argv = string_list_to_argv(ctx->arena, &argv);
    return true;
}

bool workbench_check_mounts(Context *ctx, const Project *project, const char *step, Error *err) {
    const char *container;
    return workbench_ensure(ctx, project, step, &container, err);
}

bool workbench_check_live_link(Context *ctx, const Project *project, const char *container, Error *err) {
    (void)ctx;
    (void)project;
    (void)container;
    (void)err;
    return true;
}

bool workbench_shares_locks(Context *ctx, const Project *project) {
    (void)ctx;
    (void)project;
    return !fake_workbench.hides_locks;
}

bool workbench_remove_all(Context *ctx, const Project *project, size_t *count, Error *err) {
    (void)ctx;
    (void)project;
    (void)err;
    *count = 0;
    return true;
}
