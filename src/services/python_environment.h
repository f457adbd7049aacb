// Virtual environments in the user's cache, made by uv from a lock file: shared by checkouts, resumed when killed half-way.
#pragma once
#include "base/context.h"
#include "base/error.h"

typedef struct PythonRequest {
    const char *name;       // "airflow-2.10.3": starts the folder's name
    const char *lock_path;  // everything with hashes
    const char *python_min, *python_max, *python_prefer;
    const char *requirements;  // the user's file, installed second; NULL for none
    const char *pin;           // "apache-airflow==2.10.3": what the user's file must not change; NULL for none
} PythonRequest;

typedef struct PythonEnvironment {
    const char *folder, *python, *bin;
    bool is_ready;
} PythonEnvironment;

// Where the environment is and whether it is complete; costs milliseconds.
bool python_environment_observe(Context *ctx, const PythonRequest *request, PythonEnvironment *environment, Error *err) MUST_USE;

// Makes it ready: finds uv (else installs it from PyPI) and an interpreter, then installs. Reports progress for `step`.
// The installer's own words are in the error's detail.
bool python_environment_install(Context *ctx, const PythonRequest *request, const char *step, PythonEnvironment *environment,
                                Error *err) MUST_USE;

// pip's or uv's words say that the certificate of the package index is not trusted: a company's proxy signs with its own.
bool python_environment_is_untrusted(const char *words);
#define PYTHON_CERTIFICATE_HINT \
    "where a proxy signs with a certificate of its own: export SSL_CERT_FILE=FILE.pem PIP_CERT=FILE.pem, and run this again"

// The first interpreter between `min` and `max` that really runs ("3.11" preferred); NULL when there is none.
const char *python_find_interpreter(Context *ctx, const PythonRequest *request);
