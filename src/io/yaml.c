#include "io/yaml.h"

#include <string.h>
#include <yaml.h>

#include "base/map.h"
#include "base/text.h"
#include "io/file_system.h"

// Aliases share nodes, but whoever walks the tree meets them again at each place: a few lines could stand for billions of values.
enum { DEPTH_LIMIT = 100, VALUE_LIMIT = 100 * 1000 };

typedef struct Reader {
    Arena *arena;
    const char *origin, *text;
    yaml_parser_t parser;
    int depth, deepest;  // of the node being read, and of the nodes in it so far
    size_t value_count;  // of the tree so far, with the values of aliases counted at each place
    Map anchors;         // name → Anchor
    Error *err;
} Reader;

typedef struct Anchor {
    YamlNode *node;
    size_t value_count;
    int height;
} Anchor;

static void delete_event(yaml_event_t *event) { yaml_event_delete(event); }
#define cleanup_event __attribute__((cleanup(delete_event)))

// The line as it stands in the file, with a caret below the column.
static const char *quote_line(Arena *arena, const char *text, int line, int column) {
    for (int i = 1; i < line; i++) {
        const char *end = strchr(text, '\n');
        if (end == NULL) return NULL;
        text = end + 1;
    }
    size_t length = strcspn(text, "\r\n");
    Text quote = {.arena = arena};
    text_append_format(&quote, "%5d | ", line);
    text_append_bytes(&quote, text, length);
    text_append_format(&quote, "\n%7s %*s^", "|", column - 1, "");
    return text_string(&quote);
}

static bool reject(Reader *reader, const yaml_mark_t *mark, const char *problem) {
    int line = (int)mark->line + 1, column = (int)mark->column + 1;
    error_set(reader->err, ERROR_CONFIG, "%s:%d:%d: %s", reader->origin, line, column, problem);
    return error_detail(reader->err, quote_line(reader->arena, reader->text, line, column));
}

// libyaml's words for the mistakes people make, in terms of what they see.
static const struct {
    const char *words, *problem, *hint;
} mistakes[] = {
    {"mapping values are not allowed in this context", "a second ':' in one line, or wrong indentation",
     "put a value that holds ': ' in quotes, or indent the line like its neighbours"},
    {"did not find expected key", "the indentation does not fit the lines above, or a quote ends too early",
     "keys of one section start in the same column"},
    {"did not find expected '-' indicator", "the list goes on without '- ', or the indentation does not fit",
     "every item of a list starts with '- ' in the same column"},
    {"could not find expected ':'", "the key has no ':' after it", "write key: value, with a blank after the colon"},
    {"found unexpected end of stream", "a quote or bracket that is opened above is never closed", "close it"},
    {"did not find expected ',' or ']'", "the list opened with '[' goes wrong here", "separate items by ',' and close with ']'"},
    {"did not find expected ',' or '}'", "the map opened with '{' goes wrong here",
     "separate entries by ',', close with '}', and put text that starts with '{{' in quotes"},
    {"block sequence entries are not allowed in this context", "a list cannot start here", "start it on a line of its own"},
    {"found character that cannot start any token", "a value cannot start with this character", "put the value in quotes"},
    {"did not find expected <document start>", "the document has ended above",
     "indent the line, or make all of it one list or map"},
    {"control characters are not allowed", "a control character", "remove it"},
};

static bool is_tab_in_indentation(const Reader *reader, const yaml_mark_t *mark) {
    const char *line = reader->text;
    for (size_t i = 0; i < mark->line && line != NULL; i++) {
        line = strchr(line, '\n');
        if (line != NULL) line++;
    }
    if (line == NULL) return false;
    size_t blanks = strspn(line, " \t");
    return mark->column <= blanks && memchr(line, '\t', blanks) != NULL;
}

// The reader fails before it knows lines: it tells only a byte offset.
static yaml_mark_t mark_at(const char *text, size_t offset) {
    yaml_mark_t mark = {0};
    for (size_t i = 0; i < offset; i++) {
        bool is_line_end = text[i] == '\n';
        mark.line += is_line_end;
        mark.column = is_line_end ? 0 : mark.column + (((unsigned char)text[i] & 0xC0) != 0x80);
    }
    return mark;
}

