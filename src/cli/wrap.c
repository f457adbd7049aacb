#include "cli/wrap.h"

#include "io/terminal.h"

void wrap_append(Text *text, const char *string, int column, int width) {
    if (width == 0) {
        text_append(text, string);
        return;
    }
    int used = column;
    const char *rest = string;
    while (*rest != '\0') {
        size_t blanks = strspn(rest, " ");
        size_t length = strcspn(rest + blanks, " ");
        const char *word = arena_copy_bytes(text->arena, rest + blanks, length);
        int columns = text_display_width(word);
        if (used > column && used + (int)blanks + columns > width) {
            text_append_format(text, "\n%*s", column, "");
            used = column;
        } else {
            text_append_bytes(text, rest, blanks);
            used += (int)blanks;
        }
        text_append(text, word);
        used += columns;
        rest += blanks + length;
    }
}
