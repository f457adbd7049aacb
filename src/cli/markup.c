#include "cli/markup.h"

#include "base/utf8.h"
#include "cli/style.h"

static void append_ascii(Text *text, char character, bool is_attribute) {
    switch (character) {
        case '\n':
            text_append(text, is_attribute ? "&#10;" : "\n");  // a reader makes a blank of a bare line end in an attribute
            break;
        case '&':
            text_append(text, "&amp;");
            break;
        case '<':
            text_append(text, "&lt;");
            break;
        case '>':
            text_append(text, "&gt;");
            break;
        case '"':
            text_append(text, "&quot;");
            break;
        case '\'':
            text_append(text, "&#39;");
            break;
        default:
            text_append_char(text, character);
    }
}

// U+FFFE and U+FFFF are valid UTF-8, but no XML reader takes them; U+0080 to U+009F are control characters.
static bool is_character(uint32_t character) { return character >= 0xa0 && character != 0xfffe && character != 0xffff; }

// Most strings are: they need no second look.
static bool is_plain(const char *string) {
    for (; *string != '\0'; string++) {
        if (*string < ' ' || *string > '~' || strchr("&<>\"'", *string) != NULL) return false;
    }
    return true;
}

static void append(Text *text, const char *string, bool is_attribute) {
    static const Style plain = {.has_unicode = true};
    if (string == NULL) return;
    if (is_plain(string)) {
        text_append(text, string);
        return;
    }
    const char *clean = style_clean(&plain, text->arena, text_replace(text->arena, string, "\t", "    "));
    size_t left = strlen(clean);
    while (left > 0) {
        uint32_t character = 0;
        size_t length = utf8_decode(clean, left, &character);
        if (length == 1)
            append_ascii(text, *clean, is_attribute);
        else if (length > 1 && is_character(character))
            text_append_bytes(text, clean, length);
        else
            text_append(text, "\xef\xbf\xbd");
        if (length == 0) length = 1;
        clean += length;
        left -= length;
    }
}

void markup_append(Text *text, const char *string) { append(text, string, false); }

void markup_append_element(Text *text, const char *tag, const char *kind, const char *string) {
    if (text_is_empty(string)) return;
    text_append_format(text, "<%s", tag);
    markup_append_attribute(text, "class", kind);
    text_append_char(text, '>');
    markup_append(text, string);
    text_append_format(text, "</%s>\n", tag);
}

void markup_append_attribute(Text *text, const char *name, const char *value) {
    if (text_is_empty(value)) return;
    text_append_format(text, " %s=\"", name);
    append(text, value, true);
    text_append_char(text, '"');
}
