// How events look: live on a terminal, plain lines elsewhere, JSON for programs. stdout is the result, stderr the progress:
// test cases, verdicts, results and log lines go to `out`; headlines, steps, notes, warnings and the error go to `err`.
// So `devbox test > report.txt` keeps the verdict, and `devbox start > urls.txt` the URLs.
#pragma once
#include <stdio.h>

#include "model/event.h"

typedef struct SinkOptions {
    Arena *arena;
    FILE *out, *err;             // result and progress; a test hands in files of its own
    bool is_interactive;         // err is a terminal: spinners and redrawing
    bool has_colour, has_unicode;  // has_colour: err shows colours
    bool has_colour_out;           // and so does out
    bool is_quiet;               // only results, warnings and failures
    int verbosity;
    int width;                   // columns
    const char *command;         // "test dag", for the envelope
    volatile sig_atomic_t *cancel;  // raised when nobody reads `out` any more, so that a stream ends; may be NULL
} SinkOptions;

// Text for people; redraws running steps in place when interactive.
EventSink *sink_text_create(const SinkOptions *options);

// One envelope at the end; JSON Lines of events before it for streaming commands.
EventSink *sink_json_create(const SinkOptions *options, bool is_streaming);

// Ends the output: `error` is printed last (message, detail indented, hint) or becomes the envelope's error. False when stdout could not be written.
bool sink_finish(EventSink *sink, const Error *error, int exit_code, long long duration_ms);
