#include "services/project.h"

#include <unistd.h>

#include "base/text.h"
#include "support/checkout.h"

static void assert_fails(Checkout *checkout, const char *folder, ErrorCode code, const char *part) {
    Project project = {.name = "untouched"};
    error_clear(&checkout->err);
    assert_false(project_open(&checkout->ctx, folder, &project, &checkout->err));
    assert_int_equal(checkout->err.code, code);
    if (strstr(checkout->err.message, part) == NULL) fail_msg("%s", checkout->err.message);
    assert_non_null(checkout->err.hint);
    assert_string_equal(project.name, "untouched");
}

static const char *root_from(Checkout *checkout, const char *folder) {
    Project project;
    bool is_open = project_open(&checkout->ctx, checkout_path(checkout, folder), &project, &checkout->err);
    if (!is_open) print_message("%s\n", checkout->err.message);
    assert_true(is_open);
    return project.root;
}

static void a_dags_folder_is_enough(void **state) {
    Checkout *checkout = *state;
    checkout_add_folder(checkout, "dags");
    Project project = checkout_open(checkout);
    assert_string_equal(project.root, checkout->root);
    assert_string_equal(project.name, path_name(checkout->root));
    assert_string_equal(project.state, checkout_path(checkout, ".devbox"));
    assert_string_equal(project.dags_dir, checkout_path(checkout, "dags"));
    assert_string_equal(project.plugins_dir, checkout_path(checkout, "plugins"));
    assert_string_equal(project.seeds_dir, checkout_path(checkout, "seeds"));
    assert_null(project.dbt_dir);
    assert_null(project.config.path);
    assert_null(project.config.airflow.requirements);
    assert_int_equal(project.dotenv.count, 0);
    assert_false(folder_exists(project.state));
}

static void a_wrong_devbox_yaml_does_not_hide_a_running_platform(void **state) {
    Checkout *checkout = *state;
    Project project = {0};
    checkout_add(checkout, "devbox.yaml", "airflo: {}\n");
    assert_fails(checkout, checkout->root, ERROR_CONFIG, "airflo");
    error_clear(&checkout->err);
    assert_true(project_open_with_faults(&checkout->ctx, checkout->root, &project, &checkout->err));
    assert_string_equal(project.state, checkout_path(checkout, ".devbox"));
    checkout_add(checkout, "devbox.yaml", "");
    assert_string_equal(project.instance, checkout_open(checkout).instance);
    error_clear(&checkout->err);
    assert_false(project_open_with_faults(&checkout->ctx, "/", &project, &checkout->err));
    assert_int_equal(checkout->err.code, ERROR_CHECKOUT);
}

static void the_checkout_is_found_from_inside(void **state) {
    Checkout *checkout = *state;
    checkout_add(checkout, "devbox.yaml", "");
    checkout_add_folder(checkout, "dags/team/dags/deep");
    checkout_add(checkout, "dbt/dbt_project.yml", "name: x\n");
    assert_string_equal(root_from(checkout, "dags/team/dags/deep"), checkout->root);
    assert_string_equal(root_from(checkout, "dbt"), checkout->root);
}

static void without_a_file_the_outer_dag_folder_counts(void **state) {
    Checkout *checkout = *state;
    checkout_add_folder(checkout, "dags/team/dags/deep");
    checkout_add(checkout, "dbt/dbt_project.yml", "name: x\n");
    assert_string_equal(root_from(checkout, "dags/team/dags/deep"), checkout->root);
    assert_string_equal(root_from(checkout, "dags/team"), checkout->root);
    assert_string_equal(root_from(checkout, "dbt"), checkout->root);
}

static void of_two_platforms_in_one_repository_the_nearer_one_counts(void **state) {
    Checkout *checkout = *state;
    checkout_add_folder(checkout, ".git");
    checkout_add_folder(checkout, "dags");
    checkout_add_folder(checkout, "teams/crm/dags");
    checkout_add_folder(checkout, "teams/crm/sql");
    assert_string_equal(root_from(checkout, "teams/crm/sql"), checkout_path(checkout, "teams/crm"));
}

static void the_search_ends_at_the_git_root(void **state) {
    Checkout *checkout = *state;
    checkout_add_folder(checkout, "dags");
    checkout_add(checkout, "inner/.git", "gitdir: elsewhere\n");
    checkout_add_folder(checkout, "inner/src");
    assert_fails(checkout, checkout_path(checkout, "inner/src"), ERROR_CHECKOUT, "or above it up to");
    assert_non_null(strstr(checkout->err.message, checkout_path(checkout, "inner")));
}

