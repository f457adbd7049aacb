// Comparing text with a checked-in file of tests/golden; DEVBOX_UPDATE_GOLDEN=1 writes the file anew, to be read before it is committed.
#pragma once
#include <stdio.h>
#include <stdlib.h>

#include "support/test.h"

static inline const char *golden_read(Arena *arena, const char *path) {
    FILE *file = fopen(path, "r");
    if (file == NULL) return "";
    enum { LARGEST = 1 << 20 };
    char *content = arena_allocate(arena, LARGEST);
    size_t length = fread(content, 1, LARGEST - 1, file);
    content[length] = '\0';
    fclose(file);
    return content;
}

static inline void assert_golden(Arena *arena, const char *name, const char *actual) {
    const char *path = arena_format(arena, "%s/golden/%s", TEST_DATA, name);
    if (getenv("DEVBOX_UPDATE_GOLDEN") != NULL) {
        FILE *file = fopen(path, "w");
        assert_non_null(file);
        fputs(actual, file);
        fclose(file);
    }
    const char *expected = golden_read(arena, path);
    if (strcmp(expected, actual) != 0) print_error("%s differs; this run gives:\n%s", path, actual);
    assert_string_equal(actual, expected);
}
