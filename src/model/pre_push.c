#include "model/pre_push.h"

#include <ctype.h>

#include "base/text.h"

// 40 digits in SHA-1 repositories, 64 in SHA-256 ones.
static bool is_object_id(const char *word) {
    size_t length = strlen(word);
    for (size_t i = 0; i < length; i++) {
        if (!isxdigit((unsigned char)word[i])) return false;
    }
    return length == 40 || length == 64;
}

static bool is_all_zeros(const char *id) { return id[strspn(id, "0")] == '\0'; }

// Cuts the last word off the line and returns it; NULL when there is no blank left.
static const char *cut_last_word(char *line) {
    char *blank = strrchr(line, ' ');
    if (blank == NULL) return NULL;
    *blank = '\0';
    return blank + 1;
}

static bool parse_line(char *line, PushRef *ref) {
    ref->remote_id = cut_last_word(line);
    ref->remote_ref = ref->remote_id == NULL ? NULL : cut_last_word(line);
    ref->local_id = ref->remote_ref == NULL ? NULL : cut_last_word(line);
    ref->local_ref = line;
    if (ref->local_id == NULL || text_is_empty(line) || text_is_empty(ref->remote_ref)) return false;
    if (!is_object_id(ref->local_id) || !is_object_id(ref->remote_id)) return false;
    if (strlen(ref->local_id) != strlen(ref->remote_id)) return false;
    ref->is_deletion = is_all_zeros(ref->local_id);
    ref->is_new = is_all_zeros(ref->remote_id);
    return true;
}

bool pre_push_parse(Arena *arena, const char *text, size_t length, PushRefList *refs, Error *err) {
    PushRefList parsed = {0};
    if (memchr(text, '\0', length) != NULL) {
        error_set(err, ERROR_GIT, "what git told the pre-push hook holds a NUL byte");
        return error_hint(err, "git writes one line per ref: see `git help hooks`, pre-push");
    }
    StringList lines = text_split_lines(arena, arena_copy_bytes(arena, text, length));
    for (size_t i = 0; i < lines.count; i++) {
        PushRef ref = {0};
        if (!parse_line(arena_copy_string(arena, lines.items[i]), &ref)) {
            error_set(err, ERROR_GIT, "line %zu of what git told the pre-push hook is none that git writes: '%.200s'", i + 1,
                      lines.items[i]);
            return error_hint(err,
                              "git writes `<local ref> <local id> <remote ref> <remote id>`; to try by hand: devbox check HEAD");
        }
        list_push(arena, &parsed, ref);
    }
    *refs = parsed;
    return true;
}
