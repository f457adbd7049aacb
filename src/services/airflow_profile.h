// Everything that differs per Airflow version, read from compose/profiles/<version>/profile.yaml.
#pragma once
#include "base/context.h"
#include "base/error.h"
#include "model/config.h"

typedef struct AirflowService {
    const char *name, *label;  // "dag-processor", "DAG processor"
    StringList arguments;      // after the word airflow
} AirflowService;

typedef LIST_OF(AirflowService) AirflowServiceList;

// How long one service may take until it is healthy.
typedef struct ServiceLimit {
    const char *name;
    long long seconds;
} ServiceLimit;

typedef LIST_OF(ServiceLimit) ServiceLimitList;
typedef LIST_OF(StringList) CommandList;

// What the Docker runtime needs beyond that.
typedef struct AirflowDockerProfile {
    const char *image, *database_image;  // NULL: this release has no Docker runtime
    const char *template_path;           // of the compose file
    const char *web_service;             // the service that answers the health page
    CommandList init_commands;           // words after airflow, run once before the services start
    PairList fixed_env, env;             // take the place of those of the same name
} AirflowDockerProfile;

typedef struct AirflowProfile {
    const char *version, *api;  // "2.10.3"; "v1" or "v2"
    const char *folder, *lock_path;
    const char *python_min, *python_max, *python_prefer;
    CommandList template_commands;  // words after airflow that make the metadata template
    StringList template_sql;
    const char *passwords_file;  // where user → password must stand as JSON; NULL when the template holds the user
    const char *password_sql;    // takes a changed password over from the template; NULL when there is a passwords file
    AirflowServiceList services;
    ServiceLimitList ready_within;  // of those that have another limit than most
    StringList stale_files;         // below AIRFLOW_HOME, removed before a start
    const char *health_path;
    StringList health_components;
    PairList fixed_env, env;                             // with ${placeholders}; a user may set those of `env` otherwise
    StringList parse_changed, parse_removed, parse_all;  // SQL for the metadata database, see the profile
    AirflowDockerProfile docker;
} AirflowProfile;

// Reads a profile. An unknown version is ERROR_CONFIG with the known ones.
bool airflow_profile_load(Context *ctx, const char *version, AirflowProfile *profile, Error *err) MUST_USE;

// ERROR_CONFIG for a release that devbox does not run in containers.
bool airflow_profile_require_docker(const AirflowProfile *profile, Error *err) MUST_USE;

// Versions that have a profile, oldest first.
StringList airflow_profile_versions(Context *ctx);

// Replaces ${name} by its value; an unknown name stays as it is.
const char *airflow_profile_expand(Arena *arena, const char *text, const PairList *values);
