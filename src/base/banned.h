// Calls that devbox never makes: each has a safer way in base/ or io/. Included into every file by the build.
#pragma once
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#pragma GCC poison sprintf vsprintf strcpy strcat strtok gets system popen atoi
