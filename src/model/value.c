#include "model/value.h"

#include <stdlib.h>
#include <string.h>

static Value *create(Arena *arena, ValueKind kind) {
    Value *value = arena_allocate(arena, sizeof *value);
    value->kind = kind;
    return value;
}

Value *value_null(Arena *arena) { return create(arena, VALUE_NULL); }

Value *value_bool(Arena *arena, bool boolean) {
    Value *value = create(arena, VALUE_BOOL);
    value->boolean = boolean;
    return value;
}

Value *value_integer(Arena *arena, int64_t integer) {
    Value *value = create(arena, VALUE_INTEGER);
    value->integer = integer;
    return value;
}

Value *value_real(Arena *arena, double real) {
    Value *value = create(arena, VALUE_REAL);
    value->real = real;
    return value;
}

Value *value_string(Arena *arena, const char *string) {
    if (string == NULL) return value_null(arena);
    Value *value = create(arena, VALUE_STRING);
    value->string = string;
    return value;
}

Value *value_array(Arena *arena) { return create(arena, VALUE_ARRAY); }

Value *value_object(Arena *arena) { return create(arena, VALUE_OBJECT); }

static void push_member(Arena *arena, Value *parent, const char *key, Value *member) {
    if (parent->count == parent->capacity) {
        size_t capacity = parent->capacity == 0 ? 8 : parent->capacity * 2;
        ValueMember *members = arena_allocate_array(arena, capacity, sizeof *members);
        if (parent->count > 0) memcpy(members, parent->members, parent->count * sizeof *members);
        parent->members = members;
        parent->capacity = capacity;
    }
    parent->members[parent->count++] = (ValueMember){.key = key, .value = member};
}

void value_append(Arena *arena, Value *array, Value *item) { push_member(arena, array, NULL, item); }

static ValueMember *find_member(const Value *object, const char *key) {
    for (size_t i = 0; i < object->count; i++) {
        if (strcmp(object->members[i].key, key) == 0) return &object->members[i];
    }
    return NULL;
}

void value_set(Arena *arena, Value *object, const char *key, Value *member) {
    ValueMember *earlier = find_member(object, key);
    if (earlier == NULL) {
        push_member(arena, object, key, member);
    } else {
        earlier->value = member;
    }
}

void value_set_string(Arena *arena, Value *object, const char *key, const char *string) {
    value_set(arena, object, key, value_string(arena, string));
}

void value_set_integer(Arena *arena, Value *object, const char *key, int64_t integer) {
    value_set(arena, object, key, value_integer(arena, integer));
}

void value_set_bool(Arena *arena, Value *object, const char *key, bool boolean) {
    value_set(arena, object, key, value_bool(arena, boolean));
}

const Value *value_get(const Value *object, const char *key) {
    if (object == NULL || object->kind != VALUE_OBJECT) return NULL;
    const ValueMember *member = find_member(object, key);
    return member == NULL ? NULL : member->value;
}

const char *value_get_string(const Value *object, const char *key, const char *fallback) {
    const Value *member = value_get(object, key);
    return member != NULL && member->kind == VALUE_STRING ? member->string : fallback;
}

int64_t value_get_integer(const Value *object, const char *key, int64_t fallback) {
    const Value *member = value_get(object, key);
    return member != NULL && member->kind == VALUE_INTEGER ? member->integer : fallback;
}

bool value_get_bool(const Value *object, const char *key, bool fallback) {
    const Value *member = value_get(object, key);
    return member != NULL && member->kind == VALUE_BOOL ? member->boolean : fallback;
}

Value *value_from_strings(Arena *arena, const StringList *strings) {
    Value *array = value_array(arena);
    list_each(const char *const, string, strings) value_append(arena, array, value_string(arena, *string));
    return array;
}

StringList value_strings(Arena *arena, const Value *array) {
    StringList strings = {0};
    if (array == NULL || array->kind != VALUE_ARRAY) return strings;
    for (size_t i = 0; i < array->count; i++) {
        const Value *item = array->members[i].value;
        if (item->kind == VALUE_STRING) list_push(arena, &strings, item->string);
    }
    return strings;
}