static void the_search_ends_at_home(void **state) {
    Checkout *checkout = *state;
    const char *home = arena_copy_string(checkout->arena, getenv("HOME"));
    checkout_add_folder(checkout, "dags");
    checkout_add_folder(checkout, "home/work");
    assert_int_equal(setenv("HOME", checkout_path(checkout, "home"), 1), 0);
    assert_fails(checkout, checkout_path(checkout, "home/work"), ERROR_CHECKOUT, "no data platform checkout");
    if (home == NULL) {
        unsetenv("HOME");
    } else {
        setenv("HOME", home, 1);
    }
}

static void a_folder_that_is_not_there_is_named(void **state) {
    assert_fails(*state, "/nonexistent/folder", ERROR_CHECKOUT, "there is no folder /nonexistent/folder");
}

static void links_to_a_checkout_lead_to_the_same_project(void **state) {
    Checkout *checkout = *state;
    checkout_add_folder(checkout, "real/dags");
    checkout_add_link(checkout, "link", "real");
    Project by_link, by_name;
    assert_true(project_open(&checkout->ctx, checkout_path(checkout, "link"), &by_link, &checkout->err));
    assert_true(project_open(&checkout->ctx, checkout_path(checkout, "real/dags"), &by_name, &checkout->err));
    assert_string_equal(by_link.root, checkout_path(checkout, "real"));
    assert_string_equal(by_link.instance, by_name.instance);
    assert_int_equal(strlen(by_link.instance), 12);
    assert_int_equal(strspn(by_link.instance, "0123456789abcdef"), 12);
}

static void two_checkouts_have_two_instances(void **state) {
    Checkout *checkout = *state;
    Project one, two;
    checkout_add_folder(checkout, "one/dags");
    checkout_add_folder(checkout, "two/dags");
    assert_true(project_open(&checkout->ctx, checkout_path(checkout, "one"), &one, &checkout->err));
    assert_true(project_open(&checkout->ctx, checkout_path(checkout, "two"), &two, &checkout->err));
    assert_string_not_equal(one.instance, two.instance);
}

static void deep_paths_work(void **state) {
    Checkout *checkout = *state;
    Text path = {.arena = checkout->arena};
    text_append(&path, "dags");
    for (int i = 0; i < 60; i++) text_append(&path, "/a_folder_with_a_rather_long_name");
    checkout_add_folder(checkout, text_string(&path));
    assert_string_equal(root_from(checkout, text_string(&path)), checkout->root);
}

static void the_dbt_project_is_found_to_depth_three(void **state) {
    Checkout *checkout = *state;
    checkout_add_folder(checkout, "dags");
    checkout_add(checkout, "dags/a/b/c/dbt_project.yml", "");
    assert_null(checkout_open(checkout).dbt_dir);
    checkout_add(checkout, "dags/dbt/shop/dbt_project.yml", "");
    assert_string_equal(checkout_open(checkout).dbt_dir, checkout_path(checkout, "dags/dbt/shop"));
    checkout_add(checkout, "dbt_project.yml", "");
    assert_string_equal(checkout_open(checkout).dbt_dir, checkout->root);
}

static void packages_and_environments_hold_no_dbt_project_of_ours(void **state) {
    Checkout *checkout = *state;
    checkout_add_folder(checkout, "dags");
    checkout_add(checkout, "env/pyvenv.cfg", "");
    checkout_add(checkout, "env/x/dbt_project.yml", "");
    checkout_add(checkout, "dbt_packages/x/dbt_project.yml", "");
    checkout_add(checkout, ".hidden/dbt_project.yml", "");
    checkout_add_folder(checkout, "elsewhere.d");
    checkout_add_link(checkout, "linked", "elsewhere.d");
    assert_null(checkout_open(checkout).dbt_dir);
}

static void a_configured_dbt_project_must_be_there(void **state) {
    Checkout *checkout = *state;
    checkout_add(checkout, "devbox.yaml", "dbt: {project: models}\n");
    assert_fails(checkout, checkout->root, ERROR_CONFIG, "dbt.project in devbox.yaml is models");
    checkout_add(checkout, "transform/dbt_project.yml", "");
    assert_fails(checkout, checkout->root, ERROR_CONFIG, "there is no dbt_project.yml");
    assert_string_equal(checkout->err.hint, "write project: transform, or remove the key: devbox finds it by itself");
    checkout_add(checkout, "models/dbt_project.yml", "");
    assert_string_equal(checkout_open(checkout).dbt_dir, checkout_path(checkout, "models"));
}

static void requirements_are_taken_when_they_are_there(void **state) {
    Checkout *checkout = *state;
    checkout_add_folder(checkout, "dags");
    checkout_add(checkout, "requirements.txt", "");
    assert_string_equal(checkout_open(checkout).config.airflow.requirements, "requirements.txt");
}

