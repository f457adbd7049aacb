// Writing a commit's files into a folder of our own, which is kept and brought up to date by difference.
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/map.h"
#include "base/text.h"
#include "io/file_system.h"
#include "io/git_attributes.h"
#include "io/git_library.h"
#include "io/git_program.h"
#include "model/event.h"

typedef struct PlannedFile {
    const char *path;    // relative to the folder
    const char *target;  // absolute
    const char *key;     // all that its content and mode depend on
    const GitRepository *source;
    GitId id;
    unsigned mode;
} PlannedFile;

typedef struct WrittenFile {
    const char *key;
    long long size, modified_ns, inode;
} WrittenFile;

typedef struct Shadow {
    GitRepository *repository;
    Context *ctx;
    Arena *arena, *scratch;
    const char *folder, *manifest;
    Map files;    // path → PlannedFile
    Map folders;  // path → path, parents first
    Map written;  // path → WrittenFile, from the last time
    GitConversions conversions;
    LIST_OF(GitRepository *) submodules;
    StringList through_git;
    bool has_changed;
    Error *err;  // where a folder visitor puts its failure
} Shadow;

static const char manifest_head[] = "devbox files 1";

static bool plan_folders(Shadow *shadow, const char *path) {
    for (const char *slash = strchr(path, '/'); slash != NULL; slash = strchr(slash + 1, '/')) {
        char *folder = arena_copy_bytes(shadow->arena, path, (size_t)(slash - path));
        if (map_has(&shadow->files, folder)) return false;
        if (!map_has(&shadow->folders, folder)) map_set(shadow->arena, &shadow->folders, folder, folder);
    }
    return true;
}

static bool plan_file(Shadow *shadow, const GitRepository *source, const GitEntry *entry, const char *path, Error *err) {
    bool is_known = map_has(&shadow->files, path) || map_has(&shadow->folders, path);
    if (is_known || !plan_folders(shadow, path)) return error_set(err, ERROR_GIT, "the commit holds two things named '%s'", path);
    const char *conversion = source == shadow->repository ? map_get(&shadow->conversions.paths, path) : NULL;
    PlannedFile *file = arena_allocate(shadow->arena, sizeof *file);
    *file = (PlannedFile){
        .path = path,
        .target = path_join(shadow->arena, shadow->folder, path),
        .key = arena_format(shadow->arena, "%o:%s:%s", entry->mode, entry->id.hex, conversion == NULL ? "" : conversion),
        .source = source,
        .id = entry->id,
        .mode = entry->mode,
    };
    map_set(shadow->arena, &shadow->files, path, file);
    return true;
}

static bool plan_tree(Shadow *shadow, const GitRepository *source, const GitEntryList *entries, const char *prefix, Error *err);

// The commit that the tree names, from the working tree's clone of the submodule; false when it is not there.
static bool open_submodule(Shadow *shadow, const GitRepository *source, const GitEntry *entry, GitRepository **opened,
                           GitEntryList *entries) {
    Error ignored = {.arena = shadow->arena};
    GitCommit commit;
    bool is_commit = false;
    const char *clone = source->root == NULL ? NULL : path_join(shadow->arena, source->root, entry->path);
    // Without a .git of its own the search would go up and find the outer repository.
    if (clone == NULL || file_info(path_join(shadow->arena, clone, ".git")).kind == FILE_MISSING) return false;
    if (!git_repository_open_at(shadow->ctx, clone, false, opened, &ignored)) return false;
    list_push(shadow->arena, &shadow->submodules, *opened);
    if ((*opened)->handle == NULL) return false;
    if (!git_commit_find(*opened, shadow->arena, entry->id.hex, &commit, &is_commit, &ignored) || !is_commit) return false;
    return git_tree_list(*opened, shadow->arena, &commit.tree, entries, &ignored);
}

static bool plan_submodule(Shadow *shadow, const GitRepository *source, const GitEntry *entry, const char *path, Error *err) {
    GitRepository *submodule;
    GitEntryList entries;
    if (!plan_folders(shadow, arena_format(shadow->arena, "%s/", path))) {
        return error_set(err, ERROR_GIT, "the commit holds two things named '%s'", path);
    }
    if (!open_submodule(shadow, source, entry, &submodule, &entries)) {
        const char *hint = arena_format(shadow->arena, "git submodule update --init '%s'", path);
        event_warning(shadow->ctx, hint, "the submodule %s at %.7s is not here: its folder is empty in the test", path,
                      entry->id.hex);
        return true;
    }
    return plan_tree(shadow, submodule, &entries, arena_format(shadow->arena, "%s/", path), err);
}

static bool plan_tree(Shadow *shadow, const GitRepository *source, const GitEntryList *entries, const char *prefix, Error *err) {
    list_each (const GitEntry, entry, entries) {
        const char *path = arena_format(shadow->arena, "%s%s", prefix, entry->path);
        bool is_submodule = entry->mode == GIT_MODE_SUBMODULE;
        bool is_planned =
            is_submodule ? plan_submodule(shadow, source, entry, path, err) : plan_file(shadow, source, entry, path, err);
        if (!is_planned) return false;
    }
    return true;
}

