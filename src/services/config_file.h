// Reading devbox.yaml.
#pragma once
#include "base/context.h"
#include "base/error.h"
#include "model/config.h"

#define CONFIG_FILE_NAME "devbox.yaml"

// Reads devbox.yaml over what `config` holds (the defaults). Every mistake is found at once: the first becomes the message, the
// others the detail, each with line:column, the key's path and what to write instead. `config` is untouched on failure.
bool config_file_read(Context *ctx, const char *path, Config *config, Error *err) MUST_USE;
