// A dbt that reads the models and nothing else: one that holds the word "broken" is red. Replaces services/dbt.c.
#pragma once
#include "services/dbt.h"

typedef struct FakeDbt {
    int tests;          // how often the code under test asked
    ErrorCode failure;  // instead of a verdict
} FakeDbt;

extern FakeDbt fake_dbt;
