// Asks Airflow's DAG processor to parse files at once, ahead of its intervals.
#pragma once
#include "services/airflow_profile.h"
#include "services/project.h"

// Statements of a profile's priority_parse with their parameters filled in; `path` NULL: those for all files.
const char *dag_parse_fill(Arena *arena, const StringList *statements, const char *dags_dir, const char *path);

// Asks for these DAG files (absolute paths; none: all that Airflow knows). Without a running platform there is nobody to ask.
bool dag_parse_request(Context *ctx, const Project *project, const StringList *files, Error *err) MUST_USE;

// The same after a save, where Airflow does not hear of saves by itself. When it fails, Airflow's own pace remains.
void dag_parse_follow_save(Context *ctx, const Project *project, const StringList *files);