static void the_other_ending_of_yaml_is_pointed_out(void **state) {
    Checkout *checkout = *state;
    checkout_add_folder(checkout, "dags");
    checkout_add(checkout, "devbox.yml", "");
    assert_fails(checkout, checkout->root, ERROR_CONFIG, "the file's name is devbox.yaml");
    assert_true(text_starts_with(checkout->err.hint, "mv "));
}

static void mistakes_in_devbox_yaml_stop_the_opening(void **state) {
    Checkout *checkout = *state;
    checkout_add(checkout, "devbox.yaml", "prot: 1\n");
    assert_fails(checkout, checkout->root, ERROR_CONFIG, "devbox.yaml:1:1: prot");
}

static void dotenv_is_read(void **state) {
    Checkout *checkout = *state;
    checkout_add_folder(checkout, "dags");
    checkout_add(checkout, ".env", "A=1\nB='2'\n");
    Project project = checkout_open(checkout);
    assert_int_equal(project.dotenv.count, 2);
    assert_string_equal(project.dotenv.items[1].value, "2");
    checkout_add(checkout, ".env", "A\n");
    assert_fails(checkout, checkout->root, ERROR_CONFIG, ".env:1: A has no =");
}

static void a_dotenv_that_others_may_write_is_refused(void **state) {
    Checkout *checkout = *state;
    checkout_add_folder(checkout, "dags");
    checkout_add(checkout, ".env", "A=1\n");
    static const mode_t modes[] = {0620, 0602, 0664, 0666};
    for (size_t i = 0; i < sizeof modes / sizeof *modes; i++) {
        assert_int_equal(chmod(checkout_path(checkout, ".env"), modes[i]), 0);
        assert_fails(checkout, checkout->root, ERROR_CONFIG, "can be written by others");
        assert_string_equal(checkout->err.hint,
                            arena_format(checkout->arena, "chmod go-w '%s'", checkout_path(checkout, ".env")));
    }
    assert_int_equal(chmod(checkout_path(checkout, ".env"), 0644), 0);
    assert_int_equal(checkout_open(checkout).dotenv.count, 1);
}

static void a_dotenv_cannot_hide_programs(void **state) {
    Checkout *checkout = *state;
    checkout_add_folder(checkout, "dags");
    checkout_add(checkout, ".env", "A=1\nPATH=/opt/bin:$PATH\n");
    assert_fails(checkout, checkout->root, ERROR_CONFIG, ".env:2: PATH cannot be set here");
}

static void a_snapshot_has_its_own_files_and_the_live_identity(void **state) {
    Checkout *checkout = *state;
    Project snapshot;
    checkout_add(checkout, "devbox.yaml", "dags: jobs\nruntime: native\n");
    checkout_add(checkout, ".env", "A=live\n");
    checkout_add(checkout, "tree/devbox.yaml", "dags: pushed\n");
    checkout_add(checkout, "tree/.env", "A=pushed\n");
    Project live = checkout_open(checkout);
    assert_true(
        project_open_snapshot(&checkout->ctx, &live, checkout_path(checkout, "tree"), "/tmp/state", &snapshot, &checkout->err));
    assert_string_equal(snapshot.root, checkout_path(checkout, "tree"));
    assert_string_equal(snapshot.dags_dir, checkout_path(checkout, "tree/pushed"));
    assert_string_equal(snapshot.dotenv.items[0].value, "live");
    assert_string_equal(snapshot.instance, live.instance);
    assert_string_equal(snapshot.state, "/tmp/state");
    assert_int_equal(snapshot.config.runtime, RUNTIME_NATIVE);
    assert_false(project_open_snapshot(&checkout->ctx, &live, "/nonexistent", "/tmp/state", &snapshot, &checkout->err));
    assert_int_equal(checkout->err.code, ERROR_CHECKOUT);
}

static void a_snapshot_with_a_broken_file_is_an_error(void **state) {
    Checkout *checkout = *state;
    Project snapshot;
    checkout_add_folder(checkout, "dags");
    checkout_add(checkout, "tree/devbox.yaml", "dag: x\n");
    Project live = checkout_open(checkout);
    assert_false(
        project_open_snapshot(&checkout->ctx, &live, checkout_path(checkout, "tree"), "/tmp/state", &snapshot, &checkout->err));
    assert_int_equal(checkout->err.code, ERROR_CONFIG);
}

