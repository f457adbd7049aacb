#include "io/library.h"

#include <dlfcn.h>
#include <string.h>

#include "base/text.h"

static const struct {
    const char *prefix, *debian, *brew;
} packages[] = {
    {"libcurl", "libcurl4", "curl"},
    {"libgit2", "libgit2-1.x", "libgit2"},
    {"libarchive", "libarchive13", "libarchive"},
    {"libcrypto", "libssl3", "openssl@3"},
};

static bool report(const char *soname, const char *problem, Error *err) {
    const char *slash = strrchr(soname, '/');
    const char *name = slash == NULL ? soname : slash + 1;
    const char *words = dlerror();
    error_set(err, ERROR_RUNTIME_MISSING, "the library %s %s", name, problem);
    error_detail(err, words);
    for (size_t i = 0; i < sizeof packages / sizeof *packages; i++) {
        if (!text_starts_with(name, packages[i].prefix)) continue;
        return error_hint(err, "install it: apt install %s (Debian, Ubuntu) or brew install %s (macOS)", packages[i].debian,
                          packages[i].brew);
    }
    return error_hint(err, "install the package that brings %s", name);
}

bool library_load(const char *soname, const LibrarySymbol *symbols, size_t count, Error *err) {
    // Never closed: libraries keep threads and exit handlers.
    void *library = dlopen(soname, RTLD_NOW | RTLD_LOCAL);
    if (library == NULL) return report(soname, "cannot be loaded", err);
    for (size_t i = 0; i < count; i++) {
        if (dlsym(library, symbols[i].name) != NULL) continue;
        return report(soname,
                      arena_format(err->arena, "has no function %s: it is another version than devbox needs", symbols[i].name),
                      err);
    }
    for (size_t i = 0; i < count; i++) {
        // ISO C knows no conversion from an object pointer to a function pointer; POSIX says that the bytes are the same.
        void *address = dlsym(library, symbols[i].name);
        memcpy(symbols[i].slot, &address, sizeof address);
    }
    return true;
}
