#include "io/json.h"

#include <cjson/cJSON.h>
#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/map.h"
#include "base/text.h"
#include "base/utf8.h"
#include "io/file_system.h"

enum { DEPTH_LIMIT = 512, FEW_MEMBERS = 32 };

typedef struct Reader {
    Arena *arena;
    const char *origin;
    const char *text;    // the document: never changed while it is read
    const char *cursor;  // where the next number is looked for
    Error *err;
} Reader;

static bool reject(const Reader *reader, const char *at, const char *problem) {
    int line = 1, column = 1;
    for (const char *byte = reader->text; byte < at; byte++) {
        if (*byte == '\n') {
            line++;
            column = 1;
        } else if (((unsigned char)*byte & 0xC0) != 0x80) {
            column++;
        }
    }
    return error_set(reader->err, ERROR_FILE, "%s:%d:%d: %s", reader->origin, line, column, problem);
}

static bool read_unicode_escape(const char *at, unsigned long *unit) {
    if (at[0] != '\\' || at[1] != 'u') return false;
    for (int i = 2; i < 6; i++) {
        if (!isxdigit((unsigned char)at[i])) return false;
    }
    char digits[5] = {at[2], at[3], at[4], at[5]};
    *unit = strtoul(digits, NULL, 16);
    return true;
}

// Python writes lone surrogates for bytes of file names that are no UTF-8, and logs hold \u0000. cJSON would refuse the first
// and cut strings at the second, so both become U+FFFD, which takes as many bytes: positions stay right.
static char *repair_escape(char *at) {
    unsigned long unit = 0, next = 0;
    if (!read_unicode_escape(at, &unit)) return at + 2;
    bool is_high = unit >= 0xD800 && unit <= 0xDBFF, is_low = unit >= 0xDC00 && unit <= 0xDFFF;
    if (is_high && read_unicode_escape(at + 6, &next) && next >= 0xDC00 && next <= 0xDFFF) return at + 12;
    if (unit == 0 || is_high || is_low) memcpy(at, "\\ufffd", 6);
    return at + 6;
}

// cJSON reads \u12g4 as NUL.
static bool is_broken_escape(const char *at) {
    unsigned long unit;
    return at[0] == '\\' && (at[1] == '\0' || (at[1] == 'u' && !read_unicode_escape(at, &unit)));
}

// Repairs a string in place; gives what follows its closing quote, NULL after an error.
static char *check_string(const Reader *reader, char *at) {
    const char *problem = NULL;
    for (at++; *at != '"' && problem == NULL;) {
        if (*at == '\0') problem = "the string is not closed";
        if (*at != '\0' && (unsigned char)*at < 0x20) problem = "a line break or control character in a string";
        if (is_broken_escape(at)) problem = "this escape is not complete";
        if (problem == NULL) at = *at == '\\' ? repair_escape(at) : at + 1;
    }
    if (problem == NULL) return at + 1;
    reject(reader, at, problem);
    return NULL;
}

// cJSON lets through what is checked here: invalid UTF-8, control characters, and 1000 levels.
static bool check_document(const Reader *reader, char *text) {
    size_t length = strlen(text), valid = utf8_valid_length(text, length);
    if (valid < length) return reject(reader, text + valid, "this is no valid UTF-8");
    size_t depth = 0;
    for (char *at = text; at != NULL && *at != '\0';) {
        if (*at == '[' || *at == '{') depth++;
        if ((*at == ']' || *at == '}') && depth > 0) depth--;
        if (depth > DEPTH_LIMIT) return reject(reader, at, "more than 512 levels deep");
        bool is_control = (unsigned char)*at < 0x20 && *at != '\n' && *at != '\r' && *at != '\t';
        if (is_control) return reject(reader, at, "a control character outside a string");
        at = *at == '"' ? check_string(reader, at) : at + 1;
        if (at == NULL) return false;
    }
    return true;
}

// Numbers come in the text in the same order as in the tree, and in valid JSON nothing else outside strings starts like one.
static const char *next_number(Reader *reader, size_t *length) {
    const char *at = reader->cursor;
    while (*at != '-' && !isdigit((unsigned char)*at)) {
        bool is_string = *at == '"';
        at++;
        if (!is_string) continue;
        for (; *at != '"'; at++) at += *at == '\\';
        at++;
    }
    *length = strspn(at, "0123456789+-.eE");
    reader->cursor = at + *length;
    return at;
}

