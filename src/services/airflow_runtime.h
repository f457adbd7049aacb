// Where Airflow runs: as plain processes (native) or in containers (docker). Commands speak to this table and do not ask which.
#pragma once
#include "io/process.h"
#include "services/check.h"
#include "services/logs.h"
#include "services/runtime_state.h"

// Programs of the platform that are Python: devbox's workers for Airflow and dbt, and Airflow's own command line.
typedef enum PythonTool { PYTHON_DAG_TESTS, PYTHON_AIRFLOW, PYTHON_DBT } PythonTool;

// Where such a program runs, and what it finds there.
typedef struct PythonPlace {
    const char *workers;        // folder of devbox's workers
    const char *template_path;  // an empty metadata database of Airflow, for tests
    const char *warm_folder;    // where sockets of warm processes are, see warm_process.h
    const char *live;           // the platform's own: a file, or a postgresql:// address; NULL when there is none
} PythonPlace;

typedef struct AirflowRuntime {
    const char *name;       // "native", "docker"
    const char *host_name;  // of this machine, as Airflow's tasks reach it: "localhost", "host.docker.internal"
    bool hears_saves;       // has Airflow parse what a save affects without being asked

    // For the first line of start: "native", "docker (Docker Desktop 4.51, 8 CPUs, 15.6 GB)".
    const char *(*describe)(Context *ctx);
    // Its share of the checks before anything is started; *finding is added to what start says of them ("compose 2.40").
    bool (*check)(Context *ctx, const Project *project, const char **finding, Error *err);
    // The same for `devbox doctor`: all of them.
    void (*examine)(Context *ctx, const Project *project, CheckList *checks);
    // Where the page will be; see airflow_native.h.
    bool (*choose_port)(Context *ctx, const Project *project, int *port, Error *err);
    // Everything that must be there before Airflow can start (images); NULL: nothing, launch makes it.
    bool (*prepare)(Context *ctx, const Project *project, const char *step, const char **summary, Error *err);
    // Starts what does not run with these settings, and waits until all is healthy.
    bool (*launch)(Context *ctx, const Project *project, const char *step, bool *already_runs, Error *err);
    bool (*stop)(Context *ctx, const Project *project, bool *was_running, Error *err);
    // What `stop` would end, in words: "4 containers"; NULL when nothing runs.
    bool (*describe_running)(Context *ctx, const Project *project, const char **what, Error *err);
    // Ends and starts these services (names; empty: all) and waits until they are healthy.
    bool (*restart)(Context *ctx, const Project *project, const StringList *services, Error *err);
    bool (*read_state)(Context *ctx, const Project *project, RuntimeState *state, Error *err);
    bool (*show_logs)(Context *ctx, const Project *project, const LogOptions *options, Error *err);

    // Runs statements on Airflow's metadata database, in SQL that SQLite and PostgreSQL share; *rows: the first column, a line
    // each. *is_there false while there is no database, or nobody serves it.
    bool (*run_sql)(Context *ctx, const Project *project, const char *sql, const char **rows, bool *is_there, Error *err);

    // Makes the place ready where a tool runs (environments, the image), reporting progress for `step`.
    bool (*open_place)(Context *ctx, const Project *project, PythonTool tool, const char *step, PythonPlace *place, Error *err);
    // Completes a spec whose argv is what follows the interpreter: interpreter and environment, with `variables` over them.
    bool (*enter_place)(Context *ctx, const Project *project, PythonTool tool, const PairList *variables, ProcessSpec *spec,
                        Error *err);
} AirflowRuntime;

// The runtime of this checkout. `auto` that nobody has decided yet is the native one.
const AirflowRuntime *airflow_runtime_of(const Project *project);

// For a checkout that remembers no runtime: docker when the engine has containers of it. Somebody deleted .devbox (git clean)
// while they ran.
void airflow_runtime_find(Context *ctx, Project *project);

// The same after a while, in which a start in another terminal may have decided or changed it.
void airflow_runtime_find_again(Context *ctx, Project *project);

// Puts into project->config what `auto` means here: docker when an engine with compose answers, unless the checkout has a native
// history. *passed_over says why an engine that is there was not taken, and stays ERROR_NONE without such a surprise. Nothing is
// kept or changed yet.
bool airflow_runtime_choose(Context *ctx, Project *project, Error *passed_over, Error *err) MUST_USE;

// Whether that would be docker if an engine answered.
bool airflow_runtime_wants_docker(Context *ctx, const Project *project);

// Keeps that choice in .devbox/runtime. What still runs in another runtime is stopped first, so the chosen one should be usable.
bool airflow_runtime_settle(Context *ctx, const Project *project, Error *err) MUST_USE;
