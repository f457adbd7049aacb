#include "io/terminal.h"

#include <ctype.h>
#include <limits.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include "base/text.h"
#include "base/utf8.h"

enum { DEFAULT_COLUMNS = 80, MOST_COLUMNS = 10000 };

bool terminal_is_interactive(int fd) { return isatty(fd) == 1; }

const char *terminal_name(Arena *arena, int fd) {
    char path[PATH_MAX];
    return ttyname_r(fd, path, sizeof path) == 0 ? arena_copy_string(arena, path) : NULL;
}

int terminal_width(int fd) {
    long long columns;
    struct winsize size;
    const char *wanted = getenv("COLUMNS");
    if (text_parse_integer(wanted, &columns) && columns > 0 && columns <= MOST_COLUMNS) return (int)columns;
    return ioctl(fd, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : DEFAULT_COLUMNS;
}

bool terminal_shows_colour(int fd) {
    const char *terminal = getenv("TERM");
    bool knows_colour = !text_is_empty(terminal) && !text_equals(terminal, "dumb");
    return knows_colour && text_is_empty(getenv("NO_COLOR")) && terminal_is_interactive(fd);
}

// From the locale's name: the C library knows only locales that are installed, and slim images have none.
bool terminal_shows_unicode(void) {
    static const char *const names[] = {"LC_ALL", "LC_CTYPE", "LANG"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        const char *locale = getenv(names[i]);
        if (text_is_empty(locale)) continue;
        const char *dot = strchr(locale, '.');
        const char *set = dot == NULL ? locale : dot + 1;
        return strncasecmp(set, "UTF-8", 5) == 0 || strncasecmp(set, "UTF8", 4) == 0;
    }
    return false;
}

typedef struct Range {
    uint32_t first, last;
} Range;

// Combining marks, joiners and variation selectors (Unicode 15, the blocks that people's names and emoji use).
static const Range zero_width[] = {
    {0x0300, 0x036F}, {0x0483, 0x0489}, {0x0591, 0x05BD}, {0x0610, 0x061A},   {0x064B, 0x065F},   {0x0900, 0x0902},
    {0x093C, 0x093C}, {0x0941, 0x0948}, {0x094D, 0x094D}, {0x0E31, 0x0E31},   {0x0E34, 0x0E3A},   {0x0E47, 0x0E4E},
    {0x1AB0, 0x1AFF}, {0x1DC0, 0x1DFF}, {0x200B, 0x200F}, {0x202A, 0x202E},   {0x2060, 0x2064},   {0x20D0, 0x20FF},
    {0xFE00, 0xFE0F}, {0xFE20, 0xFE2F}, {0xFEFF, 0xFEFF}, {0x1F3FB, 0x1F3FF}, {0xE0100, 0xE01EF},
};

// East Asian wide and full width, and emoji that terminals draw in two columns.
static const Range two_columns[] = {
    {0x1100, 0x115F},   {0x231A, 0x231B},   {0x23E9, 0x23EC},   {0x23F0, 0x23F0},   {0x23F3, 0x23F3},   {0x25FD, 0x25FE},
    {0x2614, 0x2615},   {0x2648, 0x2653},   {0x267F, 0x267F},   {0x2693, 0x2693},   {0x26A1, 0x26A1},   {0x26AA, 0x26AB},
    {0x26BD, 0x26BE},   {0x26C4, 0x26C5},   {0x26CE, 0x26CE},   {0x26D4, 0x26D4},   {0x26EA, 0x26EA},   {0x26F2, 0x26F3},
    {0x26F5, 0x26F5},   {0x26FA, 0x26FA},   {0x26FD, 0x26FD},   {0x2705, 0x2705},   {0x270A, 0x270B},   {0x2728, 0x2728},
    {0x274C, 0x274C},   {0x274E, 0x274E},   {0x2753, 0x2755},   {0x2757, 0x2757},   {0x2795, 0x2797},   {0x27B0, 0x27B0},
    {0x2B1B, 0x2B1C},   {0x2B50, 0x2B50},   {0x2B55, 0x2B55},   {0x2E80, 0x303E},   {0x3041, 0x33FF},   {0x3400, 0x4DBF},
    {0x4E00, 0x9FFF},   {0xA000, 0xA4CF},   {0xA960, 0xA97F},   {0xAC00, 0xD7A3},   {0xF900, 0xFAFF},   {0xFE30, 0xFE6F},
    {0xFF01, 0xFF60},   {0xFFE0, 0xFFE6},   {0x1F004, 0x1F004}, {0x1F0CF, 0x1F0CF}, {0x1F18E, 0x1F18E}, {0x1F191, 0x1F19A},
    {0x1F200, 0x1F320}, {0x1F32D, 0x1F335}, {0x1F337, 0x1F37C}, {0x1F37E, 0x1F393}, {0x1F3A0, 0x1F3CA}, {0x1F3CF, 0x1F3D3},
    {0x1F3E0, 0x1F3F0}, {0x1F3F4, 0x1F3F4}, {0x1F3F8, 0x1F43E}, {0x1F440, 0x1F440}, {0x1F442, 0x1F4FC}, {0x1F4FF, 0x1F53D},
    {0x1F54B, 0x1F54E}, {0x1F550, 0x1F567}, {0x1F5FB, 0x1F64F}, {0x1F680, 0x1F6C5}, {0x1F6CC, 0x1F6D7}, {0x1F6DC, 0x1F6DF},
    {0x1F6EB, 0x1F6EC}, {0x1F6F4, 0x1F6FC}, {0x1F7E0, 0x1F7EB}, {0x1F90C, 0x1F9FF}, {0x1FA70, 0x1FAFF}, {0x20000, 0x3FFFD},
};

static bool is_in(const Range *ranges, size_t count, uint32_t character) {
    for (size_t i = 0; i < count; i++) {
        if (character >= ranges[i].first && character <= ranges[i].last) return true;
    }
    return false;
}

static int character_width(uint32_t character) {
    if (character < 0x20 || (character >= 0x7F && character < 0xA0)) return 0;
    if (is_in(zero_width, sizeof zero_width / sizeof *zero_width, character)) return 0;
    return is_in(two_columns, sizeof two_columns / sizeof *two_columns, character) ? 2 : 1;
}

// The length of a colour or cursor sequence (ESC [ … letter), 0 when there is none.
static size_t escape_length(const char *at) {
    if (at[0] != '\033' || at[1] != '[') return 0;
    size_t length = 2 + strspn(at + 2, "0123456789;?");
    return at[length] == '\0' ? length : length + 1;
}

int text_display_width(const char *utf8) {
    int width = 0;
    for (size_t left = strlen(utf8), step; left > 0; utf8 += step, left -= step) {
        uint32_t character = 0xFFFD;
        step = escape_length(utf8);
        if (step > 0) continue;
        step = utf8_decode(utf8, left, &character);
        if (step == 0) step = 1;
        width += character_width(character);
    }
    return width;
}

bool terminal_size(int fd, int *columns, int *rows) {
    struct winsize size;
    if (ioctl(fd, TIOCGWINSZ, &size) != 0 || size.ws_col == 0 || size.ws_row == 0) return false;
    *columns = size.ws_col;
    *rows = size.ws_row;
    return true;
}

struct TerminalMode {
    struct termios settings;
};

TerminalMode *terminal_make_raw(Arena *arena, int fd) {
    TerminalMode *saved = arena_allocate(arena, sizeof *saved);
    if (tcgetattr(fd, &saved->settings) != 0) return NULL;
    struct termios raw = saved->settings;
    cfmakeraw(&raw);
    return tcsetattr(fd, TCSADRAIN, &raw) == 0 ? saved : NULL;
}

void terminal_restore(int fd, const TerminalMode *mode) {
    if (mode != NULL) tcsetattr(fd, TCSADRAIN, &mode->settings);
}