static void state_is_private_and_ignored_by_git(void **state) {
    Checkout *checkout = *state;
    char *ignored;
    checkout_add_folder(checkout, "dags");
    Project project = checkout_open(checkout);
    assert_true(project_prepare_state(&checkout->ctx, &project, &checkout->err));
    assert_true(project_prepare_state(&checkout->ctx, &project, &checkout->err));
    assert_int_equal(file_info(project.state).mode, 0700);
    assert_true(file_read(checkout->arena, checkout_path(checkout, ".devbox/.gitignore"), &ignored, NULL, &checkout->err));
    assert_string_equal(ignored, "*\n");
    assert_true(folder_exists(checkout_path(checkout, ".devbox/logs")));
    assert_string_equal(project_state_path(checkout->arena, &project, "x/y"), checkout_path(checkout, ".devbox/x/y"));
}

static void state_that_cannot_be_written_is_named(void **state) {
    Checkout *checkout = *state;
    checkout_add_folder(checkout, "dags");
    Project project = checkout_open(checkout);
    checkout_add(checkout, ".devbox", "a file in the way");
    assert_false(project_prepare_state(&checkout->ctx, &project, &checkout->err));
    assert_int_equal(checkout->err.code, ERROR_CHECKOUT);
    assert_non_null(strstr(checkout->err.message, project.state));
    assert_true(text_starts_with(checkout->err.hint, "move away"));
}

static void a_read_only_checkout_is_named(void **state) {
    Checkout *checkout = *state;
    checkout_add_folder(checkout, "dags");
    Project project = checkout_open(checkout);
    assert_int_equal(chmod(checkout->root, 0555), 0);
    if (getuid() == 0) assert_int_equal(seteuid(65534), 0);
    bool is_prepared = project_prepare_state(&checkout->ctx, &project, &checkout->err);
    if (getuid() == 0) assert_int_equal(seteuid(0), 0);
    assert_int_equal(chmod(checkout->root, 0700), 0);
    assert_false(is_prepared);
    assert_int_equal(checkout->err.code, ERROR_CHECKOUT);
    assert_true(text_starts_with(checkout->err.hint, "make the checkout writable"));
}

static void the_cache_follows_xdg_when_it_is_absolute(void **state) {
    Checkout *checkout = *state;
    setenv("XDG_CACHE_HOME", "/var/cache/me", 1);
    assert_string_equal(user_cache_path(checkout->arena, "venvs"), "/var/cache/me/devbox/venvs");
    setenv("XDG_CACHE_HOME", "relative", 1);
    assert_string_equal(user_cache_path(checkout->arena, "venvs"),
                        arena_format(checkout->arena, "%s/.cache/devbox/venvs", getenv("HOME")));
    unsetenv("XDG_CACHE_HOME");
    const char *home = arena_copy_string(checkout->arena, getenv("HOME"));
    unsetenv("HOME");
    assert_true(text_ends_with(user_cache_path(checkout->arena, "venvs"), "/.cache/devbox/venvs"));
    setenv("HOME", home, 1);
}

int main(void) {
    if (getenv("HOME") == NULL) setenv("HOME", "/root", 1);
    const struct CMUnitTest tests[] = {
        test_with_checkout(a_dags_folder_is_enough),
        test_with_checkout(a_wrong_devbox_yaml_does_not_hide_a_running_platform),
        test_with_checkout(the_checkout_is_found_from_inside),
        test_with_checkout(without_a_file_the_outer_dag_folder_counts),
        test_with_checkout(of_two_platforms_in_one_repository_the_nearer_one_counts),
        test_with_checkout(the_search_ends_at_the_git_root),
        test_with_checkout(the_search_ends_at_home),
        test_with_checkout(a_folder_that_is_not_there_is_named),
        test_with_checkout(links_to_a_checkout_lead_to_the_same_project),
        test_with_checkout(two_checkouts_have_two_instances),
        test_with_checkout(deep_paths_work),
        test_with_checkout(the_dbt_project_is_found_to_depth_three),
        test_with_checkout(packages_and_environments_hold_no_dbt_project_of_ours),
        test_with_checkout(a_configured_dbt_project_must_be_there),
        test_with_checkout(requirements_are_taken_when_they_are_there),
        test_with_checkout(the_other_ending_of_yaml_is_pointed_out),
        test_with_checkout(mistakes_in_devbox_yaml_stop_the_opening),
        test_with_checkout(dotenv_is_read),
        test_with_checkout(a_dotenv_that_others_may_write_is_refused),
        test_with_checkout(a_dotenv_cannot_hide_programs),
        test_with_checkout(a_snapshot_has_its_own_files_and_the_live_identity),
        test_with_checkout(a_snapshot_with_a_broken_file_is_an_error),
        test_with_checkout(state_is_private_and_ignored_by_git),
        test_with_checkout(state_that_cannot_be_written_is_named),
        test_with_checkout(a_read_only_checkout_is_named),
        test_with_checkout(the_cache_follows_xdg_when_it_is_absolute),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
