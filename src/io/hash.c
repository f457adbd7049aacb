#include "io/hash.h"

#include <openssl/evp.h>
#include <stdio.h>

#include "base/cleanup.h"
#include "io/file_system.h"
#include "io/library.h"
#include "library_names.h"

enum { READ_BYTES = 64 * 1024 };

static struct {
    EVP_MD_CTX *(*create)(void);
    void (*destroy)(EVP_MD_CTX *);
    const EVP_MD *(*sha256)(void);
    int (*begin)(EVP_MD_CTX *, const EVP_MD *, ENGINE *);
    int (*update)(EVP_MD_CTX *, const void *, size_t);
    int (*finish)(EVP_MD_CTX *, unsigned char *, unsigned *);
} crypto;

static bool load(Error *err) {
    static const LibrarySymbol symbols[] = {
        {"EVP_MD_CTX_new", &crypto.create},   {"EVP_MD_CTX_free", &crypto.destroy}, {"EVP_sha256", &crypto.sha256},
        {"EVP_DigestInit_ex", &crypto.begin}, {"EVP_DigestUpdate", &crypto.update}, {"EVP_DigestFinal_ex", &crypto.finish},
    };
    return crypto.create != NULL || library_load(LIBRARY_CRYPTO, symbols, sizeof symbols / sizeof *symbols, err);
}

static void destroy(EVP_MD_CTX **digest) {
    if (*digest != NULL) crypto.destroy(*digest);
}
#define cleanup_digest __attribute__((cleanup(destroy)))

static EVP_MD_CTX *begin(Error *err) {
    if (!load(err)) return NULL;
    EVP_MD_CTX *digest = crypto.create();
    if (digest != NULL && crypto.begin(digest, crypto.sha256(), NULL) == 1) return digest;
    destroy(&digest);
    error_set(err, ERROR_RUNTIME_MISSING, "the library %s does not compute SHA-256", LIBRARY_CRYPTO);
    return NULL;
}

static const char *finish(Arena *arena, EVP_MD_CTX *digest) {
    unsigned char bytes[EVP_MAX_MD_SIZE];
    unsigned count = 0;
    crypto.finish(digest, bytes, &count);
    char *hex = arena_allocate(arena, (size_t)count * 2 + 1);
    for (unsigned i = 0; i < count; i++) {
        hex[2 * i] = "0123456789abcdef"[bytes[i] >> 4];
        hex[2 * i + 1] = "0123456789abcdef"[bytes[i] & 15];
    }
    return hex;
}

bool hash_bytes(Arena *arena, const void *bytes, size_t length, const char **hex, Error *err) {
    cleanup_digest EVP_MD_CTX *digest = begin(err);
    if (digest == NULL) return false;
    crypto.update(digest, bytes, length);
    *hex = finish(arena, digest);
    return true;
}

bool hash_file(Arena *arena, const char *path, const char **hex, Error *err) {
    cleanup_file FILE *file = fopen(path, "re");
    if (file == NULL) return file_error(err, "read", path);
    cleanup_digest EVP_MD_CTX *digest = begin(err);
    if (digest == NULL) return false;
    unsigned char *bytes = arena_allocate(arena, READ_BYTES);
    for (size_t count; (count = fread(bytes, 1, READ_BYTES, file)) > 0;) crypto.update(digest, bytes, count);
    if (ferror(file)) return file_error(err, "read", path);
    *hex = finish(arena, digest);
    return true;
}
