// The repository of a fixture opened, its commits found and written out, and the warnings that came of it.
#pragma once
#include "io/git_repository.h"
#include "model/event.h"
#include "support/git_fixture.h"

static StringList git_opened_warnings;
static Arena *git_opened_warnings_arena;

static inline void git_opened_keep_warning(EventSink *sink, const Event *event) {
    (void)sink;
    if (event->kind == EVENT_WARNING)
        list_push(git_opened_warnings_arena, &git_opened_warnings, arena_copy_string(git_opened_warnings_arena, event->text));
}

static EventSink git_opened_sink = {git_opened_keep_warning};

// Fails the test when it cannot be opened; the warnings so far are forgotten.
static inline GitRepository *git_opened_at(GitFixture *fixture, const char *folder) {
    GitRepository *repository = NULL;
    fixture->ctx.sink = &git_opened_sink;
    git_opened_warnings = (StringList){0};
    git_opened_warnings_arena = fixture->arena;
    if (!git_repository_open_at(&fixture->ctx, folder, false, &repository, &fixture->err)) fail_msg("%s", fixture->err.message);
    return repository;
}

static inline GitCommit git_opened_find(GitFixture *fixture, GitRepository *repository, const char *revision) {
    GitCommit commit = {0};
    bool is_commit = false;
    if (!git_commit_find(repository, fixture->arena, revision, &commit, &is_commit, &fixture->err)) {
        fail_msg("%s: %s", revision, fixture->err.message);
    }
    assert_true(is_commit);
    return commit;
}

// Into the fixture's folder "out".
static inline void git_opened_write_out(GitFixture *fixture, GitRepository *repository, const char *revision) {
    GitCommit commit = git_opened_find(fixture, repository, revision);
    const char *folder = git_fixture_path(fixture, "out");
    if (!git_tree_materialise(repository, &fixture->ctx, &commit.tree, folder, &fixture->err)) {
        fail_msg("%s %s", fixture->err.message, fixture->err.detail == NULL ? "" : fixture->err.detail);
    }
}

// The folder "out" is what git itself would write into a fresh checkout.
static inline void git_opened_assert_same_as_clone(GitFixture *fixture, const char *revision) {
    const char *script =
        arena_format(fixture->arena,
                     "rm -rf clone; git clone -q --no-local repo clone; cd clone; git checkout -q %s; rm -rf .git;"
                     "cd ..; diff -r --no-dereference clone out; "
                     "test \"$(cd clone; find . -type f -perm -100)\" = \"$(cd out; find . -type f -perm -100)\"",
                     revision);
    git_fixture_run(fixture, fixture->folder, script);
}
