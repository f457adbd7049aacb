// Connections, pools and structured variables of devbox.yaml. Used by config_values.c only.
#pragma once
#include "services/config_values.h"

// A node as JSON; unquoted true, false and numbers keep their type.
const char *config_node_to_json(Arena *arena, const YamlNode *node);

// A connection as a URI or as the JSON that Airflow reads; false after noting what is wrong.
bool config_connection_read(ConfigReading *reading, const ConfigPlace *place, const char **value);

// A pool: a number of slots, or a map with slots and description; false after noting what is wrong.
bool config_pool_read(ConfigReading *reading, const ConfigPlace *place, PoolConfig *pool);
