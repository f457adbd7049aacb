#include "io/git_program.h"

#include <ctype.h>
#include <unistd.h>

#include "base/text.h"
#include "io/file_system.h"

enum { GIT_TIMEOUT_MS = 120000, OUTPUT_LIMIT = 64 << 20 };

// What `git rev-parse --local-env-vars` lists apart from configuration: outside a hook they may mean another repository.
static const char *const location_variables[] = {
    "GIT_DIR",
    "GIT_WORK_TREE",
    "GIT_INDEX_FILE",
    "GIT_OBJECT_DIRECTORY",
    "GIT_ALTERNATE_OBJECT_DIRECTORIES",
    "GIT_COMMON_DIR",
    "GIT_PREFIX",
    "GIT_GRAFT_FILE",
    "GIT_SHALLOW_FILE",
    "GIT_IMPLICIT_WORK_TREE",
    "GIT_QUARANTINE_PATH",
    "GIT_NAMESPACE",
    "GIT_INTERNAL_SUPER_PREFIX",
};

static bool names_variable(const char *assignment, const char *name) {
    size_t length = strlen(name);
    return strncmp(assignment, name, length) == 0 && assignment[length] == '=';
}

static bool is_location_variable(const char *assignment) {
    for (size_t i = 0; i < sizeof location_variables / sizeof *location_variables; i++) {
        if (names_variable(assignment, location_variables[i])) return true;
    }
    return false;
}

// Once the repository is found we say where it is; where it keeps its objects a hook's variables go on saying.
static bool is_replaced(const GitRepository *repository, const char *assignment) {
    static const char *const own[] = {"GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_PREFIX"};
    if (names_variable(assignment, "LC_ALL")) return true;
    if (!repository->is_hook) return is_location_variable(assignment);
    for (size_t i = 0; i < sizeof own / sizeof *own; i++) {
        if (names_variable(assignment, own[i])) return repository->git_folder != NULL;
    }
    return false;
}

static const char *const *build_environment(const GitRepository *repository, const GitCommand *command) {
    Arena *arena = repository->ctx->arena;
    StringList variables = {0};
    bool is_located = repository->git_folder != NULL;
    for (char **assignment = environ; *assignment != NULL; assignment++) {
        if (!is_replaced(repository, *assignment)) list_push(arena, &variables, *assignment);
    }
    const char *work_tree = command->work_tree == NULL ? repository->root : command->work_tree;
    if (is_located) list_push(arena, &variables, arena_format(arena, "GIT_DIR=%s", repository->git_folder));
    if (is_located && work_tree != NULL) list_push(arena, &variables, arena_format(arena, "GIT_WORK_TREE=%s", work_tree));
    if (command->index != NULL) list_push(arena, &variables, arena_format(arena, "GIT_INDEX_FILE=%s", command->index));
    list_push(arena, &variables, "GIT_OPTIONAL_LOCKS=0");
    list_push(arena, &variables, "GIT_TERMINAL_PROMPT=0");
    list_push(arena, &variables, "LC_ALL=C");
    return string_list_to_argv(arena, &variables);
}

// Settings under which a private index is read and written out the same on every machine.
static const char *const *build_argv(Arena *arena, const GitCommand *command) {
    static const char *const settings[] = {
        "core.quotePath=false",      "core.fsmonitor=false", "core.untrackedCache=false", "core.splitIndex=false",
        "core.sparseCheckout=false", "index.sparse=false",   "core.autocrlf=false",       "core.eol=lf",
        "core.symlinks=true",        "core.fileMode=true",   "log.showSignature=false",
    };
    StringList argv = {0};
    list_push(arena, &argv, "git");
    for (size_t i = 0; i < sizeof settings / sizeof *settings; i++) {
        list_push(arena, &argv, "-c");
        list_push(arena, &argv, settings[i]);
    }
    for (size_t i = 0; command->words[i] != NULL; i++) list_push(arena, &argv, command->words[i]);
    return string_list_to_argv(arena, &argv);
}

static const char *working_folder(const GitRepository *repository, const GitCommand *command) {
    if (command->work_tree != NULL) return command->work_tree;
    return repository->root != NULL && repository->git_folder != NULL ? repository->root : repository->folder;
}

bool git_program_run(const GitRepository *repository, const GitCommand *command, ProcessResult *result, Error *err) {
    ProcessSpec spec = {
        .argv = build_argv(repository->ctx->arena, command),
        .folder = working_folder(repository, command),
        .environment = build_environment(repository, command),
        .input = command->input,
        .on_output = command->on_line,
        .handler_state = command->state,
        .timeout_ms = GIT_TIMEOUT_MS,
        .capture_limit = OUTPUT_LIMIT,
    };
    return process_run(repository->ctx, &spec, result, err);
}

