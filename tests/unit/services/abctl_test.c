// fakes: process http
#include "services/abctl.h"

#include <stdlib.h>
#include <sys/utsname.h>

#include "base/text.h"
#include "fakes/fake_http.h"
#include "fakes/fake_process.h"
#include "io/hash.h"
#include "support/checkout.h"
#include "support/event_log.h"

#define PAGE "https://docs.airbyte.com/platform/deploying-airbyte/abctl"

static void prepare(Checkout *checkout, const char *digest) {
    struct utsname names;
    assert_int_equal(uname(&names), 0);
    const char *asset = abctl_asset_name(checkout->arena, "v1.2.3", names.sysname, names.machine);
    setenv("XDG_CACHE_HOME", checkout_path(checkout, ".cache"), 1);
    checkout->ctx.share_dir = checkout->root;
    checkout_add(
        checkout, "compose/airbyte/abctl.yaml",
        arena_format(checkout->arena, "abctl: v1.2.3\nchart: \"2.0.19\"\ndownload: http://releases/v1.2.3\nsha256:\n  %s: %s\n",
                     asset, digest));
    fake_process_script(NULL, 0);
    fake_http_script(NULL, 0);
}

static Project asking;

static AbctlPins load(Checkout *checkout) {
    AbctlPins pins;
    if (!abctl_pins_load(&checkout->ctx, &asking, &pins, &checkout->err)) fail_msg("%s", checkout->err.message);
    return pins;
}

static void the_asset_is_named_after_system_and_processor(void **state) {
    static const struct {
        const char *kernel, *machine, *name;
    } rows[] = {
        {"Linux", "x86_64", "abctl-v0.30.4-linux-amd64.tar.gz"},
        {"Linux", "aarch64", "abctl-v0.30.4-linux-arm64.tar.gz"},
        {"Darwin", "arm64", "abctl-v0.30.4-darwin-arm64.tar.gz"},
        {"Darwin", "x86_64", "abctl-v0.30.4-darwin-amd64.tar.gz"},
        {"Linux", "armv7l", NULL},
        {"Linux", "s390x", NULL},
        {"FreeBSD", "amd64", NULL},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const char *name = abctl_asset_name(*state, "v0.30.4", rows[i].kernel, rows[i].machine);
        if (!text_equals(name, rows[i].name)) fail_msg("%s %s: %s", rows[i].kernel, rows[i].machine, name);
    }
}

static void what_is_shipped_can_be_read(void **state) {
    Checkout *checkout = *state;
    AbctlPins pins = load(checkout);
    assert_string_equal(pins.version, "v0.30.4");
    assert_string_equal(pins.chart, "2.0.19");
    assert_true(text_ends_with(pins.download, pins.version));
    assert_true(pins.asset == NULL || text_starts_with(pins.asset, "abctl-v0.30.4-"));
}

static void a_wrong_checksum_in_the_file_is_a_mistake(void **state) {
    Checkout *checkout = *state;
    AbctlPins pins;
    prepare(checkout, "0123");
    assert_false(abctl_pins_load(&checkout->ctx, &asking, &pins, &checkout->err));
    assert_int_equal(checkout->err.code, ERROR_CONFIG);
    checkout_add(checkout, "compose/airbyte/abctl.yaml", "abctl: v1.2.3\n");
    assert_false(abctl_pins_load(&checkout->ctx, &asking, &pins, &checkout->err));
    assert_non_null(strstr(checkout->err.message, "must name abctl, chart and download"));
}

static void devbox_yaml_wins_over_path_and_path_over_the_cache(void **state) {
    Checkout *checkout = *state;
    const char *path = "untouched";
    prepare(checkout, "");
    checkout_add_folder(checkout, "dags");
    AbctlPins pins = load(checkout);
    Project project = checkout_open(checkout);
    assert_true(abctl_find(&checkout->ctx, &project, &pins, &path, &checkout->err));
    assert_null(path);
    checkout_add(checkout, ".cache/devbox/tools/abctl-v1.2.3/abctl", "");
    assert_true(abctl_find(&checkout->ctx, &project, &pins, &path, &checkout->err));
    assert_string_equal(path, checkout_path(checkout, ".cache/devbox/tools/abctl-v1.2.3/abctl"));
    fake_process_add_program("abctl", "/usr/bin/abctl");
    assert_true(abctl_find(&checkout->ctx, &project, &pins, &path, &checkout->err));
    assert_string_equal(path, "/usr/bin/abctl");
    checkout_add(checkout, "tools/abctl", "");
    project.config.airbyte.abctl = "tools/abctl";
    assert_true(abctl_find(&checkout->ctx, &project, &pins, &path, &checkout->err));
    assert_string_equal(path, checkout_path(checkout, "tools/abctl"));
    project.config.airbyte.abctl = "/nowhere/abctl";
    assert_false(abctl_find(&checkout->ctx, &project, &pins, &path, &checkout->err));
    assert_int_equal(checkout->err.code, ERROR_CONFIG);
    assert_non_null(strstr(checkout->err.message, "/nowhere/abctl"));
}

