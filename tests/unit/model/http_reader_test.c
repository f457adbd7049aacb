#include "model/http_reader.h"

#include <string.h>

#include "support/test.h"

// Feeds the answer in pieces of `step` bytes; false when it was broken.
static bool feed(HttpReader *reader, const char *sent, size_t step, Text *body) {
    size_t length = strlen(sent);
    for (size_t at = 0; at < length; at += step) {
        if (!http_reader_feed(reader, sent + at, length - at < step ? length - at : step, body)) return false;
    }
    return true;
}

static void check(Arena *arena, const char *sent, long status, const char *expected) {
    for (size_t step = 1; step <= strlen(sent); step += 3) {
        HttpReader reader = http_reader(arena);
        Text body = {.arena = arena};
        assert_true(feed(&reader, sent, step, &body));
        assert_true(http_reader_has_head(&reader));
        assert_true(http_reader_may_end(&reader));
        assert_int_equal(reader.status, status);
        assert_string_equal(text_string(&body), expected);
    }
}

static void bodies_of_each_kind_are_read_wherever_they_are_cut(void **state) {
    check(*state, "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello", 200, "hello");
    check(*state, "HTTP/1.1 200 OK\r\ncontent-length:  5 \r\n\r\nhello and more that nobody asked for", 200, "hello");
    check(*state, "HTTP/1.0 200 OK\r\n\r\nuntil the end", 200, "until the end");
    check(*state, "HTTP/1.1 404 Not Found\nContent-Length: 2\n\nno", 404, "no");
    check(*state,
          "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\nA;x=1\r\n, world 12\r\n0\r\nTrailer: x\r\n\r\n",
          200, "hello, world 12");
    check(*state, "HTTP/1.1 200 OK\r\nTransfer-Encoding: Chunked\r\nContent-Length: 3\r\n\r\n1\r\na\r\n0\r\n\r\n", 200, "a");
}

static void answers_without_a_body_have_none(void **state) {
    check(*state, "HTTP/1.1 204 No Content\r\nContent-Length: 7\r\n\r\n", 204, "");
    check(*state, "HTTP/1.1 304 Not Modified\r\nContent-Length: 7\r\n\r\n", 304, "");
    check(*state, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", 200, "");
    HttpReader reader = http_reader(*state);
    Text body = {.arena = *state};
    reader.has_no_body = true;
    assert_true(feed(&reader, "HTTP/1.1 200 OK\r\nContent-Length: 7\r\n\r\n", 1, &body));
    assert_int_equal(reader.phase, HTTP_DONE);
}

static void what_follows_an_upgrade_is_raw_and_interim_answers_are_skipped(void **state) {
    check(*state, "HTTP/1.1 101 UPGRADED\r\nUpgrade: tcp\r\n\r\n5\r\nraw", 101, "5\r\nraw");
    check(*state, "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok", 200, "ok");
}

static void an_answer_that_is_cut_may_not_end(void **state) {
    static const char *const parts[] = {"",
                                        "HTTP/1.1 200 OK\r\nConte",
                                        "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhell",
                                        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n",
                                        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhel",
                                        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n"};
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
        HttpReader reader = http_reader(*state);
        Text body = {.arena = *state};
        assert_true(feed(&reader, parts[i], 1, &body));
        assert_false(http_reader_may_end(&reader));
    }
}

static void what_is_no_http_is_broken(void **state) {
    static const char *const texts[] = {
        "220 mail.example.com ESMTP\r\n",
        "HTTP/2 200\r\n\r\n",
        "HTTP/1.1 2000 OK\r\n\r\n",
        "HTTP/1.1 OK\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: five\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 99999999999999999999\r\n\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nab\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nffffffffffffffffff\r\n",
    };
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        HttpReader reader = http_reader(*state);
        Text body = {.arena = *state};
        if (feed(&reader, texts[i], 1, &body)) fail_msg("%s", texts[i]);
        assert_false(http_reader_has_head(&reader));
        assert_false(http_reader_may_end(&reader));
    }
    HttpReader reader = http_reader(*state);
    Text body = {.arena = *state};
    assert_false(http_reader_feed(&reader, "HTTP/1.1 200 \0K\r\n\r\n", 19, &body));
}

static void a_head_or_line_without_end_is_given_up(void **state) {
    HttpReader reader = http_reader(*state), chunked = http_reader(*state);
    Text body = {.arena = *state};
    assert_true(feed(&reader, "HTTP/1.1 200 OK\r\nX: ", 9, &body));
    for (int i = 0; i < 70000 && reader.phase == HTTP_HEAD; i++) http_reader_feed(&reader, "x", 1, &body);
    assert_int_equal(reader.phase, HTTP_BROKEN);
    assert_true(feed(&chunked, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1;", 9, &body));
    for (int i = 0; i < 10000 && chunked.phase == HTTP_CHUNK_SIZE; i++) http_reader_feed(&chunked, "x", 1, &body);
    assert_int_equal(chunked.phase, HTTP_BROKEN);
}

static void headers_are_found_in_any_case(void **state) {
    HttpReader reader = http_reader(*state);
    Text body = {.arena = *state};
    assert_true(feed(&reader, "HTTP/1.1 200 OK\r\nApi-Version:  1.41 \r\nApi-Version-Old: 1.2\r\nEmpty:\r\n\r\n", 9, &body));
    assert_string_equal(http_reader_header(*state, &reader, "api-version"), "1.41");
    assert_string_equal(http_reader_header(*state, &reader, "Empty"), "");
    assert_null(http_reader_header(*state, &reader, "Version"));
    assert_null(http_reader_header(*state, &reader, "HTTP/1.1 200 OK"));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        test_with_arena(bodies_of_each_kind_are_read_wherever_they_are_cut),
        test_with_arena(answers_without_a_body_have_none),
        test_with_arena(what_follows_an_upgrade_is_raw_and_interim_answers_are_skipped),
        test_with_arena(an_answer_that_is_cut_may_not_end),
        test_with_arena(what_is_no_http_is_broken),
        test_with_arena(a_head_or_line_without_end_is_given_up),
        test_with_arena(headers_are_found_in_any_case),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
