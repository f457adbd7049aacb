#include "services/logs.h"

#include <fcntl.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "base/timestamp.h"
#include "io/clock.h"
#include "io/file_system.h"
#include "model/event.h"

enum { TAIL_BYTES = 1024 * 1024, FOLLOW_PAUSE_MS = 200, READ_BYTES = 64 * 1024 };

typedef struct LogFile {
    const char *service, *path;
    uint64_t inode;    // another one: the file was rotated
    long long offset;  // how much was shown
} LogFile;

typedef LIST_OF(LogFile) LogFileList;

typedef struct LogLine {
    long long time_ms;
    size_t order;  // keeps lines of one file in order when their times are equal
    const LogFile *file;
    const char *text;
} LogLine;

typedef LIST_OF(LogLine) LogLineList;

static bool find_files(Context *ctx, const Project *project, const StringList *wanted, LogFileList *files, Error *err) {
    StringList names = {0}, known = {0};
    const char *folder = project_state_path(ctx->arena, project, "logs");
    if (folder_exists(folder) && !folder_list(ctx->arena, folder, &names, err)) return false;
    list_each(const char *, name, &names) {
        if (!text_ends_with(*name, ".log")) continue;
        const char *service = arena_copy_bytes(ctx->arena, *name, strlen(*name) - strlen(".log"));
        list_push(ctx->arena, &known, service);
        if (wanted->count > 0 && !string_list_contains(wanted, service)) continue;
        LogFile file = {.service = service, .path = path_join(ctx->arena, folder, *name)};
        list_push(ctx->arena, files, file);
    }
    list_each(const char *const, service, wanted) {
        if (string_list_contains(&known, *service)) continue;
        error_set(err, ERROR_USAGE, "there is no log of '%s'", *service);
        if (known.count == 0) return error_hint(err, "nothing has run yet: devbox start");
        return error_hint(err, "there are logs of: %s", text_join(ctx->arena, &known, ", "));
    }
    return true;
}

// Airflow 2 writes [2026-11-23T08:12:44.123+0000], Airflow 3 the same with colours and zones in other forms.
static long long read_time(const char *line) {
    const char *start = strstr(line, "20");
    return start == NULL || start - line > 12 ? 0 : timestamp_parse(start);
}

// Every few seconds the supervisor asks how Airflow is; the access log's answer to that is no news.
static bool is_own_question(const char *line) {
    return strstr(line, "\"GET /health HTTP") != NULL || strstr(line, "\"GET /api/v2/monitor/health HTTP") != NULL;
}

// The next whole lines, at most `limit` bytes of them; NULL when there are none. `file` is moved behind them.
static const char *read_on(Arena *arena, LogFile *file, size_t limit) {
    cleanup_fd int fd = open(file->path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) return NULL;
    char *bytes = arena_allocate(arena, limit + 1);
    ssize_t count = pread(fd, bytes, limit, file->offset);
    if (count <= 0) return NULL;
    char *last_end = memrchr(bytes, '\n', (size_t)count);
    // A line longer than the buffer is shown in pieces.
    if (last_end == NULL && (size_t)count < limit) return NULL;
    size_t length = last_end == NULL ? (size_t)count : (size_t)(last_end + 1 - bytes);
    for (size_t i = 0; i < length; i++) {
        if (bytes[i] == '\0') bytes[i] = ' ';
    }
    bytes[length] = '\0';
    file->offset += (long long)length;
    return bytes;
}

// From the first line start in the last part of the file.
static const char *read_tail(Arena *arena, LogFile *file) {
    FileInfo info = file_info(file->path);
    bool is_cut = info.size > TAIL_BYTES;
    file->inode = info.inode;
    file->offset = is_cut ? info.size - TAIL_BYTES : 0;
    const char *text = read_on(arena, file, TAIL_BYTES);
    if (text == NULL) return "";
    const char *end = is_cut ? strchr(text, '\n') : NULL;
    return end == NULL ? text : end + 1;
}

static void read_lines(Context *ctx, LogFile *file, LogLineList *lines) {
    long long time_ms = 0;
    StringList texts = text_split_lines(ctx->arena, read_tail(ctx->arena, file));
    list_each(const char *, text, &texts) {
        long long own_ms = read_time(*text);
        if (own_ms != 0) time_ms = own_ms;
        if (is_own_question(*text)) continue;
        LogLine line = {.time_ms = time_ms, .order = lines->count, .file = file, .text = *text};
        list_push(ctx->arena, lines, line);
    }
}

static int compare_lines(const void *left, const void *right) {
    const LogLine *first = left, *second = right;
    if (first->time_ms != second->time_ms) return first->time_ms < second->time_ms ? -1 : 1;
    return first->order < second->order ? -1 : first->order > second->order;
}

static void emit_line(Context *ctx, const LogFile *file, const char *text) {
    event_line(ctx, arena_format(ctx->arena, "%-13s | %s", file->service, text));
}

static void show_tail(Context *ctx, LogFileList *files, const LogOptions *options) {
    LogLineList lines = {0};
    long long oldest_ms = options->since_ms > 0 ? clock_wall_ms() - options->since_ms : 0;
    list_each(LogFile, file, files) read_lines(ctx, file, &lines);
    if (lines.count > 1) qsort(lines.items, lines.count, sizeof *lines.items, compare_lines);
    size_t wanted = options->lines > 0 ? (size_t)options->lines : lines.count;
    size_t first = lines.count > wanted ? lines.count - wanted : 0;
    for (size_t i = first; i < lines.count; i++) {
        if (lines.items[i].time_ms >= oldest_ms) emit_line(ctx, lines.items[i].file, lines.items[i].text);
    }
}

static void show_growth(Context *ctx, LogFile *file) {
    FileInfo info = file_info(file->path);
    if (info.kind == FILE_MISSING) return;
    if (info.inode != file->inode || info.size < file->offset) file->offset = 0;
    file->inode = info.inode;
    while (file->offset < info.size) {
        const char *text = read_on(ctx->arena, file, READ_BYTES);
        if (text == NULL) return;
        StringList lines = text_split_lines(ctx->arena, text);
        list_each(const char *, line, &lines) {
            if (!is_own_question(*line)) emit_line(ctx, file, *line);
        }
    }
}

static void follow(Context *ctx, LogFileList *files) {
    Context turn = *ctx;
    turn.arena = arena_create();
    ArenaMark mark = arena_mark(turn.arena);
    while (!context_is_cancelled(ctx)) {
        list_each(LogFile, file, files) show_growth(&turn, file);
        arena_reset(turn.arena, mark);
        clock_sleep_ms(FOLLOW_PAUSE_MS);
    }
    arena_destroy(turn.arena);
}

bool logs_show(Context *ctx, const Project *project, const LogOptions *options, Error *err) {
    LogFileList files = {0};
    if (!find_files(ctx, project, &options->services, &files, err)) return false;
    if (files.count == 0) {
        error_set(err, ERROR_NOT_RUNNING, "there are no logs yet");
        return error_hint(err, "bring the platform up: devbox start");
    }
    show_tail(ctx, &files, options);
    if (options->is_following) follow(ctx, &files);
    return true;
}
