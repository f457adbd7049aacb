// The tools that make environments: uv and a Python interpreter.
#pragma once
#include "services/python_environment.h"

// Absolute path of uv: from PATH, else installed from PyPI into the user's cache once.
bool python_find_uv(Context *ctx, const char *step, const char **uv, Error *err) MUST_USE;

// uv on PATH or in the cache already; NULL when python_find_uv would have to install it.
const char *python_find_installed_uv(Context *ctx);
