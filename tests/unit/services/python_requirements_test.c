#include "services/python_requirements.h"

#include "base/text.h"
#include "support/event_log.h"
#include "support/world.h"

static PythonRequirements must_read(TestWorld *world, const char *name) {
    PythonRequirements read;
    Context ctx = {.arena = world->arena};
    if (!python_requirements_read(&ctx, test_world_path(world, name), &read, &world->err)) fail_msg("%s", world->err.message);
    return read;
}

static const char *must_fail(TestWorld *world, const char *name) {
    PythonRequirements read;
    Context ctx = {.arena = world->arena};
    assert_false(python_requirements_read(&ctx, test_world_path(world, name), &read, &world->err));
    return error_as_text(&world->err);
}

static void a_plain_file_stays_as_it_is(void **state) {
    test_world_write(*state, "requirements.txt", "# ours\npandas==2.2\n  rich\n");
    PythonRequirements read = must_read(*state, "requirements.txt");
    assert_string_equal(read.packages, "# ours\npandas==2.2\n  rich\n");
    assert_string_equal(read.constraints, "");
    assert_string_equal(read.content, "# ours\npandas==2.2\n  rich\n");
    assert_false(read.has_airflow_constraint);
    assert_false(read.is_empty);
}

static void only_comments_and_options_install_nothing(void **state) {
    static const struct {
        const char *content;
        bool is_empty;
    } rows[] = {{"", true},
                {"\n  \n# x\n", true},
                {"--extra-index-url https://pypi.example.org/simple\n", true},
                {"-c https://example.org/constraints-2.10.3/constraints-3.11.txt\n", true},
                {"-e ./lib\n", false},
                {"./lib\n", false},
                {"-r https://example.org/base.txt\n", false}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        test_world_write(*state, "r.txt", rows[i].content);
        assert_int_equal(must_read(*state, "r.txt").is_empty, rows[i].is_empty);
    }
}

static void the_airflow_constraint_is_left_out_in_every_spelling(void **state) {
    static const char *const lines[] = {
        "--constraint \"https://raw.example.org/apache/airflow/constraints-2.10.3/constraints-3.11.txt\"",
        "--constraint=https://raw.example.org/apache/airflow/constraints-2.10.3/constraints-3.11.txt",
        "-c https://raw.example.org/constraints-3.11.txt", "-chttps://raw.example.org/constraints-3.11.txt  # MWAA"};
    TestWorld *world = *state;
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
        test_world_write(world, "r.txt", arena_format(world->arena, "%s\npandas\n", lines[i]));
        PythonRequirements read = must_read(world, "r.txt");
        assert_true(read.has_airflow_constraint);
        assert_string_equal(read.packages, "pandas\n");
    }
}

static void other_remote_constraints_are_kept(void **state) {
    test_world_write(*state, "r.txt", "-c https://example.org/pins.txt\npandas\n--constraints-are-no-option\n");
    PythonRequirements read = must_read(*state, "r.txt");
    assert_false(read.has_airflow_constraint);
    assert_string_equal(read.packages, "-c https://example.org/pins.txt\npandas\n--constraints-are-no-option\n");
}

static void included_files_stand_in_their_place(void **state) {
    test_world_write(*state, "r.txt", "first\n-r sub/base.txt  # ours\n-c pins.txt\nlast\n");
    test_world_write(*state, "sub/base.txt", "base\n--requirement=deep.txt\n");
    test_world_write(*state, "sub/deep.txt", "deep");
    test_world_write(*state, "pins.txt", "numpy<2");
    PythonRequirements read = must_read(*state, "r.txt");
    assert_string_equal(read.packages, "first\nbase\ndeep\nlast\n");
    assert_string_equal(read.constraints, "numpy<2\n");
    assert_non_null(strstr(read.content, "numpy<2"));
    assert_non_null(strstr(read.content, "deep"));
    assert_false(read.is_empty);
}

static void a_missing_file_is_named(void **state) {
    TestWorld *world = *state;
    assert_non_null(strstr(must_fail(world, "none.txt"), "none.txt"));
    test_world_write(world, "r.txt", "-r base.txt\n");
    assert_non_null(strstr(must_fail(world, "r.txt"), "base.txt: No such file"));
    test_world_write(world, "r.txt", "-c pins.txt\n");
    assert_non_null(strstr(must_fail(world, "r.txt"), "pins.txt: No such file"));
    assert_int_equal(world->err.code, ERROR_FILE);
}

static void files_that_include_each_other_are_refused(void **state) {
    TestWorld *world = *state;
    test_world_write(world, "a.txt", "-r b.txt\n");
    test_world_write(world, "b.txt", "-r a.txt\n");
    const char *expected = arena_format(
        world->arena, "CONFIG %s is included more than 10 times over → remove the -r line that leads back to a file above",
        test_world_path(world, "a.txt"));
    assert_string_equal(must_fail(world, "a.txt"), expected);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        test_with_world(a_plain_file_stays_as_it_is),
        test_with_world(only_comments_and_options_install_nothing),
        test_with_world(the_airflow_constraint_is_left_out_in_every_spelling),
        test_with_world(other_remote_constraints_are_kept),
        test_with_world(included_files_stand_in_their_place),
        test_with_world(a_missing_file_is_named),
        test_with_world(files_that_include_each_other_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
