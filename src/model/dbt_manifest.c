#include "model/dbt_manifest.h"

#include "base/text.h"

static DbtKind read_kind(const char *word) {
    static const struct {
        const char *word;
        DbtKind kind;
    } kinds[] = {{"model", DBT_MODEL},         {"seed", DBT_SEED},     {"snapshot", DBT_SNAPSHOT}, {"test", DBT_TEST},
                 {"unit_test", DBT_UNIT_TEST}, {"source", DBT_SOURCE}, {"operation", DBT_HOOK}};
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        if (text_equals(word, kinds[i].word)) return kinds[i].kind;
    }
    return DBT_OTHER;
}

bool dbt_node_is_table(const DbtNode *node) {
    return node->kind == DBT_MODEL || node->kind == DBT_SEED || node->kind == DBT_SNAPSHOT;
}

// "shop://models/marts/_marts.yml"
static const char *read_patch_file(const Value *node) {
    const char *path = value_get_string(node, "patch_path", "");
    const char *behind = strstr(path, "://");
    return behind == NULL ? path : behind + strlen("://");
}

static StringList read_fixtures(Arena *arena, const Value *node) {
    StringList fixtures = {0};
    const Value *given = value_get(node, "given");
    for (size_t i = 0; given != NULL && given->kind == VALUE_ARRAY && i < given->count; i++) {
        const char *name = value_get_string(given->members[i].value, "fixture", NULL);
        if (name != NULL) list_push(arena, &fixtures, name);
    }
    const char *expected = value_get_string(value_get(node, "expect"), "fixture", NULL);
    if (expected != NULL) list_push(arena, &fixtures, expected);
    return fixtures;
}

static DbtNode read_node(Arena *arena, const char *id, const Value *value) {
    const Value *needs = value_get(value, "depends_on");
    StringList fqn = value_strings(arena, value_get(value, "fqn"));
    DbtNode node = {.id = id,
                    .name = value_get_string(value, "name", ""),
                    .package = value_get_string(value, "package_name", ""),
                    .kind = read_kind(value_get_string(value, "resource_type", "")),
                    .file = value_get_string(value, "original_file_path", ""),
                    .patch_file = read_patch_file(value),
                    .fqn = text_join(arena, &fqn, "."),
                    .parents = value_strings(arena, value_get(needs, "nodes")),
                    .macros = value_strings(arena, value_get(needs, "macros"))};
    node.table = node.name;
    if (node.kind == DBT_SOURCE) {
        node.table = value_get_string(value, "identifier", node.name);
        node.name = arena_format(arena, "%s.%s", value_get_string(value, "source_name", ""), node.name);
    }
    if (node.kind == DBT_UNIT_TEST) node.fixtures = read_fixtures(arena, value);
    return node;
}

static void read_nodes(Arena *arena, const Value *nodes, DbtNodeList *list) {
    for (size_t i = 0; nodes != NULL && nodes->kind == VALUE_OBJECT && i < nodes->count; i++) {
        list_push(arena, list, read_node(arena, nodes->members[i].key, nodes->members[i].value));
    }
}

static void read_macros(Arena *arena, const Value *macros, DbtMacroList *list) {
    for (size_t i = 0; macros->kind == VALUE_OBJECT && i < macros->count; i++) {
        const Value *macro = macros->members[i].value;
        DbtMacro read = {.id = macros->members[i].key,
                         .name = value_get_string(macro, "name", ""),
                         .package = value_get_string(macro, "package_name", ""),
                         .file = value_get_string(macro, "original_file_path", ""),
                         .macros = value_strings(arena, value_get(value_get(macro, "depends_on"), "macros"))};
        list_push(arena, list, read);
    }
}

bool dbt_manifest_read(Arena *arena, const Value *root, DbtManifest *manifest, Error *err) {
    const Value *nodes = value_get(root, "nodes"), *macros = value_get(root, "macros");
    const char *project = value_get_string(value_get(root, "metadata"), "project_name", NULL);
    if (nodes == NULL || nodes->kind != VALUE_OBJECT || macros == NULL || project == NULL) {
        return error_set(err, ERROR_CHILD, "dbt's manifest.json has no nodes, macros or project name");
    }
    *manifest = (DbtManifest){.project = project};
    read_nodes(arena, nodes, &manifest->nodes);
    read_nodes(arena, value_get(root, "sources"), &manifest->nodes);
    read_nodes(arena, value_get(root, "unit_tests"), &manifest->nodes);
    read_macros(arena, macros, &manifest->macros);
    return true;
}
