#include "io/archive.h"

#include <archive.h>
#include <archive_entry.h>
#include <string.h>

#include "base/text.h"
#include "io/file_system.h"
#include "io/library.h"
#include "library_names.h"

enum { READ_BLOCK = 256 * 1024 };

typedef struct archive Archive;
typedef struct archive_entry Entry;

static struct {
    Archive *(*write_create)(void);
    int (*write_set_format)(Archive *);
    int (*write_open)(Archive *, void *, archive_open_callback *, archive_write_callback *, archive_close_callback *);
    int (*write_set_block)(Archive *, int);
    int (*write_entry)(Archive *, Entry *);
    la_ssize_t (*write_data)(Archive *, const void *, size_t);
    int (*write_close)(Archive *);
    int (*write_destroy)(Archive *);
    Archive *(*disk_create)(void);
    int (*disk_set_options)(Archive *, int);
    la_ssize_t (*disk_write_block)(Archive *, const void *, size_t, la_int64_t);
    int (*disk_finish_entry)(Archive *);
    Archive *(*read_create)(void);
    int (*read_gzip)(Archive *);
    int (*read_zstd)(Archive *);
    int (*read_tar)(Archive *);
    int (*read_zip)(Archive *);
    int (*read_open)(Archive *, const char *, size_t);
    int (*read_entry)(Archive *, Entry **);
    int (*read_block)(Archive *, const void **, size_t *, la_int64_t *);
    int (*read_destroy)(Archive *);
    const char *(*words)(Archive *);
    Entry *(*entry_create)(void);
    void (*entry_destroy)(Entry *);
    void (*entry_set_path)(Entry *, const char *);
    void (*entry_set_type)(Entry *, unsigned);
    void (*entry_set_mode)(Entry *, mode_t);
    void (*entry_set_size)(Entry *, la_int64_t);
    void (*entry_set_link)(Entry *, const char *);
    void (*entry_set_hard_link)(Entry *, const char *);
    void (*entry_set_time)(Entry *, time_t, long);
    const char *(*entry_path)(Entry *);
    mode_t (*entry_type)(Entry *);
    const char *(*entry_link)(Entry *);
    const char *(*entry_hard_link)(Entry *);
} library;

static bool load(Error *err) {
    static const LibrarySymbol symbols[] = {
        {"archive_write_new", &library.write_create},
        {"archive_write_set_format_gnutar", &library.write_set_format},
        {"archive_write_open", &library.write_open},
        {"archive_write_set_bytes_in_last_block", &library.write_set_block},
        {"archive_write_header", &library.write_entry},
        {"archive_write_data", &library.write_data},
        {"archive_write_close", &library.write_close},
        {"archive_write_free", &library.write_destroy},
        {"archive_write_disk_new", &library.disk_create},
        {"archive_write_disk_set_options", &library.disk_set_options},
        {"archive_write_data_block", &library.disk_write_block},
        {"archive_write_finish_entry", &library.disk_finish_entry},
        {"archive_read_new", &library.read_create},
        {"archive_read_support_filter_gzip", &library.read_gzip},
        {"archive_read_support_filter_zstd", &library.read_zstd},
        {"archive_read_support_format_tar", &library.read_tar},
        {"archive_read_support_format_zip", &library.read_zip},
        {"archive_read_open_filename", &library.read_open},
        {"archive_read_next_header", &library.read_entry},
        {"archive_read_data_block", &library.read_block},
        {"archive_read_free", &library.read_destroy},
        {"archive_error_string", &library.words},
        {"archive_entry_new", &library.entry_create},
        {"archive_entry_free", &library.entry_destroy},
        {"archive_entry_set_pathname", &library.entry_set_path},
        {"archive_entry_set_filetype", &library.entry_set_type},
        {"archive_entry_set_perm", &library.entry_set_mode},
        {"archive_entry_set_size", &library.entry_set_size},
        {"archive_entry_set_symlink", &library.entry_set_link},
        {"archive_entry_set_hardlink", &library.entry_set_hard_link},
        {"archive_entry_set_mtime", &library.entry_set_time},
        {"archive_entry_pathname", &library.entry_path},
        {"archive_entry_filetype", &library.entry_type},
        {"archive_entry_symlink", &library.entry_link},
        {"archive_entry_hardlink", &library.entry_hard_link},
    };
    static bool is_loaded;
    if (!is_loaded) is_loaded = library_load(LIBRARY_ARCHIVE, symbols, sizeof symbols / sizeof *symbols, err);
    return is_loaded;
}

// --- packing ---

typedef struct Packing {
    Arena *arena;
    const char *folder;
    Archive *archive;
    Text bytes;
    Error *err;
} Packing;

static void packing_end(Packing *packing) {
    if (packing->archive != NULL) library.write_destroy(packing->archive);
}

