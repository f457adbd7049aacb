#include "model/dbt_selection.h"

#include <ctype.h>
#include <strings.h>

#include "base/map.h"
#include "base/text.h"

typedef struct Search {
    Arena *arena;
    const DbtManifest *manifest;
    Map is_changed;   // ids of nodes that changed themselves
    Map is_touched;   // ids of macros that changed, or call one that did
    bool stays_near;  // nothing is looked for downstream but tests
    DbtSelection found;
} Search;

static char present;  // what is in a set

static void mark(Search *search, Map *set, const char *id) { map_set(search->arena, set, id, &present); }

static bool has_any(const Map *set, const StringList *ids) {
    list_each(const char *const, id, ids) {
        if (map_has(set, *id)) return true;
    }
    return false;
}

static void need_all(Search *search, const char *why) {
    if (search->found.why_all == NULL) search->found.why_all = why;
}

static bool is_own(const Search *search, const char *package) { return text_equals(package, search->manifest->project); }

// "models/orders.sql" → "orders".
static const char *stem_of(Arena *arena, const char *path) {
    const char *slash = strrchr(path, '/'), *name = slash == NULL ? path : slash + 1;
    const char *dot = strrchr(name, '.');
    return dot == NULL ? name : arena_copy_bytes(arena, name, (size_t)(dot - name));
}

// --- macros ---------------------------------------------------------------------------------------------------------------

static const char *skip_space(const char *text) {
    while (isspace((unsigned char)*text)) text++;
    return text;
}

// Behind `word` when it stands at `text`, else NULL.
static const char *skip_word(const char *text, const char *word) {
    size_t length = strlen(word);
    bool is_there = strncmp(text, word, length) == 0 && isspace((unsigned char)text[length]);
    return is_there ? skip_space(text + length) : NULL;
}

// What stands behind "{%": the name that manifest.json has for a macro or generic test, NULL when nothing is defined there.
static const char *read_definition(Arena *arena, const char *text, bool *is_materialization) {
    const char *name = skip_word(text, "macro"), *prefix = "";
    if (name == NULL) {
        name = skip_word(text, "test");
        if (name == NULL) name = skip_word(text, "data_test");
        prefix = "test_";
    }
    *is_materialization = skip_word(text, "materialization") != NULL;
    size_t length = name == NULL ? 0 : strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_");
    return length == 0 ? NULL : arena_format(arena, "%s%.*s", prefix, (int)length, name);
}

// Names of the macros that a file defined before it changed.
static StringList read_macro_names(Search *search, const DbtChange *change) {
    StringList names = {0};
    bool is_materialization;
    for (const char *at = change->before; at != NULL && (at = strstr(at, "{%")) != NULL;) {
        at = skip_space(at + strlen("{%") + (at[2] == '-' || at[2] == '+'));
        const char *name = read_definition(search->arena, at, &is_materialization);
        if (name != NULL) list_push(search->arena, &names, name);
        if (is_materialization) need_all(search, arena_format(search->arena, "%s defines a materialization", change->path));
    }
    return names;
}

// dispatch() calls "spread" and means "default__spread" or "duckdb__spread".
static const char *dispatched_name(const char *name) {
    const char *mark = strstr(name, "__");
    return mark == NULL || mark == name || mark[2] == '\0' ? name : mark + 2;
}

static bool names_macro(const StringList *names, const DbtMacro *macro) {
    list_each(const char *const, name, names) {
        if (text_equals(*name, macro->name) || text_equals(dispatched_name(*name), macro->name)) return true;
    }
    return false;
}

// A macro that is gone may have stood in front of another package's of the same name, which is called now.
static void mark_macros_of(Search *search, const DbtChange *change) {
    StringList names = read_macro_names(search, change);
    list_each(const DbtMacro, macro, &search->manifest->macros) {
        if (is_own(search, macro->package) && text_equals(macro->file, change->path))
            list_push(search->arena, &names, macro->name);
    }
    list_each(const DbtMacro, macro, &search->manifest->macros) {
        if (names_macro(&names, macro)) mark(search, &search->is_touched, macro->id);
    }
}

static void spread_over_macros(Search *search) {
    for (bool grows = true; grows;) {
        grows = false;
        list_each(const DbtMacro, macro, &search->manifest->macros) {
            if (map_has(&search->is_touched, macro->id) || !has_any(&search->is_touched, &macro->macros)) continue;
            mark(search, &search->is_touched, macro->id);
            grows = true;
        }
    }
}

