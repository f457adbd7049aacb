// Child processes. An argument vector only: there is no shell. Every child has a deadline, its own process group (unless
// foreground), default signals, and none of our files. Children are told apart: missing program, missing folder, failed, killed,
// too slow.
#pragma once
#include <sys/types.h>

#include "base/context.h"
#include "base/error.h"
#include "base/list.h"

typedef enum ProcessOutcome { PROCESS_EXITED, PROCESS_SIGNALED, PROCESS_TIMED_OUT, PROCESS_INTERRUPTED } ProcessOutcome;

// Called with each complete line a child writes, without its end.
typedef void ProcessLineHandler(void *state, const char *line);

typedef struct ProcessSpec {
    const char *const *argv;                   // argv[0] is looked up on PATH of `environment` when it has no slash
    const char *folder;                        // working folder; NULL: ours
    const char *const *environment;            // NULL-terminated "KEY=value"; NULL: ours (only for tools that are not user code)
    const char *input;                         // written to stdin; NULL: /dev/null
    const char *log_path;                      // appended with stdout and stderr as they come; NULL: none
    ProcessLineHandler *on_output, *on_error;  // per line of stdout, stderr; NULL: only captured
    void *handler_state;
    long long timeout_ms;   // 0 is a programmer's mistake: every wait has a deadline (but not a foreground one: its user ends it)
    long long grace_ms;     // between TERM and KILL; 0: 2000
    size_t capture_limit;   // per stream, the last bytes are kept, from a line start; 0: 1 MiB
    bool keeps_input_open;  // after `input`, until the child ends: one that sees its stdin end knows that we are gone
    bool is_foreground;     // our terminal, our process group, streams passed through
    // Of one that has children of its own to end: at a second interruption it is told once more, and has so long. 0: killed at
    // once.
    long long forced_grace_ms;
    bool is_relay;  // passes bytes: run inside a container (workbench_wrap) it gets no terminal, though ours is one
} ProcessSpec;

typedef struct ProcessResult {
    ProcessOutcome outcome;
    int exit_code;  // when exited
    int signal;     // when signaled
    const char *output, *errors;
    bool is_truncated;
    long long duration_ms;
} ProcessResult;

typedef struct Process Process;  // a child under way

// Runs to the end. False only when it could not be run (missing program or folder): a red exit code is a result. Emits ticks.
// When the user has already asked to stop, nothing is run and the outcome is PROCESS_INTERRUPTED: clean up with a Context
// without cancel.
bool process_run(Context *ctx, const ProcessSpec *spec, ProcessResult *result, Error *err) MUST_USE;

// Runs to the end; anything but exit code 0 is an error with the last lines of stderr (else stdout) as detail.
bool process_check(Context *ctx, const ProcessSpec *spec, ProcessResult *result, Error *err) MUST_USE;

// Starts a child to be driven by processes_poll; it lives and grows in ctx->arena, so reset none of that before it is finished.
// The spec is copied, what it points to is not.
bool process_start(Context *ctx, const ProcessSpec *spec, Process **process, Error *err) MUST_USE;

// Moves all children on: reads, writes, deadlines, exits. Waits at most `wait_ms`, not at all once none is left or one finished.
// NULL entries are skipped. ctx->cancel 1 stops the children with TERM (then KILL after their grace), 2 kills them (see
// forced_grace_ms).
void processes_poll(Context *ctx, Process *const *processes, size_t count, long long wait_ms);

// True once the child ended and its streams are drained; then `result` is filled.
bool process_is_finished(const Process *process, ProcessResult *result);
pid_t process_pid(const Process *process);

// Ends a child and its group: TERM, grace, KILL; returns when it is gone.
void process_stop(Context *ctx, Process *process);

// Starts a program that outlives us: own session, stdin from /dev/null, output appended to `log_path`, nothing else inherited.
bool process_detach(Context *ctx, const ProcessSpec *spec, pid_t *pid, Error *err) MUST_USE;

// A long-lived child that we talk to by lines: own session, pipes on stdin and stdout, stderr appended to `log_path`.
// The caller owns the two file descriptors (non-blocking reads) and reaps the child.
bool process_open(Context *ctx, const ProcessSpec *spec, pid_t *pid, int *input_fd, int *output_fd, Error *err) MUST_USE;

// Starts a child whose stdin and stdout are this connection. The caller reaps it.
bool process_serve(Context *ctx, const ProcessSpec *spec, int connection_fd, pid_t *pid, Error *err) MUST_USE;

// Replaces this process (devbox dbt, devbox airflow on a terminal); returns only on failure.
bool process_replace(Context *ctx, const ProcessSpec *spec, Error *err) MUST_USE;

// Absolute path of a program on this PATH (colon separated; NULL: ours), NULL when there is none.
const char *process_find_program(Arena *arena, const char *name, const char *search_path);

// "uv pip install … (exit code 2)": what ended how, for messages.
const char *process_describe(Arena *arena, const ProcessSpec *spec, const ProcessResult *result);
