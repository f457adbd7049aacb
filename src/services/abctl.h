// The program abctl: where it is, how to get it, how to let it install Airbyte.
#pragma once
#include "services/docker_engine.h"
#include "services/project.h"

typedef struct AbctlPins {
    const char *version;   // "v0.30.4"
    const char *chart;     // of Airbyte, that this abctl installs: "2.0.19"
    const char *download;  // URL of the release's folder
    const char *asset;     // the archive for this machine; NULL: there is none
    StringList sha256;     // that the asset may have; empty: not known, so that devbox does not fetch it
} AbctlPins;

// compose/airbyte/abctl.yaml, with the checksums of the checkout's airbyte.abctl_sha256.
bool abctl_pins_load(Context *ctx, const Project *project, AbctlPins *pins, Error *err) MUST_USE;

// "abctl-v0.30.4-linux-amd64.tar.gz" for what uname says ("Linux", "x86_64"); NULL when abctl is not made for it.
const char *abctl_asset_name(Arena *arena, const char *version, const char *kernel, const char *machine);

// airbyte.abctl of devbox.yaml, else PATH, else what was fetched before; *path NULL when it is nowhere. A configured program that
// is missing is ERROR_CONFIG.
bool abctl_find(Context *ctx, const Project *project, const AbctlPins *pins, const char **path, Error *err) MUST_USE;

// Where a fetched one lies.
const char *abctl_cached_path(Context *ctx, const AbctlPins *pins);

// Whether devbox may fetch it: ERROR_RUNTIME_MISSING, with what to do instead, when no checksum is pinned for this machine.
bool abctl_check_download(const AbctlPins *pins, Error *err) MUST_USE;

// Fetches it into the user's cache; only an archive with the pinned checksum is unpacked.
bool abctl_download(Context *ctx, const AbctlPins *pins, const char *step, const char **path, Error *err) MUST_USE;

typedef struct AbctlInstall {
    const char *abctl, *chart;
    int port;
    bool is_low_resource;
    const char *step;      // whose progress it is
    const char *log_path;  // replaced; everything that abctl writes
    long long timeout_ms;
} AbctlInstall;

// A devbox that was killed leaves its abctl at work: ERROR_BUSY with its pid while there is one.
bool abctl_check_alone(Context *ctx, Error *err) MUST_USE;

// `abctl local install` to its end. A failure is decoded (model/abctl_output.h), with abctl's own error lines as detail.
bool abctl_install(Context *ctx, const DockerEngine *engine, const AbctlInstall *install, Error *err) MUST_USE;
