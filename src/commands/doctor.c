#include "services/doctor.h"

#include "commands/commands.h"

static const Example examples[] = {{"devbox doctor", "everything that start needs, each with its remedy"}, {0}};

static const char *state_word(CheckState state) {
    return state == CHECK_GOOD ? "ok" : state == CHECK_WARNING ? "warning" : "problem";
}

// The remedy stands below what it mends: beside it, the table would be too wide for most terminals.
static void add_rows(Arena *arena, Table *table, const Check *check) {
    const char *finding[] = {state_word(check->state), check->name, check->finding};
    const char *remedy[] = {"", "", arena_format(arena, "→ %s", check->remedy)};
    table_add_row(arena, table, finding);
    if (check->remedy != NULL) table_add_row(arena, table, remedy);
}

static Value *to_value(Arena *arena, const CheckList *checks) {
    Value *list = value_array(arena);
    list_each(const Check, check, checks) {
        Value *object = value_object(arena);
        value_set_string(arena, object, "name", check->name);
        value_set_string(arena, object, "state", state_word(check->state));
        value_set_string(arena, object, "finding", check->finding);
        value_set_string(arena, object, "remedy", check->remedy);
        value_append(arena, list, object);
    }
    return list;
}

static bool run(Context *ctx, const Invocation *invocation, Outcome *outcome, Error *err) {
    (void)err;
    static const char *const titles[] = {"", "CHECK", "FINDING"};
    Table table = {0};
    CheckList checks = doctor_examine(ctx, invocation->project);
    for (size_t i = 0; i < sizeof titles / sizeof *titles; i++) {
        list_push(ctx->arena, &table.columns, (TableColumn){.title = titles[i]});
    }
    list_each(const Check, check, &checks) {
        add_rows(ctx->arena, &table, check);
        if (check->state == CHECK_BAD) outcome->exit_code = 1;
    }
    event_result(ctx, &(Result){.data = to_value(ctx->arena, &checks), .table = &table});
    return true;
}

const Command command_doctor = {
    .name = "doctor",
    .group = "Every day",
    .summary = "Check everything that devbox needs, each with its remedy",
    .examples = examples,
    .needs = NEEDS_PROJECT,
    .run = run,
};
