#include "services/python_environment.h"

#include "base/cleanup.h"
#include "base/text.h"
#include "io/clock.h"
#include "io/file_system.h"
#include "io/hash.h"
#include "io/lock_file.h"
#include "io/process.h"
#include "model/event.h"
#include "services/child_environment.h"
#include "services/project.h"
#include "services/python_tools.h"

enum { INSTALL_TIMEOUT_MS = 20 * 60 * 1000, LOCK_TIMEOUT_MS = 25 * 60 * 1000, VENV_TIMEOUT_MS = 5 * 60 * 1000 };

// Changing how environments are made makes new ones.
#define RECIPE "1"
#define READY_MARK ".devbox-ready"

typedef struct Installation {
    Context *ctx;
    const PythonRequest *request;
    const char *step, *uv;
    const PythonEnvironment *environment;
} Installation;

static bool compute_key(Context *ctx, const PythonRequest *request, const char **key, Error *err) {
    char *lock, *requirements = NULL;
    const char *hex;
    Text inputs = {.arena = ctx->arena};
    if (!file_read(ctx->arena, request->lock_path, &lock, NULL, err)) return false;
    if (request->requirements != NULL && !file_read(ctx->arena, request->requirements, &requirements, NULL, err)) return false;
    text_append_format(&inputs, "%s\n%s\n%s\n", RECIPE, request->python_prefer, request->pin == NULL ? "" : request->pin);
    text_append(&inputs, lock);
    if (requirements != NULL) text_append(&inputs, requirements);
    if (!hash_bytes(ctx->arena, inputs.content, inputs.length, &hex, err)) return false;
    *key = arena_copy_bytes(ctx->arena, hex, 12);
    return true;
}

bool python_environment_observe(Context *ctx, const PythonRequest *request, PythonEnvironment *environment, Error *err) {
    const char *key;
    if (!compute_key(ctx, request, &key, err)) return false;
    const char *name = arena_format(ctx->arena, "venvs/%s-%s", request->name, key);
    environment->folder = user_cache_path(ctx->arena, name);
    environment->bin = path_join(ctx->arena, environment->folder, "bin");
    environment->python = path_join(ctx->arena, environment->bin, "python");
    // Follows the link to the base interpreter: an upgraded or removed Python makes the environment unusable.
    environment->is_ready =
        file_exists(path_join(ctx->arena, environment->folder, READY_MARK)) && file_exists(environment->python);
    return true;
}

static void report_line(void *state, const char *line) {
    const Installation *installation = state;
    if (*line != '\0') event_step_progress(installation->ctx, installation->step, "%s", line);
}

static bool run_uv(Installation *installation, const char *const *argv, long long timeout_ms, Error *err) {
    ProcessResult result;
    Context *ctx = installation->ctx;
    ChildEnvironment environment = child_environment_create(ctx, NULL);
    ProcessSpec spec = {.argv = argv,
                        .environment = child_environment_vector(&environment),
                        .on_error = report_line,
                        .handler_state = installation,
                        .timeout_ms = timeout_ms};
    if (!process_run(ctx, &spec, &result, err)) return false;
    if (result.outcome == PROCESS_EXITED && result.exit_code == 0) return true;
    if (result.outcome == PROCESS_INTERRUPTED) return error_set(err, ERROR_INTERRUPTED, "interrupted while installing");
    bool is_slow = result.outcome == PROCESS_TIMED_OUT;
    error_set(err, is_slow ? ERROR_TIMEOUT : ERROR_NETWORK, "%s could not be installed", installation->request->name);
    error_hint(err, "see the installer's words above; what is already downloaded is kept: run the same command again");
    return error_detail(err, text_last_lines(ctx->arena, result.errors, 15));
}

