#include "io/archive.h"

#include <sys/stat.h>

#include "base/text.h"
#include "support/world.h"

enum { BLOCK = 512, LIMIT = 1 << 20 };

static void pack(TestWorld *world, const char *folder, char **bytes, size_t *length) {
    if (!archive_pack_folder(world->arena, folder, bytes, length, &world->err)) fail_msg("%s", world->err.message);
}

static void write_archive(TestWorld *world, const char *name, const char *bytes, size_t length) {
    assert_true(file_write(world->arena, test_world_path(world, name), bytes, length, 0600, &world->err));
}

static const char *make_target(TestWorld *world) {
    const char *path = test_world_path(world, "target");
    assert_true(folder_create(world->arena, path, &world->err));
    return path;
}

// One header of a tar, with its checksum, and the content in whole blocks.
static void add_entry(Text *tar, const char *name, char type, const char *link, const char *content) {
    char header[BLOCK] = {0};
    unsigned sum = 0;
    size_t length = strlen(content);
    snprintf(header, 100, "%s", name);
    snprintf(header + 100, 8, "0000644");
    snprintf(header + 108, 8, "0000000");
    snprintf(header + 116, 8, "0000000");
    snprintf(header + 124, 12, "%011o", (unsigned)length & 07777777777);
    snprintf(header + 136, 12, "00000000000");
    memset(header + 148, ' ', 8);
    header[156] = type;
    snprintf(header + 157, 100, "%s", link);
    memcpy(header + 257,
           "ustar\0"
           "00",
           8);
    for (size_t i = 0; i < BLOCK; i++) sum += (unsigned char)header[i];
    snprintf(header + 148, 8, "%06o", sum);
    text_append_bytes(tar, header, BLOCK);
    text_append_bytes(tar, content, length);
    while (tar->length % BLOCK != 0) text_append_char(tar, '\0');
}

static const char *make_tar(TestWorld *world, Text *tar) {
    static const char end[BLOCK * 2];
    text_append_bytes(tar, end, sizeof end);
    write_archive(world, "made.tar", tar->content, tar->length);
    return test_world_path(world, "made.tar");
}

static void check_refused(TestWorld *world, const char *archive, const char *words) {
    const char *target = make_target(world);
    assert_false(archive_extract(world->arena, archive, target, LIMIT, &world->err));
    assert_int_equal(world->err.code, ERROR_FILE);
    if (strstr(world->err.message, words) == NULL) fail_msg("%s", world->err.message);
    error_clear(&world->err);
}

static void a_packed_folder_unpacks_to_the_same(void **state) {
    TestWorld *world = *state;
    char *bytes, *content;
    size_t length, content_length;
    test_world_write(world, "from/Dockerfile", "FROM scratch\n");
    test_world_write(world, "from/sub/empty", "");
    test_world_write(world, "from/sub/na\xC3\xAFve", "x");
    const char *large = test_world_path(world, "from/large");
    char *block = arena_allocate(world->arena, 300000);
    memset(block, 'y', 300000);
    assert_true(file_write(world->arena, large, block, 300000, 0755, &world->err));
    assert_int_equal(symlink("Dockerfile", test_world_path(world, "from/link")), 0);
    pack(world, test_world_path(world, "from"), &bytes, &length);
    assert_true(length > 300000 && length % BLOCK == 0);
    write_archive(world, "a.tar", bytes, length);
    const char *target = make_target(world);
    if (!archive_extract(world->arena, test_world_path(world, "a.tar"), target, LIMIT, &world->err))
        fail_msg("%s", world->err.message);
    assert_true(file_read(world->arena, path_join(world->arena, target, "large"), &content, &content_length, &world->err));
    assert_int_equal(content_length, 300000);
    assert_memory_equal(content, block, 300000);
    assert_int_equal(file_info(path_join(world->arena, target, "large")).mode & 0100, 0100);
    assert_true(file_read(world->arena, path_join(world->arena, target, "sub/na\xC3\xAFve"), &content, NULL, &world->err));
    assert_string_equal(content, "x");
    assert_int_equal(file_info(path_join(world->arena, target, "sub/empty")).size, 0);
    assert_string_equal(link_read(world->arena, path_join(world->arena, target, "link")), "Dockerfile");
}

static void the_same_content_is_the_same_archive(void **state) {
    TestWorld *world = *state;
    char *first, *second;
    size_t first_length, second_length;
    test_world_write(world, "one/b", "2");
    test_world_write(world, "one/a", "1");
    test_world_write(world, "two/a", "1");
    test_world_write(world, "two/b", "2");
    pack(world, test_world_path(world, "one"), &first, &first_length);
    pack(world, test_world_path(world, "two"), &second, &second_length);
    assert_int_equal(first_length, second_length);
    assert_memory_equal(first, second, first_length);
}

