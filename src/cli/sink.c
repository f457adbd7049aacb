#include "cli/sink.h"

#include <errno.h>

void sink_prepare(Sink *sink, const SinkOptions *options) {
    sink->options = *options;
    sink->scratch = arena_create();
}

void sink_write_out(Sink *sink, const char *text) {
    if (sink->is_out_broken) return;
    if (fputs(text, sink->options.out) >= 0 && fflush(sink->options.out) == 0) return;
    sink->is_out_broken = true;
    sink->is_reader_gone = errno == EPIPE;
    if (sink->is_reader_gone && sink->options.cancel != NULL) *sink->options.cancel = *sink->options.cancel + 1;
}

bool sink_finish(EventSink *sink, const Error *error, int exit_code, long long duration_ms) {
    Sink *common = (Sink *)sink;
    // A reader that left (devbox logs -f | head) has what it wanted: that is no failure, and neither is the end that it caused.
    bool is_caused_by_reader = common->is_reader_gone && error != NULL && error->code == ERROR_INTERRUPTED;
    bool is_written = common->finish(common, is_caused_by_reader ? NULL : error, exit_code, duration_ms);
    arena_destroy(common->scratch);
    return is_written || common->is_reader_gone;
}
