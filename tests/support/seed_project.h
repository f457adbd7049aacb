// A checkout in a temporary folder for tests of seeds and the sandbox database; it goes away with the test.
#pragma once
#include "io/database.h"
#include "io/file_system.h"
#include "model/event.h"
#include "services/project.h"
#include "support/test.h"

typedef struct SeedProject {
    Arena *arena;
    Context ctx;
    Project project;
    Error err;
    StringList notes;  // notes and warnings that were emitted
    EventSink sink;
} SeedProject;

static inline void seed_project_keep_note(EventSink *sink, const Event *event) {
    SeedProject *shop = (SeedProject *)((char *)sink - offsetof(SeedProject, sink));
    if (event->kind != EVENT_NOTE && event->kind != EVENT_WARNING) return;
    list_push(shop->arena, &shop->notes, arena_copy_string(shop->arena, event->text));
}

static inline int seed_project_setup(void **state) {
    Arena *arena = arena_create();
    SeedProject *shop = arena_allocate(arena, sizeof *shop);
    *shop = (SeedProject){.arena = arena, .err = {.arena = arena}, .sink = {.emit = seed_project_keep_note}};
    char *root = arena_copy_string(arena, "/tmp/devbox-test-seeds.XXXXXX");
    if (mkdtemp(root) == NULL) return -1;
    shop->ctx = (Context){.arena = arena, .sink = &shop->sink};
    shop->project = (Project){
        .root = root,
        .name = "shop",
        .state = path_join(arena, root, ".devbox"),
        .instance = "abcdefabcdef",
        .config = config_defaults(),
        .seeds_dir = path_join(arena, root, "seeds"),
    };
    *state = shop;
    return 0;
}

static inline int seed_project_drop(void **state) {
    SeedProject *shop = *state;
    bool is_removed = folder_remove(shop->arena, shop->project.root, &shop->err);
    arena_destroy(shop->arena);
    return is_removed ? 0 : -1;
}

static inline const char *seed_project_path(SeedProject *shop, const char *name) {
    return path_join(shop->arena, shop->project.root, name);
}

static inline void seed_project_write_bytes(SeedProject *shop, const char *name, const char *bytes, size_t length) {
    const char *path = seed_project_path(shop, name);
    assert_true(folder_create(shop->arena, path_folder(shop->arena, path), &shop->err));
    assert_true(file_write(shop->arena, path, bytes, length, 0600, &shop->err));
}

static inline void seed_project_write(SeedProject *shop, const char *name, const char *text) {
    seed_project_write_bytes(shop, name, text, strlen(text));
}

static inline void seed_project_declare(SeedProject *shop, const char *table, const char *column, const char *type) {
    SeedColumn declared = {.table = table, .column = column, .type = type};
    list_push(shop->arena, &shop->project.config.seed_columns, declared);
}

static inline Database *seed_project_open(SeedProject *shop, const char *name) {
    Database *db = NULL;
    if (!database_open(shop->arena, seed_project_path(shop, name), DATABASE_CREATE, 2000, &db, &shop->err))
        fail_msg("%s", shop->err.message);
    return db;
}

// The first column of the first row as text; "<null>" for NULL or no row.
static inline const char *seed_project_ask(SeedProject *shop, Database *db, const char *sql) {
    const char *text = NULL;
    if (!database_query_text(shop->arena, db, sql, &text, &shop->err)) fail_msg("%s", shop->err.message);
    return text == NULL ? "<null>" : text;
}

// The same in the sandbox database.
static inline const char *seed_project_ask_sandbox(SeedProject *shop, const char *sql) {
    Database *db = NULL;
    const char *path = seed_project_path(shop, ".devbox/sandbox.db");
    if (!database_open(shop->arena, path, DATABASE_READ, 2000, &db, &shop->err)) fail_msg("%s", shop->err.message);
    const char *answer = seed_project_ask(shop, db, sql);
    database_close(db);
    return answer;
}

#define test_with_seed_project(function) cmocka_unit_test_setup_teardown(function, seed_project_setup, seed_project_drop)
