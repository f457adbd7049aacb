#include "base/text.h"
#include "commands/commands.h"
#include "io/file_system.h"
#include "model/event.h"
#include "services/config_draft.h"
#include "services/config_file.h"
#include "services/starter.h"

typedef struct InitOptions {
    bool is_example;
} InitOptions;

static const Option options[] = {
    {.name = "example",
     .kind = OPTION_FLAG,
     .help = "write a small data platform to start from",
     .offset = offsetof(InitOptions, is_example)},
    {0},
};

static const Argument arguments[] = {
    {"DIR", "the checkout, or the folder to write the example into", ARGUMENT_OPTIONAL, COMPLETE_FOLDERS}, {0}};

static const Example examples[] = {
    {"devbox init", "write a devbox.yaml for the checkout you stand in"},
    {"devbox init --example shop", "write an example platform into ./shop"},
    {0},
};

static bool refuse_existing(const char *path, Error *err) {
    error_set(err, ERROR_DATA_AT_RISK, "%s is there already and stays as it is", path);
    return error_hint(err, "devbox config show prints what it says; to begin anew: mv '%s' '%s.old'", path, path);
}

static bool report_nothing_found(const char *folder, Error *err) {
    error_set(err, ERROR_CHECKOUT, "%s has no dags/, dbt project, seeds/, plugins/ or requirements.txt to set up", folder);
    return error_hint(err, "go to your checkout, or look at an example: devbox init --example my-platform");
}

static void show_draft(Context *ctx, const char *path, const char *draft, const StringList *found) {
    Value *data = value_object(ctx->arena);
    value_set_string(ctx->arena, data, "path", path);
    value_set_bool(ctx->arena, data, "written", !ctx->is_dry_run);
    value_set(ctx->arena, data, "found", value_from_strings(ctx->arena, found));
    value_set_string(ctx->arena, data, "content", draft);
    const char *summary = arena_format(ctx->arena, "wrote %s: %s\nnext: devbox start", path, text_join(ctx->arena, found, ", "));
    event_result(ctx, &(Result){.data = data, .text = ctx->is_dry_run ? draft : summary});
}

static bool init_checkout(Context *ctx, const char *folder, Error *err) {
    Detection detection;
    const char *path = path_join(ctx->arena, folder, CONFIG_FILE_NAME);
    if (!folder_exists(folder)) {
        error_set(err, ERROR_CHECKOUT, "there is no folder %s", folder);
        return error_hint(err, "devbox init --example %s writes an example platform there", folder);
    }
    if (file_info_of_link(path).kind != FILE_MISSING) return refuse_existing(path, err);
    if (!project_detect(ctx, folder, &detection, err)) return false;
    StringList found = config_draft_summary(ctx->arena, &detection);
    if (found.count == 0) return report_nothing_found(folder, err);
    const char *draft = config_draft(ctx->arena, &detection);
    if (!ctx->is_dry_run && !file_write_string(ctx->arena, path, draft, 0644, err)) return false;
    show_draft(ctx, path, draft, &found);
    return true;
}

static bool check_empty(Context *ctx, const char *folder, Error *err) {
    StringList names = {0};
    FileKind kind = file_info(folder).kind;
    if (kind != FILE_MISSING && kind != FILE_FOLDER) return error_set(err, ERROR_DATA_AT_RISK, "%s is a file", folder);
    if (!folder_list(ctx->arena, folder, &names, err)) return false;
    if (names.count == 0) return true;
    error_set(err, ERROR_DATA_AT_RISK, "%s is not empty (it holds %s), and the example would mix with what is there", folder,
              names.items[0]);
    return error_hint(err, "name a new folder: devbox init --example my-platform");
}

static bool init_example(Context *ctx, const char *folder, Error *err) {
    StarterReport report = {0};
    if (!check_empty(ctx, folder, err)) return false;
    if (!ctx->is_dry_run && !starter_write(ctx, folder, &report, err)) return false;
    Value *data = value_object(ctx->arena);
    value_set_string(ctx->arena, data, "path", folder);
    value_set_integer(ctx->arena, data, "files", (int64_t)report.files);
    value_set_bool(ctx->arena, data, "written", !ctx->is_dry_run);
    value_set_bool(ctx->arena, data, "committed", report.is_committed);
    const char *git = report.is_committed ? "a git repository with its first commit"
                                          : arena_format(ctx->arena, "not committed: %s", report.not_committed_why);
    const char *text = arena_format(ctx->arena,
                                    "wrote an example platform of %zu files into %s (%s)\n"
                                    "next: cd '%s' && devbox start\n"
                                    "      devbox test              runs every test\n"
                                    "      devbox hook install      keeps broken commits from being pushed",
                                    report.files, folder, git, folder);
    if (ctx->is_dry_run) text = arena_format(ctx->arena, "would write an example platform into %s", folder);
    event_result(ctx, &(Result){.data = data, .text = text});
    return true;
}

static bool run(Context *ctx, const Invocation *invocation, Outcome *outcome, Error *err) {
    const InitOptions *given = invocation->options;
    const StringList *words = &invocation->arguments;
    const char *wanted = words->count == 0 ? invocation->folder : path_join(ctx->arena, invocation->folder, words->items[0]);
    const char *folder = path_absolute(ctx->arena, wanted);
    (void)outcome;
    return given->is_example ? init_example(ctx, folder, err) : init_checkout(ctx, folder, err);
}

const Command command_init = {
    .name = "init",
    .group = "Setup",
    .summary = "Write a devbox.yaml for a checkout, or an example platform",
    .description =
        "Looks for dags/, plugins/, a dbt project (also under dags/), seeds/ and requirements.txt, and writes a devbox.yaml with "
        "what it "
        "found. An existing file is never overwritten. devbox works without the file, too, as long as there is a dags/ "
        "folder.\n\n"
        "With --example it writes a small data platform (DAGs, dbt models, seeds) into a new or empty folder and makes it a git "
        "repository.",
    .options = options,
    .options_size = sizeof(InitOptions),
    .arguments = arguments,
    .examples = examples,
    .run = run,
};
