#include "services/hook.h"

#include <unistd.h>

#include "base/text.h"
#include "io/file_system.h"
#include "io/git_repository.h"
#include "services/project.h"

#define MARKER "# Written by `devbox hook install`; `devbox hook uninstall` removes it."

// Where the hook belongs and what it has to do there.
typedef struct HookPlace {
    const char *path;
    const char
        *prefix;  // the project's folder below the working tree's root; "." when they are the same; NULL: there is no project
    bool is_own;  // a folder below .git, which nobody but git and its tools share
    bool uses_lfs;
} HookPlace;

#define PROJECT_OPTION "--project "

static const char *run_words(Arena *arena, const char *devbox, const char *prefix) {
    bool is_root = prefix == NULL || text_equals(prefix, ".");
    const char *option = is_root ? "" : arena_format(arena, PROJECT_OPTION "%s ", text_quote_for_shell(arena, prefix));
    return arena_format(arena, "%s hook run pre-push %s-- \"$@\"", devbox, option);
}

// Whoever gets past a missing devbox must have said so: an untested push that looks like a tested one is worse than a stopped
// one.
static const char *shim_text(Arena *arena, const HookPlace *place, const char *devbox) {
    Text shim = {.arena = arena};
    text_append(&shim, "#!/bin/sh\n" MARKER "\n");
    text_append_format(&shim, "devbox=%s\n", text_quote_for_shell(arena, devbox));
    text_append(&shim,
                "if [ ! -x \"$devbox\" ] && [ \"${DEVBOX_SKIP:-0}\" = 0 ]; then\n"
                "    echo \"devbox: $devbox is gone, so nothing was tested: devbox hook install, once it is back\" >&2\n"
                "    echo \"push stopped: $devbox is gone. push anyway: DEVBOX_SKIP=1 git push · for good: rm '$0'\" >&2\n"
                "    exit 1\n"
                "fi\n");
    const char *run = run_words(arena, "\"$devbox\"", place->prefix);
    if (!place->uses_lfs) {
        text_append(&shim, "[ -x \"$devbox\" ] || exit 0\n");
        text_append_format(&shim, "exec %s\n", run);
        return text_string(&shim);
    }
    // Git LFS uploads what the refs on stdin need, so both must read the same.
    text_append(&shim, "refs=$(mktemp) || exit 1\ntrap 'rm -f \"$refs\"' EXIT\ncat >\"$refs\"\n");
    text_append_format(&shim, "if [ -x \"$devbox\" ]; then %s <\"$refs\" || exit $?; fi\n", run);
    text_append(&shim,
                "command -v git-lfs >/dev/null 2>&1 || {\n"
                "    echo 'push stopped: this repository uses Git LFS, and git-lfs is not on your PATH' >&2\n"
                "    exit 2\n"
                "}\n"
                "git lfs pre-push \"$@\" <\"$refs\"\n");
    return text_string(&shim);
}

// A hook that reads stdin itself must find it as git wrote it, so devbox gets a copy.
static const char *line_to_add(Context *ctx, const HookPlace *place, bool has_other_words) {
    Arena *arena = ctx->arena;
    const char *run = run_words(arena, text_quote_for_shell(arena, ctx->executable), place->prefix);
    if (!has_other_words) return run;
    return arena_format(arena,
                        "refs=$(mktemp) && cat >\"$refs\" && %s <\"$refs\" || { rm -f \"$refs\"; exit 1; }; exec <\"$refs\"; "
                        "rm -f \"$refs\"",
                        run);
}

// What devbox.yaml says does not matter here, only where the checkout is.
static const char *find_prefix(Context *ctx, const char *folder, const char *root) {
    Project project = {0};
    Error problem = {.arena = ctx->arena};
    bool is_found = project_open(ctx, folder, &project, &problem);
    if (!is_found && problem.code != ERROR_CONFIG) return NULL;
    const char *project_root = is_found ? project.root : path_resolve(ctx->arena, folder);
    const char *real_root = path_resolve(ctx->arena, root);
    bool is_inside = real_root != NULL && project_root != NULL && path_is_inside(project_root, real_root);
    return is_inside ? path_relative(ctx->arena, project_root, real_root) : NULL;
}

