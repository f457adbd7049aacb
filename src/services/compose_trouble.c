#include "services/compose_trouble.h"

#include <stdlib.h>

#include "base/text.h"

enum { DETAIL_LINES = 6, LAST_PORT = 65535 };

typedef struct Trouble {
    const char *sign;  // part of a line of compose's
    ErrorCode code;
    const char *message, *hint;
} Trouble;

// The first sign that is found wins; both versions of compose are in it.
static const Trouble troubles[] = {
    {"Cannot connect to the Docker daemon", ERROR_SERVICE, "the container engine stopped while the containers were being started",
     "start it, then: devbox start"},
    {"Couldn't connect to Docker daemon", ERROR_SERVICE, "the container engine stopped while the containers were being started",
     "start it, then: devbox start"},
    {"Error while fetching server API version", ERROR_SERVICE,
     "the container engine stopped while the containers were being started", "start it, then: devbox start"},
    {"address already in use", ERROR_PORT_BUSY, "a port that Airflow's page needs was taken at the last moment",
     "devbox start chooses another, unless airflow.port names one in devbox.yaml"},
    {"port is already allocated", ERROR_PORT_BUSY, "a port that Airflow's page needs was taken at the last moment",
     "devbox start chooses another, unless airflow.port names one in devbox.yaml"},
    {"Ports are not available", ERROR_PORT_BUSY, "the engine may not use the port that Airflow's page needs",
     "give airflow.port in devbox.yaml another value"},
    // As when the firewall of the machine was reloaded.
    {"No chain/target/match by that name", ERROR_SERVICE, "the firewall rules of the container engine are gone",
     "restart the engine, which writes them again (sudo systemctl restart docker); then: devbox start"},
    {"no space left on device", ERROR_FILE, "the disk of the container engine is full",
     "make room there: docker system df shows what takes it"},
    {"No such image", ERROR_RUNTIME_MISSING, "an image is not there and is not to be fetched",
     "fetch it with docker pull, or remove airflow.pull from devbox.yaml"},
    {"toomanyrequests", ERROR_NETWORK, "the registry refuses more pulls for now (rate limit)",
     "docker login raises the limit; then: devbox start"},
    {"no such host", ERROR_NETWORK, "the registry of an image could not be reached",
     "check network and proxy, then: devbox start"},
    {"i/o timeout", ERROR_NETWORK, "the registry of an image could not be reached",
     "check network and proxy, then: devbox start"},
    {"connection refused", ERROR_NETWORK, "the registry of an image could not be reached",
     "check network and proxy, then: devbox start"},
};

// Mistakes in a file that compose was given; without an override it can only be devbox's own.
static const char *const file_signs[] = {
    "additional propert", "Unsupported config option", "yaml: line",        "while parsing",     "validating ",
    "is invalid because", "did not find expected",     "must be a mapping", "undefined service", "depends on undefined"};

// The word that stands between `before` and the next `end`.
static const char *word_after(Arena *arena, const char *words, const char *before, char end) {
    const char *found = strstr(words, before);
    const char *start = found == NULL ? NULL : found + strlen(before), *close = start == NULL ? NULL : strchr(start, end);
    return close == NULL ? NULL : arena_copy_bytes(arena, start, (size_t)(close - start));
}

// "devbox-shop-0f3a9c-airflow-init-1" → "airflow-init"; version 1 writes _ between the parts.
static const char *service_of_container(Arena *arena, const char *container, const char *project) {
    size_t length = strlen(container);
    if (!text_starts_with(container, project) || length <= strlen(project) + 1) return NULL;
    while (length > 0 && container[length - 1] != '-' && container[length - 1] != '_') length--;
    const char *start = container + strlen(project) + 1;
    return length <= (size_t)(start - container) ? start
                                                 : arena_copy_bytes(arena, start, length - 1 - (size_t)(start - container));
}

static const char *find_service(Arena *arena, const ComposeRun *run) {
    const char *one_shot = word_after(arena, run->words, "service \"", '"');
    if (one_shot != NULL && strstr(run->words, "didn't complete successfully") != NULL) return one_shot;
    const char *unhealthy = word_after(arena, run->words, "dependency failed to start: container ", ' ');
    return unhealthy == NULL ? NULL : service_of_container(arena, unhealthy, run->project);
}

static bool is_mistake_in_file(const char *words) {
    for (size_t i = 0; i < sizeof file_signs / sizeof *file_signs; i++) {
        if (strstr(words, file_signs[i]) != NULL) return true;
    }
    return false;
}

static void explain(const char *words, const char *override_name, const char *service, Error *err) {
    for (size_t i = 0; i < sizeof troubles / sizeof *troubles; i++) {
        if (strstr(words, troubles[i].sign) == NULL) continue;
        error_set(err, troubles[i].code, "%s", troubles[i].message);
        error_hint(err, "%s", troubles[i].hint);
        return;
    }
    if (service != NULL) {
        error_set(err, ERROR_SERVICE, "%s did not come up", service);
        error_hint(err, "its log says why: devbox logs %s", service);
    } else if (is_mistake_in_file(words) && override_name != NULL) {
        error_set(err, ERROR_CONFIG, "compose does not understand %s", override_name);
        error_hint(err, "mend the file (compose says above what is wrong), then: devbox start");
    } else if (is_mistake_in_file(words)) {
        error_set(err, ERROR_INTERNAL, "compose does not understand the file that devbox rendered");
        error_hint(err, "look at it with: devbox config compose");
    } else {
        error_set(err, ERROR_CHILD, "compose could not bring the containers up");
        const char *also = override_name == NULL ? "" : arena_format(err->arena, " · it also reads %s", override_name);
        error_hint(err, "the whole output is in .devbox/logs/compose.log%s; then: devbox start", also);
    }
}

bool compose_trouble_explain(Arena *arena, const ComposeRun *run, const char **service, Error *err) {
    *service = find_service(arena, run);
    explain(run->words, run->override_name, *service, err);
    return error_detail(err, text_last_lines(arena, run->words, DETAIL_LINES));
}

int compose_trouble_find_port(const char *words) {
    static const char address[] = "127.0.0.1:";
    const char *found = words == NULL ? NULL : strstr(words, address);
    long port = found == NULL ? 0 : strtol(found + strlen(address), NULL, 10);
    return port > 0 && port <= LAST_PORT ? (int)port : 0;
}
