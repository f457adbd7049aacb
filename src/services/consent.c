#include "services/consent.h"

#include <ctype.h>
#include <errno.h>
#include <unistd.h>

#include "base/text.h"
#include "io/terminal.h"
#include "model/event.h"

// One line of the terminal; false at its end, or when the user presses Ctrl-C.
static bool read_answer(Context *ctx, char *first) {
    char character = '\n';
    *first = '\0';
    for (;;) {
        ssize_t count = read(STDIN_FILENO, &character, 1);
        if (count < 0 && errno == EINTR && !context_is_cancelled(ctx)) continue;
        if (count <= 0) return false;
        if (character == '\n') return true;
        if (*first == '\0' && !isspace((unsigned char)character)) *first = (char)tolower((unsigned char)character);
    }
}

bool consent_get(Context *ctx, const char *question, const char *problem, const char *hint, Error *err) {
    char first = '\0';
    if (ctx->is_confirmed) return true;
    if (terminal_is_interactive(STDIN_FILENO) && terminal_is_interactive(STDERR_FILENO)) {
        event_note(ctx, "%s [y/N]", question);
        if (read_answer(ctx, &first) && first == 'y') return true;
        if (context_is_cancelled(ctx)) return error_set(err, ERROR_INTERRUPTED, "interrupted; nothing was changed");
    }
    error_set(err, ERROR_CONFIRMATION_NEEDED, "%s", problem);
    return error_hint(err, "%s", hint);
}