static bool reject_syntax(Reader *reader) {
    const yaml_parser_t *parser = &reader->parser;
    const char *words = parser->problem == NULL ? "cannot be read" : parser->problem;
    bool is_encoding = parser->error == YAML_READER_ERROR;
    yaml_mark_t mark = is_encoding ? mark_at(reader->text, parser->problem_offset) : parser->problem_mark;
    if (parser->error == YAML_MEMORY_ERROR) return error_set(reader->err, ERROR_INTERNAL, "%s: out of memory", reader->origin);
    if (!is_encoding && is_tab_in_indentation(reader, &mark)) {
        reject(reader, &mark, "the line is indented with a tab");
        return error_hint(reader->err, "YAML is indented with blanks: replace the tab by two of them");
    }
    for (size_t i = 0; i < sizeof mistakes / sizeof *mistakes; i++) {
        if (strcmp(words, mistakes[i].words) != 0) continue;
        reject(reader, &mark, mistakes[i].problem);
        return error_hint(reader->err, "%s", mistakes[i].hint);
    }
    if (!is_encoding) return reject(reader, &mark, words);
    reject(reader, &mark, "this is no valid UTF-8");
    return error_hint(reader->err, "save the file as UTF-8");
}

static bool next_event(Reader *reader, yaml_event_t *event) {
    return yaml_parser_parse(&reader->parser, event) != 0 || reject_syntax(reader);
}

static YamlNode *create_node(Reader *reader, YamlKind kind, const yaml_mark_t *mark) {
    YamlNode *node = arena_allocate(reader->arena, sizeof *node);
    *node = (YamlNode){.kind = kind, .line = (int)mark->line + 1, .column = (int)mark->column + 1};
    return node;
}

typedef struct Properties {
    const char *anchor, *tag;
} Properties;

static Properties properties_of(const yaml_event_t *event) {
    const yaml_char_t *anchor = NULL, *tag = NULL;
    switch (event->type) {
        case YAML_SCALAR_EVENT:
            anchor = event->data.scalar.anchor;
            tag = event->data.scalar.tag;
            break;
        case YAML_SEQUENCE_START_EVENT:
            anchor = event->data.sequence_start.anchor;
            tag = event->data.sequence_start.tag;
            break;
        case YAML_MAPPING_START_EVENT:
            anchor = event->data.mapping_start.anchor;
            tag = event->data.mapping_start.tag;
            break;
        default:
            break;
    }
    return (Properties){.anchor = (const char *)anchor, .tag = (const char *)tag};
}

// Half understood they would be worse than refused.
static bool has_unknown_tag(Reader *reader, const yaml_event_t *event) {
    const char *tag = properties_of(event).tag;
    bool is_text = text_equals(tag, YAML_STR_TAG) || text_equals(tag, "!");
    if (tag == NULL || (is_text && event->type == YAML_SCALAR_EVENT)) return false;
    reject(reader, &event->start_mark, arena_format(reader->arena, "tags (%s) are not supported", tag));
    error_hint(reader->err, "remove the tag; text is told from numbers by quotes");
    return true;
}

static bool count_values(Reader *reader, const yaml_mark_t *mark, size_t count) {
    reader->value_count += count;
    if (reader->value_count <= VALUE_LIMIT) return true;
    return reject(reader, mark, "more than 100,000 values, those that aliases repeat counted each time");
}

static bool find_anchor(Reader *reader, const yaml_event_t *event, const Anchor **anchor) {
    const char *name = (const char *)event->data.alias.anchor;
    *anchor = map_get(&reader->anchors, name);
    if (*anchor != NULL) return true;
    reject(reader, &event->start_mark, arena_format(reader->arena, "the alias *%s has no anchor above it", name));
    return error_hint(reader->err, "name the value that is meant with &%s where it is written out", name);
}

static bool is_null_word(const char *word) {
    static const char *const words[] = {"", "~", "null", "Null", "NULL"};
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        if (strcmp(word, words[i]) == 0) return true;
    }
    return false;
}

static bool read_scalar(Reader *reader, const yaml_event_t *event, YamlNode **node) {
    const char *value = (const char *)event->data.scalar.value;
    size_t length = event->data.scalar.length;
    // "a\0b" in double quotes would be cut at the NUL, and so mean something else here than in other readers of the file.
    if (memchr(value, '\0', length) != NULL) return reject(reader, &event->start_mark, "the text holds a NUL character");
    bool is_quoted = event->data.scalar.style != YAML_PLAIN_SCALAR_STYLE || event->data.scalar.tag != NULL;
    YamlKind kind = !is_quoted && is_null_word(value) ? YAML_NULL : YAML_SCALAR;
    YamlNode *scalar = create_node(reader, kind, &event->start_mark);
    scalar->scalar = arena_copy_bytes(reader->arena, value, length);
    scalar->is_quoted = is_quoted;
    *node = scalar;
    return true;
}

static bool read_node(Reader *reader, const yaml_event_t *event, YamlNode **node);

