#include "services/seed_loader.h"

#include <strings.h>

#include "base/text.h"
#include "io/json.h"
#include "io/mapped_file.h"
#include "model/csv.h"
#include "model/event.h"

// 100 rows per INSERT are 3 times as fast as one (measured), and more than that no faster.
enum {
    MOST_COLUMNS = 2000,
    ROWS_PER_INSERT = 100,
    MOST_VARIABLES = 32766,
    SAMPLED_ROWS = 1000,
    MOST_ATTEMPTS = 2,
    ROWS_PER_MESSAGE = 250000,
    SHOWN_VALUE = 60
};

typedef struct SeedColumnState {
    const char *name;
    ColumnType type;
    bool is_declared;
    bool is_settled;  // text, whatever comes: no value needs a look
    ColumnGuess guess;
} SeedColumnState;

typedef struct Load {
    Context *ctx;
    Database *db;
    const SeedFile *file;
    CsvReader reader;
    const char *body;  // behind the header
    SeedColumnState *columns;
    size_t column_count;
    long long rows;
} Load;

static const char *value_of(Arena *arena, const CsvField *field) {
    char *value = arena_allocate(arena, (size_t)field->length + 1);
    csv_copy_value(field, value);
    return value;
}

// --- the header -----------------------------------------------------------------------------------------------------------

static bool check_name(const Load *load, size_t index, Error *err) {
    const char *name = load->columns[index].name, *origin = load->reader.origin;
    size_t line = csv_line_of(&load->reader, load->reader.record);
    if (*name == '\0') {
        error_set(err, ERROR_SEED, "%s:%zu: column %zu has no name", origin, line, index + 1);
        return error_hint(err, "The first line holds the names of the columns: name it there");
    }
    for (size_t i = 0; i < index; i++) {
        if (strcasecmp(load->columns[i].name, name) != 0) continue;
        error_set(err, ERROR_SEED, "%s:%zu: columns %zu and %zu are both named %s", origin, line, i + 1, index + 1, name);
        return error_hint(err, "Rename one of them: SQL does not tell upper from lower case in names");
    }
    return true;
}

static bool apply_declared(const Load *load, const DeclaredColumn *declared, Error *err) {
    const char **names = arena_allocate_array(load->ctx->arena, load->column_count, sizeof *names);
    for (size_t i = 0; i < load->column_count; i++) {
        names[i] = load->columns[i].name;
        if (strcasecmp(names[i], declared->column) != 0) continue;
        load->columns[i].type = declared->type;
        load->columns[i].is_declared = true;
        return true;
    }
    if (!declared->is_config) return true;
    const char *nearest = text_nearest(declared->column, names, load->column_count);
    error_set(err, ERROR_CONFIG, "seeds.columns.%s.%s in devbox.yaml: %s has no such column", load->file->table, declared->column,
              load->file->shown);
    if (nearest == NULL) return error_hint(err, "Its columns: head -1 %s", load->file->shown);
    return error_hint(err, "Did you mean %s?", nearest);
}

// Excel writes semicolons where the comma is the decimal point. Such a file loads, as one column that nobody meant.
static void warn_about_delimiter(const Load *load, const CsvField *field) {
    const char *name = load->columns[0].name;
    bool has_semicolon = strchr(name, ';') != NULL;
    if (load->column_count != 1 || field->kind != CSV_PLAIN || (!has_semicolon && strchr(name, '\t') == NULL)) return;
    event_warning(
        load->ctx,
        "Save it with commas between the columns; a seed of dbt may say delimiter instead, below seeds in dbt_project.yml",
        "%s: the header has %s but no commas, so all of it becomes one column", load->file->shown,
        has_semicolon ? "semicolons" : "tabs");
}

static bool read_header(Load *load, Error *err) {
    CsvField *fields = arena_allocate_array(load->ctx->arena, MOST_COLUMNS, sizeof *fields);
    if (!csv_read(&load->reader, fields, MOST_COLUMNS, &load->column_count, err)) return false;
    if (load->column_count == 0) {
        error_set(err, ERROR_SEED, "%s:1: the file is empty", load->reader.origin);
        return error_hint(err, "The first line must hold the names of the columns");
    }
    load->body = load->reader.position;
    load->columns = arena_allocate_array(load->ctx->arena, load->column_count, sizeof *load->columns);
    for (size_t i = 0; i < load->column_count; i++) {
        load->columns[i].name = value_of(load->ctx->arena, &fields[i]);
        if (!check_name(load, i, err)) return false;
    }
    warn_about_delimiter(load, &fields[0]);
    load->reader.expected_columns = load->column_count;
    list_each(DeclaredColumn, declared, &load->file->declared) {
        if (!apply_declared(load, declared, err)) return false;
    }
    return true;
}

// --- types ----------------------------------------------------------------------------------------------------------------