static bool create_venv(Installation *installation, Error *err) {
    Context *ctx = installation->ctx;
    const PythonRequest *request = installation->request;
    const char *interpreter = python_find_interpreter(ctx, request);
    // uv may know or fetch an interpreter that PATH does not show.
    const char *wanted = interpreter != NULL ? interpreter : request->python_prefer;
    const char *const argv[] = {installation->uv, "venv", "--clear", "--python", wanted, installation->environment->folder, NULL};
    if (run_uv(installation, argv, VENV_TIMEOUT_MS, err)) return true;
    if (interpreter != NULL || err->code == ERROR_INTERRUPTED) return false;
    const char *detail = err->detail;
    error_set(err, ERROR_RUNTIME_MISSING, "no Python between %s and %s was found", request->python_min, request->python_max);
    error_hint(err, "install one (Debian and Ubuntu: sudo apt install python3; else: uv python install %s)",
               request->python_prefer);
    return error_detail(err, detail);
}

static bool install_lock(Installation *installation, Error *err) {
    const char *const argv[] = {installation->uv,
                                "pip",
                                "install",
                                "--python",
                                installation->environment->python,
                                "--require-hashes",
                                "--compile-bytecode",
                                "-r",
                                installation->request->lock_path,
                                NULL};
    event_step_progress(installation->ctx, installation->step, "installing %s", installation->request->name);
    return run_uv(installation, argv, INSTALL_TIMEOUT_MS, err);
}

static bool install_requirements(Installation *installation, Error *err) {
    Context *ctx = installation->ctx;
    const PythonRequest *request = installation->request;
    bool had_constraint, is_empty;
    if (request->requirements == NULL) return true;
    const char *folder = installation->environment->folder;
    const char *filtered = path_join(ctx->arena, folder, "devbox-requirements.txt");
    const char *pins = path_join(ctx->arena, folder, "devbox-pins.txt");
    if (!python_strip_constraint(ctx, request->requirements, filtered, &had_constraint, &is_empty, err)) return false;
    if (!file_write_string(ctx->arena, pins, arena_format(ctx->arena, "%s\n", request->pin), 0600, err)) return false;
    const char *constraint = had_constraint ? request->lock_path : pins;
    if (had_constraint) {
        event_note(ctx, "%s: its Airflow constraint URL is replaced by devbox's own lock for %s", request->requirements,
                   request->pin);
    }
    if (is_empty) return true;
    const char *const argv[] = {
        installation->uv, "pip", "install",  "--python", installation->environment->python, "--compile-bytecode", "-r",
        filtered,         "-c",  constraint, NULL};
    event_step_progress(ctx, installation->step, "installing %s", path_name(request->requirements));
    if (run_uv(installation, argv, INSTALL_TIMEOUT_MS, err)) return true;
    return error_wrap(err, "%s", request->requirements);
}

static bool install_locked(Installation *installation, Error *err) {
    Arena *arena = installation->ctx->arena;
    const PythonEnvironment *environment = installation->environment;
    if (!python_find_uv(installation->ctx, installation->step, &installation->uv, err)) return false;
    if (!create_venv(installation, err) || !install_lock(installation, err)) return false;
    if (!install_requirements(installation, err)) return false;
    return file_write_string(arena, path_join(arena, environment->folder, READY_MARK), "", 0600, err);
}

bool python_environment_install(Context *ctx, const PythonRequest *request, const char *step, PythonEnvironment *environment,
                                Error *err) {
    cleanup_fd int lock_fd = -1;
    if (!python_environment_observe(ctx, request, environment, err)) return false;
    if (environment->is_ready) return true;
    const char *lock_path = arena_format(ctx->arena, "%s.lock", environment->folder);
    if (!folder_create(ctx->arena, path_folder(ctx->arena, environment->folder), err)) return false;
    event_step_progress(ctx, step, "waiting for another devbox that installs %s", request->name);
    if (!lock_file_take(ctx, lock_path, "install", LOCK_TIMEOUT_MS, &lock_fd, err)) return false;
    if (!python_environment_observe(ctx, request, environment, err)) return false;
    Installation installation = {.ctx = ctx, .request = request, .step = step, .environment = environment};
    if (!environment->is_ready && !install_locked(&installation, err)) return false;
    environment->is_ready = true;
    return true;
}
