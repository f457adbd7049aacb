// YAML files as a tree that remembers where everything stood (libyaml behind it).
#pragma once
#include "base/error.h"
#include "base/list.h"

typedef enum YamlKind { YAML_NULL, YAML_SCALAR, YAML_LIST, YAML_MAP } YamlKind;

typedef struct YamlNode YamlNode;

typedef struct YamlEntry {
    const char *key;
    int key_line, key_column;
    const YamlNode *node;
} YamlEntry;

struct YamlNode {
    YamlKind kind;
    int line, column;    // from 1
    const char *scalar;  // as written, unquoted
    bool is_quoted;      // "8080" in quotes is text, never a number, boolean or null
    LIST_OF(const YamlNode *) items;
    LIST_OF(YamlEntry) entries;
};

// Parses the first document. Errors carry origin:line:column. Duplicate keys and tags are errors that say so; an empty document
// is YAML_NULL. Aliases and merge keys (<<) are resolved: what they bring in says where it is written out, and may be shared.
bool yaml_parse(Arena *arena, const char *text, size_t length, const char *origin, YamlNode **root, Error *err) MUST_USE;
bool yaml_read_file(Arena *arena, const char *path, YamlNode **root, Error *err) MUST_USE;

// The node of a key in a map, NULL when absent or no map.
const YamlNode *yaml_get(const YamlNode *map, const char *key);

// The scalar below a key, or the fallback.
const char *yaml_get_string(const YamlNode *map, const char *key, const char *fallback);

// Typed readings of a scalar; false when it is none. YAML 1.2 core: only true/false are booleans (no, on, off are text).
bool yaml_as_bool(const YamlNode *node, bool *boolean);
bool yaml_as_integer(const YamlNode *node, long long *integer);
