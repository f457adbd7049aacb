#include "io/git_changes.h"

#include <fcntl.h>
#include <sys/stat.h>

#include "base/text.h"
#include "io/file_system.h"
#include "io/git_program.h"

enum { NS_PER_S = 1000000000 };

// The one line that git answers, NULL when its exit code is not 0.
static bool ask(const GitRepository *repository, const char *const *words, const char **answer, Error *err) {
    ProcessResult result;
    GitCommand command = {.words = words};
    if (!git_program_run(repository, &command, &result, err)) return false;
    if (result.outcome == PROCESS_INTERRUPTED) return error_set(err, ERROR_INTERRUPTED, "interrupted while git was at work");
    bool is_answer = result.outcome == PROCESS_EXITED && result.exit_code == 0;
    *answer = is_answer ? text_trim(repository->ctx->arena, result.output) : NULL;
    return true;
}

// "origin/main", NULL when there is no such branch.
static bool find_short_name(const GitRepository *repository, const char *reference, const char **name, Error *err) {
    const char *const words[] = {"rev-parse", "--verify", "--quiet", "--abbrev-ref", reference, NULL};
    return ask(repository, words, name, err);
}

static bool guess_revision(const GitRepository *repository, const char **revision, Error *err) {
    static const char *const candidates[] = {"refs/remotes/origin/HEAD",   "@{upstream}",     "refs/remotes/origin/main",
                                             "refs/remotes/origin/master", "refs/heads/main", "refs/heads/master"};
    for (size_t i = 0; i < sizeof candidates / sizeof *candidates; i++) {
        if (!find_short_name(repository, candidates[i], revision, err)) return false;
        if (!text_is_empty(*revision)) return true;
    }
    *revision = "HEAD";
    return true;
}

bool git_base_find(GitRepository *repository, const char *revision, GitBase *base, Error *err) {
    Arena *arena = repository->ctx->arena;
    GitCommit commit;
    const char *shared = NULL;
    bool is_commit = false;
    if (text_is_empty(revision) && !guess_revision(repository, &revision, err)) return false;
    if (!git_commit_find(repository, arena, revision, &commit, &is_commit, err)) return false;
    if (!is_commit) {
        error_set(err, ERROR_GIT, "%s is no commit in %s", revision, repository->folder);
        return error_hint(err, "name a branch, a tag or a commit: git log --oneline -10");
    }
    const char *const words[] = {"merge-base", "HEAD", commit.id.hex, NULL};
    if (!ask(repository, words, &shared, err)) return false;
    if (text_is_empty(shared)) {
        error_set(err, ERROR_GIT, "the working tree shares no history with %s", revision);
        return error_hint(err, "in a shallow clone: git fetch --unshallow");
    }
    *base = (GitBase){.name = revision};
    snprintf(base->commit.hex, sizeof base->commit.hex, "%s", shared);
    return true;
}

typedef struct PathCollector {
    Arena *arena;
    StringList paths;
} PathCollector;

static void collect_path(void *state, const char *line) {
    PathCollector *collector = state;
    list_push(collector->arena, &collector->paths, git_path_unquote(collector->arena, line));
}

static bool collect(const GitRepository *repository, const char *const *words, const char *index, PathCollector *collector,
                    Error *err) {
    ProcessResult result;
    GitCommand command = {.words = words, .index = index, .on_line = collect_path, .state = collector};
    return git_program_check(repository, &command, &result, err);
}

// `git diff` writes the index anew where times in it are outdated, whatever GIT_OPTIONAL_LOCKS says (2.39): it gets a copy. A
// file that is not older than the index is compared by content, so the copy keeps the time.
static bool copy_index(const GitRepository *repository, const char *folder, const char **index, Error *err) {
    Arena *arena = repository->ctx->arena;
    const char *own = path_join(arena, repository->git_folder, "index"), *copy = path_join(arena, folder, "index");
    *index = NULL;
    FileInfo info = file_info(own);
    if (info.kind == FILE_MISSING) return true;
    if (!file_copy(arena, own, copy, 0600, err)) return false;
    const struct timespec time = {.tv_sec = info.modified_ns / NS_PER_S, .tv_nsec = info.modified_ns % NS_PER_S};
    const struct timespec times[] = {time, time};
    if (utimensat(AT_FDCWD, copy, times, 0) != 0) return file_error(err, "set the time of", copy);
    *index = copy;
    return true;
}

static bool collect_changed(const GitRepository *repository, const GitId *base, PathCollector *found, Error *err) {
    const char *folder, *index;
    Error ignored = {.arena = repository->ctx->arena};
    const char *const words[] = {
        "diff", "--name-only", "--no-renames", "--no-ext-diff", "--no-textconv", "--no-relative", base->hex, "--", NULL};
    if (!folder_create_temporary(repository->ctx->arena, "/tmp", "devbox-git-", &folder, err)) return false;
    bool is_done = copy_index(repository, folder, &index, err) && collect(repository, words, index, found, err);
    if (!folder_remove(repository->ctx->arena, folder, &ignored)) return is_done;  // what is left there is no reason to fail
    return is_done;
}

bool git_changed_files(GitRepository *repository, const GitId *base, StringList *paths, Error *err) {
    Arena *arena = repository->ctx->arena;
    PathCollector found = {.arena = arena};
    StringList unique = {0};
    const char *const untracked[] = {"ls-files", "--others", "--exclude-standard", NULL};
    if (!collect_changed(repository, base, &found, err) || !collect(repository, untracked, NULL, &found, err)) return false;
    string_list_sort(&found.paths);
    list_each(const char *const, path, &found.paths) {
        bool is_known = unique.count > 0 && text_equals(unique.items[unique.count - 1], *path);
        if (!is_known) list_push(arena, &unique, *path);
    }
    *paths = unique;
    return true;
}

bool git_file_before(GitRepository *repository, const GitId *base, const char *path, const char **text, Error *err) {
    const char *object = arena_format(repository->ctx->arena, "%s:%s", base->hex, path), *kind = NULL;
    const char *const look[] = {"cat-file", "-t", object, NULL};
    ProcessResult result;
    GitCommand command = {.words = (const char *const[]){"cat-file", "blob", object, NULL}};
    *text = NULL;
    if (!ask(repository, look, &kind, err)) return false;
    if (!text_equals(kind, "blob")) return true;
    if (!git_program_check(repository, &command, &result, err)) return false;
    *text = result.output;
    return true;
}

bool git_was_there(GitRepository *repository, const GitId *base, const char *path, bool *was_there, Error *err) {
    const char *object = arena_format(repository->ctx->arena, "%s:%s", base->hex, path), *kind = NULL;
    const char *const look[] = {"cat-file", "-t", object, NULL};
    if (!ask(repository, look, &kind, err)) return false;
    *was_there = !text_is_empty(kind);
    return true;
}