// dbt calls these itself, for every node, and notes that nowhere.
static bool is_called_by_dbt(const char *name) {
    return text_starts_with(name, "materialization_") || text_starts_with(name, "generate_") || text_equals(name, "ref") ||
           text_equals(name, "source");
}

// Generic tests of dbt are called where the manifest says so; all else of its own packages may be called for any node.
static bool serves_every_node(const DbtMacro *macro) {
    bool is_built_in = text_equals(macro->package, "dbt") || text_starts_with(macro->package, "dbt_duckdb");
    return is_called_by_dbt(macro->name) || (is_built_in && !text_starts_with(macro->name, "test_"));
}

static void mark_users_of_macros(Search *search) {
    spread_over_macros(search);
    list_each(const DbtMacro, macro, &search->manifest->macros) {
        if (map_has(&search->is_touched, macro->id) && serves_every_node(macro))
            need_all(search, arena_format(search->arena, "the macro %s changed, which dbt itself calls", macro->name));
    }
    list_each(const DbtNode, node, &search->manifest->nodes) {
        if (!has_any(&search->is_touched, &node->macros)) continue;
        mark(search, &search->is_changed, node->id);
        if (node->kind == DBT_HOOK)
            need_all(search, arena_format(search->arena, "a macro changed that runs with every build (%s)", node->name));
    }
}

// --- files → nodes --------------------------------------------------------------------------------------------------------

static void mark_nodes_in_file(Search *search, const DbtChange *change) {
    list_each(const DbtNode, node, &search->manifest->nodes) {
        if (is_own(search, node->package) && text_equals(node->file, change->path)) mark(search, &search->is_changed, node->id);
    }
}

static bool names_node(const StringList *entries, const DbtNode *node, Arena *arena) {
    if (node->kind != DBT_SOURCE) return string_list_contains(entries, node->name);
    const char *dot = strchr(node->name, '.');
    const char *whole = arena_format(arena, "%.*s.*", (int)(dot - node->name), node->name);
    return string_list_contains(entries, node->name) || string_list_contains(entries, whole);
}

// Properties may stand in another file than the node's, in this one before and in another now: the name is what counts.
static void mark_named_nodes(Search *search, const DbtChange *change) {
    list_each(const DbtNode, node, &search->manifest->nodes) {
        if (!is_own(search, node->package) || node->kind == DBT_HOOK) continue;
        if (names_node(&change->entries, node, search->arena)) mark(search, &search->is_changed, node->id);
    }
}

// A file of seeds stands for the dbt seed or the source of its name; one beside unit tests for those that read it.
static void mark_readers_of_data(Search *search, const DbtChange *change) {
    const char *stem = stem_of(search->arena, change->path);
    mark_nodes_in_file(search, change);
    list_each(const DbtNode, node, &search->manifest->nodes) {
        bool is_data = (node->kind == DBT_SEED || node->kind == DBT_SOURCE) && strcasecmp(node->table, stem) == 0;
        if (is_data || string_list_contains(&node->fixtures, stem)) mark(search, &search->is_changed, node->id);
    }
}

// Rows of a unit test may be written as SQL, too.
static void mark_users_of_fixture(Search *search, const DbtChange *change) {
    const char *stem = stem_of(search->arena, change->path);
    list_each(const DbtNode, node, &search->manifest->nodes) {
        if (string_list_contains(&node->fixtures, stem)) mark(search, &search->is_changed, node->id);
    }
}

static void mark_change(Search *search, const DbtChange *change) {
    switch (change->kind) {
        case DBT_FILE_CODE:
            mark_nodes_in_file(search, change);
            mark_users_of_fixture(search, change);
            mark_macros_of(search, change);
            break;
        case DBT_FILE_PROPERTIES:
            mark_named_nodes(search, change);
            break;
        case DBT_FILE_DATA:
            mark_readers_of_data(search, change);
            break;
        case DBT_FILE_SETTINGS:
            need_all(search, arena_format(search->arena, "%s changed", change->path));
            break;
    }
}

// --- nodes → what is made from them ---------------------------------------------------------------------------------------

