// .airflowignore as Airflow reads it: regular expressions in 2.x, gitignore patterns in 3.x, inherited by the folders below.
#pragma once
#include <stdbool.h>

#include "base/list.h"

typedef enum DagIgnoreSyntax { DAG_IGNORE_REGEXP, DAG_IGNORE_GLOB } DagIgnoreSyntax;

typedef struct DagIgnoreRule {
    const char *pattern;
    const char *folder;  // what it is relative to: the DAG folder (regexp) or the file's own (glob)
    DagIgnoreSyntax syntax;
} DagIgnoreRule;

typedef LIST_OF(DagIgnoreRule) DagIgnoreRuleList;

// The rules that hold in `folder`: the inherited ones and those of its .airflowignore. One that cannot be read adds none.
DagIgnoreRuleList dag_ignore_read(Arena *arena, const char *dags_dir, const char *folder, const DagIgnoreRuleList *inherited,
                                  DagIgnoreSyntax syntax);

// True when Airflow passes over this file or stays out of this folder (absolute path).
bool dag_ignore_matches(Arena *arena, const DagIgnoreRuleList *rules, const char *path);

// The line of the DAG folder's own .airflowignore that leaves out this folder (a path below the DAG folder) and what is in it.
const char *dag_ignore_rule_for(Arena *arena, const char *relative, DagIgnoreSyntax syntax);
