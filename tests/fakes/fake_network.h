// TCP ports that are busy because a test says so. Replaces io/network.c.
#pragma once

// Forgets all busy ports.
void fake_network_reset(void);

// Somebody listens on this port from now on; `family` is AF_INET or AF_INET6.
void fake_network_occupy(int port, int family);

// Nobody does any more.
void fake_network_release(int port);