static void what_cannot_be_read_is_not_packed_silently(void **state) {
    TestWorld *world = *state;
    char *bytes = NULL;
    size_t length;
    test_world_write(world, "from/a", "1");
    test_world_write(world, "from/b", "1");
    assert_int_equal(chmod(test_world_path(world, "from/a"), 0), 0);
    assert_int_equal(chmod(world->folder, 0755), 0);
    assert_int_equal(chmod(test_world_path(world, "from"), 0755), 0);
    test_world_become_nobody(true);
    bool is_packed = archive_pack_folder(world->arena, test_world_path(world, "from"), &bytes, &length, &world->err);
    test_world_become_nobody(false);
    assert_false(is_packed);
    assert_non_null(strstr(world->err.message, "from/a: Permission denied"));
    error_clear(&world->err);
    assert_false(archive_pack_folder(world->arena, test_world_path(world, "nowhere"), &bytes, &length, &world->err));
    assert_null(bytes);
}

static void entries_that_lead_out_are_refused(void **state) {
    static const struct {
        const char *name;
        char type;
        const char *link, *words;
    } entries[] = {
        {"../outside", '0', "", "../outside in it leads out of the folder"},
        {"a/../../outside", '0', "", "leads out of the folder"},
        {"a/..", '5', "", "leads out of the folder"},
        {"/etc/outside", '0', "", "/etc/outside in it leads out of the folder"},
        {"link", '2', "/etc/passwd", "link in it is a link out of the folder"},
        {"a/link", '2', "../../x", "a/link in it is a link out of the folder"},
        {"hard", '1', "../outside", "hard in it is a link out of the folder"},
        {"pipe", '6', "", "pipe in it is neither a file nor a folder"},
    };
    TestWorld *world = *state;
    for (size_t i = 0; i < sizeof entries / sizeof *entries; i++) {
        Text tar = {.arena = world->arena};
        add_entry(&tar, entries[i].name, entries[i].type, entries[i].link, "");
        check_refused(world, make_tar(world, &tar), entries[i].words);
        assert_int_equal(file_info(test_world_path(world, "outside")).kind, FILE_MISSING);
    }
}

static void links_inside_are_fine(void **state) {
    TestWorld *world = *state;
    Text tar = {.arena = world->arena};
    char *content;
    add_entry(&tar, "a/file", '0', "", "text");
    add_entry(&tar, "a/b/link", '2', "../file", "");
    add_entry(&tar, "hard", '1', "a/file", "");
    const char *archive = make_tar(world, &tar), *target = make_target(world);
    if (!archive_extract(world->arena, archive, target, LIMIT, &world->err)) fail_msg("%s", world->err.message);
    assert_true(file_read(world->arena, path_join(world->arena, target, "a/b/link"), &content, NULL, &world->err));
    assert_string_equal(content, "text");
    assert_true(file_read(world->arena, path_join(world->arena, target, "hard"), &content, NULL, &world->err));
    assert_string_equal(content, "text");
}

static void nothing_is_written_through_a_link(void **state) {
    TestWorld *world = *state;
    Text tar = {.arena = world->arena};
    const char *target = make_target(world);
    assert_int_equal(symlink(world->folder, path_join(world->arena, target, "way")), 0);
    add_entry(&tar, "way/outside", '0', "", "text");
    const char *archive = make_tar(world, &tar);
    bool is_done = archive_extract(world->arena, archive, target, LIMIT, &world->err);
    assert_int_equal(file_info(test_world_path(world, "outside")).kind, FILE_MISSING);
    (void)is_done;  // libarchive may put a folder in the link's place
}

static void an_archive_that_grows_too_large_is_refused(void **state) {
    TestWorld *world = *state;
    Text tar = {.arena = world->arena}, content = {.arena = world->arena};
    for (int i = 0; i < LIMIT / 16 + 1; i++) text_append(&content, "0123456789abcdef");
    add_entry(&tar, "large", '0', "", text_string(&content));
    check_refused(world, make_tar(world, &tar), "it holds more than 1048576 bytes");
}

static void what_is_no_archive_is_said(void **state) {
    TestWorld *world = *state;
    check_refused(world, test_world_write(world, "page.html", "<html>Not found</html>\n"), "cannot unpack ");
    check_refused(world, test_world_path(world, "missing.tar.gz"), "cannot unpack ");
    Text tar = {.arena = world->arena};
    add_entry(&tar, "file", '0', "", "some text");
    write_archive(world, "cut.tar", tar.content, BLOCK + 4);
    check_refused(world, test_world_path(world, "cut.tar"), "cannot unpack ");
    Text whole = {.arena = world->arena};
    add_entry(&whole, "file", '0', "", "some text");
    const char *archive = make_tar(world, &whole), *nowhere = test_world_path(world, "nowhere");
    assert_false(archive_extract(world->arena, archive, nowhere, LIMIT, &world->err));
    assert_non_null(strstr(world->err.message, "there is no folder"));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        test_with_world(a_packed_folder_unpacks_to_the_same),
        test_with_world(the_same_content_is_the_same_archive),
        test_with_world(what_cannot_be_read_is_not_packed_silently),
        test_with_world(entries_that_lead_out_are_refused),
        test_with_world(links_inside_are_fine),
        test_with_world(nothing_is_written_through_a_link),
        test_with_world(an_archive_that_grows_too_large_is_refused),
        test_with_world(what_is_no_archive_is_said),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
