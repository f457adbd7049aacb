// What src/workers/airflow_host.py says while it tests DAGs, as test cases.
#pragma once
#include "model/verdict.h"
#include "services/project.h"

typedef struct FoundDag {
    const char *dag_id, *file;
    int line;
    StringList tags;
} FoundDag;

typedef LIST_OF(FoundDag) FoundDagList;

// What was told of a DAG file beside its verdict, for dag_memory.h.
typedef struct CheckedFile {
    const char *path;  // absolute
    const char *name;  // relative to the checkout, as its DAGs have it
    bool is_red;
    bool knows_uses;  // false: it ended its process before it could say
    StringList uses;  // absolute paths of the user's files, and of folders whose list of files it read
} CheckedFile;

typedef LIST_OF(CheckedFile) CheckedFileList;

typedef struct DagEvents {
    Verdict verdict;
    FoundDagList dags;  // everything that was found
    CheckedFileList files;
    struct DagMemory *memory;  // what of it is remembered beyond this test; NULL: nothing
    const char *step;          // that began with the test and says what it is at; NULL: none, a debugger is on it
    StringList tasks;          // of the DAG under test, in order
    const char *file;          // of the DAG under test, relative to the checkout; NULL while it has not come
    int line;
    bool stops_at_first_red;  // of DAG files
    int debugger_port;        // of this machine; 0: the worker's own
    bool leaves_terminal;     // a debugger is on it: no line of ours may move there
    long long began_ms;       // when the run did, on the clock for durations; 0 while it has not
    const char *state;        // of the last event: "success", "unknown_dag", …; NULL while it has not come
    const Value *last;        // the last event
} DagEvents;

// Reads one line of the host. A finished file or task becomes a case, and is emitted.
void dag_events_read_line(Context *ctx, const Project *project, const char *line, DagEvents *events);

// Fills message, frames, source lines and traceback of a case from a worker's error.
void dag_events_describe_error(Context *ctx, const Project *project, const Value *error, TestCase *test_case);
