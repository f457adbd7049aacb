#include "model/abctl_output.h"

#include <ctype.h>

#include "base/text.h"

enum { PREFIX_INDENT = 4 };  // "  INFO    x", " SUCCESS  x"; what goes on with a message has at least 10 blanks

// Spinners come as "\r" + 80 blanks + "\r" before the text; colour only when NO_COLOR was not obeyed.
static const char *clean(Arena *arena, const char *line) {
    Text text = {.arena = arena};
    StringList parts = text_split(arena, line, '\r');
    const char *last = parts.items[parts.count - 1];
    for (size_t i = parts.count; i > 0 && *last == '\0'; i--) last = parts.items[i - 1];
    while (*last != '\0') {
        if (*last == '\033' && last[1] == '[') {
            last += 2 + strspn(last + 2, "0123456789;");
            if (*last != '\0') last++;
            continue;
        }
        text_append_char(&text, *last++);
    }
    return text_string(&text);
}

AbctlMessage abctl_message_read(Arena *arena, const char *line) {
    static const struct {
        const char *word;
        AbctlLevel level;
    } prefixes[] = {{"INFO", ABCTL_INFO},
                    {"SUCCESS", ABCTL_SUCCESS},
                    {"WARNING", ABCTL_WARNING},
                    {"ERROR", ABCTL_ERROR},
                    {"DEBUG", ABCTL_DEBUG}};
    const char *text = clean(arena, line);
    size_t indent = strspn(text, " ");
    for (size_t i = 0; indent < PREFIX_INDENT && i < sizeof prefixes / sizeof *prefixes; i++) {
        size_t length = strlen(prefixes[i].word);
        if (strncmp(text + indent, prefixes[i].word, length) != 0) continue;
        const char *rest = text + indent + length;
        if (*rest == ' ' || *rest == '\0') return (AbctlMessage){prefixes[i].level, text_trim(arena, rest)};
    }
    return (AbctlMessage){ABCTL_TEXT, text_trim(arena, text)};
}

AbctlMessageList abctl_messages_read(Arena *arena, const char *output) {
    AbctlMessageList messages = {0};
    StringList lines = text_split_lines(arena, output);
    list_each(const char *const, line, &lines) {
        AbctlMessage message = abctl_message_read(arena, *line);
        if (message.level != ABCTL_TEXT || messages.count == 0) {
            list_push(arena, &messages, message);
        } else if (*message.text != '\0') {
            AbctlMessage *last = &messages.items[messages.count - 1];
            last->text = arena_format(arena, "%s%s%s", last->text, *last->text == '\0' ? "" : "\n", message.text);
        }
    }
    return messages;
}

// --- phases ---------------------------------------------------------------------------------------------------------------

typedef struct PhaseRow {
    const char *start;  // of the message
    const char *phase;  // %s: what stands behind the start, up to a blank or quote
} PhaseRow;

static const PhaseRow phases[] = {
    {"Found Docker installation", "looking for a cluster"},
    {"No existing cluster found", "creating the Kubernetes node"},
    {"Cluster 'airbyte-abctl' created", "the Kubernetes node is up"},
    {"Existing cluster 'airbyte-abctl' found", "going on with the cluster that is there"},
    {"Pulling image ", "pulling %s"},
    {"Patching image ", "preparing %s"},
    {"Namespace 'airbyte-abctl'", "preparing the namespace"},
    {"Persistent volume ", "preparing volumes"},
    {"Starting Helm Chart installation of 'airbyte/airbyte'", "installing Airbyte's chart"},
    {"Installed Helm Chart airbyte/airbyte", "Airbyte's chart is installed"},
    {"Starting Helm Chart installation of 'nginx/ingress-nginx'", "installing the ingress"},
    {"No existing Ingress found", "creating the ingress"},
    {"Ingress created", "waiting for the web page"},
    {"Updated existing Ingress", "waiting for the web page"},
    {"Found existing Ingress", "waiting for the web page"},
};

const char *abctl_phase(Arena *arena, const AbctlMessage *message) {
    if (message->level != ABCTL_INFO && message->level != ABCTL_SUCCESS) return NULL;
    for (size_t i = 0; i < sizeof phases / sizeof *phases; i++) {
        if (!text_starts_with(message->text, phases[i].start)) continue;
        const char *rest = message->text + strlen(phases[i].start);
        const char *object = arena_copy_bytes(arena, rest, strcspn(rest, " '\n"));
        return text_replace(arena, phases[i].phase, "%s", object);
    }
    return NULL;
}

