// fakes: docker_images
#include "services/airflow_image.h"

#include "base/text.h"
#include "fakes/fake_docker_images.h"
#include "support/checkout.h"

static Project open_checkout(Checkout *checkout) {
    checkout_add_folder(checkout, "dags");
    checkout_add(checkout, "devbox.yaml", "airflow: {version: \"2.10.3\"}\n");
    return checkout_open(checkout);
}

static AirflowImage describe(Checkout *checkout, const Project *project) {
    AirflowProfile profile;
    AirflowImage image;
    assert_true(airflow_profile_load(&checkout->ctx, "2.10.3", &profile, &checkout->err));
    if (!airflow_image_describe(&checkout->ctx, project, &profile, &image, &checkout->err)) fail_msg("%s", checkout->err.message);
    return image;
}

static const char *content_of(const AirflowImage *image, const char *path) {
    list_each(const Pair, file, &image->files) {
        if (text_equals(file->key, path)) return file->value;
    }
    return NULL;
}

static void the_name_tells_all_that_goes_into_it(void **state) {
    Checkout *checkout = *state;
    Project project = open_checkout(checkout);
    AirflowImage first = describe(checkout, &project);
    assert_true(text_starts_with(first.name, "devbox-airflow:2.10.3-"));
    assert_string_equal(first.base, "apache/airflow:2.10.3-python3.11");
    assert_string_equal(describe(checkout, &project).name, first.name);
    checkout_add(checkout, "requirements.txt", "# nothing yet\n");
    project = checkout_open(checkout);
    assert_string_equal(describe(checkout, &project).name, first.name);
    checkout_add(checkout, "requirements.txt", "six==1.16.0\n");
    AirflowImage second = describe(checkout, &project);
    assert_string_not_equal(second.name, first.name);
    assert_string_equal(content_of(&second, "requirements.txt"), "six==1.16.0\n");
    project.config.airflow.image = "registry.example/airflow:ours";
    assert_string_equal(describe(checkout, &project).base, "registry.example/airflow:ours");
    assert_string_not_equal(describe(checkout, &project).name, second.name);
}

static void a_preview_has_none(void **state) {
    Checkout *checkout = *state;
    AirflowProfile profile;
    AirflowImage image;
    Project project = open_checkout(checkout);
    project.config.airflow.image = "registry.example/airflow:ours";
    assert_true(airflow_profile_load(&checkout->ctx, "3.3.2", &profile, &checkout->err));
    assert_false(airflow_image_describe(&checkout->ctx, &project, &profile, &image, &checkout->err));
    assert_string_equal(checkout->err.message, "devbox runs Airflow 3.3.2 natively only");
    assert_int_equal(checkout->err.code, ERROR_CONFIG);
}

static void dbt_is_in_it_only_for_a_checkout_that_has_dbt(void **state) {
    Checkout *checkout = *state;
    Project project = open_checkout(checkout);
    AirflowImage bare = describe(checkout, &project);
    assert_string_equal(content_of(&bare, "dbt.lock"), "");
    checkout_add(checkout, "dbt/dbt_project.yml", "name: shop\n");
    project = checkout_open(checkout);
    AirflowImage image = describe(checkout, &project);
    assert_non_null(strstr(content_of(&image, "dbt.lock"), "dbt-duckdb=="));
}

static const DockerEngine engine = {.api_version = "1.41"};

static bool ensure(Checkout *checkout, const Project *project, const AirflowImage *image, bool *was_there) {
    AirflowImageUse use = {.engine = &engine, .image = image, .step = "images"};
    error_clear(&checkout->err);
    return airflow_image_ensure(&checkout->ctx, project, &use, was_there, &checkout->err);
}

static void only_what_is_missing_is_pulled_and_built(void **state) {
    Checkout *checkout = *state;
    Project project = open_checkout(checkout);
    AirflowImage image = describe(checkout, &project);
    bool was_there = true;
    fake_images = (FakeImages){0};
    assert_true(project_prepare_state(&checkout->ctx, &project, &checkout->err));
    if (!ensure(checkout, &project, &image, &was_there)) fail_msg("%s", checkout->err.message);
    assert_false(was_there);
    assert_true(fake_images.pulled.count == 1 && text_equals(fake_images.pulled.items[0], image.base));
    assert_true(fake_images.built.count == 1 && text_equals(fake_images.built.items[0], image.name));
    // The build context held the user's packages: nothing of it stays.
    assert_false(folder_exists(checkout_path(checkout, ".devbox/tmp/image")));
    assert_true(ensure(checkout, &project, &image, &was_there));
    assert_true(was_there);
    assert_int_equal(fake_images.built.count, 1);
}

static void pull_never_fetches_nothing_and_names_the_image(void **state) {
    Checkout *checkout = *state;
    Project project = open_checkout(checkout);
    AirflowImage image = describe(checkout, &project);
    bool was_there;
    fake_images = (FakeImages){0};
    assert_true(project_prepare_state(&checkout->ctx, &project, &checkout->err));
    project.config.airflow.pull = PULL_NEVER;
    assert_false(ensure(checkout, &project, &image, &was_there));
    assert_int_equal(checkout->err.code, ERROR_RUNTIME_MISSING);
    assert_non_null(strstr(checkout->err.message, image.base));
    assert_non_null(strstr(checkout->err.hint, "docker pull apache/airflow:2.10.3-python3.11"));
    assert_int_equal(fake_images.pulled.count, 0);
}

static void a_pull_or_build_that_fails_leaves_nothing_behind(void **state) {
    Checkout *checkout = *state;
    Project project = open_checkout(checkout);
    AirflowImage image = describe(checkout, &project);
    bool was_there;
    fake_images = (FakeImages){.failure = ERROR_NETWORK};
    assert_true(project_prepare_state(&checkout->ctx, &project, &checkout->err));
    assert_false(ensure(checkout, &project, &image, &was_there));
    assert_int_equal(checkout->err.code, ERROR_NETWORK);
    assert_int_equal(fake_images.built.count, 0);
    list_push(checkout->arena, &fake_images.there, image.base);
    fake_images.failure = ERROR_CHILD;
    assert_false(ensure(checkout, &project, &image, &was_there));
    assert_int_equal(checkout->err.code, ERROR_CHILD);
    assert_false(folder_exists(checkout_path(checkout, ".devbox/tmp/image")));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        test_with_checkout(the_name_tells_all_that_goes_into_it),
        test_with_checkout(a_preview_has_none),
        test_with_checkout(dbt_is_in_it_only_for_a_checkout_that_has_dbt),
        test_with_checkout(only_what_is_missing_is_pulled_and_built),
        test_with_checkout(pull_never_fetches_nothing_and_names_the_image),
        test_with_checkout(a_pull_or_build_that_fails_leaves_nothing_behind),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
