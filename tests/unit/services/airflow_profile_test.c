#include "services/airflow_profile.h"

#include "base/text.h"
#include "support/checkout.h"
#include "support/event_log.h"

static bool load(Checkout *checkout, const char *version, AirflowProfile *profile) {
    error_clear(&checkout->err);
    return airflow_profile_load(&checkout->ctx, version, profile, &checkout->err);
}

static bool names(const PairList *pairs, const char *key) {
    list_each(const Pair, pair, pairs) {
        if (text_equals(pair->key, key)) return true;
    }
    return false;
}

static void every_profile_that_devbox_brings_is_whole(void **state) {
    Checkout *checkout = *state;
    StringList versions = airflow_profile_versions(&checkout->ctx);
    assert_true(versions.count >= 2);
    list_each(const char *, version, &versions) {
        AirflowProfile profile;
        if (!load(checkout, *version, &profile)) fail_msg("%s", checkout->err.message);
        assert_string_equal(profile.version, *version);
        assert_true(text_equals(profile.api, "v1") || text_equals(profile.api, "v2"));
        assert_true(file_exists(profile.lock_path));
        assert_true(profile.template_commands.count > 0 && profile.services.count >= 4 && profile.health_components.count >= 4);
        assert_true(profile.parse_changed.count > 0 && profile.parse_all.count > 0);
        assert_true(names(&profile.fixed_env, "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN"));
        assert_true(names(&profile.fixed_env, "AIRFLOW__CORE__FERNET_KEY"));
        assert_true(names(&profile.env, "AIRFLOW__CORE__LOAD_EXAMPLES"));
        list_each(const Pair, pair, &profile.env) {
            assert_false(names(&profile.fixed_env, pair->key));
            // What devbox fills in must be as it says.
            assert_null(strstr(pair->value, "${"));
        }
        list_each(const AirflowService, service, &profile.services) {
            assert_true(*service->name != '\0' && *service->label != '\0' && service->arguments.count > 0);
        }
    }
}

static void an_unknown_version_has_the_known_ones_as_its_hint(void **state) {
    static const char *const versions[] = {"1.10.15", "", "..", "3.0.6/../3.0.6", "/etc"};
    Checkout *checkout = *state;
    for (size_t i = 0; i < sizeof versions / sizeof *versions; i++) {
        AirflowProfile profile = {.version = "untouched"};
        assert_false(load(checkout, versions[i], &profile));
        assert_true(text_starts_with(error_as_text(&checkout->err), arena_format(checkout->arena,
                                                                                 "CONFIG Airflow %s has no profile in this "
                                                                                 "devbox → set airflow.version in devbox.yaml "
                                                                                 "to one of: 2.10.3",
                                                                                 versions[i])));
        assert_string_equal(profile.version, "untouched");
    }
}

static void a_bare_profile_has_sensible_defaults(void **state) {
    Checkout *checkout = *state;
    AirflowProfile profile;
    checkout_add(checkout, "compose/profiles/9.0.0/profile.yaml",
                 "services: [{name: api, argv: [api-server, null]}, {}]\nenv: {EMPTY: , LIST: [1]}\ntemplate: [x]\n");
    checkout_add_folder(checkout, "compose/profiles/not-a-profile");
    checkout->ctx.share_dir = checkout->root;
    StringList versions = airflow_profile_versions(&checkout->ctx);
    assert_int_equal(versions.count, 1);
    if (!load(checkout, "9.0.0", &profile)) fail_msg("%s", checkout->err.message);
    assert_string_equal(profile.api, "v2");
    assert_string_equal(profile.health_path, "/health");
    assert_string_equal(profile.lock_path, checkout_path(checkout, "compose/profiles/9.0.0/requirements.lock"));
    assert_string_equal(profile.services.items[0].label, "api");
    assert_int_equal(profile.services.items[0].arguments.count, 1);
    assert_string_equal(profile.env.items[0].value, "");
    assert_string_equal(profile.env.items[1].value, "");
    assert_null(profile.passwords_file);
}

static void a_broken_profile_is_named(void **state) {
    Checkout *checkout = *state;
    AirflowProfile profile;
    checkout_add(checkout, "compose/profiles/9.0.0/profile.yaml", "services: [\n");
    checkout->ctx.share_dir = checkout->root;
    assert_false(load(checkout, "9.0.0", &profile));
    assert_non_null(strstr(checkout->err.message, "9.0.0/profile.yaml:"));
    checkout->ctx.share_dir = "/nonexistent";
    assert_int_equal(airflow_profile_versions(&checkout->ctx).count, 0);
}

static void placeholders_are_filled_in(void **state) {
    static const struct {
        const char *text, *expected;
    } rows[] = {{"", ""},
                {"plain", "plain"},
                {"${port}", "8080"},
                {"a${port}b${port}c", "a8080b8080c"},
                {"${new}", "${new}"},
                {"${port", "${port"},
                {"$port ${} {port}", "$port ${} {port}"},
                {"${po}${port}", "${po}8080"}};
    Pair port = {.key = "port", .value = "8080"};
    PairList values = {.items = &port, .count = 1};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        assert_string_equal(airflow_profile_expand(*state, rows[i].text, &values), rows[i].expected);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        test_with_checkout(every_profile_that_devbox_brings_is_whole),
        test_with_checkout(an_unknown_version_has_the_known_ones_as_its_hint),
        test_with_checkout(a_bare_profile_has_sensible_defaults),
        test_with_checkout(a_broken_profile_is_named),
        test_with_arena(placeholders_are_filled_in),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
