#include "io/git_attributes.h"

#include "base/text.h"
#include "io/file_system.h"
#include "io/git_library.h"
#include "io/git_program.h"

static bool is_conversion(const char *word) {
    return text_starts_with(word, "filter=") || text_starts_with(word, "working-tree-encoding=") || text_equals(word, "ident") ||
           text_equals(word, "eol=crlf");
}

static bool asks_for_conversion(Arena *arena, const char *attributes) {
    StringList lines = text_split_lines(arena, attributes);
    list_each (const char *, line, &lines) {
        const char *trimmed = text_trim(arena, *line);
        if (*trimmed == '#') continue;
        char *words = arena_copy_string(arena, trimmed);
        for (char *tab = strchr(words, '\t'); tab != NULL; tab = strchr(tab, '\t')) *tab = ' ';
        StringList parts = text_split(arena, words, ' ');
        for (size_t i = 1; i < parts.count; i++) {
            if (is_conversion(parts.items[i])) return true;
        }
    }
    return false;
}

static bool read_attributes(const GitRepository *repository, const GitId *id, const char **content, Error *err) {
    size_t length;
    Error refusal = {.arena = err->arena};
    Arena *arena = repository->ctx->arena;
    if (repository->handle != NULL && git_library_read_blob(repository->handle, arena, id, content, &length, &refusal))
        return true;
    return git_program_read_text(repository, id, content, err);
}

static bool needs_git(const GitRepository *repository, const GitEntryList *entries, bool *needs, Error *err) {
    *needs = false;
    list_each (const GitEntry, entry, entries) {
        const char *content;
        if (!text_equals(path_name(entry->path), ".gitattributes") || entry->mode == GIT_MODE_LINK) continue;
        if (!read_attributes(repository, &entry->id, &content, err)) return false;
        if (asks_for_conversion(repository->ctx->arena, content)) *needs = true;
    }
    return true;
}

// Answers come in the order of the questions, one line per path and attribute, so paths need not be read back.
typedef struct Answers {
    Arena *arena;
    const StringList *paths;
    size_t count;
    Map *conversions;
} Answers;

static const char *const asked_attributes[] = {"filter", "working-tree-encoding", "ident", "eol"};
enum { ASKED_COUNT = 4 };

static bool means_conversion(const char *attribute, const char *value) {
    if (text_equals(value, "unspecified") || text_equals(value, "unset")) return false;
    if (text_equals(attribute, "ident")) return text_equals(value, "set");
    if (text_equals(attribute, "eol")) return text_equals(value, "crlf");
    return !text_equals(value, "set");
}

static void read_answer(void *state, const char *line) {
    Answers *answers = state;
    size_t path_index = answers->count / ASKED_COUNT;
    const char *attribute = asked_attributes[answers->count % ASKED_COUNT];
    answers->count++;
    const char *value = strrchr(line, ' ');
    if (value == NULL || path_index >= answers->paths->count || !means_conversion(attribute, value + 1)) return;
    const char *path = answers->paths->items[path_index];
    const char *before = map_get(answers->conversions, path);
    char *all = arena_format(answers->arena, "%s%s=%s,", before == NULL ? "" : before, attribute, value + 1);
    map_set(answers->arena, answers->conversions, path, all);
}

static bool ask_git(const GitRepository *repository, const StringList *paths, GitCommand *command, Answers *answers, Error *err) {
    ProcessResult result;
    Arena *arena = repository->ctx->arena;
    Text questions = {.arena = arena};
    list_each (const char *, path, paths) {
        text_append(&questions, git_path_quote(arena, *path));
        text_append_char(&questions, '\n');
    }
    command->words = (const char *const[]){"check-attr",        "--cached",          "--stdin",           asked_attributes[0],
                                           asked_attributes[1], asked_attributes[2], asked_attributes[3], NULL};
    command->input = text_string(&questions);
    command->on_line = read_answer;
    command->state = answers;
    if (!git_program_check(repository, command, &result, err)) return false;
    bool is_complete = answers->count == paths->count * ASKED_COUNT;
    return is_complete ||
           error_set(err, ERROR_GIT, "git check-attr answered %zu of %zu questions", answers->count, paths->count * ASKED_COUNT);
}

bool git_find_conversions(const GitRepository *repository, const GitId *tree, const GitEntryList *entries, const char *work_tree,
                          GitConversions *conversions, Error *err) {
    Arena *arena = repository->ctx->arena;
    ProcessResult result;
    bool needs = false;
    if (!needs_git(repository, entries, &needs, err)) return false;
    // Without libgit2 all files are written by git, from the same index.
    if (!needs && repository->handle != NULL) return true;
    if (!file_remove(arena, arena_format(arena, "%s.lock", conversions->index), err)) return false;
    if (!file_remove(arena, conversions->index, err)) return false;
    GitCommand command = {.work_tree = work_tree, .index = conversions->index};
    command.words = (const char *const[]){"read-tree", tree->hex, NULL};
    if (!git_program_check(repository, &command, &result, err)) return false;
    if (!needs) return true;
    StringList paths = {0};
    list_each (const GitEntry, entry, entries) {
        if (entry->mode != GIT_MODE_LINK && entry->mode != GIT_MODE_SUBMODULE) list_push(arena, &paths, entry->path);
    }
    Answers answers = {.arena = arena, .paths = &paths, .conversions = &conversions->paths};
    return ask_git(repository, &paths, &command, &answers, err);
}
