#include "model/docker_frames.h"

static bool take_header(DockerFrames *frames, const char **bytes, size_t *length) {
    if (frames->header_length == sizeof frames->header) frames->header_length = 0;  // that frame is over
    while (frames->header_length<sizeof frames->header && * length> 0) {
        frames->header[frames->header_length++] = (unsigned char)**bytes;
        ++*bytes;
        --*length;
    }
    if (frames->header_length < sizeof frames->header) return false;
    const unsigned char *header = frames->header;
    frames->is_broken = header[0] > DOCKER_SYSTEM_ERROR || header[1] != 0 || header[2] != 0 || header[3] != 0;
    frames->left = (uint32_t)header[4] << 24 | (uint32_t)header[5] << 16 | (uint32_t)header[6] << 8 | header[7];
    return !frames->is_broken;
}

bool docker_frames_next(DockerFrames *frames, const char **bytes, size_t *length, DockerPiece *piece) {
    while (!frames->is_broken && *length > 0) {
        if (frames->left > 0) {
            size_t taken = *length < frames->left ? *length : frames->left;
            *piece = (DockerPiece){.stream = (DockerStream)frames->header[0], .bytes = *bytes, .length = taken};
            *bytes += taken;
            *length -= taken;
            frames->left -= (uint32_t)taken;
            return true;
        }
        if (!take_header(frames, bytes, length)) return false;
    }
    return false;
}

bool docker_frames_may_end(const DockerFrames *frames) {
    return !frames->is_broken && frames->left == 0 &&
           (frames->header_length == 0 || frames->header_length == sizeof frames->header);
}
