// fakes: platform clock
#include "services/browser.h"

#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/text.h"
#include "fakes/fake_clock.h"
#include "fakes/fake_platform.h"
#include "support/world.h"

#define URL "http://localhost:8080"

static void sleep_a_little(void) { usleep(2000); }

static const char *open_with(TestWorld *world, const char *browser) {
    Context ctx = {.arena = world->arena};
    fake_clock_set(1000, 1000);
    fake_clock_on_sleep(sleep_a_little);
    if (browser == NULL) unsetenv("BROWSER");
    if (browser != NULL) setenv("BROWSER", browser, 1);
    return browser_open(&ctx, URL);
}

// A browser that writes down what it was started with.
static const char *make_browser(TestWorld *world, const char *name) {
    const char *path = test_world_write(
        world, name, arena_format(world->arena, "#!/bin/sh\necho \"$*\" > %s\n", test_world_path(world, "shown")));
    assert_int_equal(chmod(path, 0755), 0);
    return path;
}

static const char *shown(TestWorld *world) {
    char *text;
    if (!file_read(world->arena, test_world_path(world, "shown"), &text, NULL, &world->err)) fail_msg("%s", world->err.message);
    return text;
}

static void the_browser_of_the_environment_wins(void **state) {
    TestWorld *world = *state;
    fake_platform_reset();
    fake_platform.url_opener = "/bin/false";
    assert_null(open_with(world, make_browser(world, "firefox")));
    assert_string_equal(shown(world), URL "\n");
}

static void the_address_goes_where_the_browser_wants_it(void **state) {
    TestWorld *world = *state;
    fake_platform_reset();
    assert_null(open_with(world, arena_format(world->arena, "%s --new %%s  --quiet", make_browser(world, "firefox"))));
    assert_string_equal(shown(world), "--new " URL " --quiet\n");
}

static void the_next_browser_is_tried_when_one_fails(void **state) {
    TestWorld *world = *state;
    fake_platform_reset();
    assert_null(
        open_with(world, arena_format(world->arena, "no-such-browser-of-anybody::/bin/false:%s", make_browser(world, "w"))));
    assert_string_equal(shown(world), URL "\n");
}

static void the_desktop_opens_it_without_a_browser_in_the_environment(void **state) {
    TestWorld *world = *state;
    fake_platform_reset();
    fake_platform.url_opener = make_browser(world, "xdg-open");
    assert_null(open_with(world, NULL));
    assert_string_equal(shown(world), URL "\n");
    assert_null(open_with(world, ""));
}

static void a_browser_that_lives_on_is_not_waited_for(void **state) {
    TestWorld *world = *state;
    fake_platform_reset();
    const char *path = test_world_write(world, "firefox", "#!/bin/sh\nexec sleep 2\n");
    assert_int_equal(chmod(path, 0755), 0);
    assert_null(open_with(world, path));
    assert_true(fake_clock_slept_ms() >= 1500 && fake_clock_slept_ms() < 2000);
}

static void what_did_not_work_is_told(void **state) {
    TestWorld *world = *state;
    fake_platform_reset();
    assert_string_equal(open_with(world, NULL), "there is no display here");
    assert_string_equal(open_with(world, ":"), "BROWSER names no program");
    assert_string_equal(open_with(world, "/bin/false"), "/bin/false failed");
    assert_non_null(strstr(open_with(world, "no-such-browser-of-anybody"), "no-such-browser-of-anybody"));
    fake_platform.url_opener = "/bin/false";
    assert_string_equal(open_with(world, NULL), "/bin/false failed");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        test_with_world(the_browser_of_the_environment_wins),
        test_with_world(the_address_goes_where_the_browser_wants_it),
        test_with_world(the_next_browser_is_tried_when_one_fails),
        test_with_world(the_desktop_opens_it_without_a_browser_in_the_environment),
        test_with_world(a_browser_that_lives_on_is_not_waited_for),
        test_with_world(what_did_not_work_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
