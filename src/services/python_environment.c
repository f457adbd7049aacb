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
#include "services/python_requirements.h"
#include "services/python_tools.h"

enum {
    INSTALL_TIMEOUT_MS = 20 * 60 * 1000,
    LOCK_TIMEOUT_MS = 25 * 60 * 1000,
    VENV_TIMEOUT_MS = 5 * 60 * 1000,
    ERROR_LINES = 15,
    REASON_LENGTH = 200
};

// Changing how environments are made makes new ones.
#define RECIPE "1"
#define READY_MARK ".devbox-ready"

typedef struct Installation {
    Context *ctx;
    const PythonRequest *request;
    const char *step, *uv;
    const char *object;  // what is being installed, for messages
    const char *folder;  // where the installer runs; NULL: ours
    const PythonEnvironment *environment;
} Installation;

static bool compute_key(Context *ctx, const PythonRequest *request, const char **key, Error *err) {
    char *lock;
    const char *hex;
    PythonRequirements requirements = {.content = ""};
    Text inputs = {.arena = ctx->arena};
    if (!file_read(ctx->arena, request->lock_path, &lock, NULL, err)) return false;
    if (request->requirements != NULL && !python_requirements_read(ctx, request->requirements, &requirements, err)) return false;
    text_append_format(&inputs, "%s\n%s\n%s\n", RECIPE, request->python_prefer, request->pin == NULL ? "" : request->pin);
    text_append(&inputs, lock);
    text_append(&inputs, requirements.content);
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

static bool says_any_of(const char *words, const char *const *phrases) {
    for (; *phrases != NULL; phrases++) {
        if (strstr(words, *phrases) != NULL) return true;
    }
    return false;
}

// The middle of "Because there is no version of x==9 and you require x==9, we can conclude that your requirements are
// unsatisfiable." NULL when the proof has more steps: then its first words alone would mislead.
static const char *read_reason(Arena *arena, const char *words) {
    static const char opening[] = "Because ", closing[] = ", we can conclude that ";
    static const char *const missing[] = {"was not found in", "there is no version of", "there are no versions of", NULL};
    StringList lines = text_split_lines(arena, words), trimmed = {0};
    // Some versions of uv wrap the sentence.
    list_each(const char *, line, &lines) list_push(arena, &trimmed, text_trim(arena, *line));
    const char *start = strstr(text_join(arena, &trimmed, " "), opening);
    const char *end = start == NULL ? NULL : strstr(start, closing);
    if (end == NULL) return NULL;
    start += strlen(opening);
    const char *reason = arena_copy_bytes(arena, start, (size_t)(end - start));
    bool is_whole = text_starts_with(end + strlen(closing), "your requirements are unsatisfiable");
    return strlen(reason) <= REASON_LENGTH && (is_whole || says_any_of(reason, missing)) ? reason : NULL;
}

bool python_environment_is_untrusted(const char *words) {
    static const char *const signs[] = {"CERTIFICATE_VERIFY_FAILED", "invalid peer certificate", "UnknownIssuer", NULL};
    return says_any_of(words, signs);
}

static bool report_conflict(const Installation *installation, const char *words, Error *err) {
    const char *reason = read_reason(installation->ctx->arena, words);
    if (reason != NULL) {
        error_set(err, ERROR_CONFIG, "%s cannot be installed: %s", installation->object, reason);
        return error_hint(err, "correct or remove what it names, then run the same command again");
    }
    error_set(err, ERROR_CONFIG, "%s asks for packages that cannot be installed together", installation->object);
    return error_hint(err, "the installer's words say which: change or remove one of them");
}

// uv tells these apart only in its words.
static bool report_failed_install(const Installation *installation, const ProcessResult *result, Error *err) {
    static const char *const network[] = {"error sending request",
                                          "Failed to fetch",
                                          "dns error",
                                          "Connection refused",
                                          "timed out",
                                          "client error (Connect)",
                                          NULL};
    static const char *const conflict[] = {"No solution found", "unsatisfiable", NULL};
    static const char *const full[] = {"No space left on device", "os error 28", NULL};
    const char *object = installation->object;
    if (python_environment_is_untrusted(result->errors)) {
        error_set(err, ERROR_NETWORK, "%s could not be installed: the certificate of the package index is not trusted here",
                  object);
        error_hint(err, PYTHON_CERTIFICATE_HINT);
    } else if (says_any_of(result->errors, full)) {
        error_set(err, ERROR_CHILD, "%s could not be installed: no space left on the disk", object);
        error_hint(err, "free 3 GiB for %s, then run the same command again",
                   path_folder(installation->ctx->arena, installation->environment->folder));
    } else if (result->outcome == PROCESS_TIMED_OUT || says_any_of(result->errors, network)) {
        error_set(err, result->outcome == PROCESS_TIMED_OUT ? ERROR_TIMEOUT : ERROR_NETWORK, "%s could not be installed", object);
        error_hint(err, "check network and proxy, then run the same command again: what is already downloaded is kept");
    } else if (result->outcome == PROCESS_SIGNALED) {
        error_set(err, ERROR_CHILD, "%s could not be installed: the installer was killed by signal %d", object, result->signal);
        error_hint(err, "run the same command again: what is already downloaded is kept");
    } else if (says_any_of(result->errors, conflict)) {
        report_conflict(installation, result->errors, err);
    } else {
        error_set(err, ERROR_CHILD, "%s could not be installed", object);
        error_hint(err, "the installer's words say why; devbox doctor shows what is missing on this machine");
    }
    return error_detail(err, text_last_lines(installation->ctx->arena, result->errors, ERROR_LINES));
}

static bool run_uv(Installation *installation, const char *const *argv, long long timeout_ms, Error *err) {
    ProcessResult result;
    Context *ctx = installation->ctx;
    ChildEnvironment environment = child_environment_create(ctx, NULL);
    ProcessSpec spec = {.argv = argv,
                        .folder = installation->folder,
                        .environment = child_environment_vector(&environment),
                        .on_error = report_line,
                        .handler_state = installation,
                        .timeout_ms = timeout_ms};
    if (!process_run(ctx, &spec, &result, err)) return false;
    if (result.outcome == PROCESS_EXITED && result.exit_code == 0) return true;
    if (result.outcome == PROCESS_INTERRUPTED) {
        return error_set(err, ERROR_INTERRUPTED, "interrupted while installing %s", installation->object);
    }
    return report_failed_install(installation, &result, err);
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

// What the user's packages must leave alone: Airflow's own, at least its version.
static bool write_constraints(const Installation *installation, const PythonRequirements *requirements, const char *path,
                              Error *err) {
    Context *ctx = installation->ctx;
    char *lock = NULL;
    Text text = {.arena = ctx->arena};
    const char *pin = installation->request->pin;
    if (requirements->has_airflow_constraint && !file_read(ctx->arena, installation->request->lock_path, &lock, NULL, err))
        return false;
    if (lock != NULL) text_append(&text, lock);
    if (lock == NULL && pin != NULL) text_append_format(&text, "%s\n", pin);
    text_append(&text, requirements->constraints);
    return file_write_string(ctx->arena, path, text_string(&text), 0600, err);
}

static bool install_requirements(Installation *installation, Error *err) {
    Context *ctx = installation->ctx;
    PythonRequirements requirements;
    const char *given = installation->request->requirements, *folder = installation->environment->folder;
    if (given == NULL) return true;
    if (!python_requirements_read(ctx, given, &requirements, err)) return false;
    if (requirements.has_airflow_constraint) {
        event_note(ctx, "%s: its Airflow constraint URL is replaced by devbox's own lock", path_name(given));
    }
    if (requirements.is_empty) return true;
    const char *packages = path_join(ctx->arena, folder, "devbox-requirements.txt");
    const char *constraints = path_join(ctx->arena, folder, "devbox-constraints.txt");
    if (!file_write_string(ctx->arena, packages, requirements.packages, 0600, err)) return false;
    if (!write_constraints(installation, &requirements, constraints, err)) return false;
    const char *python = installation->environment->python;
    const char *const argv[] = {installation->uv, "pip", "install",   "--python", python, "--compile-bytecode", "-r",
                                packages,         "-c",  constraints, NULL};
    event_step_progress(ctx, installation->step, "installing %s", path_name(given));
    installation->object = given;
    // Packages given by a relative path lie beside the user's file.
    installation->folder = path_folder(ctx->arena, given);
    return run_uv(installation, argv, INSTALL_TIMEOUT_MS, err);
}

static bool fill_environment(Installation *installation, Error *err) {
    Arena *arena = installation->ctx->arena;
    if (!create_venv(installation, err) || !install_lock(installation, err)) return false;
    if (!install_requirements(installation, err)) return false;
    return file_write_string(arena, path_join(arena, installation->environment->folder, READY_MARK), "", 0600, err);
}

static bool install_locked(Installation *installation, Error *err) {
    Context *ctx = installation->ctx;
    Error cleaning = {.arena = ctx->arena};
    if (!python_find_uv(ctx, installation->step, &installation->uv, err)) return false;
    if (fill_environment(installation, err)) return true;
    // The next try begins anew, and with other requirements elsewhere: hundreds of megabytes that nobody would use.
    if (!folder_remove(ctx->arena, installation->environment->folder, &cleaning)) {
        event_warning(ctx, NULL, "%s", cleaning.message);
    }
    return false;
}

bool python_environment_install(Context *ctx, const PythonRequest *request, const char *step, PythonEnvironment *environment,
                                Error *err) {
    cleanup_fd int lock_fd = -1;
    if (!python_environment_observe(ctx, request, environment, err)) return false;
    if (environment->is_ready) return true;
    const char *lock_path = arena_format(ctx->arena, "%s.lock", environment->folder);
    if (!folder_create(ctx->arena, path_folder(ctx->arena, environment->folder), err)) return false;
    if (lock_file_is_held(ctx->arena, lock_path, NULL)) {
        event_step_progress(ctx, step, "waiting for another devbox that installs %s", request->name);
    }
    if (!lock_file_take(ctx, lock_path, "install", LOCK_TIMEOUT_MS, &lock_fd, err)) return false;
    if (!python_environment_observe(ctx, request, environment, err)) return false;
    Installation installation = {
        .ctx = ctx, .request = request, .step = step, .object = request->name, .environment = environment};
    if (!environment->is_ready && !install_locked(&installation, err)) return false;
    environment->is_ready = true;
    return true;
}