static la_ssize_t take_bytes(Archive *archive, void *state, const void *bytes, size_t length) {
    Packing *packing = state;
    (void)archive;
    text_append_bytes(&packing->bytes, bytes, length);
    return (la_ssize_t)length;
}

static bool report_packing(const Packing *packing, const char *path) {
    const char *words = library.words(packing->archive);
    return error_set(packing->err, ERROR_FILE, "cannot pack %s: %s", path, words == NULL ? "libarchive does not say why" : words);
}

static void entry_end(Entry **entry) {
    if (*entry != NULL) library.entry_destroy(*entry);
}

static bool pack_one(Packing *packing, const char *path, const FileInfo *info) {
    __attribute__((cleanup(entry_end))) Entry *entry = library.entry_create();
    char *content = NULL;
    size_t length = 0;
    if (entry == NULL) return error_set(packing->err, ERROR_INTERNAL, "libarchive gives no entry");
    library.entry_set_path(entry, path_relative(packing->arena, path, packing->folder));
    library.entry_set_mode(entry, info->mode);
    library.entry_set_time(entry, 0, 0);  // the same content is the same archive; owner and group are 0 anyway
    if (info->kind == FILE_FOLDER) {
        library.entry_set_type(entry, AE_IFDIR);
    } else if (info->kind == FILE_LINK) {
        library.entry_set_type(entry, AE_IFLNK);
        library.entry_set_link(entry, link_read(packing->arena, path));
    } else {
        if (!file_read(packing->arena, path, &content, &length, packing->err)) return false;
        library.entry_set_type(entry, AE_IFREG);
        library.entry_set_size(entry, (la_int64_t)length);
    }
    if (library.write_entry(packing->archive, entry) != ARCHIVE_OK) return report_packing(packing, path);
    bool is_written = length == 0 || library.write_data(packing->archive, content, length) == (la_ssize_t)length;
    return is_written || report_packing(packing, path);
}

// Sockets and pipes of others are no content.
static bool visit(void *state, const char *path, const FileInfo *info) {
    Packing *packing = state;
    bool is_content = info->kind == FILE_REGULAR || info->kind == FILE_FOLDER || info->kind == FILE_LINK;
    if (packing->err->code != ERROR_NONE || !is_content) return false;
    return pack_one(packing, path, info);
}

bool archive_pack_folder(Arena *arena, const char *folder, char **bytes, size_t *length, Error *err) {
    if (!folder_exists(folder)) return error_set(err, ERROR_FILE, "cannot pack %s: there is no such folder", folder);
    if (!load(err)) return false;
    Error trouble = {.arena = err->arena};
    __attribute__((cleanup(packing_end))) Packing packing = {
        .arena = arena, .folder = folder, .archive = library.write_create(), .bytes = {.arena = arena}, .err = &trouble};
    if (packing.archive == NULL) return error_set(err, ERROR_INTERNAL, "libarchive gives no archive");
    library.write_set_format(packing.archive);  // names are bytes in it, whatever the locale is
    library.write_set_block(packing.archive, 1);
    bool is_open = library.write_open(packing.archive, &packing, NULL, take_bytes, NULL) == ARCHIVE_OK;
    if (!is_open) {
        report_packing(&packing, folder);
    } else if (folder_walk(arena, folder, visit, &packing, &trouble) && trouble.code == ERROR_NONE) {
        if (library.write_close(packing.archive) != ARCHIVE_OK) report_packing(&packing, folder);
    }
    if (trouble.code != ERROR_NONE) {
        *err = trouble;
        return false;
    }
    *bytes = packing.bytes.content;
    *length = packing.bytes.length;
    return true;
}

// --- unpacking ---

typedef struct Unpacking {
    Arena *arena;
    const char *archive, *folder;  // the folder without links in its path
    Archive *reader, *disk;
    long long size_left, size_limit;
    Error *err;
} Unpacking;

static void unpacking_end(Unpacking *unpacking) {
    if (unpacking->disk != NULL) library.write_destroy(unpacking->disk);
    if (unpacking->reader != NULL) library.read_destroy(unpacking->reader);
}

static bool refuse(const Unpacking *unpacking, const char *name, const char *why) {
    return error_set(unpacking->err, ERROR_FILE, "%s is not unpacked: %s in it %s", unpacking->archive, name, why);
}

static bool report_unpacking(const Unpacking *unpacking, Archive *archive) {
    const char *words = library.words(archive);
    return error_set(unpacking->err, ERROR_FILE, "cannot unpack %s: %s", unpacking->archive,
                     words == NULL ? "libarchive does not say why" : words);
}