static bool refuse_value(const Load *load, const SeedColumnState *column, const CsvField *field, Error *err) {
    const char *value = value_of(err->arena, field);
    bool is_long = strlen(value) > SHOWN_VALUE;
    error_set(err, ERROR_SEED, "%s:%zu: \"%.*s%s\" is no %s, the type declared for %s", load->reader.origin,
              csv_line_of(&load->reader, field->bytes), is_long ? SHOWN_VALUE : (int)strlen(value), value, is_long ? "…" : "",
              column_type_name(column->type), column->name);
    return error_hint(err, "Correct the value, or declare %s.%s as text below seeds.columns in devbox.yaml", load->file->table,
                      column->name);
}

// Looks at the values of one row; one that its column's declared type cannot hold is an error.
static bool observe(const Load *load, const CsvField *fields, Error *err) {
    for (size_t i = 0; i < load->column_count; i++) {
        SeedColumnState *column = &load->columns[i];
        if (fields[i].kind == CSV_NULL || column->is_settled) continue;
        if (!column->is_declared) {
            column_guess_observe(&column->guess, fields[i].bytes, fields[i].length);
        } else if (!column_type_accepts(column->type, fields[i].bytes, fields[i].length)) {
            return refuse_value(load, column, &fields[i], err);
        }
    }
    return true;
}

// Takes over what the values seen so far say; *has_changed tells whether that is something else than before.
static void conclude_types(Load *load, bool *has_changed) {
    *has_changed = false;
    for (size_t i = 0; i < load->column_count; i++) {
        SeedColumnState *column = &load->columns[i];
        ColumnType type = column->is_declared ? column->type : column_guess_conclude(&column->guess);
        *has_changed |= type != column->type;
        column->type = type;
        column->is_settled = column->is_declared ? type == TYPE_TEXT : column_guess_is_settled(&column->guess);
    }
}

// True when a value came that its column's type cannot hold.
static bool has_surprise(const Load *load) {
    for (size_t i = 0; i < load->column_count; i++) {
        const SeedColumnState *column = &load->columns[i];
        if (!column->is_declared && !column_guess_allows(&column->guess, column->type)) return true;
    }
    return false;
}

// The first rows nearly always tell what the others are, so that one pass over a large file is enough.
static bool sample_types(Load *load, Error *err) {
    CsvField *fields = arena_allocate_array(load->ctx->arena, load->column_count, sizeof *fields);
    bool has_changed;
    for (int row = 0; row < SAMPLED_ROWS; row++) {
        size_t count = 0;
        if (!csv_read(&load->reader, fields, load->column_count, &count, err)) return false;
        if (count == 0) break;
        if (!observe(load, fields, err)) return false;
    }
    conclude_types(load, &has_changed);
    return true;
}

// --- rows ----------------------------------------------------------------------------------------------------------------

static bool create_table(const Load *load, SeedTable *table, Error *err) {
    Arena *arena = load->ctx->arena;
    Text definition = {.arena = arena};
    Value *columns = value_array(arena);
    for (size_t i = 0; i < load->column_count; i++) {
        const SeedColumnState *column = &load->columns[i];
        const char *storage = column_type_storage(column->type);
        text_append_format(&definition, "%s%s %s", i == 0 ? "(" : ",", database_quote_identifier(arena, column->name), storage);
        Value *entry = value_object(arena);
        value_set_string(arena, entry, "name", column->name);
        value_set_string(arena, entry, "storage", storage);
        value_set_string(arena, entry, "logical", column_type_name(column->type));
        value_append(arena, columns, entry);
    }
    text_append_char(&definition, ')');
    *table =
        (SeedTable){.name = load->file->table, .definition = text_string(&definition), .columns = json_print(arena, columns)};
    const char *name = database_quote_identifier(arena, table->name);
    return database_execute(load->db, arena_format(arena, "CREATE TABLE %s%s", name, table->definition), err);
}

static bool prepare_insert(const Load *load, size_t rows, Statement **statement, Error *err) {
    Text row = {.arena = load->ctx->arena}, sql = {.arena = load->ctx->arena};
    for (size_t i = 0; i < load->column_count; i++) text_append(&row, i == 0 ? "(?" : ",?");
    text_append_format(&sql, "INSERT INTO %s VALUES", database_quote_identifier(load->ctx->arena, load->file->table));
    for (size_t i = 0; i < rows; i++) text_append_format(&sql, "%s%s)", i == 0 ? "" : ",", text_string(&row));
    return statement_prepare(load->db, text_string(&sql), statement, err);
}

