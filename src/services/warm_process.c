#include "services/warm_process.h"

#include <stdlib.h>
#include <unistd.h>

#include "base/text.h"
#include "io/file_system.h"
#include "io/network.h"

// One that is still importing hears us only afterwards, on a busy machine after a while.
enum { FOLDER_BYTES = 40, END_TIMEOUT_MS = 60 * 1000 };

// What warm_server.py understands as "end when nothing runs in you".
#define WORD_TO_END "Q"

const char *warm_process_folder(Arena *arena) {
    const char *runtime = getenv("XDG_RUNTIME_DIR");
    // The path of a socket has room for about 100 bytes.
    bool is_usable = runtime != NULL && *runtime == '/' && strlen(runtime) < FOLDER_BYTES && access(runtime, W_OK) == 0;
    return is_usable ? path_join(arena, runtime, "devbox") : arena_format(arena, "/tmp/devbox-%lu", (unsigned long)getuid());
}

static const char *name_of(Arena *arena, const Project *project, const char *script) {
    bool is_snapshot = !path_is_inside(project->state, project->root);
    const char *kind = arena_copy_bytes(arena, script, strcspn(script, "_."));
    // A pushed commit may need other packages: the checkout's own process stays.
    return arena_format(arena, "%s%s-%s", is_snapshot ? "+" : "", kind, project->instance);
}

StringList warm_process_argv(Arena *arena, const Project *project, const PythonPlace *place, const char *script,
                             const StringList *arguments) {
    StringList argv = {0};
    const char *const words[] = {"-I",
                                 "-S",
                                 path_join(arena, place->workers, "warm_door.py"),
                                 place->warm_folder,
                                 name_of(arena, project, script),
                                 path_join(arena, place->workers, script)};
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) list_push(arena, &argv, words[i]);
    list_each(const char *const, argument, arguments) list_push(arena, &argv, *argument);
    return argv;
}

void warm_process_retire(Context *ctx, const Project *project) {
    StringList names = {0};
    Error ignored = {.arena = ctx->arena};
    const char *folder = warm_process_folder(ctx->arena);
    if (!folder_list(ctx->arena, folder, &names, &ignored)) return;
    list_each(const char *const, name, &names) {
        bool is_ours = strstr(*name, project->instance) != NULL && text_ends_with(*name, ".sock");
        const char *path = path_join(ctx->arena, folder, *name);
        // A socket without a listener is what a killed process left behind.
        if (is_ours && !network_tell_socket(path, WORD_TO_END, END_TIMEOUT_MS) && !file_remove(ctx->arena, path, &ignored))
            return;
    }
}
