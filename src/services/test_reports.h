// Where the reports of a test go: files that were asked for, the checkout's last report, a job of GitHub Actions.
#pragma once
#include "services/project.h"

// The last report of the checkout, which `devbox open report` shows.
#define LAST_REPORT "report.html"

// Before the test: makes the file's folder, and says at once when the file cannot be written there.
bool test_reports_prepare(Context *ctx, const char *path, Error *err) MUST_USE;

// After it: replaces the file.
bool test_reports_write(Context *ctx, const char *path, const char *content, Error *err) MUST_USE;

// Keeps the page as the checkout's last report; a warning when that fails, as nobody asked for it.
void test_reports_keep(Context *ctx, const Project *project, const char *page);

// True inside a job of GitHub Actions, which reads annotations from the output.
bool test_reports_are_for_github(void);

// The checkout's folder as its repository knows it, "." when they are the same.
const char *test_reports_repository_folder(Arena *arena, const Project *project);

// Adds to the job's summary; done already where the job has none.
bool test_reports_add_summary(const char *markdown, Error *err) MUST_USE;
