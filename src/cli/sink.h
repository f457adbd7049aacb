// What every sink is made of; only the sinks and sink.c look inside.
#pragma once
#include "cli/sinks.h"

typedef struct Sink {
    EventSink base;  // first, so that an EventSink * is a Sink *
    bool (*finish)(struct Sink *sink, const Error *error, int exit_code, long long duration_ms);
    SinkOptions options;
    Arena *scratch;  // emptied after every event, so that a stream of days needs no more memory than one of seconds
    bool is_out_broken, is_reader_gone;
} Sink;

// Fills the common part; the scratch arena is released by sink_finish.
void sink_prepare(Sink *sink, const SinkOptions *options);

// Writes to `out` and flushes; notices when nobody reads any more (then options.cancel is raised) or the disk is full.
void sink_write_out(Sink *sink, const char *text);
