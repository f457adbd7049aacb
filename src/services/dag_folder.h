// A look at the DAG folder before Airflow walks it: what would stop Airflow from finding DAGs, and which files may hold some.
#pragma once
#include "services/project.h"

typedef struct DagFolderFinding {
    bool is_error;        // Airflow would find no DAGs at all; else a warning
    const char *path;     // relative to the checkout
    const char *message;  // one sentence with the path in it
    const char *hint;
} DagFolderFinding;

typedef LIST_OF(DagFolderFinding) DagFolderFindingList;

typedef struct DagFolderReport {
    DagFolderFindingList findings;
    StringList files;    // absolute paths of .py files, sorted by folder; what .airflowignore lists is left out
    StringList ignored;  // .py files that .airflowignore lists, in folders that it does not list
} DagFolderReport;

// Walks the DAG folder as Airflow does, through links, but not into folders that .airflowignore lists. A missing folder gives an
// empty report. False only when it cannot be read.
bool dag_folder_inspect(Context *ctx, const Project *project, DagFolderReport *report, Error *err) MUST_USE;

// The same, with warnings as events; what would stop Airflow is ERROR_DAG_FOLDER, the first one as the message, the others as
// detail. In a working tree a folder that devbox.yaml names must be there (ERROR_CONFIG).
bool dag_folder_check(Context *ctx, const Project *project, Error *err) MUST_USE;

// Absolute paths of all .py files in the DAG folder that .airflowignore does not list, or below one path in it (which may be a
// file: then it is itself the list).
bool dag_folder_list(Context *ctx, const Project *project, StringList *files, Error *err) MUST_USE;
bool dag_folder_list_below(Context *ctx, const Project *project, const char *path, StringList *files, Error *err) MUST_USE;
