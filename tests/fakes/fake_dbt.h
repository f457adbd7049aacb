// A dbt that reads the models and nothing else: one that holds the word "broken" is red. Replaces services/dbt.c and dbt_tests.c.
#pragma once
#include "services/dbt.h"

typedef struct FakeDbt {
    int tests;               // how often the code under test asked
    ErrorCode failure;       // instead of a verdict
    char saved[200];         // path of the saved file that was tested last
    DbtTestOptions options;  // of the last test
    bool is_unchanged;       // a test of changes finds nothing to test
} FakeDbt;

extern FakeDbt fake_dbt;
