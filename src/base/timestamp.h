// Points in time as other programs write them.
#pragma once
#include <stdbool.h>

// "2026-11-23T08:12:44.123456+00:00", a blank for the T, whatever follows → milliseconds since 1970; 0 when it is no such time.
long long timestamp_parse(const char *text);

// True for an ISO 8601 date of the calendar, "2026-01-31", alone or with a time: "2026-01-31T06:30", "2026-01-31 06:30:00.5+02:00",
// "2026-01-31T06:30Z".
bool timestamp_is_iso(const char *text);
