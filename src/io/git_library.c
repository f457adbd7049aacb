#include "io/git_library.h"

#include <git2.h>

#include "base/text.h"
#include "io/library.h"
#include "library_names.h"

#define EACH_FUNCTION(X)       \
    X(git_libgit2_init)        \
    X(git_libgit2_opts)        \
    X(git_error_last)          \
    X(git_repository_open_ext) \
    X(git_repository_free)     \
    X(git_repository_workdir)  \
    X(git_repository_path)     \
    X(git_repository_odb)      \
    X(git_odb_exists)          \
    X(git_odb_free)            \
    X(git_oid_fromstr)         \
    X(git_oid_tostr)           \
    X(git_object_lookup)       \
    X(git_revparse_single)     \
    X(git_object_peel)         \
    X(git_object_free)         \
    X(git_commit_id)           \
    X(git_commit_tree_id)      \
    X(git_commit_summary)      \
    X(git_commit_author)       \
    X(git_commit_time)         \
    X(git_tree_lookup)         \
    X(git_tree_walk)           \
    X(git_tree_free)           \
    X(git_tree_entry_name)     \
    X(git_tree_entry_id)       \
    X(git_tree_entry_filemode) \
    X(git_blob_lookup)         \
    X(git_blob_rawcontent)     \
    X(git_blob_rawsize)        \
    X(git_blob_free)

static struct {
#define DECLARE(name) __typeof__(&name) name;
    EACH_FUNCTION(DECLARE)
#undef DECLARE
    bool is_loaded;
} library;

static const LibrarySymbol symbols[] = {
#define ROW(name) {#name, &library.name},
    EACH_FUNCTION(ROW)
#undef ROW
};

struct GitHandle {
    git_repository *repository;
};

static void close_object(git_object **object) { library.git_object_free(*object); }
static void close_tree(git_tree **tree) { library.git_tree_free(*tree); }
static void close_blob(git_blob **blob) { library.git_blob_free(*blob); }
static void close_odb(git_odb **odb) { library.git_odb_free(*odb); }
#define CLEANUP(function) __attribute__((cleanup(function)))

static bool fail(Error *err, const char *doing, const char *object) {
    const git_error *last = library.git_error_last();
    return error_set(err, ERROR_GIT, "cannot %s %s: %s", doing, object,
                     last == NULL ? "libgit2 does not say why" : last->message);
}

// Extensions that change nothing about reading objects by id. objectformat and refstorage do, and are left to the git program.
static bool load_library(Error *err) {
    static const char *harmless[] = {"worktreeconfig", "preciousobjects", "partialclone", "relativeworktrees"};
    if (library.is_loaded) return true;
    if (!library_load(LIBRARY_GIT2, symbols, sizeof symbols / sizeof *symbols, err)) return false;
    if (library.git_libgit2_init() < 0) return fail(err, "start", "libgit2");
    library.git_libgit2_opts(GIT_OPT_SET_EXTENSIONS, harmless, sizeof harmless / sizeof *harmless);
    library.is_loaded = true;
    return true;
}

bool git_library_open(const char *folder, bool searches, bool trusts_owner, GitHandle **handle, Error *err) {
    git_repository *repository;
    if (!load_library(err)) return false;
    library.git_libgit2_opts(GIT_OPT_SET_OWNER_VALIDATION, trusts_owner ? 0 : 1);
    unsigned flags = searches ? 0 : GIT_REPOSITORY_OPEN_NO_SEARCH;
    if (library.git_repository_open_ext(&repository, folder, flags, NULL) != 0)
        return fail(err, "open the repository at", folder);
    GitHandle *opened = arena_allocate(err->arena, sizeof *opened);
    opened->repository = repository;
    *handle = opened;
    return true;
}

void git_library_close(GitHandle *handle) {
    if (handle == NULL) return;
    library.git_repository_free(handle->repository);
    handle->repository = NULL;
}

static const char *without_end_slash(Arena *arena, const char *path) {
    if (path == NULL) return NULL;
    size_t length = strlen(path);
    while (length > 1 && path[length - 1] == '/') length--;
    return arena_copy_bytes(arena, path, length);
}

