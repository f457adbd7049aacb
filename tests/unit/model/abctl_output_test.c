#include "model/abctl_output.h"

#include <string.h>

#include "base/text.h"
#include "io/file_system.h"
#include "support/test.h"

static const char *recorded(Arena *arena, const char *name) {
    char *content;
    Error err = {.arena = arena};
    const char *path = arena_format(arena, "%s/fixtures/abctl-v0.30.4/%s", TEST_DATA, name);
    if (!file_read(arena, path, &content, NULL, &err)) fail_msg("%s", err.message);
    return content;
}

static void lines_lose_spinner_colour_and_prefix(void **state) {
    static const struct {
        const char *line;
        AbctlLevel level;
        const char *text;
    } rows[] = {
        {"  INFO    Using Kubernetes provider:", ABCTL_INFO, "Using Kubernetes provider:"},
        {"            Provider: kind", ABCTL_TEXT, "Provider: kind"},
        {"\r                    \r SUCCESS  Cluster 'airbyte-abctl' created", ABCTL_SUCCESS, "Cluster 'airbyte-abctl' created"},
        {"\033[30;43m WARNING \033[0m Back-off pulling image \"x\"", ABCTL_WARNING, "Back-off pulling image \"x\""},
        {"\r          \r  ERROR   unknown flag --nope\r", ABCTL_ERROR, "unknown flag --nope"},
        {"  DEBUG   details", ABCTL_DEBUG, "details"},
        {"  INFORMATION is no prefix", ABCTL_TEXT, "INFORMATION is no prefix"},
        {"          ERROR in what goes on is no prefix", ABCTL_TEXT, "ERROR in what goes on is no prefix"},
        {"\r                \r", ABCTL_TEXT, ""},
        {"", ABCTL_TEXT, ""},
        {"\033[", ABCTL_TEXT, ""},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        AbctlMessage message = abctl_message_read(*state, rows[i].line);
        assert_string_equal(message.text, rows[i].text);
        assert_int_equal(message.level, rows[i].level);
    }
}

static void continued_lines_belong_to_the_message_before(void **state) {
    AbctlMessageList messages = abctl_messages_read(*state, recorded(*state, "status_up.out"));
    assert_int_equal(messages.count, 7);
    assert_string_equal(messages.items[4].text,
                        "Found helm chart 'airbyte-abctl'\nStatus: deployed\nChart Version: 2.0.19\nApp Version: 2.0.1");
    assert_int_equal(abctl_messages_read(*state, "").count, 0);
}

static void an_install_goes_through_its_phases(void **state) {
    Text phases = {.arena = *state};
    AbctlMessageList messages = abctl_messages_read(*state, recorded(*state, "install_success.out"));
    list_each(const AbctlMessage, message, &messages) {
        const char *phase = abctl_phase(*state, message);
        if (phase != NULL) text_append_format(&phases, "%s\n", phase);
    }
    assert_string_equal(text_string(&phases),
                        "looking for a cluster\n"
                        "creating the Kubernetes node\n"
                        "the Kubernetes node is up\n"
                        "preparing airbyte/db:1.7.0-17\n"
                        "pulling airbyte/bootloader:2.0.1\n"
                        "pulling airbyte/server:2.0.1\n"
                        "preparing the namespace\n"
                        "preparing volumes\n"
                        "preparing volumes\n"
                        "installing Airbyte's chart\n"
                        "Airbyte's chart is installed\n"
                        "installing the ingress\n"
                        "creating the ingress\n"
                        "waiting for the web page\n");
}

