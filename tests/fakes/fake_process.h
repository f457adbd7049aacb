// A scripted stand-in for io/process: every call must match the next row of the script, and gets its canned end.
// First line of the test: "// fakes: process". Nothing is ever started.
#pragma once
#include "io/process.h"

// Children get this one plus their place in the script: above every real pid, so that a kill or wait by mistake reaches nobody.
enum { FAKE_PROCESS_FIRST_PID = 5000000 };

typedef struct FakeChild {
    const char *command;     // pattern (fnmatch) over the arguments joined by blanks: "*/uv pip install *"
    ProcessOutcome outcome;  // how it ends; 0: PROCESS_EXITED
    int exit_code, signal;
    const char *output, *errors;              // NULL: ""
    ErrorCode error;                          // it cannot even be run: the call returns false with this code
    const char *variable;                     // "KEY=value" that its environment must hold; NULL: any
    const char *folder, *input;               // what these must be; NULL: any
    void (*effect)(const ProcessSpec *spec);  // what the real one would leave behind, such as a file; NULL: nothing
} FakeChild;

// Sets the script (not copied) and forgets programs, commands and calls of the test before.
void fake_process_script(const FakeChild *children, size_t count);

// Fails the test when a row was not used. Call it at the end of every test that sets a script.
void fake_process_assert_used(void);

// Makes process_find_program know a program; without, every program is missing.
void fake_process_add_program(const char *name, const char *path);

// All commands so far, one a line, in the form the patterns see.
const char *fake_process_commands(void);