// --- failures -------------------------------------------------------------------------------------------------------------

enum { SIGNALS_PER_ROW = 2 };

typedef struct FailureRow {
    const char *signals[SIGNALS_PER_ROW];  // all must be in the text, in any case
    ErrorCode code;
    const char *cause, *remedy;
} FailureRow;

#define AGAIN "then: devbox airbyte start"

// The first row that fits wins: what is particular stands before what is general.
static const FailureRow failures[] = {
    // Docker
    {{"unable to determine docker installation", "permission denied"},
     ERROR_RUNTIME_MISSING,
     "this user may not talk to Docker",
     "let it: sudo usermod -aG docker \"$USER\", log in again, " AGAIN},
    {{"unable to determine docker installation"},
     ERROR_RUNTIME_MISSING,
     "abctl does not reach Docker",
     "see that `docker info` works in this shell, " AGAIN},
    {{"is not running (status"}, ERROR_SERVICE, "its node is there but does not run", "devbox airbyte start wakes it"},
    {{"no such container: airbyte-abctl-control-plane"},
     ERROR_SERVICE,
     "the node is not in the Docker that abctl speaks to: it failed and was removed, or another Docker context is in use",
     "compare `docker context show` with DOCKER_HOST, " AGAIN},
    // the node
    {{"port is already allocated"},
     ERROR_PORT_BUSY,
     "another container holds the port that it should get",
     "see who: docker ps; or set airbyte.port in devbox.yaml, " AGAIN},
    {{"error verifying port availability"},
     ERROR_PORT_BUSY,
     "another program holds the port that it should get",
     "set airbyte.port in devbox.yaml to a free one, " AGAIN},
    {{"the container name", "is already in use"},
     ERROR_SERVICE,
     "a container of an earlier attempt is in the way",
     "see it: docker ps -a --filter name=airbyte-abctl-control-plane; devbox airbyte status says what it can do"},
    {{"not a shared mount"},
     ERROR_SERVICE,
     "Docker may not mount the folder ~/.airbyte into its node",
     "make the mount shared: sudo mount --make-rshared /, " AGAIN},
    {{"mounts denied"},
     ERROR_SERVICE,
     "Docker may not mount the folder ~/.airbyte into its node",
     "share the home folder in Docker Desktop (Settings, Resources, File sharing), " AGAIN},
    {{"failed to init node with kubeadm"},
     ERROR_SERVICE,
     "Kubernetes does not come up in its node: too little memory, cgroup v1 or an old kernel, or too few inotify instances",
     "sudo sysctl fs.inotify.max_user_instances=512 fs.inotify.max_user_watches=524288, " AGAIN},
    {{"10248/healthz"},
     ERROR_SERVICE,
     "Kubernetes does not come up in its node: too little memory, cgroup v1 or an old kernel, or too few inotify instances",
     "sudo sysctl fs.inotify.max_user_instances=512 fs.inotify.max_user_watches=524288, " AGAIN},
    {{"no space left on device"},
     ERROR_SERVICE,
     "the disk that Docker uses, or the folder for temporary files, is full",
     "free about 20 GB (docker system df shows what takes room), " AGAIN},
    {{"oomkilled"}, ERROR_SERVICE, "parts of it ran out of memory", "give Docker 8 GB of memory, " AGAIN},
    // the database and its folder
    {{"pg_version", "permission denied"},
     ERROR_FILE,
     "abctl up to v0.30.4 cannot install over a database that is there: its folder belongs to another user",
     "name a newer abctl: airbyte.abctl in devbox.yaml, " AGAIN},
    {{"wrong ownership"},
     ERROR_FILE,
     "the folder ~/.airbyte/abctl/data has an owner that its database does not accept",
     "use virtiofs for file sharing in Docker Desktop or Colima, " AGAIN},
    {{"data directory", "operation not permitted"},
     ERROR_FILE,
     "the folder ~/.airbyte/abctl/data has an owner that its database does not accept",
     "use virtiofs for file sharing in Docker Desktop or Colima, " AGAIN},
    {{"airbyte directory is inaccessible"},
     ERROR_FILE,
     "the folder ~/.airbyte belongs to another user",
     "sudo chown -R \"$USER\" ~/.airbyte, " AGAIN},
    {{"bootloader failed"},
     ERROR_SERVICE,
     "its bootloader could not reach or migrate its database",
     "docker exec airbyte-abctl-control-plane kubectl -n airbyte-abctl logs airbyte-abctl-bootloader"},
    {{"could not create temporal client"},
     ERROR_SERVICE,
     "its pods cannot resolve names: a search domain in /etc/resolv.conf gets in the way (seen on RHEL 9)",
     "take the search line out of /etc/resolv.conf, " AGAIN},
    // registries and network
    {{"toomanyrequests"},
     ERROR_NETWORK,
     "Docker Hub has given this address enough images for now",
     "wait some hours, or set both ABCTL_LOCAL_INSTALL_DOCKER_USERNAME and ABCTL_LOCAL_INSTALL_DOCKER_PASSWORD, " AGAIN},
    {{"429 too many requests"},
     ERROR_NETWORK,
     "Docker Hub has given this address enough images for now",
     "wait some hours, or set both ABCTL_LOCAL_INSTALL_DOCKER_USERNAME and ABCTL_LOCAL_INSTALL_DOCKER_PASSWORD, " AGAIN},
    {{"minio/minio"},
     ERROR_NETWORK,
     "it wants the image minio/minio, which is not on Docker Hub any more (charts before 2.3 with an old MinIO volume)",
     "set airbyte.version in devbox.yaml to a chart from 2.3 on, " AGAIN},
    {{"proxy authentication required"},
     ERROR_NETWORK,
     "the proxy wants a user name",
     "put it into HTTP_PROXY and HTTPS_PROXY, " AGAIN},
    {{"proxyconnect"},
     ERROR_NETWORK,
     "the proxy of HTTP_PROXY or HTTPS_PROXY does not answer",
     "correct these variables, and set NO_PROXY=localhost,127.0.0.1, " AGAIN},
    {{"certificate signed by unknown authority"},
     ERROR_NETWORK,
     "something between this machine and the registry replaces certificates, and the node does not know its authority",
     "use a network without TLS inspection for the first start, " AGAIN},
    {{"unable to download index file"},
     ERROR_NETWORK,
     "this machine cannot reach the list of Airbyte's charts",
     "check the network (VPN, proxy), " AGAIN},
    {{"no such host"},
     ERROR_NETWORK,
     "this machine cannot reach the registry that Airbyte's images come from",
     "check the network (VPN, proxy), " AGAIN},
    {{"failed to pull image"},
     ERROR_NETWORK,
     "Docker could not pull the image of its node",
     "see why: docker pull kindest/node:v1.32.2, " AGAIN},
    {{"manifest unknown"},
     ERROR_NETWORK,
     "an image that this chart names is not in its registry",
     "set another airbyte.version in devbox.yaml, " AGAIN},
    {{"imagepullbackoff"},
     ERROR_NETWORK,
     "its node could not pull an image",
     "check the network (VPN, proxy, Docker Hub's limits), " AGAIN},
    {{"back-off pulling image"},
     ERROR_NETWORK,
     "its node could not pull an image",
     "check the network (VPN, proxy, Docker Hub's limits), " AGAIN},
    // helm and ingress
    {{"the order in patch list"},
     ERROR_SERVICE,
     "the flags differ from those of the first installation, which helm cannot change afterwards",
     "set airbyte.low_resource and airbyte.version in devbox.yaml back to what they were, " AGAIN},
    {{"another helm operation"},
     ERROR_BUSY,
     "another installation of it is under way, or one was cut short",
     "wait for the other abctl to end, " AGAIN},
    {{"client rate limiter wait returned an error"},
     ERROR_TIMEOUT,
     "the machine is too slow for one of its deadlines",
     "close what is busy, or give Docker 4 CPUs and 8 GB of memory, " AGAIN},
    {{"error configuring ingress"},
     ERROR_SERVICE,
     "its ingress did not come up: the port is taken, or the machine is too slow",
     "give Docker 4 CPUs and 8 GB of memory, " AGAIN},
    {{"timed out waiting for ingress"}, ERROR_TIMEOUT, "its pages did not answer in time", "devbox airbyte start waits on"},
    {{"liveness check failed"}, ERROR_TIMEOUT, "its pages did not answer in time", "devbox airbyte start waits on"},
    {{"context deadline exceeded"},
     ERROR_TIMEOUT,
     "its pods did not get ready in time, mostly for want of CPU or memory",
     "give Docker 4 CPUs and 8 GB of memory, " AGAIN},
    {{"timed out waiting for the condition"},
     ERROR_TIMEOUT,
     "its pods did not get ready in time, mostly for want of CPU or memory",
     "give Docker 4 CPUs and 8 GB of memory, " AGAIN},
    {{"not ready", "0 out of"},
     ERROR_TIMEOUT,
     "its pods did not get ready in time, mostly for want of CPU or memory",
     "give Docker 4 CPUs and 8 GB of memory, " AGAIN},
    // the Kubernetes API
    {{"abctl.kubeconfig: no such file"},
     ERROR_SERVICE,
     "a cluster is there, but the file ~/.airbyte/abctl/abctl.kubeconfig that leads to it is gone",
     "devbox airbyte start needs no such file where Airbyte is installed; see devbox airbyte status"},
    {{"unable to fetch kubernetes server version"},
     ERROR_SERVICE,
     "the Kubernetes in its node does not answer (yet)",
     "devbox airbyte start waits for it"},
    {{"error communicating with kubernetes"},
     ERROR_SERVICE,
     "the Kubernetes in its node does not answer (yet)",
     "devbox airbyte start waits for it"},
    {{"connection refused"},
     ERROR_SERVICE,
     "the Kubernetes in its node does not answer (yet)",
     "devbox airbyte start waits for it"},
    // abctl itself
    {{"unknown flag"},
     ERROR_RUNTIME_MISSING,
     "this abctl does not know a flag that devbox needs",
     "use abctl v0.30.4, or name it: airbyte.abctl in devbox.yaml"},
    {{"exit status 125"},
     ERROR_SERVICE,
     "Docker could not start its node",
     "see the last lines of the log, and that `docker run --rm hello-world` works, " AGAIN},
};