static void recorded_failures_have_a_cause(void **state) {
    static const struct {
        const char *name;
        ErrorCode code;
        const char *cause;
    } rows[] = {
        {"install_nodocker", ERROR_RUNTIME_MISSING, "abctl does not reach Docker"},
        {"install_docker_nonet", ERROR_NETWORK, "cannot reach the registry"},
        {"install_existing_nonet", ERROR_NETWORK, "cannot reach the list of Airbyte's charts"},
        {"install_existing_port", ERROR_NETWORK, "cannot reach the list of Airbyte's charts"},
        {"install_portused", ERROR_PORT_BUSY, "another program holds the port"},
        {"install_stopped", ERROR_SERVICE, "its node is there but does not run"},
        {"status_paused", ERROR_SERVICE, "its node is there but does not run"},
        {"status_k8sdown", ERROR_SERVICE, "does not answer (yet)"},
        {"creds_k8sdown", ERROR_SERVICE, "does not answer (yet)"},
        {"deployments_nodocker", ERROR_SERVICE, "abctl.kubeconfig"},
        {"install_badvolume", ERROR_CHILD, "failed to parse the extra volume mounts"},
        {"sigterm", ERROR_NETWORK, "cannot reach the registry"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const char *output = recorded(*state, arena_format(*state, "%s.out", rows[i].name));
        AbctlFailure failure = abctl_failure_explain(*state, output);
        if (failure.code != rows[i].code || strstr(failure.cause, rows[i].cause) == NULL)
            fail_msg("%s: %s", rows[i].name, failure.cause);
        assert_true(*failure.evidence != '\0');
        assert_null(strcasestr(failure.evidence, "uninstall"));
        assert_null(strstr(failure.remedy, "uninstall"));
    }
}

// What issues of abctl and Airbyte quote.
static void quoted_failures_have_a_cause_and_a_remedy(void **state) {
    static const struct {
        const char *text;
        ErrorCode code;
        const char *cause, *remedy;
    } rows[] = {
        {"unable to determine docker installation status: dial unix /var/run/docker.sock: connect: permission denied",
         ERROR_RUNTIME_MISSING, "may not talk to Docker", "usermod -aG docker"},
        {"container \"airbyte-abctl-control-plane\" is not running (status = \"exited\")", ERROR_SERVICE, "does not run",
         "devbox airbyte start"},
        {"unable to inspect container: Error response from daemon: No such container: airbyte-abctl-control-plane", ERROR_SERVICE,
         "another Docker context", "docker context show"},
        {"docker run failed: exit status 125: Bind for 0.0.0.0:8000 failed: port is already allocated", ERROR_PORT_BUSY,
         "another container holds the port", "airbyte.port"},
        {"exit status 125: Conflict. The container name \"/airbyte-abctl-control-plane\" is already in use by container",
         ERROR_SERVICE, "earlier attempt", "docker ps -a"},
        {"path /home/x/.airbyte is mounted on / but it is not a shared mount", ERROR_SERVICE, "may not mount", "make-rshared"},
        {"Mounts denied: The path /Users/x/.airbyte is not shared", ERROR_SERVICE, "may not mount", "File sharing"},
        {"unable to create kind cluster: failed to init node with kubeadm: exit status 1", ERROR_SERVICE,
         "Kubernetes does not come up", "inotify"},
        {"Get \"http://127.0.0.1:10248/healthz\": context deadline exceeded", ERROR_SERVICE, "Kubernetes does not come up",
         "inotify"},
        {"write /tmp/image.tar: no space left on device", ERROR_SERVICE, "full", "docker system df"},
        {"Pod: worker Reason: OOMKilled", ERROR_SERVICE, "ran out of memory", "8 GB"},
        {"failed to determine if any previous psql version exists: open /x/pgdata/PG_VERSION: permission denied", ERROR_FILE,
         "belongs to another user", "airbyte.abctl"},
        {"FATAL: data directory \"/var/lib/postgresql/data/pgdata\" has wrong ownership", ERROR_FILE, "owner", "virtiofs"},
        {"initdb: could not change permissions of data directory: Operation not permitted", ERROR_FILE, "owner", "virtiofs"},
        {"airbyte directory is inaccessible: stat /root/.airbyte", ERROR_FILE, "~/.airbyte belongs to another user", "chown"},
        {"unable to install airbyte chart: bootloader failed", ERROR_SERVICE, "bootloader", "logs airbyte-abctl-bootloader"},
        {"Could not create Temporal client", ERROR_SERVICE, "resolve names", "resolv.conf"},
        {"toomanyrequests: You have reached your pull rate limit", ERROR_NETWORK, "Docker Hub",
         "ABCTL_LOCAL_INSTALL_DOCKER_USERNAME"},
        {"pull failed: 429 Too Many Requests", ERROR_NETWORK, "Docker Hub", "ABCTL_LOCAL_INSTALL_DOCKER_PASSWORD"},
        {"Back-off pulling image \"minio/minio:RELEASE.2023\"", ERROR_NETWORK, "minio/minio", "airbyte.version"},
        {"unable to download index file: Proxy Authentication Required", ERROR_NETWORK, "user name", "HTTPS_PROXY"},
        {"unable to download index file: proxyconnect tcp: dial tcp 10.0.0.1:3128: connect: connection refused", ERROR_NETWORK,
         "does not answer", "NO_PROXY"},
        {"x509: certificate signed by unknown authority", ERROR_NETWORK, "replaces certificates", "TLS inspection"},
        {"failed to pull image \"kindest/node:v1.32.2\": EOF", ERROR_NETWORK, "image of its node", "docker pull"},
        {"manifest unknown: manifest for airbyte/server:9 not found", ERROR_NETWORK, "not in its registry", "airbyte.version"},
        {"Reason: ImagePullBackOff", ERROR_NETWORK, "could not pull an image", "limits"},
        {"Back-off pulling image \"airbyte/server:2.0.1\"", ERROR_NETWORK, "could not pull an image", "limits"},
        {"unable to install helm: failed to create patch: The order in patch list", ERROR_SERVICE, "flags differ",
         "low_resource"},
        {"another helm operation (install/upgrade/rollback) is in progress", ERROR_BUSY, "under way", "wait"},
        {"client rate limiter Wait returned an error: context deadline exceeded", ERROR_TIMEOUT, "too slow", "4 CPUs"},
        {"error configuring ingress: could not install nginx chart", ERROR_SERVICE, "ingress", "4 CPUs"},
        {"Timed out waiting for ingress", ERROR_TIMEOUT, "did not answer in time", "waits on"},
        {"browser liveness check failed: 503", ERROR_TIMEOUT, "did not answer in time", "waits on"},
        {"unable to install helm: context deadline exceeded", ERROR_TIMEOUT, "want of CPU or memory", "8 GB"},
        {"timed out waiting for the condition", ERROR_TIMEOUT, "want of CPU or memory", "8 GB"},
        {"deployment worker not ready 0 out of 1", ERROR_TIMEOUT, "want of CPU or memory", "8 GB"},
        {"error communicating with kubernetes: could not create client", ERROR_SERVICE, "does not answer", "waits for it"},
        {"dial tcp 127.0.0.1:41231: connect: connection refused", ERROR_SERVICE, "does not answer", "waits for it"},
        {"unknown flag --low-resource-mode", ERROR_RUNTIME_MISSING, "does not know a flag", "v0.30.4"},
        {"command \"docker run\" failed with error: exit status 125", ERROR_SERVICE, "could not start its node", "hello-world"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        AbctlFailure failure = abctl_failure_explain(*state, arena_format(*state, "  ERROR   %s\n", rows[i].text));
        if (strstr(failure.cause, rows[i].cause) == NULL) fail_msg("%s: %s", rows[i].text, failure.cause);
        if (strstr(failure.remedy, rows[i].remedy) == NULL) fail_msg("%s: %s", rows[i].text, failure.remedy);
        assert_int_equal(failure.code, rows[i].code);
        assert_string_equal(failure.evidence, rows[i].text);
    }
}

static void advice_of_abctl_is_neither_evidence_nor_signal(void **state) {
    AbctlFailure failure =
        abctl_failure_explain(*state,
                              "  ERROR   something odd\n"
                              "  ERROR   run abctl local uninstall --persisted\n"
                              "\r   \r\n"
                              "  INFO    no space left on device may be the cause; abctl local uninstall helps\n");
    assert_string_equal(failure.cause, "something odd");
    assert_string_equal(failure.evidence, "something odd");
    assert_string_equal(abctl_failure_explain(*state, "").cause, "abctl gave no reason");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        test_with_arena(lines_lose_spinner_colour_and_prefix),
        test_with_arena(continued_lines_belong_to_the_message_before),
        test_with_arena(an_install_goes_through_its_phases),
        test_with_arena(recorded_failures_have_a_cause),
        test_with_arena(quoted_failures_have_a_cause_and_a_remedy),
        test_with_arena(advice_of_abctl_is_neither_evidence_nor_signal),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
