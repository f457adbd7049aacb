// Ctrl-C and friends: counted, never acted on in the handler.
#pragma once
#include <signal.h>

// Installs handlers for INT, TERM and HUP that count into the returned flag, and ignores PIPE. What our parent ignores (nohup)
// stays so.
volatile sig_atomic_t *signals_install(void);

// Which of the three arrived last, 0 while none did: Ctrl-C reaches foreground children by itself, the other two do not.
int signals_last(void);

// A descriptor that becomes readable at a signal (also SIGCHLD, whose handler it installs), for poll loops; drain with
// signals_drain.
int signals_wake_fd(void);
void signals_drain(void);
