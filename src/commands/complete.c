// What the completion scripts ask for while the user types: names, one per line, within milliseconds, so nothing is started for
// it.
#include <ctype.h>

#include "base/text.h"
#include "commands/commands.h"
#include "io/file_system.h"
#include "model/event.h"
#include "services/airflow_runtime.h"
#include "services/dag_folder.h"
#include "services/sandbox_snapshots.h"

static bool is_word(char character) { return isalnum((unsigned char)character) || character == '_'; }

static bool is_id(char character) { return is_word(character) || character == '-' || character == '.'; }

static void add_id(Arena *arena, StringList *ids, const char *id, size_t length) {
    const char *copy = arena_copy_bytes(arena, id, length);
    if (length > 0 && !string_list_contains(ids, copy)) list_push(arena, ids, copy);
}

// Adds the quoted id that `at` begins with, if it is one: not an f-string, not an expression.
static void add_quoted(Arena *arena, StringList *ids, const char *at) {
    at += strspn(at, " \t\r\n");
    if (*at != '"' && *at != '\'') return;
    size_t length = 0;
    while (is_id(at[1 + length])) length++;
    if (at[1 + length] == *at) add_id(arena, ids, at + 1, length);
}

// dag_id="orders", but not trigger_dag_id="orders".
static void find_keywords(Arena *arena, StringList *ids, const char *source) {
    static const char keyword[] = "dag_id";
    for (const char *found = strstr(source, keyword); found != NULL; found = strstr(found + 1, keyword)) {
        const char *after = found + strlen(keyword);
        if (found > source && is_word(found[-1])) continue;
        after += strspn(after, " \t");
        if (after[0] == '=' && after[1] != '=') add_quoted(arena, ids, after + 1);
    }
}

// DAG("orders", …).
static void find_constructors(Arena *arena, StringList *ids, const char *source) {
    static const char call[] = "DAG(";
    for (const char *found = strstr(source, call); found != NULL; found = strstr(found + 1, call)) {
        if (found == source || !is_word(found[-1])) add_quoted(arena, ids, found + strlen(call));
    }
}

// @dag(…) above def orders(): the function's name, unless the decorator names another.
static void find_decorators(Arena *arena, StringList *ids, const char *source) {
    static const char decorator[] = "@dag";
    for (const char *found = strstr(source, decorator); found != NULL; found = strstr(found + 1, decorator)) {
        const char *function = strstr(found, "\ndef "), *named = strstr(found, "dag_id");
        if (is_word(found[strlen(decorator)]) || function == NULL || (named != NULL && named < function)) continue;
        function += strlen("\ndef ");
        size_t length = 0;
        while (is_word(function[length])) length++;
        add_id(arena, ids, function, length);
    }
}

static bool list_dags(Context *ctx, const Project *project, StringList *names, Error *err) {
    StringList files = {0};
    if (!dag_folder_list(ctx, project, &files, err)) return false;
    list_each(const char *, file, &files) {
        char *source;
        Error ignored = {.arena = ctx->arena};
        if (!file_read(ctx->arena, *file, &source, NULL, &ignored)) continue;  // the others still count
        find_keywords(ctx->arena, names, source);
        find_constructors(ctx->arena, names, source);
        find_decorators(ctx->arena, names, source);
    }
    string_list_sort(names);
    return true;
}

static bool list_services(Context *ctx, const Project *project, StringList *names, Error *err) {
    RuntimeState state = {0};
    if (!airflow_runtime_of(project)->read_state(ctx, project, &state, err)) return false;
    list_each(ServiceStatus, service, &state.services) list_push(ctx->arena, names, service->name);
    return true;
}

static bool list_snapshots(Context *ctx, const Project *project, StringList *names, Error *err) {
    SnapshotList snapshots;
    if (!sandbox_snapshots_list(ctx, project, &snapshots, err)) return false;
    list_each(const Snapshot, snapshot, &snapshots) list_push(ctx->arena, names, snapshot->name);
    return true;
}

static bool run(Context *ctx, const Invocation *invocation, Outcome *outcome, Error *err) {
    (void)outcome;
    StringList names = {0};
    const char *kind = invocation->arguments.items[0];
    if (text_equals(kind, "dags")) {
        if (!list_dags(ctx, invocation->project, &names, err)) return false;
    } else if (text_equals(kind, "services")) {
        if (!list_services(ctx, invocation->project, &names, err)) return false;
    } else if (text_equals(kind, "snapshots")) {
        if (!list_snapshots(ctx, invocation->project, &names, err)) return false;
    } else {
        error_set(err, ERROR_USAGE, "__complete does not know '%s'", kind);
        return error_hint(err, "give dags, services or snapshots");
    }
    event_result(ctx, &(Result){.data = value_from_strings(ctx->arena, &names), .text = text_join(ctx->arena, &names, "\n")});
    return true;
}

static const Argument arguments[] = {{"KIND", "dags, services or snapshots", ARGUMENT_REQUIRED, COMPLETE_NOTHING}, {0}};

const Command command_complete = {
    .name = "__complete",
    .summary = "Names for completion scripts",
    .arguments = arguments,
    .needs = NEEDS_PROJECT,
    .is_hidden = true,
    .run = run,
};
