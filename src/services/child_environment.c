#include "services/child_environment.h"

#include <strings.h>

#include "base/text.h"
#include "io/file_system.h"
#include "model/sensitive.h"

extern char **environ;

// What a child needs to find its programs, its network and its temporary folder. These win over everything below.
static const char *const kept_names[] = {
    "PATH",       "HOME",        "LANG",      "SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE",
    "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY",      "FTP_PROXY",    "AWS_CA_BUNDLE",      "GIT_SSL_CAINFO"};
static const char *const kept_prefixes[] = {"UV_", "PIP_", "LC_", "XDG_"};

// Whoever holds one of these can reach something that is not on this machine.
static const char *const production_prefixes[] = {
    "AWS_",    "AMAZON_",   "BOTO_",     "GOOGLE_",     "GCLOUD_",    "GCP_",           "CLOUDSDK_",     "BIGQUERY_",
    "AZURE_",  "ARM_",      "MSI_",      "IDENTITY_",   "SNOWFLAKE_", "SNOWSQL_",       "DATABRICKS_",   "REDSHIFT_",
    "DBT_",    "AIRFLOW_",  "_AIRFLOW_", "AIRBYTE_",    "DLT_",       "SOURCES__",      "DESTINATION__", "CREDENTIALS__",
    "PG",      "POSTGRES_", "MYSQL_",    "MSSQL_",      "MONGO",      "CLICKHOUSE_",    "TRINO_",        "KAFKA_",
    "VAULT_",  "CONSUL_",   "KUBE",      "OPENAI_",     "ANTHROPIC_", "SLACK_",         "DATADOG_",      "DD_",
    "SENTRY_", "GITHUB_",   "GH_",       "GITLAB_",     "CI_JOB_",    "ALIBABA_CLOUD_", "OCI_",          "S3_",
    "MINIO_",  "FIVETRAN_", "ASTRO_",    "ASTRONOMER_", "MWAA_",
};

// They bend git or Python towards something that devbox did not choose; DEVBOX_ ones are set by us alone.
static const char *const bending_prefixes[] = {"GIT_",   "PYTHON",  "VIRTUAL_ENV", "CONDA_",
                                               "PYENV_", "PIPENV_", "POETRY_",     "DEVBOX_"};

// With their variables gone the libraries look for files in the home folder and for the cloud's own metadata server: closed too.
static const struct {
    const char *key, *value;
} shields[] = {
    {"AWS_CONFIG_FILE", "/dev/null"},
    {"AWS_SHARED_CREDENTIALS_FILE", "/dev/null"},
    {"AWS_EC2_METADATA_DISABLED", "true"},
    {"BOTO_CONFIG", "/dev/null"},
    {"CLOUDSDK_CONFIG", "/dev/null/gcloud"},
    {"NO_GCE_CHECK", "true"},
    {"AZURE_CONFIG_DIR", "/dev/null/azure"},
    {"DATABRICKS_CONFIG_FILE", "/dev/null"},
    {"KUBECONFIG", "/dev/null"},
    {"PGPASSFILE", "/dev/null/pgpass"},
    {"PGSERVICEFILE", "/dev/null/pg_service.conf"},
};

static bool has_prefix(const char *name, const char *const *prefixes, size_t count) {
    for (size_t i = 0; i < count; i++) {
        if (strncasecmp(name, prefixes[i], strlen(prefixes[i])) == 0) return true;
    }
    return false;
}

#define HAS_PREFIX(name, prefixes) has_prefix(name, prefixes, sizeof(prefixes) / sizeof *(prefixes))

static bool is_kept_for_sure(const char *name) {
    for (size_t i = 0; i < sizeof kept_names / sizeof *kept_names; i++) {
        if (strcasecmp(name, kept_names[i]) == 0) return true;
    }
    return HAS_PREFIX(name, kept_prefixes);
}

static bool is_inherited(const char *name) {
    if (is_kept_for_sure(name)) return true;
    if (HAS_PREFIX(name, production_prefixes) || HAS_PREFIX(name, bending_prefixes)) return false;
    return !name_is_sensitive(name);
}

void child_environment_set_from(ChildEnvironment *environment, const char *key, const char *value, const char *origin) {
    Arena *arena = environment->arena;
    Pair changed = {.key = arena_copy_string(arena, key), .value = arena_copy_string(arena, value), .origin = origin};
    list_each(Pair, pair, &environment->variables) {
        if (!text_equals(pair->key, key)) continue;
        *pair = changed;
        return;
    }
    list_push(arena, &environment->variables, changed);
}

