// Building an image: the folder goes as a tar, what the builder says comes back line by line.
#include <fcntl.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "io/archive.h"
#include "io/file_system.h"
#include "io/json.h"
#include "model/event.h"
#include "services/docker_http.h"
#include "services/docker_images.h"
#include "services/docker_lines.h"

enum { UPLOAD_MS = 120000, SILENCE_MS = 1800000, DETAIL_LINES = 15, SHOWN_INSTRUCTION = 64, TAIL_BYTES = 16 * 1024 };

typedef struct Build {
    Context *ctx;
    const DockerBuild *wanted;
    const char *step;
    FILE *log;
    Text instruction;  // "3/5: RUN pip install …", the last one that began
} Build;

static Value *object_of(Arena *arena, const PairList *pairs) {
    Value *object = value_object(arena);
    list_each(const Pair, pair, pairs) value_set_string(arena, object, pair->key, pair->value);
    return object;
}

static const char *build_path(Arena *arena, const DockerBuild *build) {
    Text path = {.arena = arena};
    text_append_format(&path, "/build?rm=1&forcerm=1&t=%s", text_encode_for_url(arena, build->image));
    if (build->network != NULL) text_append_format(&path, "&networkmode=%s", text_encode_for_url(arena, build->network));
    const char *arguments = json_print(arena, object_of(arena, &build->arguments));
    text_append_format(&path, "&buildargs=%s", text_encode_for_url(arena, arguments));
    text_append_format(&path, "&labels=%s", text_encode_for_url(arena, json_print(arena, object_of(arena, &build->labels))));
    return text_string(&path);
}

// "Step 3/5 : RUN pip install x" of Docker, "STEP 3/5: RUN pip install x" of Podman.
static void take_step(Build *build, const char *text) {
    if (strncasecmp(text, "step ", 5) != 0 || strchr(text, '/') == NULL) return;
    const char *number = text + 5;
    size_t number_length = strcspn(number, " :"), gap = strspn(number + number_length, " :");
    const char *words = number + number_length + gap;
    build->instruction.length = 0;
    text_append_bytes(&build->instruction, number, number_length);
    text_append(&build->instruction, ": ");
    text_append_bytes(&build->instruction, words, strcspn(words, "\r\n"));
    if (build->step != NULL)
        event_step_progress(build->ctx, build->step, "building %s: step %s", build->wanted->image, build->instruction.content);
}

static bool report_failure(const Build *build, const char *message, Error *err) {
    const char *image = build->wanted->image, *log_path = build->wanted->log_path;
    fflush(build->log);
    if (build->instruction.length > 0) {
        bool is_long = build->instruction.length > SHOWN_INSTRUCTION;
        error_set(err, ERROR_CHILD, "building the image %s failed at step %.*s%s", image, SHOWN_INSTRUCTION,
                  build->instruction.content, is_long ? " …" : "");
    } else {
        error_set(err, ERROR_CHILD, "building the image %s failed: %s", image, message);
    }
    error_hint(err, "the whole log of the build: %s", log_path);
    return error_detail(err, text_last_lines(err->arena, file_read_tail(err->arena, log_path, TAIL_BYTES), DETAIL_LINES));
}

static bool take_line(void *state, const Value *line, Error *err) {
    Build *build = state;
    const char *message = value_get_string(line, "error", NULL);
    if (message == NULL) message = value_get_string(line, "message", NULL);  // a status of 400 or more
    const char *text = value_get_string(line, "stream", NULL);
    if (text == NULL) text = value_get_string(line, "status", NULL);  // of a base image that is pulled
    if (text != NULL) {
        fputs(text, build->log);
        if (value_get(line, "stream") == NULL) fputs("\n", build->log);
        take_step(build, text);
    }
    fflush(build->log);
    if (message == NULL) return true;
    // Docker repeats the whole command, which stands above.
    const char *ending = strstr(message, "returned a non-zero code");
    fprintf(build->log, "%s\n", ending == NULL ? message : ending);
    return report_failure(build, message, err);
}

static bool open_log(Arena *arena, const char *path, FILE **log, Error *err) {
    if (!folder_create(arena, path_folder(arena, path), err)) return false;
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (fd < 0) return file_error(err, "write", path);
    *log = fdopen(fd, "w");
    return true;
}

static bool send(Build *build, const DockerEngine *engine, DockerLines *lines, Error *err) {
    Arena *arena = build->ctx->arena;
    HttpRequest request = docker_http_request(arena, engine, "POST", build_path(arena, build->wanted));
    char *tar;
    if (!archive_pack_folder(arena, build->wanted->folder, &tar, &request.body_length, err)) return false;
    request.body = tar;
    request.timeout_ms = UPLOAD_MS;
    list_push(arena, &request.headers, "Content-Type: application/x-tar");
    return docker_lines_open(build->ctx, engine, &request, arena_format(arena, "the build of %s", build->wanted->image), lines,
                             err);
}

bool docker_image_build(Context *ctx, const DockerEngine *engine, const DockerBuild *build, const char *step, Error *err) {
    __attribute__((cleanup(docker_lines_close))) DockerLines lines = {0};
    cleanup_file FILE *log = NULL;
    bool exists = false;
    if (!open_log(ctx->arena, build->log_path, &log, err)) return false;
    Build under_way = {.ctx = ctx, .wanted = build, .step = step, .log = log, .instruction = {.arena = ctx->arena}};
    if (step != NULL) event_step_progress(ctx, step, "building %s", build->image);
    if (!send(&under_way, engine, &lines, err)) return false;
    const DockerLineReader reader = {.take = take_line, .state = &under_way, .silence_ms = SILENCE_MS};
    if (!docker_lines_follow(ctx, &lines, &reader, err)) return false;
    if (http_stream_status(lines.stream) >= 400) return report_failure(&under_way, "the container engine does not say why", err);
    // An engine that goes down ends the answer as if all were well.
    if (!docker_image_exists(ctx, engine, build->image, &exists, err)) return false;
    return exists || report_failure(&under_way, "it ended without an image", err);
}
