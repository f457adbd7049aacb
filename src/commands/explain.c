#include <ctype.h>

#include "base/text.h"
#include "commands/commands.h"
#include "model/event.h"

// What people do about each error, one sentence or two.
static const char *const advice[ERROR_CODE_COUNT] = {
    [ERROR_USAGE] = "The message names the word that was not understood. `devbox help COMMAND` shows how the command is written.",
    [ERROR_CONFIRMATION_NEEDED] = "Read what would go or be installed, then run the same command with --yes.",
    [ERROR_CONFIG] = "The message has file, line and column, and the nearest valid key. `devbox config check` looks again.",
    [ERROR_CHECKOUT] =
        "Go to your data platform's checkout, or use -C DIR. `devbox init` writes a devbox.yaml for a folder that has none.",
    [ERROR_SEED] =
        "The message has the CSV file and line. Nothing was loaded, the sandbox is as it was. After mending it: `devbox db "
        "seed`.",
    [ERROR_DAG_FOLDER] =
        "The message names the link, loop or virtual environment below the DAG folder. Remove it, or name it in .airflowignore.",
    [ERROR_RUNTIME_MISSING] =
        "`devbox doctor` lists everything that devbox needs, with the command that brings each missing part.",
    [ERROR_SERVICE] =
        "The service's last log lines stand in the message. `devbox logs SERVICE` shows more, `devbox start` tries again.",
    [ERROR_CHILD] = "The program's own words stand in the message. With -v devbox shows all of them.",
    [ERROR_PORT_BUSY] =
        "The message names who holds the port. End that program, or give another port: airflow.port in devbox.yaml.",
    [ERROR_DATABASE] =
        "SQLite's own words stand in the message. A damaged sandbox can be made anew: move .devbox/sandbox.db away, then `devbox "
        "start`.",
    [ERROR_FILE] =
        "The message names the file and what the system said: look at its owner and permissions, and at free disk space.",
    [ERROR_GIT] = "git's own words stand in the message. `git status` and `git fsck` tell more about the repository.",
    [ERROR_NOT_RUNNING] = "Bring the platform up: `devbox start`.",
    [ERROR_TIMEOUT] =
        "The message says what was waited for. Give it longer: --timeout 10m. `devbox logs` shows what it is doing.",
    [ERROR_NETWORK] =
        "Check the connection and the proxy variables (HTTPS_PROXY, SSL_CERT_FILE), then run the same command again.",
    [ERROR_BUSY] = "The message names the other devbox, by pid and age. Wait for it, or end it; its lock goes with it.",
    [ERROR_DATA_AT_RISK] = "Nothing was changed. The message says what stands in the way and the one thing to do about it.",
    [ERROR_INTERNAL] = "Please report it with the command, its output and that of `devbox doctor`.",
    [ERROR_INTERRUPTED] = "What was up stays up. Run the same command again to go on from there.",
};

static const Argument arguments[] = {
    {"CODE", "an error's name as in --json, e.g. PORT_BUSY", ARGUMENT_OPTIONAL, COMPLETE_NOTHING}, {0}};

static const Example examples[] = {
    {"devbox explain", "all errors with their exit codes"},
    {"devbox explain PORT_BUSY", NULL},
    {0},
};

static Value *describe(Arena *arena, ErrorCode code) {
    Value *object = value_object(arena);
    value_set_string(arena, object, "code", error_code_name(code));
    value_set_integer(arena, object, "exitCode", error_code_exit(code));
    value_set_string(arena, object, "title", error_code_title(code));
    value_set_string(arena, object, "advice", advice[code]);
    return object;
}

static void list_codes(Context *ctx) {
    Table table = {0};
    list_push(ctx->arena, &table.columns, (TableColumn){"code", ALIGN_LEFT});
    list_push(ctx->arena, &table.columns, (TableColumn){"exit", ALIGN_RIGHT});
    list_push(ctx->arena, &table.columns, (TableColumn){"meaning", ALIGN_LEFT});
    Value *data = value_array(ctx->arena);
    for (int code = 1; code < ERROR_CODE_COUNT; code++) {
        const char *exit_code = arena_format(ctx->arena, "%d", error_code_exit((ErrorCode)code));
        const char *cells[] = {error_code_name((ErrorCode)code), exit_code, error_code_title((ErrorCode)code)};
        table_add_row(ctx->arena, &table, cells);
        value_append(ctx->arena, data, describe(ctx->arena, (ErrorCode)code));
    }
    event_result(ctx, &(Result){.data = data, .table = &table});
}

// "port-busy" and "ERROR_PORT_BUSY" are understood too.
static const char *normalise(Arena *arena, const char *word) {
    char *name = arena_copy_string(arena, word);
    for (char *letter = name; *letter != '\0'; letter++) *letter = *letter == '-' ? '_' : (char)toupper((unsigned char)*letter);
    return text_starts_with(name, "ERROR_") ? name + strlen("ERROR_") : name;
}

static bool fail_unknown(const char *word, const char *name, Error *err) {
    StringList names = {0};
    for (int code = 1; code < ERROR_CODE_COUNT; code++) list_push(err->arena, &names, error_code_name((ErrorCode)code));
    error_set(err, ERROR_USAGE, "there is no error '%s'", word);
    const char *nearest = text_nearest(name, names.items, names.count);
    if (nearest != NULL) return error_hint(err, "did you mean: devbox explain %s", nearest);
    return error_hint(err, "see all: devbox explain");
}

static bool run(Context *ctx, const Invocation *invocation, Outcome *outcome, Error *err) {
    (void)outcome;
    if (invocation->arguments.count == 0) {
        list_codes(ctx);
        return true;
    }
    const char *word = invocation->arguments.items[0], *name = normalise(ctx->arena, word);
    ErrorCode code = error_code_from_name(name);
    if (code == ERROR_NONE) return fail_unknown(word, name, err);
    const char *text = arena_format(ctx->arena, "%s (exit code %d): %s\n%s", error_code_name(code), error_code_exit(code),
                                    error_code_title(code), advice[code] == NULL ? "" : advice[code]);
    event_result(ctx, &(Result){.data = describe(ctx->arena, code), .text = text});
    return true;
}

const Command command_explain = {
    .name = "explain",
    .group = "Setup",
    .summary = "Say what an error means and what to do about it",
    .arguments = arguments,
    .examples = examples,
    .run = run,
};
