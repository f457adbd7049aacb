// Remembers what seed files hashed to, so that an unchanged file is not even read. Losing it costs time, never correctness.
#pragma once
#include "services/seed_files.h"

typedef struct SeedMemo SeedMemo;

SeedMemo *seed_memo_open(Context *ctx, const Project *project);

// SHA-256 of the file's content and of all that decides how it is loaded.
bool seed_memo_hash(SeedMemo *memo, const SeedFile *file, const char **content_hash, Error *err) MUST_USE;

// How many rows the file with this hash gave; -1 when unknown.
long long seed_memo_rows(const SeedMemo *memo, const SeedFile *file, const char *content_hash);
void seed_memo_set_rows(SeedMemo *memo, const SeedFile *file, const char *content_hash, long long rows);

// Writes it if something is new.
void seed_memo_save(SeedMemo *memo);
