#include "services/restart_request.h"

#include "io/file_system.h"
#include "io/json.h"
#include "io/random.h"

enum { ID_LENGTH = 12 };

static const char *request_path(Context *ctx, const Project *project) {
    return project_state_path(ctx->arena, project, "run/restart.json");
}

bool restart_request_leave(Context *ctx, const Project *project, const StringList *services, const char **id, Error *err) {
    Arena *arena = ctx->arena;
    Value *document = value_object(arena);
    const char *chosen = random_hex(arena, ID_LENGTH);
    value_set_string(arena, document, "id", chosen);
    value_set(arena, document, "services", value_from_strings(arena, services));
    if (!file_write_string(arena, request_path(ctx, project), json_print(arena, document), 0600, err)) return false;
    *id = chosen;
    return true;
}

bool restart_request_take(Context *ctx, const Project *project, RestartRequest *request) {
    Value *document;
    Error ignored = {.arena = ctx->arena};
    const char *path = request_path(ctx, project);
    if (!file_exists(path)) return false;
    bool is_read = json_read_file(ctx->arena, path, &document, &ignored);
    // What cannot be removed would be taken again and again.
    if (!file_remove(ctx->arena, path, &ignored) || !is_read) return false;
    RestartRequest taken = {.id = value_get_string(document, "id", "")};
    const Value *names = value_get(document, "services");
    for (size_t i = 0; names != NULL && i < names->count; i++) {
        const Value *name = names->members[i].value;
        if (name->kind == VALUE_STRING) list_push(ctx->arena, &taken.services, name->string);
    }
    *request = taken;
    return true;
}

void restart_request_withdraw(Context *ctx, const Project *project) {
    Error ignored = {.arena = ctx->arena};
    bool is_gone = file_remove(ctx->arena, request_path(ctx, project), &ignored);
    (void)is_gone;
}
