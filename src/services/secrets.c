#include "services/secrets.h"

#include "base/text.h"
#include "io/file_system.h"
#include "io/json.h"
#include "io/random.h"

enum { KEY_DIGITS = 64, OWNER_ONLY = 0600 };

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

// True when the secret had to be made.
static bool complete(Arena *arena, Value *secrets, const char *name, const char *fresh) {
    if (!text_is_empty(value_get_string(secrets, name, NULL))) return false;
    value_set_string(arena, secrets, name, fresh);
    return true;
}

bool secrets_load(Context *ctx, const Project *project, Secrets *secrets, Error *err) {
    Arena *arena = ctx->arena;
    Value *stored;
    const char *path = project_state_path(arena, project, "secrets.json");
    if (!read_existing(ctx, path, &stored, err)) return false;
    bool is_changed = complete(arena, stored, "fernet_key", random_fernet_key(arena));
    is_changed = complete(arena, stored, "secret_key", random_hex(arena, KEY_DIGITS)) || is_changed;
    is_changed = complete(arena, stored, "jwt_secret", random_hex(arena, KEY_DIGITS)) || is_changed;
    is_changed = is_changed || file_info(path).mode != OWNER_ONLY;
    if (is_changed && !file_write_string(arena, path, json_print_indented(arena, stored), OWNER_ONLY, err)) return false;
    *secrets = (Secrets){.fernet_key = value_get_string(stored, "fernet_key", ""),
                         .secret_key = value_get_string(stored, "secret_key", ""),
                         .jwt_secret = value_get_string(stored, "jwt_secret", "")};
    return true;
}
