#include "services/compose_program.h"

#include <stdlib.h>
#include <unistd.h>

#include "base/text.h"
#include "io/clock.h"
#include "io/file_system.h"
#include "io/process.h"
#include "model/event.h"
#include "services/child_environment.h"
#include "services/compose_trouble.h"

enum { VERSION_TIMEOUT_MS = 20 * 1000, UP_TIMEOUT_MS = 10 * 60 * 1000, WATCH_MS = 500, OLDEST_MINOR_OF_1 = 27 };

static const char *home_folder(Arena *arena) {
    const char *config = getenv("DOCKER_CONFIG"), *home = getenv("HOME");
    if (!text_is_empty(config)) return config;
    return text_is_empty(home) ? "/" : path_join(arena, home, ".docker");
}

// Where the Docker CLI looks for plugins. Run by itself the plugin takes a third of the time of `docker compose`.
static const char *find_plugin(Arena *arena) {
    const char *const folders[] = {path_join(arena, home_folder(arena), "cli-plugins"),
                                   "/usr/local/lib/docker/cli-plugins",
                                   "/usr/local/libexec/docker/cli-plugins",
                                   "/usr/lib/docker/cli-plugins",
                                   "/usr/libexec/docker/cli-plugins",
                                   "/opt/homebrew/lib/docker/cli-plugins",
                                   "/Applications/Docker.app/Contents/Resources/cli-plugins"};
    for (size_t i = 0; i < sizeof folders / sizeof *folders; i++) {
        const char *path = path_join(arena, folders[i], "docker-compose");
        if (file_exists(path) && access(path, X_OK) == 0) return path;
    }
    return NULL;
}

static bool report_missing(Error *err) {
    error_set(err, ERROR_RUNTIME_MISSING,
              "Docker Compose is not installed: neither the plugin of the Docker CLI nor docker-compose is there");
    return error_hint(err, "Debian and Ubuntu: sudo apt install docker-compose · or set runtime: native in devbox.yaml");
}

static bool is_too_old(const char *version) {
    return text_starts_with(version, "1.") && strtol(version + 2, NULL, 10) < OLDEST_MINOR_OF_1;
}

static ChildEnvironment tool_environment(Context *ctx) {
    ChildEnvironment environment = child_environment_create(ctx, NULL);
    // Names and files are given as arguments; what the shell says of them belongs to other projects.
    static const char *const foreign[] = {"COMPOSE_FILE", "COMPOSE_PROJECT_NAME", "COMPOSE_PROFILES", "COMPOSE_ENV_FILES",
                                          "COMPOSE_PATH_SEPARATOR"};
    for (size_t i = 0; i < sizeof foreign / sizeof *foreign; i++) child_environment_unset(&environment, foreign[i]);
    return environment;
}

bool compose_program_find(Context *ctx, ComposeProgram *program, Error *err) {
    ProcessResult result;
    const char *plugin = find_plugin(ctx->arena);
    const char *path = plugin != NULL ? plugin : process_find_program(ctx->arena, "docker-compose", NULL);
    if (path == NULL) return report_missing(err);
    const char *const argv[] = {path, "version", "--short", NULL};
    ChildEnvironment environment = tool_environment(ctx);
    ProcessSpec spec = {.argv = argv, .environment = child_environment_vector(&environment), .timeout_ms = VERSION_TIMEOUT_MS};
    if (!process_check(ctx, &spec, &result, err)) return error_wrap(err, "Docker Compose does not run");
    const char *version = text_trim(ctx->arena, result.output);
    if (*version == 'v') version++;
    if (is_too_old(version)) {
        error_set(err, ERROR_RUNTIME_MISSING, "Docker Compose %s (%s) is too old: 1.%d or later is needed", version, path,
                  OLDEST_MINOR_OF_1);
        return error_hint(err, "install a newer one, or set runtime: native in devbox.yaml");
    }
    *program = (ComposeProgram){.path = path, .version = version};
    return true;
}

typedef struct Run {
    Context *ctx;
    const char *step;
} Run;

// " Container devbox-shop-0f3a9c-airflow-init-1  Started" is news, a line of dots is not.
static void note_line(void *state, const char *line) {
    Run *run = state;
    const char *text = text_trim(run->ctx->arena, line);
    if (*text != '\0') event_step_progress(run->ctx, run->step, "%.100s", text);
}

