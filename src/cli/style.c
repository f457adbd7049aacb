#include "cli/style.h"

#include "cli/wrap.h"
#include "io/terminal.h"

static const struct {
    const char *unicode, *ascii;
    Colour colour;
} symbols[] = {
    [SYMBOL_DONE] = {"✓", "ok", COLOUR_GREEN},     [SYMBOL_FAILED] = {"✗", "x ", COLOUR_RED},
    [SYMBOL_WARNING] = {"!", "! ", COLOUR_YELLOW}, [SYMBOL_SKIPPED] = {"·", "- ", COLOUR_DIM},
    [SYMBOL_WAITING] = {"…", "..", COLOUR_DIM},
};

static const char *const colour_codes[] = {
    [COLOUR_NONE] = "0",  [COLOUR_RED] = "31", [COLOUR_GREEN] = "32", [COLOUR_YELLOW] = "33",
    [COLOUR_CYAN] = "36", [COLOUR_DIM] = "2",  [COLOUR_BOLD] = "1",
};

// Signs that devbox's own sentences use.
static const struct {
    const char *sign, *ascii;
} transliterations[] = {{"·", "-"},  {"→", "->"}, {"…", "..."}, {"×", "x"}, {"≤", "<="},
                        {"≥", ">="}, {"✓", "ok"}, {"✗", "x"},   {"–", "-"}};

const char *style_paint(const Style *style, Arena *arena, Colour colour, const char *text) {
    if (!style->has_colour || colour == COLOUR_NONE || *text == '\0') return text;
    return arena_format(arena, "\033[%sm%s\033[0m", colour_codes[colour], text);
}

const char *style_symbol(const Style *style, Arena *arena, Symbol symbol) {
    const char *picture = style->has_unicode ? symbols[symbol].unicode : symbols[symbol].ascii;
    return style_paint(style, arena, symbols[symbol].colour, picture);
}

const char *style_spinner(const Style *style, Arena *arena, unsigned frame) {
    static const char *const braille[] = {"⠋", "⠙", "⠹", "⠸", "⠼", "⠴", "⠦", "⠧", "⠇", "⠏"};
    static const char *const bars[] = {"| ", "/ ", "- ", "\\ "};
    const char *picture = style->has_unicode ? braille[frame % 10] : bars[frame % 4];
    return style_paint(style, arena, COLOUR_CYAN, picture);
}

// Length of the escape sequence at `text`, which starts with ESC: CSI … final byte, OSC … BEL, else two bytes.
static size_t escape_length(const char *text) {
    if (text[1] == '[') {
        size_t length = 2 + strspn(text + 2, "0123456789;:<=>?!\"#$%&'()*+,-./ ");
        return text[length] == '\0' ? length : length + 1;
    }
    if (text[1] == ']') {
        size_t length = 2 + strcspn(text + 2, "\a\033");
        if (text[length] == '\033' && text[length + 1] == '\\') return length + 2;
        return text[length] == '\a' ? length + 1 : length;
    }
    return text[1] == '\0' ? 1 : 2;
}

static size_t append_sign_as_ascii(Text *clean, const char *text) {
    for (size_t i = 0; i < sizeof transliterations / sizeof *transliterations; i++) {
        if (!text_starts_with(text, transliterations[i].sign)) continue;
        text_append(clean, transliterations[i].ascii);
        return strlen(transliterations[i].sign);
    }
    text_append_char(clean, *text);
    return 1;
}

static const char *clean_text(const Style *style, Arena *arena, const char *text, bool keeps_lines) {
    Text clean = {.arena = arena};
    while (*text != '\0') {
        unsigned char byte = (unsigned char)*text;
        if (byte == '\033') {
            text += escape_length(text);
        } else if (byte < ' ' || byte == 0x7f) {
            if (byte == '\t' || (byte == '\n' && !keeps_lines))
                text_append_char(&clean, ' ');
            else if (byte == '\n')
                text_append_char(&clean, '\n');
            text++;
        } else if (byte >= 0x80 && !style->has_unicode) {
            text += append_sign_as_ascii(&clean, text);
        } else {
            text_append_char(&clean, *text++);
        }
    }
    return text_string(&clean);
}

const char *style_clean(const Style *style, Arena *arena, const char *text) { return clean_text(style, arena, text, true); }

const char *style_clean_line(const Style *style, Arena *arena, const char *text) { return clean_text(style, arena, text, false); }

// Bytes of the UTF-8 character at `text`; a stray byte counts as one.
static size_t character_length(const char *text) {
    size_t length = 1;
    while (((unsigned char)text[length] & 0xc0) == 0x80) length++;
    return length;
}

const char *style_fit(const Style *style, Arena *arena, const char *text, int columns) {
    if (text_display_width(text) <= columns) return text;
    const char *ellipsis = style->has_unicode ? "…" : "...";
    int room = columns - text_display_width(ellipsis);
    if (room < 0) return "";
    Text fitted = {.arena = arena};
    int used = 0;
    while (*text != '\0') {
        size_t length = character_length(text);
        int width = text_display_width(arena_copy_bytes(arena, text, length));
        if (used + width > room) break;
        text_append_bytes(&fitted, text, length);
        used += width;
        text += length;
    }
    text_append(&fitted, ellipsis);
    return text_string(&fitted);
}

void style_append_padded(Text *text, const char *string, int columns, bool is_right) {
    int missing = columns - text_display_width(string);
    if (missing < 0) missing = 0;
    if (is_right)
        text_append_format(text, "%*s%s", missing, "", string);
    else
        text_append_format(text, "%s%*s", string, missing, "");
}

void style_append_block(Text *text, const Style *style, const char *string, const BlockOptions *options) {
    StringList lines = text_split_lines(text->arena, style_clean(style, text->arena, string));
    size_t first = 0, end = lines.count;
    bool is_cut = options->limit > 0 && lines.count > options->limit;
    if (is_cut && options->keeps_tail) first = lines.count - options->limit;
    if (is_cut && !options->keeps_tail) end = options->limit;
    for (size_t i = first; i < end; i++) {
        text_append_format(text, "%*s%s", options->indent, "", options->prefix);
        wrap_append(text, lines.items[i], options->indent + text_display_width(options->prefix), style->wrap_width);
        text_append_char(text, '\n');
    }
    if (is_cut && !options->keeps_tail) {
        const char *dots = style->has_unicode ? "…" : "...";
        text_append_format(text, "%*s%s%s %zu more lines: -v\n", options->indent, "", options->prefix, dots, lines.count - end);
    }
}
