// What abctl says while it installs Airbyte: lines to messages, messages to phases, failures to cause and remedy. Pure.
#pragma once
#include "base/error.h"
#include "base/list.h"

typedef enum AbctlLevel { ABCTL_TEXT, ABCTL_DEBUG, ABCTL_INFO, ABCTL_SUCCESS, ABCTL_WARNING, ABCTL_ERROR } AbctlLevel;

typedef struct AbctlMessage {
    AbctlLevel level;  // ABCTL_TEXT: the line has no prefix; it goes on with the message before it
    const char *text;  // without colour, spinner and prefix; "" for a blank line
} AbctlMessage;

typedef LIST_OF(AbctlMessage) AbctlMessageList;

// One line of either stream.
AbctlMessage abctl_message_read(Arena *arena, const char *line);

// A whole output; lines without a prefix are joined to the message before them.
AbctlMessageList abctl_messages_read(Arena *arena, const char *output);

// What abctl is about to do after this message, for people: "pulling airbyte/db:1.7.0-17". NULL: nothing new.
const char *abctl_phase(Arena *arena, const AbctlMessage *message);

typedef struct AbctlFailure {
    ErrorCode code;
    const char *cause;     // "this machine cannot reach …": follows "Airbyte was not installed: "
    const char *remedy;    // never one of abctl's own that would delete something
    const char *evidence;  // abctl's error lines
} AbctlFailure;

// Why an install failed, from everything that abctl wrote (stdout and stderr). What no signal tells is abctl's last error.
AbctlFailure abctl_failure_explain(Arena *arena, const char *output);