// Where the name leads when `from` is its folder; NULL when that is outside.
static const char *place(const Unpacking *unpacking, const char *from, const char *name) {
    if (name == NULL || *name == '/') return NULL;
    const char *path = path_absolute(unpacking->arena, path_join(unpacking->arena, from, name));
    return path_is_inside(path, unpacking->folder) ? path : NULL;
}

static bool has_dots(Arena *arena, const char *name) {
    StringList parts = text_split(arena, name, '/');
    return string_list_contains(&parts, "..");
}

// Puts the entry's path, and a link's target, below the folder; false when one of them leads elsewhere.
static bool place_entry(const Unpacking *unpacking, Entry *entry) {
    const char *name = library.entry_path(entry), *link = library.entry_link(entry), *hard = library.entry_hard_link(entry);
    if (name == NULL) return refuse(unpacking, "a file", "has no name that can be read");
    name = arena_copy_string(unpacking->arena, name);
    const char *path = place(unpacking, unpacking->folder, name);
    if (path == NULL || has_dots(unpacking->arena, name)) return refuse(unpacking, name, "leads out of the folder");
    mode_t type = library.entry_type(entry);
    bool is_content = type == AE_IFREG || type == AE_IFDIR || type == AE_IFLNK || hard != NULL;
    if (!is_content) return refuse(unpacking, name, "is neither a file nor a folder");
    if (link != NULL && place(unpacking, path_folder(unpacking->arena, path), link) == NULL)
        return refuse(unpacking, name, "is a link out of the folder");
    if (hard != NULL) {
        const char *target = place(unpacking, unpacking->folder, hard);
        if (target == NULL) return refuse(unpacking, name, "is a link out of the folder");
        library.entry_set_hard_link(entry, target);
    }
    library.entry_set_path(entry, path);
    return true;
}

static bool copy_content(Unpacking *unpacking) {
    for (;;) {
        const void *bytes;
        size_t length;
        la_int64_t offset;
        int code = library.read_block(unpacking->reader, &bytes, &length, &offset);
        if (code == ARCHIVE_EOF) return true;
        if (code != ARCHIVE_OK) return report_unpacking(unpacking, unpacking->reader);
        if ((unsigned long long)unpacking->size_left < length || offset > unpacking->size_limit) {
            return error_set(unpacking->err, ERROR_FILE, "%s is not unpacked: it holds more than %lld bytes", unpacking->archive,
                             unpacking->size_limit);
        }
        unpacking->size_left -= (long long)length;
        if (library.disk_write_block(unpacking->disk, bytes, length, offset) != ARCHIVE_OK)
            return report_unpacking(unpacking, unpacking->disk);
    }
}

static bool unpack_entries(Unpacking *unpacking) {
    for (;;) {
        Entry *entry;
        int code = library.read_entry(unpacking->reader, &entry);
        if (code == ARCHIVE_EOF) return true;
        if (code != ARCHIVE_OK) return report_unpacking(unpacking, unpacking->reader);
        if (!place_entry(unpacking, entry)) return false;
        if (library.write_entry(unpacking->disk, entry) != ARCHIVE_OK) return report_unpacking(unpacking, unpacking->disk);
        if (!copy_content(unpacking)) return false;
        if (library.disk_finish_entry(unpacking->disk) != ARCHIVE_OK) return report_unpacking(unpacking, unpacking->disk);
    }
}

bool archive_extract(Arena *arena, const char *archive, const char *folder, long long size_limit, Error *err) {
    // Permissions follow our umask, and set-user-ID bits and owners are not taken over.
    const int options = ARCHIVE_EXTRACT_SECURE_SYMLINKS | ARCHIVE_EXTRACT_SECURE_NODOTDOT | ARCHIVE_EXTRACT_UNLINK;
    if (!load(err)) return false;
    __attribute__((cleanup(unpacking_end))) Unpacking unpacking = {
        .arena = arena,
        .archive = archive,
        .folder = path_resolve(arena, folder),
        .reader = library.read_create(),
        .disk = library.disk_create(),
        .size_left = size_limit,
        .size_limit = size_limit,
        .err = err,
    };
    if (unpacking.folder == NULL) return error_set(err, ERROR_FILE, "cannot unpack %s: there is no folder %s", archive, folder);
    if (unpacking.reader == NULL || unpacking.disk == NULL) return error_set(err, ERROR_INTERNAL, "libarchive gives no archive");
    library.read_gzip(unpacking.reader);
    library.read_zstd(unpacking.reader);
    library.read_tar(unpacking.reader);
    library.read_zip(unpacking.reader);
    library.disk_set_options(unpacking.disk, options);
    if (library.read_open(unpacking.reader, archive, READ_BLOCK) != ARCHIVE_OK)
        return report_unpacking(&unpacking, unpacking.reader);
    return unpack_entries(&unpacking);
}
