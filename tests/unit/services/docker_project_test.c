// fakes: docker
#include "services/docker_project.h"

#include "base/text.h"
#include "fakes/fake_docker.h"
#include "support/checkout.h"

#define LIST_ALL(containers)                                                                 \
    {.call = "list com.docker.compose.project=shop", .answer = containers}, {                \
        .call = "list dev.devbox.instance=ab", .answer = "[{\"Id\":\"c1\"},{\"Id\":\"c3\"}]" \
    }

static bool find(Checkout *checkout, DockerProject *found) {
    return docker_project_find(&checkout->ctx, &fake_docker_engine, "com.docker.compose.project=shop", "dev.devbox.instance=ab",
                               found, &checkout->err);
}

static void each_thing_is_found_once(void **state) {
    Checkout *checkout = *state;
    DockerProject found;
    const FakeDockerAnswer script[] = {
        LIST_ALL("[{\"Id\":\"c1\"},{\"Id\":\"c2\"}]"),
        {.call = "GET /networks?filters=label=com.docker.compose.project=shop",
         .answer = "[{\"Id\":\"n1\",\"Name\":\"shop_default\"}]"},
        {.call = "GET /volumes?filters=label=com.docker.compose.project=shop",
         .answer = "{\"Volumes\":[{\"Name\":\"v1\"},{\"Name\":\"v2\"}]}"},
    };
    fake_docker_script(script, sizeof script / sizeof *script);
    assert_true(find(checkout, &found));
    assert_string_equal(text_join(checkout->arena, &found.containers, " "), "c1 c2 c3");
    assert_string_equal(text_join(checkout->arena, &found.networks, " "), "n1");
    assert_string_equal(text_join(checkout->arena, &found.volumes, " "), "v1 v2");
    fake_docker_assert_used();
}

static void an_engine_without_anything_of_it_gives_nothing(void **state) {
    Checkout *checkout = *state;
    DockerProject found;
    const FakeDockerAnswer script[] = {
        {.call = "list com.docker.compose.project=shop", .answer = "[]"},
        {.call = "list dev.devbox.instance=ab", .answer = "[]"},
        {.call = "GET /networks*", .answer = "[]"},
        {.call = "GET /volumes*", .answer = "{\"Volumes\":null}"},
    };
    fake_docker_script(script, sizeof script / sizeof *script);
    assert_true(find(checkout, &found));
    assert_int_equal(found.containers.count + found.networks.count + found.volumes.count, 0);
}

static void a_lost_engine_is_an_error(void **state) {
    Checkout *checkout = *state;
    DockerProject found;
    const FakeDockerAnswer script[] = {
        LIST_ALL("[]"),
        {.call = "GET /networks*", .failure = ERROR_SERVICE, .answer = "the engine is gone"},
    };
    fake_docker_script(script, sizeof script / sizeof *script);
    assert_false(find(checkout, &found));
    assert_string_equal(checkout->err.message, "the engine is gone");
}

static DockerProject all_kinds(Checkout *checkout) {
    DockerProject project = {0};
    list_push(checkout->arena, &project.containers, "c1");
    list_push(checkout->arena, &project.networks, "n1");
    list_push(checkout->arena, &project.volumes, "shop postgres");
    return project;
}

static void containers_go_by_themselves_and_what_is_gone_is_done(void **state) {
    Checkout *checkout = *state;
    DockerProject project = all_kinds(checkout);
    const FakeDockerAnswer script[] = {
        {.call = "remove c1"},
        {.call = "DELETE /networks/n1"},
        {.call = "DELETE /volumes/shop%20postgres", .answer = "{}"},
    };
    fake_docker_script(script, sizeof script / sizeof *script);
    assert_true(docker_project_remove_containers(&checkout->ctx, &fake_docker_engine, &project, &checkout->err));
    assert_true(docker_project_remove_rest(&checkout->ctx, &fake_docker_engine, &project, &checkout->err));
    fake_docker_assert_used();
}

static void what_is_in_use_stays_and_is_said(void **state) {
    Checkout *checkout = *state;
    DockerProject project = all_kinds(checkout);
    const FakeDockerAnswer script[] = {
        {.call = "DELETE /networks/n1", .failure = ERROR_SERVICE, .answer = "network n1 has active endpoints"},
    };
    fake_docker_script(script, sizeof script / sizeof *script);
    assert_false(docker_project_remove_rest(&checkout->ctx, &fake_docker_engine, &project, &checkout->err));
    assert_string_equal(checkout->err.message, "network n1 has active endpoints");
    fake_docker_assert_used();
}

int main(void) {
    const struct CMUnitTest tests[] = {
        test_with_checkout(each_thing_is_found_once),         test_with_checkout(an_engine_without_anything_of_it_gives_nothing),
        test_with_checkout(a_lost_engine_is_an_error),        test_with_checkout(containers_go_by_themselves_and_what_is_gone_is_done),
        test_with_checkout(what_is_in_use_stays_and_is_said),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
