#include "services/compose_file.h"

#include <string.h>

#include "base/text.h"
#include "io/yaml.h"
#include "services/dbt_setup.h"
#include "support/checkout.h"
#include "support/golden.h"

static const DockerEngine engine = {.endpoint = {.address = "unix:///x"}, .is_rootless = true};

static ComposeFile render(Checkout *checkout, const Project *project, int port) {
    AirflowContainer container;
    ComposeFile file;
    if (!airflow_container_describe(&checkout->ctx, project, &engine, port, &container, &checkout->err))
        fail_msg("%s", checkout->err.message);
    // Not those of the machine that runs the test.
    container.image.name = "devbox-airflow:test";
    container.user = "1000:0";
    if (!compose_file_render(&checkout->ctx, project, &container, port, &file, &checkout->err))
        fail_msg("%s", checkout->err.message);
    return file;
}

static Project open_version(Checkout *checkout, const char *version) {
    checkout_add_folder(checkout, "dags");
    checkout_add(
        checkout, "devbox.yaml",
        arena_format(checkout->arena, "runtime: docker\nairflow: {version: \"%s\", env: {COST: \"5$ ${HOME}\"}}\n", version));
    Project project = checkout_open(checkout);
    assert_true(project_prepare_state(&checkout->ctx, &project, &checkout->err));
    return project;
}

static void everything_that_the_template_asks_for_is_filled_in(void **state) {
    static const char *const versions[] = {"2.10.3", "3.0.6"};
    for (size_t i = 0; i < sizeof versions / sizeof *versions; i++) {
        Checkout *checkout = *state;
        Project project = open_version(checkout, versions[i]);
        ComposeFile file = render(checkout, &project, 8081);
        const char *left = strstr(file.text, "${");
        // Only what a user wrote, with its $ doubled for compose.
        while (left != NULL && left > file.text && left[-1] == '$') left = strstr(left + 1, "${");
        if (left != NULL) fail_msg("not filled in: %.40s", left);
        assert_non_null(strstr(file.text, "\"127.0.0.1:8081:8080\""));
        assert_non_null(strstr(file.text, "\"COST\": \"5$$ $${HOME}\""));
        assert_non_null(strstr(file.text, "image: \"devbox-airflow:test\""));
        assert_null(strstr(file.text, "DEVBOX_INSTANCE"));
        assert_null(strstr(file.text, "sqlite:///"));
        assert_null(strstr(file.text, "\nname:"));
    }
}

static void no_cloud_credential_of_the_shell_gets_into_the_file(void **state) {
    Checkout *checkout = *state;
    setenv("AWS_SECRET_ACCESS_KEY", "from-the-shell", 1);
    setenv("MY_SETTING", "of-the-shell", 1);
    Project project = open_version(checkout, "2.10.3");
    ComposeFile file = render(checkout, &project, 8080);
    unsetenv("AWS_SECRET_ACCESS_KEY");
    unsetenv("MY_SETTING");
    assert_null(strstr(file.text, "from-the-shell"));
    assert_null(strstr(file.text, "of-the-shell"));
    assert_non_null(strstr(file.text, "\"AWS_SHARED_CREDENTIALS_FILE\": \"/dev/null\""));
}

static void the_fingerprint_tells_every_change(void **state) {
    Checkout *checkout = *state;
    Project project = open_version(checkout, "2.10.3");
    const char *first = render(checkout, &project, 8080).fingerprint;
    assert_string_equal(render(checkout, &project, 8080).fingerprint, first);
    assert_string_not_equal(render(checkout, &project, 8081).fingerprint, first);
    project.config.airflow.memory = "4g";
    assert_string_not_equal(render(checkout, &project, 8080).fingerprint, first);
    project.config.airflow.memory = "2g";
    checkout_add(checkout, "devbox.compose.yaml", "services: {minio: {image: minio}}\n");
    ComposeFile merged = render(checkout, &project, 8080);
    assert_non_null(merged.override_path);
    assert_string_not_equal(merged.fingerprint, first);
}

static void the_name_of_the_project_is_one_that_compose_takes(void **state) {
    static const struct {
        const char *folder, *expected;
    } names[] = {
        {"shop", "devbox-shop-0f3a9c"}, {"My Platform", "devbox-my-platform-0f3a9c"}, {"größe", "devbox-gr----e-0f3a9c"}};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        Project project = {.name = names[i].folder, .instance = "0f3a9c112233"};
        assert_string_equal(compose_project_name(((Checkout *)*state)->arena, &project), names[i].expected);
    }
}

static void the_file_is_for_its_owner_alone_and_names_the_project_for_compose(void **state) {
    Checkout *checkout = *state;
    Project project = open_version(checkout, "3.0.6");
    ComposeFile file = render(checkout, &project, 8080);
    char *settings;
    assert_true(compose_file_write(&checkout->ctx, &file, &checkout->err));
    assert_int_equal(file_info(file.path).mode, 0600);
    assert_true(file_read(checkout->arena, file.settings_path, &settings, NULL, &checkout->err));
    assert_string_equal(settings, arena_format(checkout->arena, "COMPOSE_PROJECT_NAME=%s\n", file.project));
}

static void a_checkout_where_airflow_itself_lies_is_refused(void **state) {
    Checkout *checkout = *state;
    AirflowContainer container;
    Project project = open_version(checkout, "2.10.3");
    project.root = "/opt";
    assert_false(airflow_container_describe(&checkout->ctx, &project, &engine, 8080, &container, &checkout->err));
    assert_int_equal(checkout->err.code, ERROR_CHECKOUT);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        test_with_checkout(everything_that_the_template_asks_for_is_filled_in),
        test_with_checkout(no_cloud_credential_of_the_shell_gets_into_the_file),
        test_with_checkout(the_fingerprint_tells_every_change),
        test_with_checkout(the_name_of_the_project_is_one_that_compose_takes),
        test_with_checkout(the_file_is_for_its_owner_alone_and_names_the_project_for_compose),
        test_with_checkout(a_checkout_where_airflow_itself_lies_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
