// Scope-bound release of system handles: cleanup_fd int fd = open(…); closes when the scope ends.
#pragma once
#include <dirent.h>
#include <stdio.h>
#include <unistd.h>

static inline void cleanup_close_fd(const int *fd) {
    if (*fd >= 0) close(*fd);
}

static inline void cleanup_close_file(FILE **file) {
    if (*file != NULL) fclose(*file);
}

static inline void cleanup_close_directory(DIR **directory) {
    if (*directory != NULL) closedir(*directory);
}

#define cleanup_fd __attribute__((cleanup(cleanup_close_fd)))
#define cleanup_file __attribute__((cleanup(cleanup_close_file)))
#define cleanup_directory __attribute__((cleanup(cleanup_close_directory)))
