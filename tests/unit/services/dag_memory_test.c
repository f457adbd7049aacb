#include "services/dag_memory.h"

#include "base/text.h"
#include "support/test.h"

typedef struct Learned {
    const char *path, *uses, *dags;  // words with blanks between; uses NULL: not told
    bool is_red;
} Learned;

static StringList words_of(Arena *arena, const char *text) {
    return text_is_empty(text) ? (StringList){0} : text_split(arena, text, ' ');
}

static void learn(DagMemory *memory, const Learned *learned) {
    DagEvents events = {0};
    CheckedFile file = {.path = learned->path,
                        .name = learned->path + 1,
                        .is_red = learned->is_red,
                        .knows_uses = learned->uses != NULL,
                        .uses = words_of(memory->arena, learned->uses)};
    StringList dags = words_of(memory->arena, learned->dags);
    list_push(memory->arena, &events.files, file);
    list_each(const char *, id, &dags)
        list_push(memory->arena, &events.dags, ((FoundDag){.dag_id = *id, .file = file.name, .line = 1}));
    dag_memory_learn(memory, &events);
}

static const char *affected_by(DagMemory *memory, const char *path, bool is_removed) {
    FileChangeList changes = {0};
    list_push(memory->arena, &changes, ((FileChange){.path = path, .is_removed = is_removed}));
    StringList files = dag_memory_find_affected(memory->arena, memory, "/dags", &changes);
    return text_join(memory->arena, &files, " ");
}

static DagMemory fill(Arena *arena) {
    static const Learned checkout[] = {{"/dags/a.py", "/dags/helper.py /plugins/op.py", "a", false},
                                       {"/dags/b.py", "/dags/conf /dags/conf/b.yaml", "b b2", false},
                                       {"/dags/helper.py", "", "", false}};
    DagMemory memory = {.arena = arena};
    for (size_t i = 0; i < sizeof checkout / sizeof *checkout; i++) learn(&memory, &checkout[i]);
    return memory;
}

static void a_save_affects_the_file_itself_and_those_that_depend_on_it(void **state) {
    static const struct {
        const char *path;
        bool is_removed;
        const char *expected;
    } rows[] = {
        {"/dags/a.py", false, "/dags/a.py"},
        {"/dags/helper.py", false, "/dags/a.py"},
        {"/plugins/op.py", false, "/dags/a.py"},
        {"/plugins/other.py", false, ""},
        {"/dags/conf/b.yaml", false, "/dags/b.py"},
        {"/dags/conf/new.yaml", false, "/dags/b.py"},  // it lists the folder
        {"/dags/readme.md", false, ""},
        {"/dags/new.py", false, "/dags/new.py"},
        {"/dags/conf/new.py", false, "/dags/conf/new.py /dags/b.py"},  // nobody has read it yet
        {"/dags/helper.py", true, "/dags/a.py"},
        {"/dags/conf", true, "/dags/b.py"},
        {"/dags/a.py", true, ""},
    };
    DagMemory memory = fill(*state);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const char *found = affected_by(&memory, rows[i].path, rows[i].is_removed);
        if (!text_equals(found, rows[i].expected)) fail_msg("%s: '%s' instead of '%s'", rows[i].path, found, rows[i].expected);
    }
}

static void a_red_file_is_tried_again_with_every_save(void **state) {
    DagMemory memory = fill(*state);
    learn(&memory, &(Learned){"/dags/red.py", NULL, "", true});
    assert_string_equal(affected_by(&memory, "/dags/readme.md", false), "/dags/red.py");
    learn(&memory, &(Learned){"/dags/red.py", "", "red", false});
    assert_string_equal(affected_by(&memory, "/dags/readme.md", false), "");
}

static void a_file_that_could_not_say_what_it_uses_keeps_what_it_said_before(void **state) {
    DagMemory memory = fill(*state);
    learn(&memory, &(Learned){"/dags/a.py", NULL, "", true});
    learn(&memory, &(Learned){"/dags/a.py", NULL, "a", false});
    assert_string_equal(affected_by(&memory, "/dags/helper.py", false), "/dags/a.py");
    learn(&memory, &(Learned){"/dags/a.py", "", "a", false});
    assert_string_equal(affected_by(&memory, "/plugins/op.py", false), "");
}

static const char *dags_besides(DagMemory *memory, const char *path) {
    StringList files = {0}, ids = {0};
    list_push(memory->arena, &files, path);
    FoundDagList dags = dag_memory_dags_besides(memory->arena, memory, &files);
    list_each(FoundDag, dag, &dags) list_push(memory->arena, &ids, arena_format(memory->arena, "%s@%s", dag->dag_id, dag->file));
    return text_join(memory->arena, &ids, " ");
}

static void of_a_stale_file_nothing_is_known_until_its_next_check(void **state) {
    DagMemory memory = fill(*state);
    dag_memory_entry(&memory, "/dags/a.py")->is_stale = true;
    assert_string_equal(affected_by(&memory, "/dags/readme.md", false), "/dags/a.py");
    assert_string_equal(dags_besides(&memory, "/dags/other.py"), "b@dags/b.py b2@dags/b.py");
    learn(&memory, &(Learned){"/dags/a.py", "", "a", false});
    assert_string_equal(affected_by(&memory, "/dags/readme.md", false), "");
    assert_string_equal(dags_besides(&memory, "/dags/b.py"), "a@dags/a.py");
}

static void dags_of_other_files_are_remembered_until_they_go(void **state) {
    DagMemory memory = fill(*state);
    assert_string_equal(dags_besides(&memory, "/dags/a.py"), "b@dags/b.py b2@dags/b.py");
    learn(&memory, &(Learned){"/dags/b.py", "", "", true});
    assert_string_equal(dags_besides(&memory, "/dags/a.py"), "b@dags/b.py b2@dags/b.py");
    learn(&memory, &(Learned){"/dags/b.py", "", "b3", false});
    assert_string_equal(dags_besides(&memory, "/dags/a.py"), "b3@dags/b.py");
    affected_by(&memory, "/dags/b.py", true);
    assert_string_equal(dags_besides(&memory, "/dags/a.py"), "");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        test_with_arena(a_save_affects_the_file_itself_and_those_that_depend_on_it),
        test_with_arena(a_red_file_is_tried_again_with_every_save),
        test_with_arena(a_file_that_could_not_say_what_it_uses_keeps_what_it_said_before),
        test_with_arena(of_a_stale_file_nothing_is_known_until_its_next_check),
        test_with_arena(dags_of_other_files_are_remembered_until_they_go),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
