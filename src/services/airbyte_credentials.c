#include "services/airbyte_credentials.h"

#include "base/base64.h"
#include "base/text.h"
#include "io/json.h"
#include "services/airbyte_cluster.h"

#define SECRET "airbyte-auth-secrets"

static const char *decode(Arena *arena, const Value *data, const char *key) {
    char *bytes;
    size_t length;
    const char *encoded = value_get_string(data, key, NULL);
    if (encoded == NULL || !base64_decode(arena, encoded, &bytes, &length) || strlen(bytes) != length) return NULL;
    return *bytes == '\0' ? NULL : bytes;
}

bool airbyte_credentials_read(Context *ctx, const DockerEngine *engine, AirbyteCredentials *credentials, Error *err) {
    Value *secret;
    Arena *arena = ctx->arena;
    if (!airbyte_cluster_read_secret(ctx, engine, SECRET, &secret, err)) {
        return error_wrap(err, "Airbyte's credentials could not be read");
    }
    const Value *data = value_get(secret, "data");
    if (data == NULL) {
        error_set(err, ERROR_SERVICE, "the cluster's secret " SECRET " holds no data");
        return error_hint(err, "devbox airbyte start finishes the installation");
    }
    *credentials = (AirbyteCredentials){.password = decode(arena, data, "instance-admin-password"),
                                        .client_id = decode(arena, data, "instance-admin-client-id"),
                                        .client_secret = decode(arena, data, "instance-admin-client-secret")};
    return true;
}

const char *airbyte_connection_json(Arena *arena, const AirbyteCredentials *credentials, const char *host, int port) {
    Value *connection = value_object(arena);
    const char *base = arena_format(arena, "http://%s:%d/api/public/v1/", host, port);
    value_set_string(arena, connection, "conn_type", "airbyte");
    value_set_string(arena, connection, "host", base);
    if (credentials->client_id != NULL && credentials->client_secret != NULL) {
        value_set_string(arena, connection, "login", credentials->client_id);
        value_set_string(arena, connection, "password", credentials->client_secret);
    }
    // The provider joins a relative address onto the host in a way that differs between its versions; a whole one is left alone.
    value_set_string(arena, connection, "schema", arena_format(arena, "%sapplications/token", base));
    return json_print(arena, connection);
}
