#include "services/secrets.h"

#include "base/cleanup.h"
#include "base/text.h"
#include "io/file_system.h"
#include "io/json.h"
#include "io/lock_file.h"
#include "io/random.h"

enum { KEY_DIGITS = 64, OWNER_ONLY = 0600, LOCK_TIMEOUT_MS = 10000 };

static bool read_existing(Context *ctx, const char *path, Value **secrets, Error *err) {
    if (!file_exists(path)) {
        *secrets = value_object(ctx->arena);
        return true;
    }
    if (json_read_file(ctx->arena, path, secrets, err) && (*secrets)->kind == VALUE_OBJECT) return true;
    if (err->code == ERROR_NONE) error_set(err, ERROR_CONFIG, "%s holds no JSON object", path);
    // New keys would make what Airflow encrypted with the old ones unreadable, so the user has to decide.
    return error_hint(
        err,
        "mv '%s' '%s.damaged': the next start makes new secrets; connections saved in Airflow's pages must then be entered again",
        path, path);
}

static void complete(Arena *arena, Value *secrets, const char *name, const char *fresh) {
    if (text_is_empty(value_get_string(secrets, name, NULL))) value_set_string(arena, secrets, name, fresh);
}

static bool is_complete(const Value *secrets) {
    return !text_is_empty(value_get_string(secrets, "fernet_key", NULL)) &&
           !text_is_empty(value_get_string(secrets, "secret_key", NULL)) &&
           !text_is_empty(value_get_string(secrets, "jwt_secret", NULL));
}

// Under a lock: two commands at once must not each go on with secrets of their own.
static bool make_missing(Context *ctx, const char *path, Value **secrets, Error *err) {
    cleanup_fd int lock = -1;
    Arena *arena = ctx->arena;
    if (!lock_file_take(ctx, arena_format(arena, "%s.lock", path), "making secrets", LOCK_TIMEOUT_MS, &lock, err)) return false;
    if (!read_existing(ctx, path, secrets, err)) return false;
    complete(arena, *secrets, "fernet_key", random_fernet_key(arena));
    complete(arena, *secrets, "secret_key", random_hex(arena, KEY_DIGITS));
    complete(arena, *secrets, "jwt_secret", random_hex(arena, KEY_DIGITS));
    return file_write_string(arena, path, json_print_indented(arena, *secrets), OWNER_ONLY, err);
}

bool secrets_load(Context *ctx, const Project *project, Secrets *secrets, Error *err) {
    Value *stored;
    const char *path = project_state_path(ctx->arena, project, "secrets.json");
    if (!read_existing(ctx, path, &stored, err)) return false;
    bool is_fine = is_complete(stored) && file_info(path).mode == OWNER_ONLY;
    if (!is_fine && !make_missing(ctx, path, &stored, err)) return false;
    *secrets = (Secrets){.fernet_key = value_get_string(stored, "fernet_key", ""),
                         .secret_key = value_get_string(stored, "secret_key", ""),
                         .jwt_secret = value_get_string(stored, "jwt_secret", "")};
    return true;
}
