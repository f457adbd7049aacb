// Which port a service of the platform gets: an explicit one is never moved, a default one moves away from a stranger and stays
// there.
#pragma once
#include "services/project.h"

typedef struct PortWish {
    const char *who;   // "airflow", for messages
    const char *key;   // "airflow.port": its key in devbox.yaml, and the name under which a substitute is remembered
    int wanted;        // of devbox.yaml, or the default
    bool is_explicit;  // it stands in devbox.yaml
    int used;          // the port that the service has already; 0: it does not run
} PortWish;

// The port to ask for first: the used one, the remembered substitute, or the wanted one.
int port_first_choice(Context *ctx, const Project *project, const PortWish *wish);

// Chooses it. A busy explicit port is ERROR_PORT_BUSY with who holds it; a busy default one is replaced with a warning that says
// the same, and the substitute is remembered.
bool port_choose(Context *ctx, const Project *project, const PortWish *wish, int *port, Error *err) MUST_USE;

// Who listens there, and how to end that: "java (pid 4312, tomcat)" and "kill 4312", "the container shop-web-1 (compose project
// shop)" and "docker stop shop-web-1". *command NULL when nobody can tell.
const char *port_describe_holder(Context *ctx, int family, int port, const char **command);

// ERROR_PORT_BUSY for a port that was free when it was chosen, with who holds it now. 0: nobody knows which one. Always returns
// false.
bool port_report_taken(Context *ctx, int port, Error *err);