static bool refuse(const GitRepository *repository, const GitCommand *command, const ProcessResult *result, Error *err) {
    Arena *arena = repository->ctx->arena;
    if (result->outcome == PROCESS_INTERRUPTED) return error_set(err, ERROR_INTERRUPTED, "interrupted while git was at work");
    if (result->outcome == PROCESS_TIMED_OUT) {
        return error_set(err, ERROR_TIMEOUT, "git %s did not end within %s", command->words[0],
                         text_duration(arena, GIT_TIMEOUT_MS));
    }
    error_set(err, ERROR_GIT, "git %s failed in %s", command->words[0], repository->folder);
    return error_detail(err, text_last_lines(arena, result->errors, 15));
}

bool git_program_check(const GitRepository *repository, const GitCommand *command, ProcessResult *result, Error *err) {
    if (!git_program_run(repository, command, result, err)) return false;
    return (result->outcome == PROCESS_EXITED && result->exit_code == 0) || refuse(repository, command, result, err);
}

static bool refuse_location(const GitRepository *repository, const ProcessResult *result, Error *err) {
    if (strstr(result->errors, "dubious ownership") != NULL) {
        error_set(err, ERROR_GIT, "git does not trust the repository at %s: it belongs to another user", repository->folder);
        error_detail(err, text_trim(err->arena, result->errors));
        return error_hint(err, "git config --global --add safe.directory '%s'", repository->folder);
    }
    if (strstr(result->errors, "not a git repository") != NULL) {
        error_set(err, ERROR_CHECKOUT, "%s is not inside a git repository", repository->folder);
        return error_hint(err, "git init '%s'", repository->folder);
    }
    error_set(err, ERROR_GIT, "git cannot open the repository at %s", repository->folder);
    return error_detail(err, text_trim(err->arena, result->errors));
}

bool git_program_locate(GitRepository *repository, Error *err) {
    Arena *arena = repository->ctx->arena;
    ProcessResult result;
    GitCommand command = {.words = (const char *const[]){"rev-parse", "--is-bare-repository", "--absolute-git-dir", NULL}};
    if (!git_program_run(repository, &command, &result, err)) return false;
    if (result.outcome != PROCESS_EXITED) return refuse(repository, &command, &result, err);
    StringList lines = text_split_lines(arena, result.output);
    if (result.exit_code != 0 || lines.count != 2) return refuse_location(repository, &result, err);
    const char *git_folder = lines.items[1];
    bool is_bare = text_equals(lines.items[0], "true");
    command.words = (const char *const[]){"rev-parse", "--show-toplevel", NULL};
    if (!git_program_run(repository, &command, &result, err)) return false;
    // Inside .git there is no top level, though the repository has one.
    bool has_root = result.outcome == PROCESS_EXITED && result.exit_code == 0;
    if (has_root) repository->root = text_trim(arena, result.output);
    if (!has_root && !is_bare && text_equals(path_name(git_folder), ".git")) repository->root = path_folder(arena, git_folder);
    repository->git_folder = git_folder;
    return true;
}

static bool names_something(const GitRepository *repository, const char *revision, bool *does, Error *err) {
    ProcessResult result;
    GitCommand command = {.words = (const char *const[]){"rev-parse", "--verify", "--quiet", "--end-of-options", revision, NULL}};
    if (!git_program_run(repository, &command, &result, err)) return false;
    if (result.outcome != PROCESS_EXITED) return refuse(repository, &command, &result, err);
    // A full id is taken at its word, whether the object is there or not.
    *does = result.exit_code == 0 && git_program_has_object(repository, text_trim(repository->ctx->arena, result.output));
    return true;
}

static bool fill_commit(const StringList *lines, Arena *arena, GitCommit *commit) {
    long long seconds;
    if (lines->count < 4 || !text_parse_integer(lines->items[2], &seconds)) return false;
    *commit = (GitCommit){
        .summary = lines->count > 4 ? arena_copy_string(arena, lines->items[4]) : "",
        .author = arena_copy_string(arena, lines->items[3]),
        .time_ms = seconds * 1000,
    };
    snprintf(commit->id.hex, sizeof commit->id.hex, "%s", lines->items[0]);
    snprintf(commit->tree.hex, sizeof commit->tree.hex, "%s", lines->items[1]);
    return true;
}