// "key size modified inode path", each record ended by a NUL byte, since a path may hold anything else.
static void read_manifest(Shadow *shadow) {
    Error ignored = {.arena = shadow->arena};
    char *content, *end;
    size_t length;
    if (!file_read(shadow->arena, shadow->manifest, &content, &length, &ignored) || !text_equals(content, manifest_head)) return;
    for (char *record = content + sizeof manifest_head; record < content + length; record += strlen(record) + 1) {
        WrittenFile *written = arena_allocate(shadow->arena, sizeof *written);
        size_t key_length = strcspn(record, " ");
        written->key = arena_copy_bytes(shadow->arena, record, key_length);
        written->size = strtoll(record + key_length, &end, 10);
        written->modified_ns = strtoll(end, &end, 10);
        written->inode = strtoll(end, &end, 10);
        if (*end == ' ') map_set(shadow->arena, &shadow->written, end + 1, written);
    }
}

static bool write_manifest(Shadow *shadow, Error *err) {
    Text content = {.arena = shadow->arena};
    text_append_bytes(&content, manifest_head, sizeof manifest_head);
    for (size_t i = 0; i < shadow->files.count; i++) {
        const PlannedFile *file = shadow->files.entries[i].value;
        FileInfo info = file_info_of_link(file->target);
        if (info.kind == FILE_MISSING) continue;
        text_append_format(&content, "%s %lld %lld %lld %s", file->key, info.size, info.modified_ns, (long long)info.inode,
                           file->path);
        text_append_char(&content, '\0');
    }
    return file_write(shadow->arena, shadow->manifest, text_string(&content), content.length, 0600, err);
}

static bool is_unchanged(const Shadow *shadow, const PlannedFile *file) {
    const WrittenFile *written = map_get(&shadow->written, file->path);
    if (written == NULL || !text_equals(written->key, file->key)) return false;
    FileInfo info = file_info_of_link(file->target);
    return info.kind == (file->mode == GIT_MODE_LINK ? FILE_LINK : FILE_REGULAR) && info.size == written->size &&
           info.modified_ns == written->modified_ns && (long long)info.inode == written->inode;
}

// Keeps what the commit has at this place too, and removes everything else: what the last commit had, and what its tests left
// behind.
static bool remove_stranger(void *state, const char *path, const FileInfo *info) {
    Shadow *shadow = state;
    const char *name = path_relative(shadow->arena, path, shadow->folder);
    if (shadow->err->code != ERROR_NONE) return false;
    if (info->kind == FILE_FOLDER) {
        if (map_has(&shadow->folders, name)) return true;
        if (!folder_remove(shadow->arena, path, shadow->err)) return false;
        return false;
    }
    const PlannedFile *file = map_get(&shadow->files, name);
    if (file != NULL && is_unchanged(shadow, file)) return false;
    if (!file_remove(shadow->arena, path, shadow->err)) return false;
    return false;
}

// A crash from here on must not leave a manifest that trusts half-written files.
static bool begin_changes(Shadow *shadow, Error *err) {
    if (shadow->has_changed) return true;
    shadow->has_changed = true;
    return file_remove(shadow->arena, shadow->manifest, err);
}

static bool write_content(const PlannedFile *file, const char *content, size_t length, Error *err) {
    mode_t mode = file->mode == GIT_MODE_EXECUTABLE ? 0755 : 0644;
    cleanup_fd int fd = open(file->target, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, mode);
    if (fd < 0) return file_error(err, "create", file->target);
    while (length > 0) {
        ssize_t count = write(fd, content, length);
        if (count < 0 && errno == EINTR) continue;
        if (count < 0) return file_error(err, "write", file->target);
        content += count;
        length -= (size_t)count;
    }
    return true;
}

// By name only: a link to a link may still lead out, which remove_escaping_links sees.
static bool stays_inside(const char *path, const char *target) {
    int depth = 0;
    if (*target == '/' || *target == '\0') return false;
    for (const char *slash = strchr(path, '/'); slash != NULL; slash = strchr(slash + 1, '/')) depth++;
    for (const char *part = target; *part != '\0'; part += *part == '/') {
        size_t length = strcspn(part, "/");
        bool is_self = length == 0 || (length == 1 && *part == '.');
        if (!is_self) depth += length == 2 && strncmp(part, "..", 2) == 0 ? -1 : 1;
        if (depth < 0) return false;
        part += length;
    }
    return true;
}

static void warn_about_link(const Shadow *shadow, const char *path, const char *target) {
    event_warning(shadow->ctx, "link to a file of the repository instead",
                  "the link %s → %s leaves the commit: it is left out of the test", path, target);
}

static bool write_link(Shadow *shadow, const PlannedFile *file, Error *err) {
    const char *target;
    size_t length;
    Error refusal = {.arena = shadow->arena};
    const GitRepository *source = file->source;
    bool is_read =
        source->handle != NULL && git_library_read_blob(source->handle, shadow->arena, &file->id, &target, &length, &refusal);
    if (!is_read && !git_program_read_text(source, &file->id, &target, err)) return false;
    if (!stays_inside(file->path, target)) {
        warn_about_link(shadow, file->path, target);
        return true;
    }
    return symlink(target, file->target) == 0 || file_error(err, "create the link", file->target);
}

