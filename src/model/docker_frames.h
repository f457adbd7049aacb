// The two output streams of a program in a container, as the engine sends them over one connection: frames of eight bytes
// (stream, three zeros, length) and content. With a terminal there are no frames.
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef enum DockerStream { DOCKER_STDIN, DOCKER_STDOUT, DOCKER_STDERR, DOCKER_SYSTEM_ERROR } DockerStream;

typedef struct DockerFrames {
    unsigned char header[8];
    size_t header_length;
    uint32_t left;  // of the frame's content
    bool is_broken;
} DockerFrames;

typedef struct DockerPiece {
    DockerStream stream;
    const char *bytes;  // points into what was given
    size_t length;
} DockerPiece;

// The next piece of content in *bytes, which moves on; false when all were taken or the stream is broken. Frames may be cut
// anywhere between calls.
bool docker_frames_next(DockerFrames *frames, const char **bytes, size_t *length, DockerPiece *piece);

// True when nothing is half received.
bool docker_frames_may_end(const DockerFrames *frames);
