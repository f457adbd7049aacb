// Real repositories made by the real git in a temporary folder that goes away with the test.
#pragma once
#include <stdlib.h>
#include <unistd.h>

#include "base/context.h"
#include "base/text.h"
#include "io/file_system.h"
#include "io/process.h"
#include "support/test.h"

// libgit2 1.5 forgets a match of its regular expressions at each open: not ours to find.
const char *__lsan_default_suppressions(void);
const char *__lsan_default_suppressions(void) { return "leak:libpcre2\n"; }

typedef struct GitFixture {
    Arena *arena;
    Context ctx;
    Error err;
    const char *folder;      // removed at the end
    const char *repository;  // folder/repo
} GitFixture;

// Runs a shell script in a folder; a red exit code fails the test with what the script said.
static inline const char *git_fixture_run(GitFixture *fixture, const char *folder, const char *script) {
    ProcessResult result = {0};
    const char *const argv[] = {"sh", "-ec", script, NULL};
    ProcessSpec spec = {.argv = argv, .folder = folder, .timeout_ms = 30000};
    if (!process_check(&fixture->ctx, &spec, &result, &fixture->err)) {
        fail_msg("%s: %s\n%s", script, fixture->err.message, fixture->err.detail == NULL ? "" : fixture->err.detail);
    }
    return text_trim(fixture->arena, result.output);
}

static inline const char *git_fixture_path(GitFixture *fixture, const char *name) {
    return path_join(fixture->arena, fixture->folder, name);
}

static inline const char *git_fixture_read(GitFixture *fixture, const char *name) {
    char *content;
    Error err = {.arena = fixture->arena};
    return file_read(fixture->arena, git_fixture_path(fixture, name), &content, NULL, &err) ? content : NULL;
}

// Makes folder/repo with one commit: README, dags/orders.py, an executable and a link.
static inline int git_fixture_create(void **state) {
    Arena *arena = arena_create();
    GitFixture *fixture = arena_allocate(arena, sizeof *fixture);
    *fixture = (GitFixture){.arena = arena, .ctx = {.arena = arena}, .err = {.arena = arena}};
    const char *created;
    if (!folder_create_temporary(arena, "/tmp", "devbox-git-test-", &created, &fixture->err)) return -1;
    fixture->folder = path_resolve(arena, created);
    fixture->repository = path_join(arena, fixture->folder, "repo");
    setenv("GIT_CONFIG_GLOBAL", path_join(arena, fixture->folder, "gitconfig"), 1);
    setenv("GIT_CONFIG_NOSYSTEM", "1", 1);
    setenv("HOME", fixture->folder, 1);
    setenv("XDG_CACHE_HOME", path_join(arena, fixture->folder, "cache"), 1);
    git_fixture_run(fixture, fixture->folder,
                    "git config --global user.name Ada; git config --global user.email ada@example.org;"
                    "git config --global init.defaultBranch main; git config --global protocol.file.allow always;"
                    "git init -q repo; cd repo; mkdir dags bin; echo hello > README; echo 'x = 1' > dags/orders.py;"
                    "echo '#!/bin/sh' > bin/run; chmod +x bin/run; ln -s ../README dags/readme;"
                    "git add .; git commit -q -m 'Add orders' -m 'More words'");
    *state = fixture;
    return 0;
}

static inline int git_fixture_destroy(void **state) {
    GitFixture *fixture = *state;
    bool is_removed = folder_remove(fixture->arena, fixture->folder, &fixture->err);
    arena_destroy(fixture->arena);
    return is_removed ? 0 : -1;
}

#define test_with_git(function) cmocka_unit_test_setup_teardown(function, git_fixture_create, git_fixture_destroy)
