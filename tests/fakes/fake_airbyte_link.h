// Says whether Airflow could be given its connection to Airbyte. Replaces services/airbyte_link.c.
#pragma once
#include <stdbool.h>

extern bool fake_airbyte_link_fails;
extern int fake_airbyte_link_calls;
