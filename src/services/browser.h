// Showing a page in the user's browser.
#pragma once
#include "base/context.h"

// Opens the page: with $BROWSER (programs separated by colons, %s stands for the address), else as the desktop does. Returns NULL
// when that went well, else why there is no page to be seen.
const char *browser_open(Context *ctx, const char *url);
