// Any bytes as abctl's output: it is read to its end, and every failure has a code, a cause and a remedy.
#include <stdint.h>
#include <stdlib.h>

#include "base/arena.h"
#include "model/abctl_output.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length) {
    Arena *arena = arena_create();
    const char *output = arena_copy_bytes(arena, bytes, length);
    AbctlFailure failure = abctl_failure_explain(arena, output);
    bool is_whole = failure.code != ERROR_NONE && failure.cause != NULL && *failure.remedy != '\0' && failure.evidence != NULL;
    if (!is_whole) abort();
    AbctlMessageList messages = abctl_messages_read(arena, output);
    list_each(const AbctlMessage, message, &messages) abctl_phase(arena, message);
    arena_destroy(arena);
    return 0;
}
