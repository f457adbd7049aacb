// Random secrets of a checkout, made once and kept in .devbox/secrets.json (0600).
#pragma once
#include "services/project.h"

typedef struct Secrets {
    const char *fernet_key, *secret_key, *jwt_secret;
} Secrets;

bool secrets_load(Context *ctx, const Project *project, Secrets *secrets, Error *err) MUST_USE;
