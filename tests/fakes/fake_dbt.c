#include "fakes/fake_dbt.h"

#include "base/text.h"
#include "io/file_system.h"

FakeDbt fake_dbt;

static bool set_unused(Error *err) { return error_set(err, ERROR_INTERNAL, "this dbt only tests"); }

bool dbt_test(Context *ctx, const Project *project, const DbtTestOptions *options, Verdict *verdict, Error *err) {
    StringList names;
    fake_dbt.options = *options;
    if (options->base != NULL) verdict->title = "dbt · nothing changed";
    if (options->base != NULL && fake_dbt.is_unchanged) return true;
    fake_dbt.tests++;
    if (fake_dbt.failure != ERROR_NONE) return error_set(err, fake_dbt.failure, "dbt could not run");
    const char *models = path_join(ctx->arena, project->dbt_dir, "models");
    if (!folder_list(ctx->arena, models, &names, err)) return false;
    list_each(const char *, name, &names) {
        char *content;
        if (!file_read(ctx->arena, path_join(ctx->arena, models, *name), &content, NULL, err)) return false;
        bool is_broken = strstr(content, "broken") != NULL;
        verdict_add(ctx->arena, verdict, &(TestCase){.suite = "dbt", .name = *name, .state = is_broken ? TEST_FAIL : TEST_PASS});
    }
    return true;
}

bool dbt_test_saved(Context *ctx, const Project *project, const DbtChangeList *changes, Verdict *verdict, Error *err) {
    const DbtTestOptions everything = {0};
    snprintf(fake_dbt.saved, sizeof fake_dbt.saved, "%s", changes->items[0].path);
    return dbt_test(ctx, project, &everything, verdict, err);
}

bool dbt_build(Context *ctx, const Project *project, Verdict *verdict, Error *err) {
    (void)ctx;
    (void)project;
    (void)verdict;
    return set_unused(err);
}

bool dbt_pass_through(Context *ctx, const Project *project, const StringList *words, int *exit_code, Error *err) {
    (void)ctx;
    (void)project;
    (void)words;
    (void)exit_code;
    return set_unused(err);
}