static void without_a_checksum_nothing_is_fetched(void **state) {
    Checkout *checkout = *state;
    const char *path;
    prepare(checkout, "");
    AbctlPins pins = load(checkout);
    assert_false(abctl_download(&checkout->ctx, &pins, "airbyte", &path, &checkout->err));
    assert_int_equal(checkout->err.code, ERROR_RUNTIME_MISSING);
    assert_non_null(strstr(checkout->err.message, "has no checksum for abctl-v1.2.3-"));
    assert_non_null(strstr(checkout->err.hint, PAGE));
    assert_non_null(strstr(checkout->err.hint, "abctl_sha256: [SHA256]"));
    pins.asset = NULL;
    assert_false(abctl_download(&checkout->ctx, &pins, "airbyte", &path, &checkout->err));
    assert_non_null(strstr(checkout->err.message, "not made for this system"));
    assert_null(fake_http_last_request());
}

static void a_checksum_of_devbox_yaml_counts_like_a_pinned_one(void **state) {
    Checkout *checkout = *state;
    const char *digest, *path;
    prepare(checkout, "");
    assert_true(hash_bytes(checkout->arena, "no archive", 10, &digest, &checkout->err));
    list_push(checkout->arena, &asking.config.airbyte.abctl_sha256, digest);
    AbctlPins pins = load(checkout);
    const FakeHttpAnswer answer = {
        .url = arena_format(checkout->arena, "http://releases/v1.2.3/%s", pins.asset), .status = 200, .body = "no archive"};
    fake_http_script(&answer, 1);
    assert_false(abctl_download(&checkout->ctx, &pins, "airbyte", &path, &checkout->err));
    assert_true(text_starts_with(checkout->err.message, "abctl could not be unpacked: "));
    asking.config.airbyte.abctl_sha256.items[0] = "abc";
    assert_false(abctl_pins_load(&checkout->ctx, &asking, &pins, &checkout->err));
    assert_string_equal(checkout->err.message, "airbyte.abctl_sha256: abc is no SHA-256 (64 digits, 0-9 and a-f)");
    asking = (Project){0};
}

static void nothing_that_is_not_the_pinned_file_is_unpacked(void **state) {
    static const char digest[] = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";
    Checkout *checkout = *state;
    const char *path;
    prepare(checkout, digest);
    AbctlPins pins = load(checkout);
    const char *url = arena_format(checkout->arena, "http://releases/v1.2.3/%s", pins.asset);
    const struct {
        FakeHttpAnswer answer;
        const char *message;
    } rows[] = {
        {{.url = url, .status = 200, .body = "<html>sign in</html>"}, "its checksum differs"},
        {{.url = url, .status = 404}, "abctl could not be fetched: http://releases/v1.2.3/"},
        {{.url = url, .status = 302}, "answered with status 302"},
        {{.url = url, .failure = ERROR_TIMEOUT, .body = "slow"}, "abctl could not be fetched: slow"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        fake_http_script(&rows[i].answer, 1);
        error_clear(&checkout->err);
        assert_false(abctl_download(&checkout->ctx, &pins, "airbyte", &path, &checkout->err));
        if (strstr(checkout->err.message, rows[i].message) == NULL) fail_msg("%s", checkout->err.message);
        assert_false(folder_exists(checkout_path(checkout, ".cache/devbox/tools/abctl-v1.2.3")));
    }
}

static void a_file_with_the_right_checksum_that_is_no_archive_leaves_nothing(void **state) {
    Checkout *checkout = *state;
    const char *path, *digest;
    assert_true(hash_bytes(checkout->arena, "no archive", 10, &digest, &checkout->err));
    prepare(checkout, digest);
    AbctlPins pins = load(checkout);
    const FakeHttpAnswer answer = {
        .url = arena_format(checkout->arena, "http://releases/v1.2.3/%s", pins.asset), .status = 200, .body = "no archive"};
    fake_http_script(&answer, 1);
    assert_false(abctl_download(&checkout->ctx, &pins, "airbyte", &path, &checkout->err));
    assert_true(text_starts_with(checkout->err.message, "abctl could not be unpacked: "));
    assert_false(folder_exists(checkout_path(checkout, ".cache/devbox/tools/abctl-v1.2.3")));
    assert_false(folder_exists(checkout_path(checkout, ".cache/devbox/tools/abctl-v1.2.3.partial")));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        test_with_arena(the_asset_is_named_after_system_and_processor),
        test_with_checkout(what_is_shipped_can_be_read),
        test_with_checkout(a_wrong_checksum_in_the_file_is_a_mistake),
        test_with_checkout(devbox_yaml_wins_over_path_and_path_over_the_cache),
        test_with_checkout(without_a_checksum_nothing_is_fetched),
        test_with_checkout(a_checksum_of_devbox_yaml_counts_like_a_pinned_one),
        test_with_checkout(nothing_that_is_not_the_pinned_file_is_unpacked),
        test_with_checkout(a_file_with_the_right_checksum_that_is_no_archive_leaves_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
