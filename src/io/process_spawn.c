#include "io/process_spawn.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "io/file_system.h"
#include "io/platform.h"

extern char **environ;

static const char *search_path_of(const ProcessSpec *spec) {
    if (spec->environment == NULL) return NULL;
    for (const char *const *variable = spec->environment; *variable != NULL; variable++) {
        if (text_starts_with(*variable, "PATH=")) return *variable + strlen("PATH=");
    }
    return "/usr/bin:/bin";
}

static bool is_program(const char *path) { return file_info(path).kind == FILE_REGULAR && access(path, X_OK) == 0; }

const char *process_find_program(Arena *arena, const char *name, const char *search_path) {
    if (text_is_empty(name)) return NULL;
    if (strchr(name, '/') != NULL) return is_program(name) ? path_absolute(arena, name) : NULL;
    if (search_path == NULL) search_path = getenv("PATH");
    StringList folders = text_split(arena, search_path == NULL ? "/usr/bin:/bin" : search_path, ':');
    list_each(const char *, folder, &folders) {
        // A relative entry would run whatever the current folder holds.
        if (**folder != '/') continue;
        const char *path = path_join(arena, *folder, name);
        if (is_program(path)) return path;
    }
    return NULL;
}

static bool find_program_by_path(Arena *arena, const ProcessSpec *spec, const char **program, Error *err) {
    const char *name = spec->argv[0];
    const char *path =
        spec->folder == NULL ? path_absolute(arena, name) : path_absolute(arena, path_join(arena, spec->folder, name));
    if (file_info(path).kind == FILE_MISSING) {
        error_set(err, ERROR_RUNTIME_MISSING, "the program %s does not exist", path);
        return error_hint(err, "see what is missing: devbox doctor");
    }
    if (!is_program(path)) {
        error_set(err, ERROR_RUNTIME_MISSING, "%s is not an executable file", path);
        return error_hint(err, "look at it: ls -l %s", path);
    }
    *program = path;
    return true;
}

// posix_spawnp would look on our PATH, not on the child's.
static bool find_program(Arena *arena, const ProcessSpec *spec, const char **program, Error *err) {
    if (strchr(spec->argv[0], '/') != NULL) return find_program_by_path(arena, spec, program, err);
    const char *path = process_find_program(arena, spec->argv[0], search_path_of(spec));
    if (path == NULL) {
        error_set(err, ERROR_RUNTIME_MISSING, "%s is not installed: it is in no folder of PATH", spec->argv[0]);
        return error_hint(err, "see what is missing: devbox doctor");
    }
    *program = path;
    return true;
}

// A missing folder and a missing program are the same ENOENT to posix_spawn, so both are looked for first.
static bool prepare(Arena *arena, const ProcessSpec *spec, const char **program, Error *err) {
    if (spec->folder != NULL && !folder_exists(spec->folder)) {
        error_set(err, ERROR_FILE, "the folder %s does not exist, so %s was not run in it", spec->folder,
                  path_name(spec->argv[0]));
        return error_hint(err, "create it: mkdir -p %s", spec->folder);
    }
    return find_program(arena, spec, program, err);
}

static bool explain_failure(const ProcessSpec *spec, const char *program, int reason, Error *err) {
    if (reason == ENOENT) {
        error_set(err, ERROR_RUNTIME_MISSING, "%s cannot run: the interpreter named in its first line is missing", program);
        return error_hint(err, "look at it: head -1 %s", program);
    }
    if (reason == E2BIG) {
        return error_set(err, ERROR_CHILD, "%s cannot run: its arguments and environment are too long", program);
    }
    if (reason == EACCES && spec->folder != NULL && access(spec->folder, X_OK) != 0) {
        return error_set(err, ERROR_FILE, "the folder %s may not be entered, so %s was not run in it", spec->folder, program);
    }
    return error_set(err, ERROR_RUNTIME_MISSING, "%s cannot run: %s", program, strerror(reason));
}

static int set_attributes(posix_spawnattr_t *attributes, const SpawnRequest *request, short flags) {
    sigset_t all, none;
    sigfillset(&all);
    sigemptyset(&none);
    flags = (short)(flags | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK);
    if (request->is_session_leader) {
        flags = (short)(flags | POSIX_SPAWN_SETSID);
    } else if (!request->spec->is_foreground) {
        flags = (short)(flags | POSIX_SPAWN_SETPGROUP);
    }
    int failure = posix_spawnattr_setsigdefault(attributes, &all);
    if (failure == 0) failure = posix_spawnattr_setsigmask(attributes, &none);
    if (failure == 0) failure = posix_spawnattr_setpgroup(attributes, 0);
    return failure != 0 ? failure : posix_spawnattr_setflags(attributes, flags);
}

static int set_actions(posix_spawn_file_actions_t *actions, const SpawnRequest *request, short *flags) {
    int failure = 0;
    for (int stream = 0; stream < 3 && failure == 0; stream++) {
        // The same number twice is how macOS passes a stream through; it changes nothing elsewhere.
        int fd = request->streams[stream] < 0 ? stream : request->streams[stream];
        if (fd == stream && fcntl(fd, F_GETFD) == -1) continue;
        failure = posix_spawn_file_actions_adddup2(actions, fd, stream);
    }
    const char *folder = request->spec->folder;
    if (failure == 0 && folder != NULL) failure = posix_spawn_file_actions_addchdir_np(actions, folder);
    return failure != 0 ? failure : platform_spawn_without_files(actions, flags);
}

