// A JSON-like tree in an arena: what commands return, what --json prints, what state files hold.
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "base/list.h"

typedef enum ValueKind { VALUE_NULL, VALUE_BOOL, VALUE_INTEGER, VALUE_REAL, VALUE_STRING, VALUE_ARRAY, VALUE_OBJECT } ValueKind;

typedef struct Value Value;

typedef struct ValueMember {
    const char *key;  // NULL in an array
    Value *value;
} ValueMember;

struct Value {
    ValueKind kind;
    bool boolean;
    int64_t integer;
    double real;
    const char *string;
    ValueMember *members;  // of an array or object, in order
    size_t count, capacity;
};

Value *value_null(Arena *arena);
Value *value_bool(Arena *arena, bool boolean);
Value *value_integer(Arena *arena, int64_t integer);
Value *value_real(Arena *arena, double real);
Value *value_string(Arena *arena, const char *string);  // NULL gives null
Value *value_array(Arena *arena);
Value *value_object(Arena *arena);

// Appends to an array.
void value_append(Arena *arena, Value *array, Value *item);

// Sets a member of an object; the key is kept, not copied. An existing key is replaced.
void value_set(Arena *arena, Value *object, const char *key, Value *member);
void value_set_string(Arena *arena, Value *object, const char *key, const char *string);
void value_set_integer(Arena *arena, Value *object, const char *key, int64_t integer);
void value_set_bool(Arena *arena, Value *object, const char *key, bool boolean);

// Readers that never fail: a missing or differently typed member gives the fallback. `object` may be NULL.
const Value *value_get(const Value *object, const char *key);  // NULL when absent
const char *value_get_string(const Value *object, const char *key, const char *fallback);
int64_t value_get_integer(const Value *object, const char *key, int64_t fallback);
bool value_get_bool(const Value *object, const char *key, bool fallback);

// An array of these strings.
Value *value_from_strings(Arena *arena, const StringList *strings);

// The strings of an array, other items left out; none when it is no array. `array` may be NULL.
StringList value_strings(Arena *arena, const Value *array);
