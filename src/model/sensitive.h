// Which names promise a secret, so that their values are masked and stay out of children. Pure.
#pragma once
#include <stdbool.h>

#include "base/arena.h"

// True for API_KEY, DB_PASSWORD, GITHUB_TOKEN, AIRFLOW_CONN_… and their like, in any case.
bool name_is_sensitive(const char *name);

// The value as it may be shown: hidden altogether under a sensitive name, else only without a URI's password.
const char *value_masked(Arena *arena, const char *name, const char *value);
