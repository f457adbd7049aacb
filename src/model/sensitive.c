#include "model/sensitive.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

#include "base/text.h"

#define MASK "****"

static const char *const sensitive_words[] = {
    "password", "passwd",       "passphrase",        "secret",      "token",         "credential",
    "api_key",  "apikey",       "access_key",        "private_key", "fernet_key",    "auth_key",
    "_dsn",     "database_url", "connection_string", "conn_str",    "airflow_conn_", "sql_alchemy_conn"};

// TOKEN and TOKENS end here, TOKENIZERS does not.
static bool is_word_end(const char *rest) {
    if (*rest == 's' || *rest == 'S') rest++;
    return !isalpha((unsigned char)*rest);
}

bool name_is_sensitive(const char *name) {
    for (size_t i = 0; i < sizeof sensitive_words / sizeof *sensitive_words; i++) {
        size_t length = strlen(sensitive_words[i]);
        bool is_prefix = sensitive_words[i][length - 1] == '_';
        for (const char *at = strcasestr(name, sensitive_words[i]); at != NULL; at = strcasestr(at + 1, sensitive_words[i])) {
            if (is_prefix || is_word_end(at + length)) return true;
        }
    }
    return false;
}

// scheme://user:password@host → scheme://user:****@host
static const char *without_password(Arena *arena, const char *value) {
    const char *authority = strstr(value, "://");
    if (authority == NULL) return value;
    authority += 3;
    size_t length = strcspn(authority, "/?# \n");
    const char *colon = memchr(authority, ':', length);
    const char *at = memrchr(authority, '@', length);
    if (colon == NULL || at == NULL || colon > at) return value;
    Text masked = {.arena = arena};
    text_append_bytes(&masked, value, (size_t)(colon - value) + 1);
    text_append(&masked, MASK);
    text_append(&masked, at);
    return text_string(&masked);
}

const char *value_masked(Arena *arena, const char *name, const char *value) {
    if (text_is_empty(value)) return value;
    return name_is_sensitive(name) ? MASK : without_password(arena, value);
}
