#include "services/browser.h"

#include <stdlib.h>
#include <sys/wait.h>

#include "base/text.h"
#include "io/clock.h"
#include "io/platform.h"
#include "io/process.h"
#include "model/event.h"

enum { START_TIMEOUT_MS = 10 * 1000, FAILURE_TIMEOUT_MS = 1500, PAUSE_MS = 20 };

// "firefox --new-window %s" → words, the address in place of %s or behind the rest.
static StringList make_command(Context *ctx, const char *browser, const char *url) {
    StringList words = text_split(ctx->arena, browser, ' '), command = {0};
    bool has_place = strstr(browser, "%s") != NULL;
    list_each(const char *, word, &words) {
        if (**word != '\0') list_push(ctx->arena, &command, text_replace(ctx->arena, *word, "%s", url));
    }
    if (!has_place) list_push(ctx->arena, &command, url);
    return command;
}

// A browser may live as long as it likes; one that cannot start ends at once.
static bool has_failed(Context *ctx, pid_t pid) {
    long long deadline_ms = clock_now_ms() + FAILURE_TIMEOUT_MS;
    int status;
    while (clock_now_ms() < deadline_ms && !context_is_cancelled(ctx)) {
        if (waitpid(pid, &status, WNOHANG) == pid) return !WIFEXITED(status) || WEXITSTATUS(status) != 0;
        event_tick(ctx);
        clock_sleep_ms(PAUSE_MS);
    }
    return false;
}

// NULL when it went well.
static const char *run(Context *ctx, const char *browser, const char *url) {
    pid_t pid;
    Error err = {.arena = ctx->arena};
    StringList command = make_command(ctx, browser, url);
    ProcessSpec spec = {
        .argv = string_list_to_argv(ctx->arena, &command), .log_path = "/dev/null", .timeout_ms = START_TIMEOUT_MS};
    if (!process_detach(ctx, &spec, &pid, &err)) return err.message;
    return has_failed(ctx, pid) ? arena_format(ctx->arena, "%s failed", command.items[0]) : NULL;
}

const char *browser_open(Context *ctx, const char *url) {
    const char *wanted = getenv("BROWSER"), *opener = platform_url_opener(), *why = NULL;
    if (text_is_empty(wanted)) return opener == NULL ? "there is no display here" : run(ctx, opener, url);
    StringList browsers = text_split(ctx->arena, wanted, ':');
    list_each(const char *, browser, &browsers) {
        if (*text_trim(ctx->arena, *browser) == '\0') continue;
        why = run(ctx, *browser, url);
        if (why == NULL) return NULL;
    }
    return why == NULL ? "BROWSER names no program" : why;
}
