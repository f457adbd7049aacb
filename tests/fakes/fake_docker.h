// A container engine that answers from a script. Replaces services/docker_engine.c, docker_containers.c and the files beside
// them.
//     static const FakeDockerAnswer script[] = {{.call = "GET /containers/shop/json", .answer = "{}"}};
//     fake_docker_script(script, 1);  … run the code …  fake_docker_assert_used();
#pragma once
#include "services/docker_containers.h"

typedef struct FakeDockerAnswer {
    const char *call;    // pattern (fnmatch): "GET /containers/*", "start shop", "stop shop", "list LABEL", "log shop", "exec kubectl get pods *"
    const char *answer;  // JSON of a request, NULL: there is no such thing; stdout of a program; a log
    int exit_code;       // of a program
    ErrorCode failure;   // instead of an answer, with `answer` as the message
    int times;           // in a row; 0: once
} FakeDockerAnswer;

// What docker_engine_find and docker_engine_describe give; fake_docker_script makes it a local one with 16 GB and 8 CPUs.
extern DockerEngine fake_docker_engine;
extern bool fake_docker_is_missing;  // no engine answers

// The calls that are expected, in this order. Any other call fails the test.
void fake_docker_script(const FakeDockerAnswer *answers, size_t count);

// Fails the test when the code under test asked for less than was scripted.
void fake_docker_assert_used(void);