// The grammar of RFC 8259, which cJSON does not hold to: 01 and 1. are no numbers.
static bool is_strict_number(const char *at, size_t length, bool *is_integer) {
    const char *end = at + length;
    at += *at == '-';
    if (*at == '0' && isdigit((unsigned char)at[1])) return false;
    size_t digits = strspn(at, "0123456789");
    at += digits;
    *is_integer = at == end;
    if (digits > 0 && *at == '.') {
        digits = strspn(at + 1, "0123456789");
        at += 1 + digits;
    }
    if (digits > 0 && (*at == 'e' || *at == 'E')) {
        at += 1 + (at[1] == '+' || at[1] == '-');
        digits = strspn(at, "0123456789");
        at += digits;
    }
    return digits > 0 && at == end;
}

static Value *convert_number(Reader *reader, const cJSON *node) {
    size_t length;
    bool is_integer;
    const char *at = next_number(reader, &length);
    bool is_strict = is_strict_number(at, length, &is_integer);
    errno = 0;
    long long integer = strtoll(at, NULL, 10);
    if (is_strict && is_integer && errno == 0) return value_integer(reader->arena, integer);
    if (is_strict && isfinite(node->valuedouble)) return value_real(reader->arena, node->valuedouble);
    reject(reader, at, is_strict ? "the number is too large" : "this is no JSON number");
    return NULL;
}

static Value *convert(Reader *reader, const cJSON *node);

static bool convert_array(Reader *reader, const cJSON *node, Value *array) {
    for (const cJSON *child = node->child; child != NULL; child = child->next) {
        Value *item = convert(reader, child);
        if (item == NULL) return false;
        value_append(reader->arena, array, item);
    }
    return true;
}

// value_set looks at every member for an equal key; a dbt manifest has objects with ten thousands.
static bool convert_object(Reader *reader, const cJSON *node, Value *object) {
    Map seen = {0};
    for (const cJSON *child = node->child; child != NULL; child = child->next) {
        const char *key = arena_copy_string(reader->arena, child->string);
        Value *member = convert(reader, child);
        if (member == NULL) return false;
        Value *earlier = object->count < FEW_MEMBERS ? NULL : map_get(&seen, key);
        if (earlier != NULL) {
            *earlier = *member;
            continue;
        }
        if (object->count < FEW_MEMBERS) {
            value_set(reader->arena, object, key, member);
        } else {
            value_append(reader->arena, object, member);
            object->members[object->count - 1].key = key;
        }
        if (object->count == FEW_MEMBERS) {
            for (size_t i = 0; i < object->count; i++) {
                map_set(reader->arena, &seen, object->members[i].key, object->members[i].value);
            }
        } else if (object->count > FEW_MEMBERS) {
            map_set(reader->arena, &seen, key, member);
        }
    }
    return true;
}

static Value *convert(Reader *reader, const cJSON *node) {
    if (cJSON_IsNumber(node)) return convert_number(reader, node);
    if (cJSON_IsString(node)) return value_string(reader->arena, arena_copy_string(reader->arena, node->valuestring));
    if (cJSON_IsBool(node)) return value_bool(reader->arena, cJSON_IsTrue(node));
    if (cJSON_IsNull(node)) return value_null(reader->arena);
    bool is_array = cJSON_IsArray(node);
    Value *value = is_array ? value_array(reader->arena) : value_object(reader->arena);
    bool is_done = is_array ? convert_array(reader, node, value) : convert_object(reader, node, value);
    return is_done ? value : NULL;
}

static void delete_tree(cJSON **tree) { cJSON_Delete(*tree); }

