#include "services/dbt_properties.h"

#include "base/text.h"
#include "io/yaml.h"

typedef struct Comparison {
    Arena *arena;
    StringList *names;
} Comparison;

static bool is_same(const YamlNode *left, const YamlNode *right, const char *left_out);

static bool is_ignored(const char *key, const char *left_out) {
    return text_equals(key, "description") || text_equals(key, left_out);
}

// Every key of `left` is in `right`, with the same value. `left_out`: a key that does not count at this level; or NULL.
static bool holds_same(const YamlNode *left, const YamlNode *right, const char *left_out) {
    list_each(const YamlEntry, entry, &left->entries) {
        if (is_ignored(entry->key, left_out)) continue;
        const YamlNode *other = yaml_get(right, entry->key);
        if (other == NULL || !is_same(entry->node, other, NULL)) return false;
    }
    return true;
}

static bool has_same_items(const YamlNode *left, const YamlNode *right) {
    if (left->items.count != right->items.count) return false;
    for (size_t i = 0; i < left->items.count; i++) {
        if (!is_same(left->items.items[i], right->items.items[i], NULL)) return false;
    }
    return true;
}

static bool is_same(const YamlNode *left, const YamlNode *right, const char *left_out) {
    if (left->kind != right->kind) return false;
    switch (left->kind) {
        case YAML_NULL:
            return true;
        case YAML_SCALAR:
            return text_equals(left->scalar, right->scalar) && left->is_quoted == right->is_quoted;
        case YAML_LIST:
            return has_same_items(left, right);
        case YAML_MAP:
            return holds_same(left, right, left_out) && holds_same(right, left, left_out);
    }
    return false;
}

static const YamlNode *find_named(const YamlNode *list, const char *name) {
    if (list == NULL || list->kind != YAML_LIST) return NULL;
    list_each(const YamlNode *const, item, &list->items) {
        if (text_equals(yaml_get_string(*item, "name", NULL), name)) return *item;
    }
    return NULL;
}

// Items of one list that the other has not, or has with other properties; `prefix` stands before their names.
static void note_differences(const Comparison *to, const YamlNode *list, const YamlNode *other, const char *prefix) {
    if (list == NULL || list->kind != YAML_LIST) return;
    list_each(const YamlNode *const, item, &list->items) {
        const char *name = yaml_get_string(*item, "name", NULL);
        const YamlNode *counterpart = name == NULL ? NULL : find_named(other, name);
        if (name == NULL || (counterpart != NULL && is_same(*item, counterpart, NULL))) continue;
        list_push(to->arena, to->names, arena_format(to->arena, "%s%s", prefix, name));
    }
}

static void note_sources(const Comparison *to, const YamlNode *sources, const YamlNode *others) {
    if (sources == NULL || sources->kind != YAML_LIST) return;
    list_each(const YamlNode *const, source, &sources->items) {
        const char *name = yaml_get_string(*source, "name", NULL);
        const YamlNode *other = name == NULL ? NULL : find_named(others, name);
        if (name == NULL) continue;
        if (other == NULL || !is_same(*source, other, "tables")) {
            list_push(to->arena, to->names, arena_format(to->arena, "%s.*", name));
            continue;
        }
        note_differences(to, yaml_get(*source, "tables"), yaml_get(other, "tables"), arena_format(to->arena, "%s.", name));
    }
}

static bool parse(Arena *arena, const char *text, YamlNode **root) {
    Error ignored = {.arena = arena};
    *root = NULL;
    return text == NULL || yaml_parse(arena, text, strlen(text), "properties", root, &ignored);
}

bool dbt_properties_compare(Arena *arena, const char *before, const char *after, StringList *names) {
    static const char *const kinds[] = {"models", "seeds", "snapshots", "unit_tests", "data_tests", "tests"};
    YamlNode *old, *new;
    Comparison to = {arena, names};
    if (!parse(arena, before, &old) || !parse(arena, after, &new)) return false;
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        note_differences(&to, yaml_get(old, kinds[i]), yaml_get(new, kinds[i]), "");
        note_differences(&to, yaml_get(new, kinds[i]), yaml_get(old, kinds[i]), "");
    }
    note_sources(&to, yaml_get(old, "sources"), yaml_get(new, "sources"));
    note_sources(&to, yaml_get(new, "sources"), yaml_get(old, "sources"));
    return true;
}
