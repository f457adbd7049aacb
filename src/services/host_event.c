#include "services/host_event.h"

#include "base/text.h"
#include "model/event.h"

void host_event_read(const Context *ctx, const Value *message, const char *program, Verdict *verdict) {
    const char *mode = value_get_string(message, "mode", "cold");
    bool is_told = text_equals(verdict->process, mode);
    verdict->process = mode;
    if (ctx->verbosity == 0 || is_told) return;
    if (text_equals(mode, "cold")) {
        event_note(ctx, "in a Python process of its own (cold)");
    } else {
        event_note(ctx, "in a process that had imported %s before (%s)", program, mode);
    }
}
