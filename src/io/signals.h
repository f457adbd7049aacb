// Ctrl-C and friends: counted, never acted on in the handler.
#pragma once
#include <signal.h>

// Installs handlers for INT, TERM and HUP that count into the returned flag, and ignores PIPE.
volatile sig_atomic_t *signals_install(void);

// A descriptor that becomes readable at a signal (also SIGCHLD), for poll loops; drain with signals_drain.
int signals_wake_fd(void);
void signals_drain(void);
