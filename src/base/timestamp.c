#include "base/timestamp.h"

#include <ctype.h>
#include <stdbool.h>
#include <stddef.h>
#include <time.h>

// Exactly `count` digits, then `end` unless that is 0.
static bool take_number(const char **text, int count, char end, int *number) {
    int read = 0;
    for (int i = 0; i < count; i++) {
        if (!isdigit((unsigned char)(*text)[i])) return false;
        read = read * 10 + ((*text)[i] - '0');
    }
    if (end != '\0' && (*text)[count] != end) return false;
    *text += count + (end != '\0');
    *number = read;
    return true;
}

static int take_milliseconds(const char **text) {
    int milliseconds = 0, weight = 100;
    if (**text != '.' && **text != ',') return 0;
    for ((*text)++; isdigit((unsigned char)**text); (*text)++, weight /= 10) milliseconds += weight * (**text - '0');
    return milliseconds;
}

// "+05:30", "-0800", " +0000"; nothing and "Z" are UTC.
static long long take_offset_ms(const char *text) {
    int hours = 0, minutes = 0;
    if (*text == ' ') text++;
    bool is_west = *text == '-';
    if (*text != '+' && !is_west) return 0;
    text++;
    if (!take_number(&text, 2, '\0', &hours)) return 0;
    if (*text == ':') text++;
    if (!take_number(&text, 2, '\0', &minutes)) minutes = 0;
    long long offset_ms = (hours * 60LL + minutes) * 60000LL;
    return is_west ? -offset_ms : offset_ms;
}

static bool is_time(const struct tm *time) {
    bool is_date = time->tm_year >= 1970 && time->tm_mon >= 1 && time->tm_mon <= 12 && time->tm_mday >= 1 && time->tm_mday <= 31;
    return is_date && time->tm_hour < 24 && time->tm_min < 60 && time->tm_sec <= 60;
}

long long timestamp_parse(const char *text) {
    struct tm time = {0};
    if (text == NULL || !take_number(&text, 4, '-', &time.tm_year) || !take_number(&text, 2, '-', &time.tm_mon)) return 0;
    if (!take_number(&text, 2, '\0', &time.tm_mday) || (*text != 'T' && *text != ' ')) return 0;
    text++;
    if (!take_number(&text, 2, ':', &time.tm_hour) || !take_number(&text, 2, ':', &time.tm_min)) return 0;
    if (!take_number(&text, 2, '\0', &time.tm_sec) || !is_time(&time)) return 0;
    int milliseconds = take_milliseconds(&text);
    time.tm_year -= 1900;
    time.tm_mon -= 1;
    return (long long)timegm(&time) * 1000 + milliseconds - take_offset_ms(text);
}

static bool is_calendar_date(int year, int month, int day) {
    struct tm date = {.tm_year = year - 1900, .tm_mon = month - 1, .tm_mday = day};
    timegm(&date);  // carries what there is no such day for into the next month
    return year > 0 && date.tm_mon == month - 1 && date.tm_mday == day;
}

// "Z", "+05:30", "-0800", "+02".
static bool is_offset(const char *text) {
    int hours, minutes = 0;
    if (*text == '\0' || (text[0] == 'Z' && text[1] == '\0')) return true;
    if (*text != '+' && *text != '-') return false;
    text++;
    if (!take_number(&text, 2, '\0', &hours)) return false;
    bool has_minutes = *text != '\0';
    if (*text == ':') text++;
    if (has_minutes && !take_number(&text, 2, '\0', &minutes)) return false;
    return *text == '\0' && hours < 24 && minutes < 60;
}

bool timestamp_is_iso(const char *text) {
    int year, month, day, hour, minute, second = 0;
    if (!take_number(&text, 4, '-', &year) || !take_number(&text, 2, '-', &month) || !take_number(&text, 2, '\0', &day))
        return false;
    if (!is_calendar_date(year, month, day)) return false;
    if (*text == '\0') return true;
    if (*text != 'T' && *text != ' ') return false;
    text++;
    if (!take_number(&text, 2, ':', &hour) || !take_number(&text, 2, '\0', &minute)) return false;
    if (*text == ':') {
        text++;
        if (!take_number(&text, 2, '\0', &second)) return false;
        bool has_fraction = *text == '.' || *text == ',';
        if (has_fraction && !isdigit((unsigned char)text[1])) return false;
        take_milliseconds(&text);
    }
    return hour < 24 && minute < 60 && second < 60 && is_offset(text);
}