bool json_parse(Arena *arena, const char *text, const char *origin, Value **value, Error *err) {
    char *repaired = arena_copy_string(arena, text_starts_with(text, "\xEF\xBB\xBF") ? text + 3 : text);
    Reader reader = {.arena = arena, .origin = origin, .text = repaired, .cursor = repaired, .err = err};
    if (!check_document(&reader, repaired)) return false;
    const char *stopped_at = repaired;
    __attribute__((cleanup(delete_tree))) cJSON *tree =
        cJSON_ParseWithLengthOpts(repaired, strlen(repaired) + 1, &stopped_at, true);
    if (tree == NULL) return reject(&reader, stopped_at, *stopped_at == '\0' ? "the JSON ends too early" : "this is no JSON");
    Value *converted = convert(&reader, tree);
    if (converted == NULL) return false;
    *value = converted;
    return true;
}

bool json_read_file(Arena *arena, const char *path, Value **value, Error *err) {
    char *content;
    size_t length;
    if (!file_read(arena, path, &content, &length, err)) return false;
    if (strlen(content) < length) return error_set(err, ERROR_FILE, "%s holds a NUL byte, so it is no JSON", path);
    return json_parse(arena, content, path, value, err);
}

static void print_character(Text *out, const char *at, size_t length) {
    static const char escapes[] = "\"\\\b\f\n\r\t", letters[] = "\"\\bfnrt";
    const char *escape = strchr(escapes, *at);
    if (length == 0) {
        text_append(out, "\xEF\xBF\xBD");
    } else if (escape != NULL) {
        text_append_char(out, '\\');
        text_append_char(out, letters[escape - escapes]);
    } else if ((unsigned char)*at < 0x20) {
        text_append_format(out, "\\u%04x", (unsigned)*at);
    } else {
        text_append_bytes(out, at, length);
    }
}

static void print_string(Text *out, const char *string) {
    text_append_char(out, '"');
    for (size_t left = strlen(string); left > 0;) {
        size_t length = utf8_decode(string, left, NULL);
        print_character(out, string, length);
        string += length == 0 ? 1 : length;
        left -= length == 0 ? 1 : length;
    }
    text_append_char(out, '"');
}

// The shortest form that reads back as the same number, and as a real one.
static void print_real(Text *out, double real) {
    char digits[40];
    if (!isfinite(real)) return text_append(out, "null");
    for (int precision = 15; precision <= 17; precision++) {
        snprintf(digits, sizeof digits, "%.*g", precision, real);
        if (strtod(digits, NULL) == real) break;
    }
    char *comma = strchr(digits, ',');
    if (comma != NULL) *comma = '.';
    text_append(out, digits);
    if (strpbrk(digits, ".e") == NULL) text_append(out, ".0");
}

static void print_line_end(Text *out, int indentation) {
    if (indentation >= 0) text_append_format(out, "\n%*s", indentation, "");
}

// `indentation` is that of this value's first line, -1 to keep everything on one line.
static void print_value(Text *out, const Value *value, int indentation) {
    int deeper = indentation < 0 ? -1 : indentation + 2;
    bool is_object = value->kind == VALUE_OBJECT;
    switch (value->kind) {
        case VALUE_NULL:
            text_append(out, "null");
            return;
        case VALUE_BOOL:
            text_append(out, value->boolean ? "true" : "false");
            return;
        case VALUE_INTEGER:
            text_append_format(out, "%lld", (long long)value->integer);
            return;
        case VALUE_REAL:
            print_real(out, value->real);
            return;
        case VALUE_STRING:
            print_string(out, value->string);
            return;
        default:
            break;
    }
    text_append_char(out, is_object ? '{' : '[');
    for (size_t i = 0; i < value->count; i++) {
        if (i > 0) text_append_char(out, ',');
        print_line_end(out, deeper);
        if (is_object) print_string(out, value->members[i].key);
        if (is_object) text_append(out, indentation < 0 ? ":" : ": ");
        print_value(out, value->members[i].value, deeper);
    }
    if (value->count > 0) print_line_end(out, indentation);
    text_append_char(out, is_object ? '}' : ']');
}

const char *json_print(Arena *arena, const Value *value) {
    Text out = {.arena = arena};
    print_value(&out, value, -1);
    return text_string(&out);
}

const char *json_print_indented(Arena *arena, const Value *value) {
    Text out = {.arena = arena};
    print_value(&out, value, 0);
    return text_string(&out);
}
