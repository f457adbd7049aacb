// What the working tree changed since it left another branch, for those who ask what that affects.
#pragma once
#include "io/git_changes.h"
#include "services/project.h"

typedef struct CheckoutChanges {
    GitRepository *repository;  // open; the caller closes it
    GitBase base;
    const char *git_root;  // with links resolved
    StringList paths;      // relative to git_root, sorted; also what lies outside of the checkout
} CheckoutChanges;

// `base` as git_base_find takes it. A checkout that is no git repository is an error; then nothing is open.
bool checkout_changes_find(Context *ctx, const Project *project, const char *base, CheckoutChanges *changes, Error *err) MUST_USE;

// "since origin/main (3f2c1ab)", for people.
const char *checkout_changes_since(Arena *arena, const CheckoutChanges *changes);
