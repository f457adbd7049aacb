// Points in time as other programs write them.
#pragma once

// "2026-11-23T08:12:44.123456+00:00", a blank for the T, whatever follows → milliseconds since 1970; 0 when it is no such time.
long long timestamp_parse(const char *text);
