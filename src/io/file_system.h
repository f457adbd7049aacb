// Files and folders. Paths are NUL terminated; results live in the given arena.
#pragma once
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/error.h"
#include "base/list.h"

typedef enum FileKind { FILE_MISSING, FILE_REGULAR, FILE_FOLDER, FILE_LINK, FILE_OTHER } FileKind;

typedef struct FileInfo {
    FileKind kind;
    long long size, modified_ns;
    mode_t mode;  // permission bits only
    uid_t owner;
    uint64_t device, inode;
} FileInfo;

// Says that errno kept us from `doing` something to `path`: "cannot read a.csv: Permission denied". Returns false.
bool file_error(Error *err, const char *doing, const char *path);

// "a" + "b" → "a/b"; an absolute `name` wins.
const char *path_join(Arena *arena, const char *folder, const char *name);
const char *path_name(const char *path);                  // last component, a pointer into `path`
const char *path_folder(Arena *arena, const char *path);  // everything before it, "." when there is none

// `path` as seen from `folder` when it lies inside ("." for the folder itself), else `path` itself. By name only, like
// path_is_inside.
const char *path_relative(Arena *arena, const char *path, const char *folder);
bool path_is_inside(const char *path, const char *folder);

// Absolute, with . and .. and links resolved; NULL when it does not exist.
const char *path_resolve(Arena *arena, const char *path);

// The same, but `path` itself when it does not exist; NULL stays NULL.
const char *path_resolve_if_there(Arena *arena, const char *path);

// Absolute with . and .. removed by name only; works for paths that do not exist.
const char *path_absolute(Arena *arena, const char *path);

// Never fails: what cannot be seen is FILE_MISSING. `file_info` follows links, `file_info_of_link` does not.
FileInfo file_info(const char *path);
FileInfo file_info_of_link(const char *path);
bool file_exists(const char *path);
bool folder_exists(const char *path);
bool file_is_writable(const char *path);  // by this process; of a socket: may be connected to

// The whole regular file with a NUL after it; `length` may be NULL.
bool file_read(Arena *arena, const char *path, char **content, size_t *length, Error *err) MUST_USE;

// What stands behind the first `offset` bytes, with a NUL after it; "" when there is nothing more.
bool file_read_from(Arena *arena, const char *path, long long offset, char **content, size_t *length, Error *err) MUST_USE;

// Only the last `limit` bytes, from a line start; "" for a missing file.
const char *file_read_tail(Arena *arena, const char *path, size_t limit);

// Replaces the file in one step (temporary file, fsync, rename); mode as given.
bool file_write(Arena *arena, const char *path, const char *content, size_t length, mode_t mode, Error *err) MUST_USE;
bool file_write_string(Arena *arena, const char *path, const char *content, mode_t mode, Error *err) MUST_USE;

// The same, but a file that holds this content already is left alone: a write waits for the disk.
bool file_keep_string(Arena *arena, const char *path, const char *content, mode_t mode, Error *err) MUST_USE;

// The same as file_write_string without waiting for the disk, for what can be made again: after a power cut it may be empty.
bool file_write_fast(Arena *arena, const char *path, const char *content, mode_t mode, Error *err) MUST_USE;

// Adds to the end of the file; makes it where there is none.
bool file_append_string(const char *path, const char *content, mode_t mode, Error *err) MUST_USE;

bool file_copy(Arena *arena, const char *from, const char *to, mode_t mode, Error *err) MUST_USE;

// Copies only the last `limit` bytes.
bool file_copy_tail(Arena *arena, const char *from, const char *to, long long limit, mode_t mode, Error *err) MUST_USE;
bool file_remove(Arena *arena, const char *path, Error *err) MUST_USE;  // a missing file is done already
bool file_rename(Arena *arena, const char *from, const char *to, Error *err) MUST_USE;

// Creates the folder and its parents (mode 0700 for what is new); an existing one is fine.
bool folder_create(Arena *arena, const char *path, Error *err) MUST_USE;

// A new private folder with this prefix below `parent`.
bool folder_create_temporary(Arena *arena, const char *parent, const char *prefix, const char **path, Error *err) MUST_USE;

// Removes a tree without following links; a missing one is done already.
bool folder_remove(Arena *arena, const char *path, Error *err) MUST_USE;

// Copies a tree; links are copied as links.
bool folder_copy(Arena *arena, const char *from, const char *to, Error *err) MUST_USE;

// Names in the folder without . and .., sorted; a missing folder gives none.
bool folder_list(Arena *arena, const char *path, StringList *names, Error *err) MUST_USE;

// Called for every entry below a folder, parents first, sorted. Return false from a folder to stay out of it.
typedef bool FolderVisitor(void *state, const char *path, const FileInfo *info);
bool folder_walk(Arena *arena, const char *path, FolderVisitor *visitor, void *state, Error *err) MUST_USE;

// The target of a symbolic link as written; NULL when it is none.
const char *link_read(Arena *arena, const char *path);
