#include "model/docker_frames.h"

#include <string.h>

#include "base/text.h"
#include "support/test.h"

static void add_frame(Text *text, int stream, const char *content) {
    const char header[8] = {(char)stream, 0, 0, 0, 0, 0, (char)(strlen(content) >> 8), (char)strlen(content)};
    text_append_bytes(text, header, sizeof header);
    text_append(text, content);
}

// Everything in calls of `step` bytes; per stream what came.
static bool take_all(const Text *sent, size_t step, Text *streams) {
    DockerFrames frames = {0};
    for (size_t at = 0; at < sent->length; at += step) {
        const char *bytes = sent->content + at;
        size_t length = sent->length - at < step ? sent->length - at : step;
        DockerPiece piece;
        while (docker_frames_next(&frames, &bytes, &length, &piece)) {
            assert_true(piece.length > 0);
            text_append_bytes(&streams[piece.stream], piece.bytes, piece.length);
        }
        assert_true(frames.is_broken || length == 0);
    }
    return docker_frames_may_end(&frames);
}

static void streams_are_told_apart_wherever_they_are_cut(void **state) {
    Text sent = {.arena = *state};
    add_frame(&sent, DOCKER_STDOUT, "out 1\n");
    add_frame(&sent, DOCKER_STDERR, "");
    add_frame(&sent, DOCKER_STDERR, "err\n");
    add_frame(&sent, DOCKER_STDOUT, "out 2\n");
    add_frame(&sent, DOCKER_SYSTEM_ERROR, "trouble");
    for (size_t step = 1; step <= sent.length; step++) {
        Text streams[4] = {{.arena = *state}, {.arena = *state}, {.arena = *state}, {.arena = *state}};
        assert_true(take_all(&sent, step, streams));
        assert_string_equal(text_string(&streams[DOCKER_STDOUT]), "out 1\nout 2\n");
        assert_string_equal(text_string(&streams[DOCKER_STDERR]), "err\n");
        assert_string_equal(text_string(&streams[DOCKER_SYSTEM_ERROR]), "trouble");
    }
}

static void a_stream_may_only_end_between_frames(void **state) {
    Text sent = {.arena = *state};
    add_frame(&sent, DOCKER_STDOUT, "abc");
    for (size_t length = 0; length <= sent.length; length++) {
        Text streams[4] = {{.arena = *state}, {.arena = *state}, {.arena = *state}, {.arena = *state}};
        const Text part = {.content = sent.content, .length = length};
        assert_int_equal(take_all(&part, 100, streams), length == 0 || length == sent.length);
    }
}

static void what_is_no_frame_is_broken_and_stays_so(void **state) {
    static const char *const starts[] = {"\x04\0\0\0\0\0\0\1", "\1\0\0\1\0\0\0\1", "\1x\0\0\0\0\0\1", "2026-11-"};
    (void)state;
    for (size_t i = 0; i < sizeof starts / sizeof *starts; i++) {
        DockerFrames frames = {0};
        DockerPiece piece;
        const char *bytes = starts[i];
        size_t length = 8;
        assert_false(docker_frames_next(&frames, &bytes, &length, &piece));
        assert_true(frames.is_broken);
        assert_false(docker_frames_may_end(&frames));
        bytes = "\1\0\0\0\0\0\0\1a";
        length = 9;
        assert_false(docker_frames_next(&frames, &bytes, &length, &piece));
    }
}

static void lengths_are_32_bits(void **state) {
    DockerFrames frames = {0};
    DockerPiece piece;
    const char sent[] =
        "\1\0\0\0\xFF\xFE\xFD\xFC"
        "ab";
    const char *bytes = sent;
    size_t length = sizeof sent - 1;
    (void)state;
    assert_true(docker_frames_next(&frames, &bytes, &length, &piece));
    assert_int_equal(piece.length, 2);
    assert_int_equal(frames.left, 0xFFFEFDFCu - 2);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        test_with_arena(streams_are_told_apart_wherever_they_are_cut),
        test_with_arena(a_stream_may_only_end_between_frames),
        test_with_arena(what_is_no_frame_is_broken_and_stays_so),
        test_with_arena(lengths_are_32_bits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
