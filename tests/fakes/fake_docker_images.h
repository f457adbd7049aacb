// The images of an engine, as a list. Replaces services/docker_images.c and docker_build.c.
#pragma once
#include "services/docker_images.h"

typedef struct FakeImages {
    StringList there;          // names of images that exist
    StringList pulled, built;  // what the code under test asked for, in order
    ErrorCode failure;         // of pulls and builds
} FakeImages;

extern FakeImages fake_images;  // empty it at the start of a test
