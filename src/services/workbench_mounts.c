// The look through the mount from inside a container.
#include "base/cleanup.h"
#include "base/text.h"
#include "io/database.h"
#include "io/file_system.h"
#include "io/json.h"
#include "io/lock_file.h"
#include "io/random.h"
#include "model/event.h"
#include "services/docker_session.h"
#include "services/workbench.h"

enum {
    BUSY_MS = 2000,
    PROBE_TIMEOUT_MS = 20 * 1000,
    LOOK_TIMEOUT_MS = 30 * 60 * 1000,  // an image may have to be built first
    SEEDING_TIMEOUT_MS = 10 * 60 * 1000,
    NONCE_DIGITS = 16
};

#define MEMO "run/mounts.json"
#define PROBE_FOLDER "run/probe"

static const char *memo_path(Context *ctx, const Project *project) { return project_state_path(ctx->arena, project, MEMO); }

static Value *read_memo(Context *ctx, const Project *project) {
    Value *memo = NULL;
    Error ignored = {.arena = ctx->arena};
    const char *path = memo_path(ctx, project);
    bool is_read = file_exists(path) && json_read_file(ctx->arena, path, &memo, &ignored);
    return is_read ? memo : NULL;
}

bool workbench_shares_locks(Context *ctx, const Project *project) {
    return value_get_bool(read_memo(ctx, project), "sharesLocks", true);
}

// A database with a committed row, and a transaction that stays open while the container looks.
static bool open_probe(Context *ctx, const char *folder, const char **nonce, Database **db, Error *err) {
    if (!folder_remove(ctx->arena, folder, err) || !folder_create(ctx->arena, folder, err)) return false;
    *nonce = random_hex(ctx->arena, NONCE_DIGITS);
    if (!file_write_string(ctx->arena, path_join(ctx->arena, folder, "nonce"), *nonce, 0600, err)) return false;
    if (!database_open(ctx->arena, path_join(ctx->arena, folder, "probe.db"), DATABASE_CREATE, BUSY_MS, db, err)) return false;
    return database_execute(
        *db, "CREATE TABLE probe(x); INSERT INTO probe VALUES (1); BEGIN IMMEDIATE; INSERT INTO probe VALUES (2)", err);
}

static bool ask(Context *ctx, const char *container, const char *folder, Value **answer, Error *err) {
    const DockerEngine *engine;
    const char *const argv[] = {"python", AIRFLOW_IMAGE_WORKERS "/mount_probe.py", folder, NULL};
    DockerProgram program = {.container = container, .argv = argv, .timeout_ms = PROBE_TIMEOUT_MS};
    DockerProgramResult result;
    if (!docker_session_engine(ctx, false, &engine, err) || !docker_program_run(ctx, engine, &program, &result, err))
        return false;
    if (result.exit_code == 0) return json_parse(ctx->arena, result.output, "the container's look at the checkout", answer, err);
    error_set(err, ERROR_SERVICE, "a container could not look at the checkout");
    return error_detail(err, text_last_lines(ctx->arena, result.errors, 5));
}

static bool report_invisible(const Project *project, const char *seen, Error *err) {
    error_set(err, ERROR_RUNTIME_MISSING,
              "the container engine does not see the files of %s: a file that was just written there reads \"%.60s\" inside",
              project->root, seen);
    return error_hint(err,
                      "share the folder with the engine (Docker Desktop: Settings, Resources, File sharing; Colima: colima start "
                      "--mount), or set runtime: native");
}

static bool judge(const Project *project, const Value *answer, const char *nonce, Error *err) {
    const char *seen = value_get_string(answer, "nonce", "");
    if (!text_equals(seen, nonce)) return report_invisible(project, seen, err);
    if (value_get_bool(answer, "mayWrite", false)) return true;
    error_set(err, ERROR_RUNTIME_MISSING, "containers may not write into %s: inside it belongs to user %lld, they run as %lld",
              project->state, (long long)value_get_integer(answer, "owner", -1), (long long)value_get_integer(answer, "uid", -1));
    return error_hint(
        err, "rootless engines and remapped users need the checkout to be theirs; or set runtime: native in devbox.yaml");
}

// Whoever opened the sandbox before this was known has to be done with it before containers open it too.
static bool wait_for_seeding(Context *ctx, const Project *project, Error *err) {
    cleanup_fd int lock_fd = -1;
    return lock_file_take(ctx, project_state_path(ctx->arena, project, "sandbox.lock"), "looking at the mounts",
                          SEEDING_TIMEOUT_MS, &lock_fd, err);
}