bool git_program_find_commit(const GitRepository *repository, const char *revision, GitCommit *commit, bool *is_commit,
                             Error *err) {
    Arena *arena = repository->ctx->arena;
    ProcessResult result;
    bool is_there = false;
    const char *peeled = arena_format(arena, "%s^{commit}", revision);
    GitCommand command = {.words = (const char *const[]){"rev-parse", "--verify", "--quiet", "--end-of-options", peeled, NULL}};
    if (!git_program_run(repository, &command, &result, err)) return false;
    if (result.outcome != PROCESS_EXITED) return refuse(repository, &command, &result, err);
    if (result.exit_code != 0) {
        if (!names_something(repository, revision, &is_there, err)) return false;
        *is_commit = false;
        if (is_there) return true;
        error_set(err, ERROR_GIT, "there is no commit '%s' in %s", revision, repository->folder);
        return error_hint(err, "git log --oneline -10");
    }
    const char *id = text_trim(arena, result.output);
    command.words =
        (const char *const[]){"log", "-1", "--no-color", "--encoding=UTF-8", "--format=%H%n%T%n%ct%n%an%n%s", id, "--", NULL};
    if (!git_program_check(repository, &command, &result, err)) return false;
    StringList lines = text_split_lines(arena, result.output);
    *is_commit = fill_commit(&lines, arena, commit);
    return *is_commit || error_set(err, ERROR_GIT, "git says nothing about the commit %s", id);
}

bool git_program_has_object(const GitRepository *repository, const char *hex) {
    ProcessResult result;
    Error err = {.arena = repository->ctx->arena};
    GitCommand command = {.words = (const char *const[]){"cat-file", "-e", hex, NULL}};
    return git_program_check(repository, &command, &result, &err);
}

typedef struct Listing {
    Arena *arena;
    GitEntryList entries;
    bool is_malformed;
} Listing;

// "100644 blob 3f2c…<TAB>dags/orders.py"
static void read_listing_line(void *state, const char *line) {
    Listing *listing = state;
    GitEntry entry = {0};
    char *end;
    const char *tab = strchr(line, '\t');
    entry.mode = (unsigned)strtoul(line, &end, 8);
    const char *id = tab == NULL || *end != ' ' ? NULL : strchr(end + 1, ' ');
    if (id == NULL || id > tab || tab - id > 65) {
        listing->is_malformed = true;
        return;
    }
    memcpy(entry.id.hex, id + 1, (size_t)(tab - id - 1));
    entry.path = git_path_unquote(listing->arena, tab + 1);
    list_push(listing->arena, &listing->entries, entry);
}

bool git_program_list_tree(const GitRepository *repository, Arena *arena, const GitId *tree, GitEntryList *entries, Error *err) {
    ProcessResult result;
    Listing listing = {.arena = arena};
    GitCommand command = {
        .words = (const char *const[]){"ls-tree", "-r", "--full-tree", tree->hex, NULL},
        .on_line = read_listing_line,
        .state = &listing,
    };
    if (!git_program_check(repository, &command, &result, err)) return false;
    if (listing.is_malformed)
        return error_set(err, ERROR_GIT, "git lists the tree %s in a form that devbox does not know", tree->hex);
    *entries = listing.entries;
    return true;
}

bool git_program_read_text(const GitRepository *repository, const GitId *id, const char **content, Error *err) {
    ProcessResult result;
    GitCommand command = {.words = (const char *const[]){"cat-file", "blob", id->hex, NULL}};
    if (!git_program_check(repository, &command, &result, err)) return false;
    *content = result.output;
    return true;
}

const char *git_path_quote(Arena *arena, const char *path) {
    bool is_plain = *path != '"' && strpbrk(path, "\\\n\r\t") == NULL;
    if (is_plain) return path;
    Text quoted = {.arena = arena};
    text_append_char(&quoted, '"');
    for (const unsigned char *byte = (const unsigned char *)path; *byte != '\0'; byte++) {
        if (*byte == '"' || *byte == '\\' || *byte < ' ') {
            text_append_format(&quoted, "\\%03o", *byte);
        } else {
            text_append_char(&quoted, (char)*byte);
        }
    }
    text_append_char(&quoted, '"');
    return text_string(&quoted);
}

static bool is_octal(const char *digits) {
    for (int i = 0; i < 3; i++) {
        if (digits[i] < '0' || digits[i] > '7') return false;
    }
    return true;
}

const char *git_path_unquote(Arena *arena, const char *quoted) {
    static const char letters[] = "abtnvfr", meanings[] = "\a\b\t\n\v\f\r";
    Text path = {.arena = arena};
    if (*quoted != '"') return arena_copy_string(arena, quoted);
    for (const char *at = quoted + 1; *at != '\0' && *at != '"'; at++) {
        if (*at != '\\') {
            text_append_char(&path, *at);
        } else if (is_octal(at + 1)) {
            text_append_char(&path, (char)((at[1] - '0') * 64 + (at[2] - '0') * 8 + (at[3] - '0')));
            at += 3;
        } else {
            at++;
            const char *letter = *at == '\0' ? NULL : strchr(letters, *at);
            text_append_char(&path, letter == NULL ? *at : meanings[letter - letters]);
            if (*at == '\0') break;
        }
    }
    return text_string(&path);
}
