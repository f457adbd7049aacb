#include "io/terminal.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include "support/test.h"

// A terminal of 123 columns.
static int open_terminal(void) {
    int fd = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
    const struct winsize size = {.ws_row = 40, .ws_col = 123};
    if (fd < 0 || ioctl(fd, TIOCSWINSZ, &size) != 0) skip();
    return fd;
}

static void the_width_is_the_terminal_s_unless_columns_says_otherwise(void **state) {
    (void)state;
    int fd = open_terminal();
    unsetenv("COLUMNS");
    assert_int_equal(terminal_width(fd), 123);
    setenv("COLUMNS", "60", 1);
    assert_int_equal(terminal_width(fd), 60);
    static const char *const nonsense[] = {"", "0", "-5", "wide", "99999999999"};
    for (size_t i = 0; i < sizeof nonsense / sizeof *nonsense; i++) {
        setenv("COLUMNS", nonsense[i], 1);
        assert_int_equal(terminal_width(fd), 123);
    }
    close(fd);
}

static void the_width_is_80_where_there_is_no_terminal(void **state) {
    (void)state;
    int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
    unsetenv("COLUMNS");
    assert_int_equal(terminal_width(fd), 80);
    assert_false(terminal_is_interactive(fd));
    assert_null(terminal_name(NULL, fd));
    close(fd);
    assert_false(terminal_is_interactive(-1));
}

static void colour_needs_a_terminal_that_knows_it_and_a_user_who_wants_it(void **state) {
    (void)state;
    int fd = open_terminal(), file = open("/dev/null", O_RDONLY | O_CLOEXEC);
    unsetenv("NO_COLOR");
    setenv("TERM", "xterm-256color", 1);
    assert_true(terminal_is_interactive(fd));
    assert_true(terminal_shows_colour(fd));
    assert_false(terminal_shows_colour(file));
    setenv("NO_COLOR", "", 1);
    assert_true(terminal_shows_colour(fd));
    setenv("NO_COLOR", "1", 1);
    assert_false(terminal_shows_colour(fd));
    unsetenv("NO_COLOR");
    setenv("TERM", "dumb", 1);
    assert_false(terminal_shows_colour(fd));
    unsetenv("TERM");
    assert_false(terminal_shows_colour(fd));
    close(fd);
    close(file);
}

static void unicode_is_what_the_locale_says(void **state) {
    (void)state;
    static const struct {
        const char *all, *type, *language;
        bool is_unicode;
    } cases[] = {{NULL, NULL, NULL, false},
                 {NULL, NULL, "en_US.UTF-8", true},
                 {NULL, NULL, "C.utf8", true},
                 {"C", NULL, "en_US.UTF-8", false},
                 {"", "UTF-8", "C", true},
                 {NULL, "POSIX", "en_US.UTF-8", false},
                 {NULL, NULL, "de_DE.ISO-8859-1", false}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        unsetenv("LC_ALL");
        unsetenv("LC_CTYPE");
        unsetenv("LANG");
        if (cases[i].all != NULL) setenv("LC_ALL", cases[i].all, 1);
        if (cases[i].type != NULL) setenv("LC_CTYPE", cases[i].type, 1);
        if (cases[i].language != NULL) setenv("LANG", cases[i].language, 1);
        if (terminal_shows_unicode() != cases[i].is_unicode) fail_msg("case %zu", i);
    }
}

static void the_width_of_text_counts_columns(void **state) {
    (void)state;
    static const struct {
        const char *text;
        int width;
    } cases[] = {{"", 0},
                 {"abc", 3},
                 {"é", 1},
                 {"e\xCC\x81", 1},
                 {"日本", 4},
                 {"✓ ok", 4},
                 {"😀", 2},
                 {"\033[31mred\033[0m", 3},
                 {"\033[1;38;5;9mx", 1},
                 {"\033[", 0},
                 {"a\tb\n", 2},
                 {"\xFF\xFE", 2},
                 {"⚠", 1},
                 {"👍🏽", 2},
                 {"·—…", 3}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        if (text_display_width(cases[i].text) != cases[i].width) {
            fail_msg("'%s' takes %d", cases[i].text, text_display_width(cases[i].text));
        }
    }
}

static void a_raw_terminal_passes_every_key_and_comes_back(void **state) {
    int fd = open_terminal(), columns = 0, rows = 0, file = open("/dev/null", O_RDONLY | O_CLOEXEC);
    struct termios before, raw, after;
    Arena *arena = arena_create();
    (void)state;
    assert_true(terminal_size(fd, &columns, &rows));
    assert_int_equal(columns * 1000 + rows, 123040);
    assert_false(terminal_size(file, &columns, &rows));
    assert_int_equal(tcgetattr(fd, &before), 0);
    TerminalMode *mode = terminal_make_raw(arena, fd);
    assert_non_null(mode);
    assert_int_equal(tcgetattr(fd, &raw), 0);
    assert_int_equal(raw.c_lflag & (ISIG | ICANON | ECHO), 0);
    terminal_restore(fd, mode);
    assert_int_equal(tcgetattr(fd, &after), 0);
    assert_int_equal(after.c_lflag, before.c_lflag);
    assert_null(terminal_make_raw(arena, file));
    terminal_restore(file, NULL);
    arena_destroy(arena);
    close(fd);
    close(file);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_raw_terminal_passes_every_key_and_comes_back),
        test_with_arena(the_width_is_the_terminal_s_unless_columns_says_otherwise),
        test_with_arena(the_width_is_80_where_there_is_no_terminal),
        test_with_arena(colour_needs_a_terminal_that_knows_it_and_a_user_who_wants_it),
        test_with_arena(unicode_is_what_the_locale_says),
        test_with_arena(the_width_of_text_counts_columns),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