static bool write_file(Shadow *shadow, const PlannedFile *file, Error *err) {
    const char *content;
    size_t length;
    if (file->mode == GIT_MODE_LINK) return write_link(shadow, file, err);
    bool is_raw =
        file->source->handle != NULL && (file->source != shadow->repository || !map_has(&shadow->conversions.paths, file->path));
    ArenaMark mark = arena_mark(shadow->scratch);
    Error refusal = {.arena = shadow->arena};
    if (is_raw && git_library_read_blob(file->source->handle, shadow->scratch, &file->id, &content, &length, &refusal)) {
        bool is_written = write_content(file, content, length, err);
        arena_reset(shadow->scratch, mark);
        return is_written;
    }
    if (file->source != shadow->repository) {
        *err = refusal;
        return error_wrap(err, "submodule file %s", file->path);
    }
    list_push(shadow->arena, &shadow->through_git, file->path);
    return true;
}

static bool write_files(Shadow *shadow, Error *err) {
    for (size_t i = 0; i < shadow->folders.count; i++) {
        const char *folder = path_join(shadow->arena, shadow->folder, shadow->folders.entries[i].key);
        if (!folder_exists(folder) && !folder_create(shadow->arena, folder, err)) return false;
    }
    for (size_t i = 0; i < shadow->files.count; i++) {
        const PlannedFile *file = shadow->files.entries[i].value;
        if (is_unchanged(shadow, file)) continue;
        if (context_is_cancelled(shadow->ctx))
            return error_set(err, ERROR_INTERRUPTED, "interrupted while writing the commit's files");
        if (!begin_changes(shadow, err) || !write_file(shadow, file, err)) return false;
    }
    return true;
}

// For files with a filter or another encoding, and for content that only git can fetch: the private index knows the commit's own
// attributes.
static bool write_through_git(Shadow *shadow, const GitId *tree, Error *err) {
    ProcessResult result;
    Text paths = {.arena = shadow->arena};
    GitCommand command = {.work_tree = shadow->folder, .index = shadow->conversions.index};
    if (shadow->through_git.count == 0) return true;
    if (!file_exists(command.index)) {
        command.words = (const char *const[]){"read-tree", tree->hex, NULL};
        if (!git_program_check(shadow->repository, &command, &result, err)) return false;
    }
    list_each (const char *, path, &shadow->through_git) {
        text_append(&paths, git_path_quote(shadow->arena, *path));
        text_append_char(&paths, '\n');
    }
    command.words = (const char *const[]){"checkout-index", "--force", "--quiet", "--stdin", NULL};
    command.input = text_string(&paths);
    return git_program_check(shadow->repository, &command, &result, err);
}

static bool remove_escaping_links(Shadow *shadow, Error *err) {
    const char *real_folder = path_resolve(shadow->arena, shadow->folder);
    for (size_t i = 0; i < shadow->files.count; i++) {
        const PlannedFile *file = shadow->files.entries[i].value;
        if (file->mode != GIT_MODE_LINK) continue;
        const char *end = path_resolve(shadow->arena, file->target);
        if (end == NULL || real_folder == NULL || path_is_inside(end, real_folder)) continue;
        warn_about_link(shadow, file->path, link_read(shadow->arena, file->target));
        if (!file_remove(shadow->arena, file->target, err)) return false;
    }
    return true;
}

static bool build(Shadow *shadow, const GitId *tree, Error *err) {
    GitEntryList entries;
    if (!folder_create(shadow->arena, shadow->folder, err)) return false;
    if (!git_tree_list(shadow->repository, shadow->arena, tree, &entries, err)) return false;
    if (!git_find_conversions(shadow->repository, tree, &entries, shadow->folder, &shadow->conversions, err)) return false;
    if (!plan_tree(shadow, shadow->repository, &entries, "", err)) return false;
    read_manifest(shadow);
    if (!folder_walk(shadow->arena, shadow->folder, remove_stranger, shadow, err)) return false;
    if (shadow->err->code != ERROR_NONE) return false;
    if (!write_files(shadow, err) || !write_through_git(shadow, tree, err) || !remove_escaping_links(shadow, err)) return false;
    if (!file_remove(shadow->arena, shadow->conversions.index, err)) return false;
    return !shadow->has_changed || write_manifest(shadow, err);
}

bool git_tree_materialise(GitRepository *repository, Context *ctx, const GitId *tree, const char *folder, Error *err) {
    Shadow shadow = {
        .repository = repository,
        .ctx = ctx,
        .arena = ctx->arena,
        .scratch = arena_create(),
        .folder = path_absolute(ctx->arena, folder),
        .manifest = arena_format(ctx->arena, "%s.manifest", folder),
        .conversions.index = path_absolute(ctx->arena, arena_format(ctx->arena, "%s.index", folder)),
        .err = err,
    };
    bool is_built = build(&shadow, tree, err);
    list_each (GitRepository *, submodule, &shadow.submodules) git_repository_close(*submodule);
    arena_destroy(shadow.scratch);
    return is_built;
}
