#include "io/signals.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

static volatile sig_atomic_t stop_requests, last_request;
static int wake_ends[2] = {-1, -1};

static void handle(int signal_number) {
    int saved = errno;
    if (signal_number != SIGCHLD) {
        stop_requests++;
        last_request = signal_number;
    }
    // A full pipe is awake already.
    ssize_t written = write(wake_ends[1], "", 1);
    (void)written;
    errno = saved;
}

static void install(int signal_number) {
    struct sigaction action = {.sa_handler = handle, .sa_flags = SA_RESTART}, old;
    sigemptyset(&action.sa_mask);
    sigaction(signal_number, NULL, &old);
    // `nohup devbox …` and `devbox … &` of a script mean what they say. An ignored SIGCHLD would lose exit codes.
    if (signal_number != SIGCHLD && old.sa_handler == SIG_IGN) return;
    sigaction(signal_number, &action, NULL);
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, signal_number);
    sigprocmask(SIG_UNBLOCK, &set, NULL);
}

int signals_wake_fd(void) {
    if (wake_ends[0] >= 0) return wake_ends[0];
    int ends[2];
    if (pipe(ends) != 0) return -1;
    for (int i = 0; i < 2; i++) {
        wake_ends[i] = fcntl(ends[i], F_DUPFD_CLOEXEC, 3);
        close(ends[i]);
        fcntl(wake_ends[i], F_SETFL, O_NONBLOCK);
    }
    signal(SIGPIPE, SIG_IGN);
    install(SIGCHLD);
    return wake_ends[0];
}

volatile sig_atomic_t *signals_install(void) {
    signals_wake_fd();
    install(SIGINT);
    install(SIGTERM);
    install(SIGHUP);
    return &stop_requests;
}

int signals_last(void) { return last_request; }

void signals_drain(void) {
    char bytes[256];
    while (wake_ends[0] >= 0 && read(wake_ends[0], bytes, sizeof bytes) > 0) {
    }
}
