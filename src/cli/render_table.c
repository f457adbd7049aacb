#include "cli/render_table.h"

#include "io/json.h"
#include "io/terminal.h"

enum { MOST_ROWS = 10, WIDEST_CELL = 40 };

static const char *cell_at(const Table *table, size_t row, size_t column) {
    const StringList *cells = &table->rows.items[row];
    return column < cells->count && cells->items[column] != NULL ? cells->items[column] : "";
}

static int column_width(const Table *table, size_t column) {
    int widest = text_display_width(table->columns.items[column].title);
    for (size_t row = 0; row < table->rows.count; row++) {
        int width = text_display_width(cell_at(table, row, column));
        if (width > widest) widest = width;
    }
    return widest;
}

// The cells without what would break the line or the terminal.
static Table clean_table(const Style *style, Arena *arena, const Table *table) {
    Table clean = {0};
    list_each (TableColumn, column, &table->columns) {
        list_push(arena, &clean.columns, (TableColumn){style_clean_line(style, arena, column->title), column->alignment});
    }
    for (size_t row = 0; row < table->rows.count; row++) {
        StringList cells = {0};
        for (size_t column = 0; column < table->columns.count; column++) {
            list_push(arena, &cells, style_clean_line(style, arena, cell_at(table, row, column)));
        }
        list_push(arena, &clean.rows, cells);
    }
    return clean;
}

// The last column is not padded: no blanks at line ends.
static void append_cell(Text *text, const Table *table, size_t column, const char *cell, int width) {
    bool is_right = table->columns.items[column].alignment == ALIGN_RIGHT;
    bool is_last = column + 1 == table->columns.count;
    style_append_padded(text, cell, is_last && !is_right ? 0 : width, is_right);
    if (!is_last) text_append(text, "  ");
}

// No blanks at line ends, where the last cells are empty.
static void end_line(Text *text) {
    while (text->length > 0 && text->content[text->length - 1] == ' ') text->content[--text->length] = '\0';
    text_append_char(text, '\n');
}

static void append_rule(Text *text, const int *widths, size_t count, int indent) {
    text_append_format(text, "%*s", indent, "");
    for (size_t column = 0; column < count; column++) {
        for (int i = 0; i < widths[column]; i++) text_append_char(text, '-');
        text_append(text, "  ");
    }
    end_line(text);
}

void render_table(Text *text, const Style *style, const Table *table, int indent) {
    size_t count = table->columns.count;
    if (count == 0) return;
    Table clean = clean_table(style, text->arena, table);
    int *widths = arena_allocate_array(text->arena, count, sizeof *widths);
    for (size_t column = 0; column < count; column++) widths[column] = column_width(&clean, column);
    text_append_format(text, "%*s", indent, "");
    for (size_t column = 0; column < count; column++) {
        append_cell(text, &clean, column, clean.columns.items[column].title, widths[column]);
    }
    end_line(text);
    append_rule(text, widths, count, indent);
    for (size_t row = 0; row < clean.rows.count; row++) {
        text_append_format(text, "%*s", indent, "");
        for (size_t column = 0; column < count; column++)
            append_cell(text, &clean, column, cell_at(&clean, row, column), widths[column]);
        end_line(text);
    }
}

static bool is_number(const Value *value) { return value != NULL && (value->kind == VALUE_INTEGER || value->kind == VALUE_REAL); }

static const char *value_as_cell(const Style *style, Arena *arena, const Value *value) {
    if (value == NULL || value->kind == VALUE_NULL) return "NULL";
    const char *cell = value->kind == VALUE_STRING ? value->string : json_print(arena, value);
    return style_fit(style, arena, style_clean_line(style, arena, cell), WIDEST_CELL);
}

bool render_rows(Text *text, const Style *style, const Value *rows, int indent) {
    if (rows == NULL || rows->kind != VALUE_ARRAY || rows->count == 0) return false;
    const Value *first = rows->members[0].value;
    if (first->kind != VALUE_OBJECT || first->count == 0) return false;
    Table table = {0};
    for (size_t i = 0; i < first->count; i++) {
        Alignment alignment = is_number(first->members[i].value) ? ALIGN_RIGHT : ALIGN_LEFT;
        list_push(text->arena, &table.columns, (TableColumn){first->members[i].key, alignment});
    }
    for (size_t row = 0; row < rows->count && row < MOST_ROWS; row++) {
        StringList cells = {0};
        for (size_t i = 0; i < first->count; i++) {
            const Value *cell = value_get(rows->members[row].value, first->members[i].key);
            list_push(text->arena, &cells, value_as_cell(style, text->arena, cell));
        }
        list_push(text->arena, &table.rows, cells);
    }
    render_table(text, style, &table, indent);
    if (rows->count > MOST_ROWS) text_append_format(text, "%*sand %zu more rows\n", indent, "", rows->count - MOST_ROWS);
    return true;
}