// Rounds over all nodes: as many as the longest chain, which in practice is short.
static Map spread_over_nodes(const Search *search) {
    Map affected = {0};
    for (size_t i = 0; i < search->is_changed.count; i++)
        map_set(search->arena, &affected, search->is_changed.entries[i].key, &present);
    for (bool grows = true; grows;) {
        grows = false;
        list_each(const DbtNode, node, &search->manifest->nodes) {
            bool is_test = node->kind == DBT_TEST || node->kind == DBT_UNIT_TEST;
            if (map_has(&affected, node->id) || (search->stays_near && !is_test)) continue;
            if (!has_any(&affected, &node->parents)) continue;
            map_set(search->arena, &affected, node->id, &present);
            grows = true;
        }
    }
    return affected;
}

static Map find_affected_tables(const Search *search, const Map *affected) {
    Map tables = {0};
    list_each(const DbtNode, node, &search->manifest->nodes) {
        if (dbt_node_is_table(node) && map_has(affected, node->id)) map_set(search->arena, &tables, node->id, &present);
    }
    return tables;
}

static const DbtNode *find_node(const DbtManifest *manifest, const char *id) {
    list_each(const DbtNode, node, &manifest->nodes) {
        if (text_equals(node->id, id)) return node;
    }
    return NULL;
}

// `dbt build` runs a unit test only together with the model that it tests, which stands first among what it needs.
static void select_node(Search *search, const DbtNode *node) {
    const DbtNode *selected = node;
    if (node->kind == DBT_UNIT_TEST) {
        selected = node->parents.count == 0 ? NULL : find_node(search->manifest, node->parents.items[0]);
        if (selected == NULL) return;
    }
    const char *word = arena_format(search->arena, "fqn:%s", selected->fqn);
    if (!string_list_contains(&search->found.selectors, word)) list_push(search->arena, &search->found.selectors, word);
}

// dbt adds the tests of what is selected by itself: only those of sources, and tests that changed alone, need to be named.
static void select_affected(Search *search) {
    Map affected = spread_over_nodes(search), tables = find_affected_tables(search, &affected);
    list_each(const DbtNode, node, &search->manifest->nodes) {
        bool is_test = node->kind == DBT_TEST || node->kind == DBT_UNIT_TEST;
        bool is_lone_test = is_test && map_has(&affected, node->id) && !has_any(&tables, &node->parents);
        bool is_table = map_has(&tables, node->id);
        if (is_table || is_lone_test) select_node(search, node);
        search->found.affected += is_table;
        search->found.changed += is_table && map_has(&search->is_changed, node->id);
        search->found.tests += is_lone_test;
    }
}

static DbtSelection search_for(Search *search, const DbtChangeList *changes) {
    list_each(const DbtChange, change, changes) mark_change(search, change);
    mark_users_of_macros(search);
    select_affected(search);
    if (search->found.why_all != NULL) search->found.selectors = (StringList){0};
    return search->found;
}

DbtSelection dbt_select_changed(Arena *arena, const DbtManifest *manifest, const DbtChangeList *changes) {
    Search search = {.arena = arena, .manifest = manifest};
    return search_for(&search, changes);
}

DbtSelection dbt_select_saved(Arena *arena, const DbtManifest *manifest, const DbtChangeList *changes) {
    Search search = {.arena = arena, .manifest = manifest, .stays_near = true};
    return search_for(&search, changes);
}

static const char *count_of(Arena *arena, size_t count, const char *one, const char *many) {
    return arena_format(arena, "%s %s", text_number(arena, (long long)count), count == 1 ? one : many);
}

const char *dbt_selection_describe(Arena *arena, const DbtSelection *selection) {
    if (selection->why_all != NULL) return arena_format(arena, "%s, so all models are built", selection->why_all);
    const char *tests = count_of(arena, selection->tests, "test", "tests");
    if (selection->affected == 0) return selection->tests == 0 ? "no model and no test is affected" : tests;
    const char *verb = selection->affected == 1 ? "is" : "are";
    const char *models = arena_format(arena, "%s %s affected", count_of(arena, selection->affected, "model", "models"), verb);
    if (selection->changed > 0) {
        models = arena_format(arena, "%s changed, %zu %s affected", count_of(arena, selection->changed, "model", "models"),
                              selection->affected, verb);
    }
    return selection->tests == 0 ? models : arena_format(arena, "%s, and %s", models, tests);
}
