// Any JSON as dbt's manifest: it is read or refused, and what is selected for a change of each file are words for things in it.
#include <stdint.h>

#include "base/text.h"
#include "io/json.h"
#include "model/dbt_selection.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

static void select_for_each_file(Arena *arena, const DbtManifest *manifest) {
    DbtChangeList changes = {0};
    list_each(const DbtNode, node, &manifest->nodes) {
        DbtChange change = {
            .kind = node->kind == DBT_SEED ? DBT_FILE_DATA : DBT_FILE_CODE, .path = node->file, .before = node->name};
        list_push(arena, &changes, change);
    }
    DbtSelection found = dbt_select_changed(arena, manifest, &changes);
    if (found.selectors.count > manifest->nodes.count || (found.why_all != NULL && found.selectors.count > 0)) abort();
    list_each(const char *const, selector, &found.selectors) {
        if (!text_starts_with(*selector, "fqn:")) abort();
    }
    if (text_is_empty(dbt_selection_describe(arena, &found))) abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size) {
    Arena *arena = arena_create();
    Error err = {.arena = arena};
    Value *root;
    DbtManifest manifest;
    if (json_parse(arena, arena_copy_bytes(arena, bytes, size), "manifest.json", &root, &err)) {
        if (dbt_manifest_read(arena, root, &manifest, &err)) {
            select_for_each_file(arena, &manifest);
        } else if (err.code != ERROR_CHILD) {
            abort();
        }
    }
    arena_destroy(arena);
    return 0;
}
