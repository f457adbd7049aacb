#include "model/table_changes.h"

#include "base/text.h"

enum { MOST_TABLES = 3 };

static const char *describe(Arena *arena, const Value *change) {
    const char *table = value_get_string(change, "table", "?");
    long long before = value_get_integer(change, "rows_before", 0), after = value_get_integer(change, "rows_after", 0);
    long long more = after - before, count = more < 0 ? -more : more;
    if (value_get_bool(change, "is_dropped", false)) return arena_format(arena, "%s dropped", table);
    if (more == 0) return arena_format(arena, "%s changed", table);
    const char *unit = count == 1 ? "row" : "rows";
    return arena_format(arena, "%s %s%s %s", table, more > 0 ? "+" : "−", text_number(arena, count), unit);
}

const char *table_changes_summarise(Arena *arena, const Value *changes) {
    Text text = {.arena = arena};
    size_t count = changes == NULL || changes->kind != VALUE_ARRAY ? 0 : changes->count;
    if (count == 0) return NULL;
    for (size_t i = 0; i < count && i < MOST_TABLES; i++) {
        text_append_format(&text, "%s%s", i == 0 ? "" : ", ", describe(arena, changes->members[i].value));
    }
    if (count > MOST_TABLES) text_append_format(&text, " and %zu more", count - MOST_TABLES);
    return text_string(&text);
}