// abctl advises to uninstall, which throws away images and credentials.
static bool is_dangerous(const char *text) { return strcasestr(text, "uninstall") != NULL; }

// Where signals are looked for: not in what abctl advises (INFO), which names what may not be the case.
static const char *failure_text(Arena *arena, const AbctlMessageList *messages) {
    Text text = {.arena = arena};
    list_each(const AbctlMessage, message, messages) {
        if (message->level == ABCTL_INFO || message->level == ABCTL_SUCCESS) continue;
        text_append_format(&text, "%s\n", message->text);
    }
    return text_string(&text);
}

static bool fits(const FailureRow *row, const char *text) {
    for (size_t i = 0; i < SIGNALS_PER_ROW && row->signals[i] != NULL; i++) {
        if (strcasestr(text, row->signals[i]) == NULL) return false;
    }
    return true;
}

static const char *join_errors(Arena *arena, const AbctlMessageList *messages, const char **last) {
    Text text = {.arena = arena};
    list_each(const AbctlMessage, message, messages) {
        if (message->level != ABCTL_ERROR || *message->text == '\0' || is_dangerous(message->text)) continue;
        text_append_format(&text, "%s%s", text.length > 0 ? "\n" : "", message->text);
        *last = message->text;
    }
    return text_string(&text);
}

AbctlFailure abctl_failure_explain(Arena *arena, const char *output) {
    const char *last = NULL;
    AbctlMessageList messages = abctl_messages_read(arena, output);
    const char *text = failure_text(arena, &messages), *evidence = join_errors(arena, &messages, &last);
    for (size_t i = 0; i < sizeof failures / sizeof *failures; i++) {
        const FailureRow *row = &failures[i];
        if (fits(row, text)) return (AbctlFailure){row->code, row->cause, row->remedy, evidence};
    }
    return (AbctlFailure){.code = ERROR_CHILD,
                          .cause = last != NULL ? text_split_lines(arena, last).items[0] : "abctl gave no reason",
                          .remedy = "the log has all that abctl said; after mending the cause: devbox airbyte start",
                          .evidence = evidence};
}
