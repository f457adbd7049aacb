// Text inside XML and HTML. Pure.
#pragma once
#include "base/text.h"

// Appends the string as what it is: &, <, >, quotes escaped; escape sequences and control characters left out, tabs as four
// blanks, U+FFFD for what is no valid UTF-8 or no character of XML. For content; NULL is nothing.
void markup_append(Text *text, const char *string);

// Appends `<tag class="kind">string</tag>` and a line end, nothing at all for an empty string; `kind` may be NULL.
void markup_append_element(Text *text, const char *tag, const char *kind, const char *string);

// Appends ` name="value"`, nothing at all for an empty value.
void markup_append_attribute(Text *text, const char *name, const char *value);
