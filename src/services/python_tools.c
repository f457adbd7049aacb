#include "services/python_tools.h"

#include "base/cleanup.h"
#include "base/text.h"
#include "io/file_system.h"
#include "io/lock_file.h"
#include "io/process.h"
#include "model/event.h"
#include "services/child_environment.h"
#include "services/project.h"

#define UV_VERSION "0.13.9"

enum { PROBE_TIMEOUT_MS = 20 * 1000, UV_INSTALL_TIMEOUT_MS = 5 * 60 * 1000 };

static const char *cached_uv_folder(Context *ctx) { return user_cache_path(ctx->arena, "tools/uv-" UV_VERSION); }

const char *python_find_installed_uv(Context *ctx) {
    const char *uv = process_find_program(ctx->arena, "uv", NULL);
    if (uv != NULL) return uv;
    uv = path_join(ctx->arena, cached_uv_folder(ctx), "bin/uv");
    return file_exists(uv) ? uv : NULL;
}

static bool report_missing_pip(Error *err, const char *detail) {
    error_set(err, ERROR_RUNTIME_MISSING, "uv, which installs Airflow and dbt, is missing and could not be installed from PyPI");
    if (detail != NULL && python_environment_is_untrusted(detail)) {
        error_hint(err, PYTHON_CERTIFICATE_HINT);
    } else {
        error_hint(err, "install uv (or pip: sudo apt install python3-pip) and run this again");
    }
    return error_detail(err, detail);
}

static bool install_uv(Context *ctx, const char *python, Error *err) {
    Arena *arena = ctx->arena;
    ProcessResult result;
    const char *folder = cached_uv_folder(ctx), *partial = arena_format(arena, "%s.partial", folder);
    if (!folder_remove(arena, partial, err)) return false;
    const char *const argv[] = {python,     "-m",    "pip",           "install", "--quiet",         "--disable-pip-version-check",
                                "--target", partial, "--only-binary", ":all:",   "uv==" UV_VERSION, NULL};
    ChildEnvironment environment = child_environment_create(ctx, NULL);
    ProcessSpec spec = {.argv = argv, .environment = child_environment_vector(&environment), .timeout_ms = UV_INSTALL_TIMEOUT_MS};
    if (!process_run(ctx, &spec, &result, err)) return false;
    if (result.outcome == PROCESS_INTERRUPTED) return error_set(err, ERROR_INTERRUPTED, "interrupted while installing uv");
    if (result.outcome != PROCESS_EXITED || result.exit_code != 0) {
        return report_missing_pip(err, text_last_lines(arena, result.errors, 5));
    }
    // A killed attempt leaves only the partial folder.
    if (!file_exists(path_join(arena, partial, "bin/uv"))) return report_missing_pip(err, "pip installed no bin/uv");
    return folder_remove(arena, folder, err) && file_rename(arena, partial, folder, err);
}

bool python_find_uv(Context *ctx, const char *step, const char **uv, Error *err) {
    cleanup_fd int lock_fd = -1;
    const char *found = python_find_installed_uv(ctx), *python = process_find_program(ctx->arena, "python3", NULL);
    if (found == NULL) {
        if (python == NULL) return report_missing_pip(err, NULL);
        event_step_progress(ctx, step, "installing uv " UV_VERSION);
        const char *lock = arena_format(ctx->arena, "%s.lock", cached_uv_folder(ctx));
        if (!folder_create(ctx->arena, path_folder(ctx->arena, lock), err)) return false;
        // Airflow's and dbt's steps run side by side, and both need it.
        if (!lock_file_take(ctx, lock, "install uv", UV_INSTALL_TIMEOUT_MS, &lock_fd, err)) return false;
        found = python_find_installed_uv(ctx);
        if (found == NULL && !install_uv(ctx, python, err)) return false;
    }
    *uv = found != NULL ? found : python_find_installed_uv(ctx);
    return true;
}

static bool version_lies_between(const char *version, const char *least, const char *most) {
    int minor, least_minor, most_minor;
    if (sscanf(version, "3.%d", &minor) != 1 || sscanf(least, "3.%d", &least_minor) != 1) return false;
    return sscanf(most, "3.%d", &most_minor) == 1 && minor >= least_minor && minor <= most_minor;
}

// A pyenv shim on PATH may not run, and `python3` says nothing about its version: only running it tells.
static const char *probe_interpreter(Context *ctx, const char *name, const PythonRequest *request) {
    static const char script[] = "import sys; print('%d.%d' % sys.version_info[:2]); print(sys.executable)";
    const char *program = process_find_program(ctx->arena, name, NULL);
    ProcessResult result;
    Error ignored = {.arena = ctx->arena};
    if (program == NULL) return NULL;
    const char *const argv[] = {program, "-I", "-c", script, NULL};
    ChildEnvironment environment = child_environment_create(ctx, NULL);
    ProcessSpec spec = {.argv = argv, .environment = child_environment_vector(&environment), .timeout_ms = PROBE_TIMEOUT_MS};
    if (!process_run(ctx, &spec, &result, &ignored)) return NULL;
    if (result.outcome != PROCESS_EXITED || result.exit_code != 0) return NULL;
    StringList lines = text_split_lines(ctx->arena, result.output);
    if (lines.count != 2 || !version_lies_between(lines.items[0], request->python_min, request->python_max)) return NULL;
    return lines.items[1];
}

const char *python_find_interpreter(Context *ctx, const PythonRequest *request) {
    const char *preferred = arena_format(ctx->arena, "python%s", request->python_prefer);
    const char *const names[] = {preferred, "python3", "/usr/bin/python3", "python3.12", "python3.11", "python3.10"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        bool is_tried = i > 0 && strcmp(names[i], preferred) == 0;
        const char *found = is_tried ? NULL : probe_interpreter(ctx, names[i], request);
        if (found != NULL) return found;
    }
    return NULL;
}