static bool find_place(Context *ctx, const char *folder, HookPlace *place, Error *err) {
    cleanup_git_repository GitRepository *repository = NULL;
    GitHooksFolder hooks;
    if (!git_repository_open_at(ctx, folder, false, &repository, err)) return false;
    const char *root = git_repository_root(repository);
    if (root == NULL) {
        error_set(err, ERROR_CHECKOUT, "%s is a bare repository: there is no checkout to test in", folder);
        return error_hint(err, "run this in a clone of it");
    }
    if (!git_hooks_folder(repository, &hooks, err)) return false;
    place->prefix = find_prefix(ctx, folder, root);
    place->path = path_join(ctx->arena, hooks.path, "pre-push");
    place->is_own = hooks.is_own;
    return git_uses_lfs(repository, &place->uses_lfs, err);
}

// The word that text_quote_for_shell wrote, NULL when it is none.
static const char *shell_unquote(Arena *arena, const char *quoted) {
    Text word = {.arena = arena};
    if (*quoted != '\'') return NULL;
    const char *at = quoted + 1;
    for (; *at != '\0' && (*at != '\'' || text_starts_with(at, "'\\''")); at++) {
        text_append_char(&word, *at);
        if (*at == '\'') at += strlen("'\\''") - 1;
    }
    return *at == '\'' ? text_string(&word) : NULL;
}

// The path on the shim's third line, NULL when the text is none of ours.
static const char *find_devbox(Arena *arena, const char *text) {
    static const char key[] = "devbox=";
    StringList lines = text_split_lines(arena, text);
    bool is_marked = lines.count > 2 && text_equals(lines.items[1], MARKER) && text_starts_with(lines.items[2], key);
    return is_marked ? shell_unquote(arena, lines.items[2] + strlen(key)) : NULL;
}

static const char *find_project(Arena *arena, const char *text) {
    const char *option = strstr(text, PROJECT_OPTION);
    const char *project = option == NULL ? NULL : shell_unquote(arena, option + strlen(PROJECT_OPTION));
    return project == NULL ? "." : project;
}

// Nobody has changed a word since devbox wrote it.
static bool is_ours(Arena *arena, const char *text, const char *devbox) {
    HookPlace place = {.prefix = find_project(arena, text)}, with_lfs = {.prefix = place.prefix, .uses_lfs = true};
    return text_equals(text, shim_text(arena, &place, devbox)) || text_equals(text, shim_text(arena, &with_lfs, devbox));
}

static const char *find_fault(Context *ctx, const HookPlace *place, const char *text, const char *devbox) {
    const char *project = find_project(ctx->arena, text);
    bool calls_lfs = strstr(text, "git lfs pre-push") != NULL;
    if (access(devbox, X_OK) != 0) return arena_format(ctx->arena, "it calls %s, which is gone", devbox);
    if (access(place->path, X_OK) != 0) return "it is not executable, so git passes over it";
    if (place->prefix != NULL && !text_equals(place->prefix, project)) {
        return arena_format(ctx->arena, "it tests the project in %s, not the one in %s", project, place->prefix);
    }
    if (calls_lfs == place->uses_lfs) return NULL;
    return calls_lfs ? "it calls git lfs, which this repository does not use"
                     : "the repository uses Git LFS, and it does not call git lfs";
}

static void set_foreign(Context *ctx, const HookPlace *place, HookStatus *status, const char *reason) {
    status->state = HOOK_FOREIGN;
    status->reason = reason;
    status->add_to = place->path;
    // husky's own folder is written anew at each install; the file beside it is the user's.
    if (text_ends_with(place->path, "/.husky/_/pre-push")) {
        const char *folder = path_folder(ctx->arena, path_folder(ctx->arena, place->path));
        status->add_to = path_join(ctx->arena, folder, "pre-push");
    }
    status->add_line = line_to_add(ctx, place, file_exists(status->add_to));
}

static bool calls_devbox(Context *ctx, const HookStatus *status) {
    char *text;
    Error ignored = {.arena = ctx->arena};
    return file_read(ctx->arena, status->add_to, &text, NULL, &ignored) && strstr(text, "hook run pre-push") != NULL;
}

