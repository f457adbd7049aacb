#include "services/docker_container_facts.h"

#include "base/text.h"
#include "base/timestamp.h"

static PairList read_labels(Arena *arena, const Value *labels) {
    PairList pairs = {0};
    if (labels == NULL || labels->kind != VALUE_OBJECT) return pairs;
    for (size_t i = 0; i < labels->count; i++) {
        const Value *value = labels->members[i].value;
        const char *text = value->kind == VALUE_STRING ? value->string : "";
        list_push(arena, &pairs, (Pair){.key = labels->members[i].key, .value = text});
    }
    return pairs;
}

static void take_labels(Arena *arena, DockerContainer *container, const Value *labels) {
    container->labels = read_labels(arena, labels);
    container->project = value_get_string(labels, "com.docker.compose.project", NULL);
    container->service = value_get_string(labels, "com.docker.compose.service", NULL);
}

static const char *without_slash(const char *name) { return *name == '/' ? name + 1 : name; }

DockerHealth docker_health_of_status(const char *status) {
    const char *bracket = status == NULL ? NULL : strrchr(status, '(');
    if (bracket == NULL) return DOCKER_HEALTH_NONE;
    if (text_equals(bracket, "(healthy)")) return DOCKER_HEALTH_HEALTHY;
    if (text_equals(bracket, "(unhealthy)")) return DOCKER_HEALTH_UNHEALTHY;
    bool is_starting = text_equals(bracket, "(health: starting)") || text_equals(bracket, "(starting)");
    return is_starting ? DOCKER_HEALTH_STARTING : DOCKER_HEALTH_NONE;
}

static DockerHealth health_of_word(const char *word) {
    if (text_equals(word, "healthy")) return DOCKER_HEALTH_HEALTHY;
    if (text_equals(word, "unhealthy")) return DOCKER_HEALTH_UNHEALTHY;
    return text_equals(word, "starting") ? DOCKER_HEALTH_STARTING : DOCKER_HEALTH_NONE;
}

// Published on both families a port is listed twice.
static void add_port(Arena *arena, DockerPortList *ports, DockerPort port) {
    list_each(const DockerPort, known, ports) {
        if (known->inside == port.inside && known->outside == port.outside) return;
    }
    list_push(arena, ports, port);
}

DockerContainer docker_container_of_list(Arena *arena, const Value *item) {
    StringList names = value_strings(arena, value_get(item, "Names"));
    const Value *ports = value_get(item, "Ports");
    DockerContainer container = {
        .id = value_get_string(item, "Id", ""),
        .name = names.count == 0 ? "" : without_slash(names.items[0]),
        .image = value_get_string(item, "Image", ""),
        .state = value_get_string(item, "State", ""),
        .health = docker_health_of_status(value_get_string(item, "Status", NULL)),
    };
    take_labels(arena, &container, value_get(item, "Labels"));
    for (size_t i = 0; ports != NULL && ports->kind == VALUE_ARRAY && i < ports->count; i++) {
        const Value *port = ports->members[i].value;
        if (!text_equals(value_get_string(port, "Type", "tcp"), "tcp")) continue;
        add_port(arena, &container.ports,
                 (DockerPort){.inside = (int)value_get_integer(port, "PrivatePort", 0),
                              .outside = (int)value_get_integer(port, "PublicPort", 0),
                              .address = value_get_string(port, "IP", "")});
    }
    return container;
}

static int number_of(const char *text) {
    char *end;
    long number = strtol(text, &end, 10);
    return number > 0 && number <= 65535 ? (int)number : 0;
}

// {"8080/tcp": [{"HostIp": "127.0.0.1", "HostPort": "8081"}], "5432/tcp": null}
static DockerPortList read_port_map(Arena *arena, const Value *map) {
    DockerPortList ports = {0};
    for (size_t i = 0; map != NULL && map->kind == VALUE_OBJECT && i < map->count; i++) {
        const Value *bindings = map->members[i].value;
        if (!text_ends_with(map->members[i].key, "/tcp")) continue;
        int inside = number_of(map->members[i].key);
        bool is_published = bindings->kind == VALUE_ARRAY && bindings->count > 0;
        if (!is_published) add_port(arena, &ports, (DockerPort){.inside = inside, .address = ""});
        for (size_t j = 0; is_published && j < bindings->count; j++) {
            const Value *binding = bindings->members[j].value;
            add_port(arena, &ports,
                     (DockerPort){.inside = inside,
                                  .outside = number_of(value_get_string(binding, "HostPort", "")),
                                  .address = value_get_string(binding, "HostIp", "")});
        }
    }
    return ports;
}

static const char *last_health_words(Arena *arena, const Value *health) {
    const Value *log = value_get(health, "Log");
    if (log == NULL || log->kind != VALUE_ARRAY || log->count == 0) return "";
    const char *output = value_get_string(log->members[log->count - 1].value, "Output", "");
    return text_trim(arena, text_last_lines(arena, text_trim(arena, output), 1));
}

static void take_state(Arena *arena, DockerContainer *container, const Value *state) {
    container->state = value_get_string(state, "Status", "");
    container->health = health_of_word(value_get_string(value_get(state, "Health"), "Status", ""));
    container->health_words = last_health_words(arena, value_get(state, "Health"));
    container->exit_code = (int)value_get_integer(state, "ExitCode", 0);
    container->is_out_of_memory = value_get_bool(state, "OOMKilled", false);
    container->started_ms = timestamp_parse(value_get_string(state, "StartedAt", NULL));
    container->finished_ms = timestamp_parse(value_get_string(state, "FinishedAt", NULL));
    container->pid = (int)value_get_integer(state, "Pid", 0);
    container->error = value_get_string(state, "Error", "");
}

DockerContainer docker_container_of_inspection(Arena *arena, const Value *answer) {
    const Value *config = value_get(answer, "Config");
    DockerContainer container = {
        .id = value_get_string(answer, "Id", ""),
        .name = without_slash(value_get_string(answer, "Name", "")),
        .image = value_get_string(config, "Image", ""),
        .restarts = (int)value_get_integer(answer, "RestartCount", 0),
        .memory_limit_bytes = value_get_integer(value_get(answer, "HostConfig"), "Memory", 0),
    };
    take_labels(arena, &container, value_get(config, "Labels"));
    take_state(arena, &container, value_get(answer, "State"));
    container.ports = read_port_map(arena, value_get(value_get(answer, "NetworkSettings"), "Ports"));
    return container;
}

const char *docker_container_label(const DockerContainer *container, const char *key) {
    return pair_list_value(&container->labels, key);
}