static void add_inherited(ChildEnvironment *environment) {
    for (char **entry = environ; entry != NULL && *entry != NULL; entry++) {
        const char *equals = strchr(*entry, '=');
        if (equals == NULL || equals == *entry) continue;
        const char *name = arena_copy_bytes(environment->arena, *entry, (size_t)(equals - *entry));
        if (is_inherited(name)) child_environment_set_from(environment, name, equals + 1, "shell");
    }
}

static void add_shields(ChildEnvironment *environment) {
    for (size_t i = 0; i < sizeof shields / sizeof *shields; i++)
        child_environment_set_from(environment, shields[i].key, shields[i].value, "devbox");
}

static void add_users(ChildEnvironment *environment, const Project *project) {
    list_each(const char *, name, &project->config.env_pass) {
        if (getenv(*name) != NULL) child_environment_set_from(environment, *name, getenv(*name), "shell (env.pass)");
    }
    list_each(const Pair, pair, &project->dotenv) child_environment_set_from(environment, pair->key, pair->value, pair->origin);
}

ChildEnvironment child_environment_create_for_container(Context *ctx, const Project *project) {
    static const char *const proxies[] = {"HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY",
                                          "http_proxy", "https_proxy", "all_proxy", "no_proxy"};
    ChildEnvironment environment = {.arena = ctx->arena};
    for (size_t i = 0; i < sizeof proxies / sizeof *proxies; i++) {
        if (getenv(proxies[i]) != NULL) child_environment_set_from(&environment, proxies[i], getenv(proxies[i]), "shell");
    }
    add_shields(&environment);
    add_users(&environment, project);
    return environment;
}

ChildEnvironment child_environment_create(Context *ctx, const Project *project) {
    ChildEnvironment environment = {.arena = ctx->arena};
    add_inherited(&environment);
    add_shields(&environment);
    if (project == NULL) return environment;
    add_users(&environment, project);
    // Last: what stop and status look for must be ours.
    child_environment_set_from(&environment, "DEVBOX_INSTANCE", project->instance, "devbox");
    return environment;
}

void child_environment_set(ChildEnvironment *environment, const char *key, const char *value) {
    child_environment_set_from(environment, key, value, "devbox");
}

void child_environment_unset(ChildEnvironment *environment, const char *key) {
    PairList *variables = &environment->variables;
    for (size_t i = 0; i < variables->count; i++) {
        if (!text_equals(variables->items[i].key, key)) continue;
        memmove(variables->items + i, variables->items + i + 1, (variables->count - i - 1) * sizeof *variables->items);
        variables->count--;
        return;
    }
}

const char *child_environment_get(const ChildEnvironment *environment, const char *key) {
    return pair_list_value(&environment->variables, key);
}

void child_environment_prepend_path(ChildEnvironment *environment, const char *folder) {
    const char *path = child_environment_get(environment, "PATH");
    const char *longer = text_is_empty(path) ? folder : arena_format(environment->arena, "%s:%s", folder, path);
    child_environment_set(environment, "PATH", longer);
}

const char *const *child_environment_vector(const ChildEnvironment *environment) {
    StringList entries = {0};
    list_each(const Pair, pair, &environment->variables) {
        list_push(environment->arena, &entries, arena_format(environment->arena, "%s=%s", pair->key, pair->value));
    }
    return string_list_to_argv(environment->arena, &entries);
}

StringList child_environment_passed(Context *ctx, const Project *project) {
    StringList names = {0};
    list_each(const char *, name, &project->config.env_pass) {
        if (getenv(*name) != NULL) list_push(ctx->arena, &names, *name);
    }
    list_each(const Pair, pair, &project->dotenv) {
        if (!HAS_PREFIX(pair->key, production_prefixes) || strncasecmp(pair->key, "AIRFLOW_", 8) == 0) continue;
        list_push(ctx->arena, &names, arena_format(ctx->arena, "%s (%s)", pair->key, pair->origin));
    }
    return names;
}

StringList child_environment_withheld(Context *ctx, const Project *project) {
    StringList names = {0};
    ChildEnvironment environment = child_environment_create(ctx, project);
    for (char **entry = environ; entry != NULL && *entry != NULL; entry++) {
        const char *name = arena_copy_bytes(ctx->arena, *entry, strcspn(*entry, "="));
        const char *value = *name == '\0' ? NULL : getenv(name);
        if (value != NULL && !text_equals(child_environment_get(&environment, name), value)) list_push(ctx->arena, &names, name);
    }
    string_list_sort(&names);
    return names;
}
