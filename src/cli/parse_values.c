#include "cli/parse_values.h"

#include "base/text.h"

static bool refuse(const Option *option, const char *value, const char *wanted, Error *err) {
    error_set(err, ERROR_USAGE, "--%s does not take '%s'", option->name, value);
    return error_hint(err, "give %s", wanted);
}

static bool store_choice(const Option *option, const char *value, void *place, Error *err) {
    StringList choices = {0};
    for (const char *const *choice = option->choices; *choice != NULL; choice++) {
        if (text_equals(*choice, value)) {
            *(const char **)place = *choice;
            return true;
        }
        list_push(err->arena, &choices, *choice);
    }
    const char *wanted = arena_format(err->arena, "one of: %s", text_join(err->arena, &choices, ", "));
    return refuse(option, value, wanted, err);
}

static bool store_list(const char *value, StringList *list, Arena *arena) {
    StringList parts = text_split(arena, value, ',');
    list_each (const char *, part, &parts) {
        if (**part != '\0') list_push(arena, list, *part);
    }
    return true;
}

bool option_store(const Option *option, const char *value, void *place, Error *err) {
    switch (option->kind) {
        case OPTION_FLAG:
            *(bool *)place = true;
            return true;
        case OPTION_COUNT:
            *(int *)place += 1;
            return true;
        case OPTION_STRING:
            *(const char **)place = value;
            return true;
        case OPTION_LIST:
            return store_list(value, place, err->arena);
        case OPTION_CHOICE:
            return store_choice(option, value, place, err);
        case OPTION_INTEGER:
            return text_parse_integer(value, place) || refuse(option, value, "a whole number", err);
        case OPTION_DURATION:
            return text_parse_duration(value, place) || refuse(option, value, "a duration: 500ms, 90s, 5m, 1h", err);
    }
    return true;
}
