// Any bytes as YAML: the parser ends and stays in bounds, every node has a place, and no map has a key twice.
#include <stdint.h>

#include "base/text.h"
#include "io/yaml.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

static void check_node(const YamlNode *node) {
    bool is_scalar = node->kind == YAML_SCALAR;
    if (node->line < 1 || node->column < 1 || (is_scalar && node->scalar == NULL)) abort();
    list_each (const YamlNode *const, item, &node->items) check_node(*item);
    list_each (const YamlEntry, entry, &node->entries) {
        if (yaml_get(node, entry->key) != entry->node) abort();
        check_node(entry->node);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size) {
    Arena *arena = arena_create();
    Error err = {.arena = arena};
    YamlNode *root = NULL;
    bool is_parsed = yaml_parse(arena, (const char *)bytes, size, "x.yaml", &root, &err);
    if (is_parsed) check_node(root);
    if (!is_parsed && (root != NULL || err.code != ERROR_CONFIG || !text_starts_with(err.message, "x.yaml:"))) abort();
    arena_destroy(arena);
    return 0;
}