static bool look(Context *ctx, const HookPlace *place, HookStatus *status, Error *err) {
    char *text;
    *status = (HookStatus){.path = place->path};
    FileInfo info = file_info_of_link(place->path);
    if (info.kind == FILE_MISSING) {
        if (!place->is_own) set_foreign(ctx, place, status, "core.hooksPath takes hooks from a folder that is not git's own");
        return true;
    }
    if (info.kind != FILE_REGULAR) {
        set_foreign(ctx, place, status, "it is a link or a folder, made by something else");
        return true;
    }
    if (!file_read(ctx->arena, place->path, &text, NULL, err)) return false;
    status->devbox = find_devbox(ctx->arena, text);
    if (status->devbox == NULL || !is_ours(ctx->arena, text, status->devbox)) {
        bool is_edited = status->devbox != NULL;
        status->devbox = NULL;
        set_foreign(ctx, place, status, is_edited ? "it was edited after devbox wrote it" : "another tool or person wrote it");
        return true;
    }
    status->reason = find_fault(ctx, place, text, status->devbox);
    status->state = status->reason == NULL ? HOOK_OURS : HOOK_BROKEN;
    return true;
}

static void say_when_called_by_others(Context *ctx, HookStatus *status) {
    if (status->state != HOOK_FOREIGN || !calls_devbox(ctx, status)) return;
    status->state = HOOK_OURS;
    status->reason = arena_format(ctx->arena, "%s calls devbox", status->add_to);
    status->add_line = status->add_to = NULL;
}

bool hook_status(Context *ctx, const char *folder, HookStatus *status, Error *err) {
    HookPlace place = {0};
    HookStatus seen;
    if (!find_place(ctx, folder, &place, err) || !look(ctx, &place, &seen, err)) return false;
    say_when_called_by_others(ctx, &seen);
    *status = seen;
    return true;
}

static bool refuse(const HookStatus *status, Error *err) {
    error_set(err, ERROR_DATA_AT_RISK, "%s is not devbox's (%s), so nothing was changed", status->path, status->reason);
    const char *where =
        file_exists(status->add_to) ? "add this line below the first one of" : "put this line into a new executable file";
    return error_hint(err, "%s %s: %s", where, status->add_to, status->add_line);
}

bool hook_install(Context *ctx, const char *folder, HookStatus *status, Error *err) {
    HookPlace place = {0};
    HookStatus seen;
    if (!find_place(ctx, folder, &place, err) || !look(ctx, &place, &seen, err)) return false;
    if (place.prefix == NULL) {
        error_set(err, ERROR_CHECKOUT, "%s is no data platform checkout: there would be nothing to test", folder);
        return error_hint(err, "go to your checkout, or make one: devbox init");
    }
    say_when_called_by_others(ctx, &seen);
    bool is_foreign_call = seen.state == HOOK_OURS && seen.devbox == NULL;
    if (seen.state == HOOK_FOREIGN) return refuse(&seen, err);
    if (!is_foreign_call && !ctx->is_dry_run) {
        const char *text = shim_text(ctx->arena, &place, ctx->executable);
        if (!folder_create(ctx->arena, path_folder(ctx->arena, place.path), err)) return false;
        if (!file_write_string(ctx->arena, place.path, text, 0755, err) || !look(ctx, &place, &seen, err)) return false;
    }
    *status = seen;
    return true;
}

bool hook_uninstall(Context *ctx, const char *folder, HookStatus *status, Error *err) {
    HookPlace place = {0};
    HookStatus seen;
    if (!find_place(ctx, folder, &place, err) || !look(ctx, &place, &seen, err)) return false;
    if (seen.state == HOOK_FOREIGN && file_info_of_link(seen.path).kind != FILE_MISSING) {
        error_set(err, ERROR_DATA_AT_RISK, "%s is not devbox's (%s), so it was left alone", seen.path, seen.reason);
        return error_hint(err, "take out the line with `hook run pre-push`, if there is one, or remove the file yourself");
    }
    bool is_there = seen.state == HOOK_OURS || seen.state == HOOK_BROKEN;
    if (is_there && !ctx->is_dry_run && !file_remove(ctx->arena, place.path, err)) return false;
    *status = seen;
    return true;
}

bool hook_find_project_folder(Context *ctx, const char *folder, const char *project, const char **found, Error *err) {
    cleanup_git_repository GitRepository *repository = NULL;
    if (!git_repository_open_at(ctx, folder, true, &repository, err)) return false;
    const char *root = git_repository_root(repository);
    if (root == NULL) {
        error_set(err, ERROR_CHECKOUT, "%s is a bare repository: there is no checkout to test in", folder);
        return error_hint(err, "push from a clone, or without the gate: DEVBOX_SKIP=1 git push");
    }
    *found = path_absolute(ctx->arena, path_join(ctx->arena, root, project == NULL ? "." : project));
    return true;
}