static bool remember(Context *ctx, const Project *project, Value *answer, Error *err) {
    bool is_news = !value_get_bool(answer, "sharesLocks", false) && workbench_shares_locks(ctx, project);
    if (is_news) {
        event_note(ctx, "database locks do not cross the engine's file sharing: devbox reaches the sandbox through a container");
    }
    if (!file_write_string(ctx->arena, memo_path(ctx, project), json_print_indented(ctx->arena, answer), 0600, err)) return false;
    return !is_news || wait_for_seeding(ctx, project, err);
}

static bool look(Context *ctx, const Project *project, const char *step, Value **answer, Error *err) {
    cleanup_database Database *db = NULL;
    const char *container, *nonce;
    const char *folder = project_state_path(ctx->arena, project, PROBE_FOLDER);
    if (!workbench_ensure(ctx, project, step, &container, err) || !open_probe(ctx, folder, &nonce, &db, err)) return false;
    return ask(ctx, container, folder, answer, err) && judge(project, *answer, nonce, err);
}

bool workbench_check_mounts(Context *ctx, const Project *project, const char *step, Error *err) {
    cleanup_fd int lock_fd = -1;
    const DockerEngine *engine;
    Value *answer;
    AirflowProfile profile;
    AirflowImage image;
    if (!docker_session_engine(ctx, false, &engine, err)) return false;
    if (!airflow_profile_load(ctx, project->config.airflow.version, &profile, err)) return false;
    if (!airflow_image_describe(ctx, project, &profile, &image, err)) return false;
    const char *key = arena_format(ctx->arena, "%s %s", engine->endpoint.address, image.name);
    if (text_equals(value_get_string(read_memo(ctx, project), "key", NULL), key)) return true;
    // Steps of a start come here side by side.
    const char *lock = project_state_path(ctx->arena, project, "run/mounts.lock");
    if (!project_prepare_state(ctx, project, err) ||
        !lock_file_take(ctx, lock, "looking at the mounts", LOOK_TIMEOUT_MS, &lock_fd, err))
        return false;
    if (text_equals(value_get_string(read_memo(ctx, project), "key", NULL), key)) return true;
    if (!look(ctx, project, step, &answer, err)) return false;
    value_set_string(ctx->arena, answer, "key", key);
    return folder_remove(ctx->arena, project_state_path(ctx->arena, project, PROBE_FOLDER), err) &&
           remember(ctx, project, answer, err);
}

const char *workbench_sharing_remedy(const char *provider) {
    static const struct {
        const char *provider, *remedy;
    } remedies[] = {
        {"Docker Desktop",
         "choose VirtioFS in Docker Desktop's settings (General), or restart Docker Desktop; then: devbox restart"},
        {"Colima", "colima restart, with --mount-type virtiofs if it happens again; then: devbox start"},
        {"Rancher", "restart Rancher Desktop, with virtiofs as its mount type if it happens again; then: devbox start"},
        {"OrbStack", "orb restart docker; then: devbox start"},
        {"Lima", "limactl stop and start the instance; then: devbox start"},
        {"Podman", "podman machine stop && podman machine start; then: devbox start"},
    };
    for (size_t i = 0; provider != NULL && i < sizeof remedies / sizeof *remedies; i++) {
        if (text_starts_with(provider, remedies[i].provider)) return remedies[i].remedy;
    }
    return "restart the container engine, then: devbox start";
}

bool workbench_check_live_link(Context *ctx, const Project *project, const char *container, Error *err) {
    const DockerEngine *engine;
    DockerProgramResult result;
    const char *nonce = random_hex(ctx->arena, NONCE_DIGITS);
    const char *path = project_state_path(ctx->arena, project, arena_format(ctx->arena, "run/live-link-%s", nonce));
    const char *const argv[] = {"cat", path, NULL};
    DockerProgram program = {.container = container, .argv = argv, .timeout_ms = PROBE_TIMEOUT_MS};
    if (!docker_session_engine(ctx, false, &engine, err)) return false;
    if (!file_write_string(ctx->arena, path, nonce, 0600, err)) return false;
    bool is_read = docker_program_run(ctx, engine, &program, &result, err);
    if (!file_remove(ctx->arena, path, err) || !is_read) return false;
    if (result.exit_code == 0 && text_equals(result.output, nonce)) return true;
    error_set(err, ERROR_SERVICE,
              "the containers do not see what is written in the checkout: saved DAGs would not reach Airflow");
    return error_hint(err, "%s", workbench_sharing_remedy(engine->endpoint.provider));
}
