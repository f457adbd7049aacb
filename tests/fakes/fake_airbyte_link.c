#include "fakes/fake_airbyte_link.h"

#include "services/airbyte_link.h"

bool fake_airbyte_link_fails;
int fake_airbyte_link_calls;

bool airbyte_link_airflow(Context *ctx, const Project *project, Error *err) {
    (void)ctx;
    (void)project;
    fake_airbyte_link_calls++;
    return !fake_airbyte_link_fails || error_set(err, ERROR_DATABASE, "the database is locked");
}
