// A clock that stands still until a test moves it; sleeping moves it at once. Replaces io/clock.c.
#pragma once

// Sets both clocks; before the first call they stand at 0.
void fake_clock_set(long long monotonic_ms, long long wall_ms);

// Moves both clocks on.
void fake_clock_advance(long long duration_ms);

// Called whenever the code under test sleeps, after the clock moved: what happens in the world meanwhile. NULL: nothing.
void fake_clock_on_sleep(void (*action)(void));

// How long the code under test slept since fake_clock_set.
long long fake_clock_slept_ms(void);