// `words`: the command of compose and its options, NULL at the end.
static ProcessSpec compose_spec(Context *ctx, const Project *project, const ComposeTask *task, const char *compose,
                                const char *const *words) {
    const ComposeFile *file = task->file;
    const DockerEndpoint *endpoint = &task->engine->endpoint;
    StringList argv = {0};
    const char *const head[] = {compose, "--project-directory", project->root, "--env-file", file->settings_path,
                                "-p",    file->project,         "-f",          file->path};
    for (size_t i = 0; i < sizeof head / sizeof *head; i++) list_push(ctx->arena, &argv, head[i]);
    if (file->override_path != NULL) {
        list_push(ctx->arena, &argv, "-f");
        list_push(ctx->arena, &argv, file->override_path);
    }
    for (; *words != NULL; words++) list_push(ctx->arena, &argv, *words);
    ChildEnvironment environment = tool_environment(ctx);
    child_environment_set(&environment, "DOCKER_HOST", endpoint->address);
    if (endpoint->tls_folder != NULL) {
        child_environment_set(&environment, "DOCKER_TLS_VERIFY", "1");
        child_environment_set(&environment, "DOCKER_CERT_PATH", endpoint->tls_folder);
    }
    child_environment_set(&environment, "COMPOSE_ANSI", "never");
    child_environment_set(&environment, "COMPOSE_PROGRESS", "plain");
    return (ProcessSpec){.argv = string_list_to_argv(ctx->arena, &argv),
                         .folder = project->root,
                         .environment = child_environment_vector(&environment)};
}

static bool explain(Context *ctx, const ComposeFile *file, const ProcessResult *result, const char **failed_service, Error *err) {
    ComposeRun ended = {.project = file->project,
                        .override_name = file->override_path == NULL ? NULL : path_name(file->override_path),
                        .words = *result->errors != '\0' ? result->errors : result->output};
    return compose_trouble_explain(ctx->arena, &ended, failed_service, err);
}

bool compose_program_check_file(Context *ctx, const Project *project, const ComposeTask *task, Error *err) {
    static const char *const words[] = {"config", "--quiet", NULL};
    ComposeProgram program;
    ProcessResult result;
    const char *nobody = NULL;
    if (!compose_program_find(ctx, &program, err)) return false;
    ProcessSpec spec = compose_spec(ctx, project, task, program.path, words);
    spec.timeout_ms = VERSION_TIMEOUT_MS;
    if (!process_run(ctx, &spec, &result, err)) return false;
    if (result.outcome == PROCESS_EXITED && result.exit_code == 0) return true;
    return explain(ctx, task->file, &result, &nobody, err);
}

// False when it was ended because nobody hopes any more.
static bool run_watched(Context *ctx, Process *compose, const ComposeWatch *watch, ProcessResult *result) {
    Context turn = *ctx;
    bool is_hopeful = true;
    turn.arena = arena_create();
    ArenaMark mark = arena_mark(turn.arena);
    for (long long next_ms = clock_now_ms() + WATCH_MS; is_hopeful && !process_is_finished(compose, result);) {
        processes_poll(ctx, &compose, 1, WATCH_MS);
        if (process_is_finished(compose, result) || clock_now_ms() < next_ms) continue;
        is_hopeful = watch->is_hopeful(&turn, watch->state);
        arena_reset(turn.arena, mark);
        next_ms = clock_now_ms() + WATCH_MS;
    }
    if (!is_hopeful) process_stop(ctx, compose);
    arena_destroy(turn.arena);
    return is_hopeful;
}

bool compose_program_up(Context *ctx, const Project *project, const ComposeTask *task, const ComposeWatch *watch,
                        const char **failed_service, Error *err) {
    // Version 1 has no word for it; what devbox itself adds is there by now, see airflow_image_ensure.
    static const char *const words[] = {"up", "-d", "--remove-orphans", "--no-build", NULL},
                             *const words_of_2[] = {"up", "-d", "--remove-orphans", "--no-build", "--pull", "never", NULL};
    ComposeProgram program;
    ProcessResult result;
    Process *compose;
    Run run = {.ctx = ctx, .step = task->step};
    *failed_service = NULL;
    if (!compose_program_find(ctx, &program, err)) return false;
    bool is_to_pull = project->config.airflow.pull != PULL_NEVER || text_starts_with(program.version, "1.");
    ProcessSpec spec = compose_spec(ctx, project, task, program.path, is_to_pull ? words : words_of_2);
    spec.log_path = project_state_path(ctx->arena, project, "logs/compose.log");
    spec.timeout_ms = UP_TIMEOUT_MS;
    spec.on_output = spec.on_error = note_line;
    spec.handler_state = &run;
    if (!file_remove(ctx->arena, spec.log_path, err) || !process_start(ctx, &spec, &compose, err)) return false;
    if (!run_watched(ctx, compose, watch, &result)) {
        error_set(err, ERROR_CHILD, "compose was ended: it waited for a service that does not come up");
        return error_hint(err, "look with: devbox status · the whole output is in .devbox/logs/compose.log");
    }
    if (result.outcome == PROCESS_EXITED && result.exit_code == 0) return true;
    if (result.outcome == PROCESS_INTERRUPTED)
        return error_set(err, ERROR_INTERRUPTED, "interrupted while the containers were being started");
    if (result.outcome == PROCESS_TIMED_OUT) {
        error_set(err, ERROR_TIMEOUT, "compose did not bring the containers up within %s",
                  text_duration(ctx->arena, UP_TIMEOUT_MS));
        error_hint(err, "look with: devbox status · the whole output is in .devbox/logs/compose.log");
        return error_detail(err, text_last_lines(ctx->arena, result.errors, 6));
    }
    return explain(ctx, task->file, &result, failed_service, err);
}