const char *git_library_root(Arena *arena, GitHandle *handle) {
    return without_end_slash(arena, library.git_repository_workdir(handle->repository));
}

const char *git_library_folder(Arena *arena, GitHandle *handle) {
    return without_end_slash(arena, library.git_repository_path(handle->repository));
}

static GitId to_id(const git_oid *oid) {
    GitId id;
    library.git_oid_tostr(id.hex, sizeof id.hex, oid);
    return id;
}

// A whole id needs none of the guessing that other revisions do.
static int find_object(GitHandle *handle, const char *revision, git_object **object) {
    git_oid oid;
    bool is_id = strlen(revision) == 40 && library.git_oid_fromstr(&oid, revision) == 0;
    if (is_id) return library.git_object_lookup(object, handle->repository, &oid, GIT_OBJECT_ANY);
    return library.git_revparse_single(object, handle->repository, revision);
}

bool git_library_find_commit(GitHandle *handle, Arena *arena, const char *revision, GitCommit *commit, Error *err) {
    CLEANUP(close_object) git_object *named = NULL;
    CLEANUP(close_object) git_object *peeled = NULL;
    if (find_object(handle, revision, &named) != 0) return fail(err, "find", revision);
    if (library.git_object_peel(&peeled, named, GIT_OBJECT_COMMIT) != 0) return fail(err, "find the commit of", revision);
    git_commit *found = (git_commit *)peeled;
    const char *summary = library.git_commit_summary(found);
    const git_signature *author = library.git_commit_author(found);
    *commit = (GitCommit){
        .id = to_id(library.git_commit_id(found)),
        .tree = to_id(library.git_commit_tree_id(found)),
        .summary = arena_copy_string(arena, summary == NULL ? "" : summary),
        .author = arena_copy_string(arena, author == NULL ? "" : author->name),
        .time_ms = (long long)library.git_commit_time(found) * 1000,
    };
    return true;
}

bool git_library_has_object(GitHandle *handle, const char *hex) {
    git_oid oid;
    CLEANUP(close_odb) git_odb *odb = NULL;
    if (strlen(hex) != 40 || library.git_oid_fromstr(&oid, hex) != 0) return false;
    return library.git_repository_odb(&odb, handle->repository) == 0 && library.git_odb_exists(odb, &oid);
}

typedef struct TreeWalk {
    Arena *arena;
    GitEntryList entries;
} TreeWalk;

static int visit_entry(const char *folder, const git_tree_entry *entry, void *state) {
    TreeWalk *walk = state;
    unsigned mode = (unsigned)library.git_tree_entry_filemode(entry);
    if (mode == GIT_MODE_FOLDER) return 0;
    const char *path = arena_format(walk->arena, "%s%s", folder, library.git_tree_entry_name(entry));
    list_push(walk->arena, &walk->entries, (GitEntry){path, mode, to_id(library.git_tree_entry_id(entry))});
    return 0;
}

bool git_library_list_tree(GitHandle *handle, Arena *arena, const GitId *tree, GitEntryList *entries, Error *err) {
    git_oid oid;
    CLEANUP(close_tree) git_tree *found = NULL;
    TreeWalk walk = {.arena = arena};
    if (library.git_oid_fromstr(&oid, tree->hex) != 0) return fail(err, "read the tree", tree->hex);
    if (library.git_tree_lookup(&found, handle->repository, &oid) != 0) return fail(err, "read the tree", tree->hex);
    if (library.git_tree_walk(found, GIT_TREEWALK_PRE, visit_entry, &walk) != 0) return fail(err, "read the tree", tree->hex);
    *entries = walk.entries;
    return true;
}

bool git_library_read_blob(GitHandle *handle, Arena *arena, const GitId *id, const char **content, size_t *length, Error *err) {
    git_oid oid;
    CLEANUP(close_blob) git_blob *blob = NULL;
    if (library.git_oid_fromstr(&oid, id->hex) != 0) return fail(err, "read the file content", id->hex);
    if (library.git_blob_lookup(&blob, handle->repository, &oid) != 0) return fail(err, "read the file content", id->hex);
    *length = (size_t)library.git_blob_rawsize(blob);
    *content = arena_copy_bytes(arena, library.git_blob_rawcontent(blob), *length);
    return true;
}
