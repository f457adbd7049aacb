// Tests of DAGs that read the files and nothing else: a file that holds the word "broken" is red. Replaces services/dag_tests.c.
#pragma once
#include "services/dag_tests.h"

typedef struct FakeDagTests {
    int checks, runs;       // how often the code under test asked
    ErrorCode failure;      // instead of a verdict
    int fails_from;         // the first check that ends so; 0: all
    const char *detail;     // of that failure or of a red file; NULL: none
    const char *message;    // of a red file; NULL: "ImportError: broken"
    long long takes_ms;     // real time that a check takes
    const char *last_root;  // of the project that was tested last
    long long timeout_ms;   // that the last check was given
    StringList ran;         // ids of the DAGs that were run
    StringList paths;       // that the last check was given
    DagChanges changes;     // what a test of changes finds
    DagCheck check;         // what the last check of the working tree was asked for
    size_t selected_from;   // how many files DAGs were selected from; 0: all
} FakeDagTests;

extern FakeDagTests fake_dag_tests;