static bool read_list(Reader *reader, const yaml_event_t *start, YamlNode **node) {
    YamlNode *list = create_node(reader, YAML_LIST, &start->start_mark);
    for (;;) {
        cleanup_event yaml_event_t event = {0};
        YamlNode *item;
        if (!next_event(reader, &event)) return false;
        if (event.type == YAML_SEQUENCE_END_EVENT) break;
        if (!read_node(reader, &event, &item)) return false;
        list_push(reader->arena, &list->items, item);
    }
    *node = list;
    return true;
}

static bool read_key(Reader *reader, const yaml_event_t *event, Map *seen, YamlEntry *entry, bool *is_merge) {
    YamlNode *key;
    bool is_word = event->type == YAML_SCALAR_EVENT || event->type == YAML_ALIAS_EVENT;
    if (is_word && !read_node(reader, event, &key)) return false;
    if (!is_word || key->scalar == NULL) {
        reject(reader, &event->start_mark, "a key must be a word, not a list or map");
        return error_hint(reader->err, "put text that starts with '{{' or '[' in quotes");
    }
    const YamlNode *earlier = map_get(seen, key->scalar);
    if (earlier != NULL) {
        const char *problem =
            arena_format(reader->arena, "the key '%s' is given twice, first in line %d", key->scalar, earlier->line);
        reject(reader, &event->start_mark, problem);
        return error_hint(reader->err, "keep one of the two");
    }
    map_set(reader->arena, seen, key->scalar, key);
    *entry = (YamlEntry){
        .key = key->scalar, .key_line = (int)event->start_mark.line + 1, .key_column = (int)event->start_mark.column + 1};
    *is_merge = strcmp(key->scalar, "<<") == 0 && !key->is_quoted;
    return true;
}

// Keys that the map has of its own, or from an earlier source, win.
static bool merge_map(Reader *reader, const yaml_mark_t *mark, const YamlNode *source, Map *seen, YamlNode *map) {
    if (source->kind != YAML_MAP) {
        reject(reader, mark, "a merge key (<<) takes its keys from a map, or from a list of maps");
        return error_hint(reader->err, "write <<: *NAME, where &NAME stands before a map above");
    }
    list_each(const YamlEntry, entry, &source->entries) {
        if (map_has(seen, entry->key)) continue;
        map_set(reader->arena, seen, entry->key, map);
        list_push(reader->arena, &map->entries, *entry);
    }
    return true;
}

static bool merge_sources(Reader *reader, const yaml_mark_t *mark, const YamlNode *sources, Map *seen, YamlNode *map) {
    if (sources->kind != YAML_LIST) return merge_map(reader, mark, sources, seen, map);
    list_each(const YamlNode *const, source, &sources->items) {
        if (!merge_map(reader, mark, *source, seen, map)) return false;
    }
    return true;
}

static bool read_map(Reader *reader, const yaml_event_t *start, YamlNode **node) {
    YamlNode *map = create_node(reader, YAML_MAP, &start->start_mark);
    YamlNode *sources = NULL;
    yaml_mark_t merge_mark = {0};
    Map seen = {0};
    for (;;) {
        cleanup_event yaml_event_t key_event = {0};
        cleanup_event yaml_event_t value_event = {0};
        YamlEntry entry;
        YamlNode *value;
        bool is_merge = false;
        if (!next_event(reader, &key_event)) return false;
        if (key_event.type == YAML_MAPPING_END_EVENT) break;
        if (!read_key(reader, &key_event, &seen, &entry, &is_merge)) return false;
        if (!next_event(reader, &value_event) || !read_node(reader, &value_event, &value)) return false;
        if (is_merge) {
            sources = value;
            merge_mark = value_event.start_mark;
            continue;
        }
        entry.node = value;
        list_push(reader->arena, &map->entries, entry);
    }
    *node = map;
    return sources == NULL || merge_sources(reader, &merge_mark, sources, &seen, map);
}

static bool read_collection(Reader *reader, const yaml_event_t *event, YamlNode **node) {
    if (reader->depth == DEPTH_LIMIT) return reject(reader, &event->start_mark, "more than 100 levels deep");
    reader->depth++;
    if (reader->deepest < reader->depth) reader->deepest = reader->depth;
    bool is_list = event->type == YAML_SEQUENCE_START_EVENT;
    bool is_read = is_list ? read_list(reader, event, node) : read_map(reader, event, node);
    reader->depth--;
    return is_read;
}

static bool read_alias(Reader *reader, const yaml_event_t *event, YamlNode **node) {
    const Anchor *anchor;
    if (!find_anchor(reader, event, &anchor) || !count_values(reader, &event->start_mark, anchor->value_count)) return false;
    int deepest = reader->depth + anchor->height;
    if (deepest > DEPTH_LIMIT) return reject(reader, &event->start_mark, "more than 100 levels deep");
    if (reader->deepest < deepest) reader->deepest = deepest;
    *node = anchor->node;
    return true;
}

