#include <fcntl.h>
#include <unistd.h>

#include "base/text.h"
#include "cli/help.h"
#include "cli/sinks.h"
#include "commands/commands.h"
#include "io/clock.h"
#include "io/file_system.h"
#include "io/platform.h"
#include "io/signals.h"
#include "io/terminal.h"
#include "services/project.h"

// A database must never be opened as descriptor 1: what is printed would go into it.
static void open_standard_streams(void) {
    int fd = open("/dev/null", O_RDWR);
    while (fd >= 0 && fd <= STDERR_FILENO) fd = open("/dev/null", O_RDWR);
    if (fd > STDERR_FILENO) close(fd);
}

static EventSink *create_sink(Arena *arena, const ParsedCommand *parsed, volatile sig_atomic_t *cancel) {
    const GlobalOptions *globals = &parsed->globals;
    FILE *out = parsed->command->prints_to_stderr ? stderr : stdout;
    SinkOptions options = {
        .arena = arena,
        .out = out,
        .err = stderr,
        .is_interactive = terminal_is_interactive(STDERR_FILENO),
        .has_colour = !globals->has_no_color && terminal_shows_colour(STDERR_FILENO),
        .has_colour_out = !globals->has_no_color && terminal_shows_colour(fileno(out)),
        .has_unicode = terminal_shows_unicode(),
        .is_quiet = globals->is_quiet,
        .verbosity = globals->verbosity,
        .width = terminal_width(STDERR_FILENO),
        .command = text_join(arena, &parsed->path, " "),
        .cancel = cancel,
    };
    const Command *command = parsed->command;
    bool is_streaming = command->is_streaming || (command->streams_with != NULL && command->streams_with(parsed->options));
    return globals->is_json ? sink_json_create(&options, is_streaming) : sink_text_create(&options);
}

// Where the command is to work; a missing folder only matters to commands that use one.
static bool find_folder(Arena *arena, const ParsedCommand *parsed, const char **folder, Error *err) {
    const char *wanted = parsed->globals.folder;
    *folder = path_resolve(arena, wanted == NULL ? "." : wanted);
    if (*folder != NULL && folder_exists(*folder)) return true;
    if (wanted != NULL) {
        error_set(err, ERROR_USAGE, "there is no folder %s", wanted);
        return error_hint(err, "give -C an existing folder");
    }
    *folder = "/";
    if (!(parsed->command->needs & NEEDS_PROJECT)) return true;
    error_set(err, ERROR_FILE, "the current folder does not exist any more");
    return error_hint(err, "go to your checkout with cd, or use -C DIR");
}

static bool run_command(Context *ctx, const ParsedCommand *parsed, Outcome *outcome, Error *err) {
    Project project = {0};
    Invocation invocation = {
        .options = parsed->options,
        .arguments = parsed->arguments,
        .is_json = parsed->globals.is_json,
        .is_quiet = parsed->globals.is_quiet,
    };
    if (!find_folder(ctx->arena, parsed, &invocation.folder, err)) return false;
    if (parsed->command->needs & NEEDS_PROJECT) {
        bool accepts_faults = (parsed->command->needs & ACCEPTS_FAULTS) != 0;
        bool is_open = accepts_faults ? project_open_with_faults(ctx, invocation.folder, &project, err)
                                      : project_open(ctx, invocation.folder, &project, err);
        if (!is_open) return false;
        invocation.project = &project;
    }
    return parsed->command->run(ctx, &invocation, outcome, err);
}

// `devbox --version` is `devbox version`.
static void become_version(Arena *arena, ParsedCommand *parsed) {
    parsed->command = &command_version;
    parsed->path = (StringList){0};
    list_push(arena, &parsed->path, command_version.name);
}

static bool show(Context *ctx, const char *text) {
    event_result(ctx, &(Result){.data = value_string(ctx->arena, text), .text = text});
    return true;
}

static bool answer(Context *ctx, const ParsedCommand *parsed, Outcome *outcome, Error *err) {
    const GlobalOptions *globals = &parsed->globals;
    if (globals->wants_help) return show(ctx, help_text(ctx->arena, &devbox_command, &parsed->path, parsed->command));
    if (parsed->command == &devbox_command) return show(ctx, help_first_steps(ctx->arena));
    ctx->executable = platform_executable_path(ctx->arena);
    ctx->share_dir =
        path_absolute(ctx->arena, path_join(ctx->arena, path_folder(ctx->arena, ctx->executable), "../share/devbox"));
    return run_command(ctx, parsed, outcome, err);
}

static int exit_code_of(bool is_done, const Outcome *outcome, Error *err) {
    if (is_done) return outcome->exit_code;
    if (err->code == ERROR_NONE) error_set(err, ERROR_INTERNAL, "the command failed without saying why");
    return error_code_exit(err->code);
}

static int run(Arena *arena, int argc, const char *const *argv) {
    long long started_ms = clock_now_ms();
    ParsedCommand parsed;
    Outcome outcome = {0};
    Error err = {.arena = arena};
    volatile sig_atomic_t *cancel = signals_install();
    bool is_done = parse_command_line(arena, &devbox_command, argc, argv, &parsed, &err);
    if (is_done && parsed.globals.wants_version) become_version(arena, &parsed);
    EventSink *sink = create_sink(arena, &parsed, cancel);
    Context ctx = {
        .arena = arena,
        .sink = sink,
        .cancel = cancel,
        .verbosity = parsed.globals.verbosity,
        .timeout_ms = parsed.globals.timeout_ms,
        .is_dry_run = parsed.globals.is_dry_run,
        .is_confirmed = parsed.globals.is_confirmed,
    };
    is_done = is_done && answer(&ctx, &parsed, &outcome, &err);
    int exit_code = exit_code_of(is_done, &outcome, &err);
    if (sink_finish(sink, is_done ? NULL : &err, exit_code, clock_now_ms() - started_ms)) return exit_code;
    fputs("devbox: the output could not be written: is the disk full?\n", stderr);
    return exit_code != 0 ? exit_code : error_code_exit(ERROR_FILE);
}

int main(int argc, char **argv) {
    open_standard_streams();
    Arena *arena = arena_create();
    int exit_code = run(arena, argc, (const char *const *)argv);
    arena_destroy(arena);
    return exit_code;
}