// exec's own signature wants pointers to non-const strings.
static char **copy_vector(Arena *arena, const char *const *strings) {
    size_t count = 0;
    while (strings[count] != NULL) count++;
    char **copies = arena_allocate_array(arena, count + 1, sizeof *copies);
    for (size_t i = 0; i < count; i++) copies[i] = arena_copy_string(arena, strings[i]);
    return copies;
}

static char **environment_of(Arena *arena, const ProcessSpec *spec) {
    return spec->environment == NULL ? environ : copy_vector(arena, spec->environment);
}

bool process_spawn(Context *ctx, const SpawnRequest *request, pid_t *pid, Error *err) {
    const ProcessSpec *spec = request->spec;
    const char *program;
    if (!prepare(ctx->arena, spec, &program, err)) return false;
    posix_spawnattr_t attributes;
    posix_spawn_file_actions_t actions;
    posix_spawnattr_init(&attributes);
    posix_spawn_file_actions_init(&actions);
    short flags = 0;
    pid_t started = 0;
    char **argv = copy_vector(ctx->arena, spec->argv);
    int failure = set_actions(&actions, request, &flags);
    if (failure == 0) failure = set_attributes(&attributes, request, flags);
    if (failure == 0) failure = posix_spawn(&started, program, &actions, &attributes, argv, environment_of(ctx->arena, spec));
    posix_spawn_file_actions_destroy(&actions);
    posix_spawnattr_destroy(&attributes);
    if (failure != 0) return explain_failure(spec, program, failure, err);
    *pid = started;
    return true;
}

// pipe2 is missing on macOS, and without threads nothing can start a child in between.
bool process_create_pipe(int ends[2], Error *err) {
    int raw[2];
    if (pipe(raw) != 0) return error_set(err, ERROR_INTERNAL, "cannot create a pipe: %s", strerror(errno));
    int moved[2] = {fcntl(raw[0], F_DUPFD_CLOEXEC, 3), fcntl(raw[1], F_DUPFD_CLOEXEC, 3)};
    int reason = errno;
    close(raw[0]);
    close(raw[1]);
    if (moved[0] >= 0 && moved[1] >= 0) {
        memcpy(ends, moved, sizeof moved);
        return true;
    }
    if (moved[0] >= 0) close(moved[0]);
    return error_set(err, ERROR_INTERNAL, "cannot create a pipe: %s", strerror(reason));
}

bool process_open_log(const char *path, int *fd, Error *err) {
    int flags = path == NULL ? O_RDWR : O_WRONLY | O_CREAT | O_APPEND;
    const char *name = path == NULL ? "/dev/null" : path;
    cleanup_fd int raw = open(name, flags | O_CLOEXEC, 0600);
    int moved = raw < 0 ? -1 : fcntl(raw, F_DUPFD_CLOEXEC, 3);
    if (moved < 0) return error_set(err, ERROR_FILE, "cannot open %s: %s", name, strerror(errno));
    *fd = moved;
    return true;
}

bool process_detach(Context *ctx, const ProcessSpec *spec, pid_t *pid, Error *err) {
    cleanup_fd int nothing = -1;
    cleanup_fd int log = -1;
    if (!process_open_log(NULL, &nothing, err) || !process_open_log(spec->log_path, &log, err)) return false;
    SpawnRequest request = {.spec = spec, .streams = {nothing, log, log}, .is_session_leader = true};
    return process_spawn(ctx, &request, pid, err);
}

bool process_open(Context *ctx, const ProcessSpec *spec, pid_t *pid, int *input_fd, int *output_fd, Error *err) {
    int input[2], output[2];
    cleanup_fd int log = -1;
    if (!process_open_log(spec->log_path, &log, err) || !process_create_pipe(input, err)) return false;
    cleanup_fd int child_input = input[0];
    cleanup_fd int our_input = input[1];
    if (!process_create_pipe(output, err)) return false;
    cleanup_fd int our_output = output[0];
    cleanup_fd int child_output = output[1];
    SpawnRequest request = {.spec = spec, .streams = {child_input, child_output, log}, .is_session_leader = true};
    if (!process_spawn(ctx, &request, pid, err)) return false;
    fcntl(our_output, F_SETFL, O_NONBLOCK);
    *input_fd = our_input;
    *output_fd = our_output;
    our_input = our_output = -1;
    return true;
}

bool process_serve(Context *ctx, const ProcessSpec *spec, int connection_fd, pid_t *pid, Error *err) {
    SpawnRequest request = {.spec = spec, .streams = {connection_fd, connection_fd, -1}};
    return process_spawn(ctx, &request, pid, err);
}

// Handlers fall back to the default by themselves, what is ignored or blocked would stay so.
static void restore_signals(void) {
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    signal(SIGPIPE, SIG_DFL);
}

bool process_replace(Context *ctx, const ProcessSpec *spec, Error *err) {
    const char *program;
    if (!prepare(ctx->arena, spec, &program, err)) return false;
    if (spec->folder != NULL && chdir(spec->folder) != 0) return explain_failure(spec, program, errno, err);
    fflush(NULL);
    restore_signals();
    execve(program, copy_vector(ctx->arena, spec->argv), environment_of(ctx->arena, spec));
    return explain_failure(spec, program, errno, err);
}