// An anchor is known once its value is complete, so that no value can hold itself.
static bool read_node(Reader *reader, const yaml_event_t *event, YamlNode **node) {
    const char *name = properties_of(event).anchor;
    size_t values_before = reader->value_count;
    int deepest_before = reader->deepest;
    if (event->type == YAML_ALIAS_EVENT) return read_alias(reader, event, node);
    if (has_unknown_tag(reader, event) || !count_values(reader, &event->start_mark, 1)) return false;
    reader->deepest = reader->depth;
    bool is_scalar = event->type == YAML_SCALAR_EVENT;
    if (!(is_scalar ? read_scalar(reader, event, node) : read_collection(reader, event, node))) return false;
    if (name != NULL) {
        Anchor *anchor = arena_allocate(reader->arena, sizeof *anchor);
        *anchor = (Anchor){*node, reader->value_count - values_before, reader->deepest - reader->depth};
        map_set(reader->arena, &reader->anchors, arena_copy_string(reader->arena, name), anchor);
    }
    if (reader->deepest < deepest_before) reader->deepest = deepest_before;
    return true;
}

static bool read_document(Reader *reader, YamlNode **root) {
    for (;;) {
        cleanup_event yaml_event_t event = {0};
        if (!next_event(reader, &event)) return false;
        if (event.type == YAML_STREAM_START_EVENT || event.type == YAML_DOCUMENT_START_EVENT) continue;
        if (event.type == YAML_STREAM_END_EVENT) {
            *root = create_node(reader, YAML_NULL, &event.start_mark);
            return true;
        }
        // What follows the document's end is read too: "[1]\nb: 2" goes wrong only there.
        cleanup_event yaml_event_t end = {0};
        cleanup_event yaml_event_t after = {0};
        YamlNode *node;
        if (!read_node(reader, &event, &node) || !next_event(reader, &end) || !next_event(reader, &after)) return false;
        *root = node;
        return true;
    }
}

bool yaml_parse(Arena *arena, const char *text, size_t length, const char *origin, YamlNode **root, Error *err) {
    bool has_mark = length >= 3 && memcmp(text, "\xEF\xBB\xBF", 3) == 0;
    const char *start = arena_copy_bytes(arena, text + (has_mark ? 3 : 0), length - (has_mark ? 3 : 0));
    Reader reader = {.arena = arena, .origin = origin, .text = start, .err = err};
    if (yaml_parser_initialize(&reader.parser) == 0) return error_set(err, ERROR_INTERNAL, "%s: out of memory", origin);
    yaml_parser_set_encoding(&reader.parser, YAML_UTF8_ENCODING);
    yaml_parser_set_input_string(&reader.parser, (const unsigned char *)start, length - (has_mark ? 3 : 0));
    bool is_read = read_document(&reader, root);
    yaml_parser_delete(&reader.parser);
    return is_read;
}

bool yaml_read_file(Arena *arena, const char *path, YamlNode **root, Error *err) {
    char *content;
    size_t length;
    return file_read(arena, path, &content, &length, err) && yaml_parse(arena, content, length, path, root, err);
}

const YamlNode *yaml_get(const YamlNode *map, const char *key) {
    if (map == NULL || map->kind != YAML_MAP) return NULL;
    list_each(const YamlEntry, entry, &map->entries) {
        if (strcmp(entry->key, key) == 0) return entry->node;
    }
    return NULL;
}

const char *yaml_get_string(const YamlNode *map, const char *key, const char *fallback) {
    const YamlNode *node = yaml_get(map, key);
    return node != NULL && node->kind == YAML_SCALAR ? node->scalar : fallback;
}

static bool is_any_of(const char *word, const char *first, const char *second, const char *third) {
    return strcmp(word, first) == 0 || strcmp(word, second) == 0 || strcmp(word, third) == 0;
}

bool yaml_as_bool(const YamlNode *node, bool *boolean) {
    if (node == NULL || node->kind != YAML_SCALAR || node->is_quoted) return false;
    bool is_true = is_any_of(node->scalar, "true", "True", "TRUE");
    if (!is_true && !is_any_of(node->scalar, "false", "False", "FALSE")) return false;
    *boolean = is_true;
    return true;
}

bool yaml_as_integer(const YamlNode *node, long long *integer) {
    return node != NULL && node->kind == YAML_SCALAR && !node->is_quoted && text_parse_integer(node->scalar, integer);
}