// False when the value is no such number any more: the file changed since it was looked at.
static bool bind_value(const Load *load, Statement *statement, int index, const CsvField *field, ColumnType type) {
    int64_t integer;
    double real;
    if (field->kind == CSV_NULL) {
        statement_bind_null(statement, index);
    } else if (type == TYPE_INTEGER) {
        if (!column_type_to_integer(field->bytes, field->length, &integer)) return false;
        statement_bind_integer(statement, index, integer);
    } else if (type == TYPE_REAL) {
        if (!column_type_to_real(field->bytes, field->length, &real)) return false;
        statement_bind_real(statement, index, real);
    } else if (field->kind == CSV_ESCAPED) {
        char *value = arena_allocate(load->ctx->arena, field->length);
        statement_bind_text(statement, index, value, csv_copy_value(field, value));
    } else {
        statement_bind_text(statement, index, field->bytes, field->length);
    }
    return true;
}

static bool refuse_change(const Load *load, Error *err) {
    error_set(err, ERROR_SEED, "%s changed while it was being read", load->file->shown);
    return error_hint(err, "Run it again when the file is complete: devbox db seed");
}

static bool bind_row(const Load *load, Statement *statement, int first_index, const CsvField *fields, Error *err) {
    for (size_t i = 0; i < load->column_count; i++) {
        if (bind_value(load, statement, first_index + (int)i, &fields[i], load->columns[i].type)) continue;
        return refuse_change(load, err);
    }
    return true;
}

static bool insert_rows(const Load *load, Statement *statement, const CsvField *fields, size_t rows, Error *err) {
    ArenaMark mark = arena_mark(load->ctx->arena);
    bool has_row;
    for (size_t row = 0; row < rows; row++) {
        size_t first = row * load->column_count;
        if (!bind_row(load, statement, (int)first + 1, fields + first, err)) return false;
    }
    if (!statement_step(statement, &has_row, err) || !statement_reset(statement, err)) return false;
    arena_reset(load->ctx->arena, mark);
    return true;
}

static bool insert_rest(const Load *load, const CsvField *fields, size_t rows, Error *err) {
    cleanup_statement Statement *statement = NULL;
    if (rows == 0 || has_surprise(load)) return true;
    return prepare_insert(load, rows, &statement, err) && insert_rows(load, statement, fields, rows, err);
}

static bool check_cancel(const Load *load, Error *err) {
    if (load->rows % ROWS_PER_MESSAGE == 0) {
        event_step_progress(load->ctx, "sandbox", "%s: %s rows", load->file->shown, text_number(load->ctx->arena, load->rows));
    }
    return !context_is_cancelled(load->ctx) || error_set(err, ERROR_INTERRUPTED, "loading %s was interrupted", load->file->shown);
}

// Inserts all rows, until a surprise: from there on it only looks, for the types of a second attempt.
static bool fill_table(Load *load, Error *err) {
    size_t batch = MOST_VARIABLES / load->column_count, collected = 0, count = 0;
    if (batch > ROWS_PER_INSERT) batch = ROWS_PER_INSERT;
    cleanup_statement Statement *statement = NULL;
    CsvField *fields = arena_allocate_array(load->ctx->arena, batch * load->column_count, sizeof *fields);
    if (!prepare_insert(load, batch, &statement, err)) return false;
    csv_seek(&load->reader, load->body);
    for (;;) {
        CsvField *row = fields + collected * load->column_count;
        if (!csv_read(&load->reader, row, load->column_count, &count, err)) return false;
        if (count == 0) break;
        if (!observe(load, row, err)) return false;
        load->rows++;
        if (++collected < batch) continue;
        collected = 0;
        if (!has_surprise(load) && !insert_rows(load, statement, fields, batch, err)) return false;
        if (!check_cancel(load, err)) return false;
    }
    return insert_rest(load, fields, collected, err);
}

static bool drop_table(const Load *load, Error *err) {
    const char *name = database_quote_identifier(load->ctx->arena, load->file->table);
    return database_execute(load->db, arena_format(load->ctx->arena, "DROP TABLE %s", name), err);
}

static bool load_rows(Load *load, SeedTable *table, Error *err) {
    for (int attempt = 1;; attempt++) {
        bool has_changed;
        load->rows = 0;
        if (!create_table(load, table, err) || !fill_table(load, err)) return false;
        conclude_types(load, &has_changed);
        if (!has_changed) return true;
        if (attempt == MOST_ATTEMPTS) return refuse_change(load, err);
        if (!drop_table(load, err)) return false;
    }
}

bool seed_loader_load(Context *ctx, Database *db, const SeedFile *file, SeedTable *table, Error *err) {
    cleanup_mapped_file MappedFile content = {0};
    SeedTable loaded;
    if (!mapped_file_open(file->path, &content, err)) return false;
    Load load = {.ctx = ctx, .db = db, .file = file};
    load.reader = csv_reader(content.bytes, content.length, file->delimiter, file->shown);
    if (!csv_check_text(&load.reader, err) || !read_header(&load, err) || !sample_types(&load, err)) return false;
    if (!load_rows(&load, &loaded, err)) return false;
    loaded.rows = load.rows;
    *table = loaded;
    return true;
}
