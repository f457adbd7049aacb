#include "services/docker_capacity.h"

#include "base/text.h"
#include "io/file_system.h"
#include "io/platform.h"
#include "services/container_memory.h"

enum { NEEDED_GIB = 3, WANTED_GIB = 4, NEEDED_PROCESSORS = 2, SMALLEST_LIMIT_MIB = 512, IMAGE_DISK_MIB = 3 * 1024 };

static bool has_image_for(const char *architecture) {
    static const char *const known[] = {"x86_64", "aarch64", "amd64", "arm64"};
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        if (text_equals(architecture, known[i])) return true;
    }
    return false;
}

void docker_capacity_judge(Arena *arena, const DockerEngine *engine, CheckList *checks) {
    long long mebibytes = engine->memory_bytes >> 20;
    const char *size = arena_format(arena, "%d CPUs, %.1f GiB for containers, %s", engine->processors, (double)mebibytes / 1024,
                                    engine->architecture);
    Check check = {.name = "engine size", .state = CHECK_GOOD, .finding = size};
    if (mebibytes < NEEDED_GIB * 1024) {
        check.state = CHECK_BAD;
        check.remedy =
            "Airflow's containers need 3 GiB: give the engine more (Docker Desktop: Settings, Resources), or set runtime: native";
    } else if (mebibytes < WANTED_GIB * 1024 || engine->processors < NEEDED_PROCESSORS) {
        check.state = CHECK_WARNING;
        check.remedy = "Airflow runs better with 2 CPUs and 4 GiB for the engine";
    }
    if (!has_image_for(engine->architecture)) {
        check.state = CHECK_BAD;
        check.remedy = "Airflow's images exist for amd64 and arm64 only; set runtime: native in devbox.yaml";
    }
    list_push(arena, checks, check);
}

void docker_capacity_judge_disk(Arena *arena, const DockerEngine *engine, CheckList *checks) {
    bool is_of_this_machine = text_starts_with(engine->name, "Docker ") && !text_starts_with(engine->name, "Docker Desktop");
    if (!is_of_this_machine || text_is_empty(engine->data_folder) || !folder_exists(engine->data_folder)) return;
    long long mebibytes = platform_free_disk_bytes(engine->data_folder) >> 20;
    Check check = {.name = "engine disk",
                   .state = CHECK_GOOD,
                   .finding = arena_format(arena, "%lld GiB free for images in %s", mebibytes >> 10, engine->data_folder)};
    if (mebibytes < IMAGE_DISK_MIB) {
        check.state = CHECK_BAD;
        check.finding = arena_format(arena, "only %lld MiB free for the engine's images in %s", mebibytes, engine->data_folder);
        check.remedy = "Airflow's image needs 3 GiB; what takes the room: docker system df";
    }
    list_push(arena, checks, check);
}

void docker_capacity_judge_limit(Arena *arena, const char *memory, CheckList *checks) {
    if (container_memory_bytes(memory) >> 20 >= SMALLEST_LIMIT_MIB) return;
    list_push(arena, checks,
              ((Check){.name = "airflow.memory",
                       .state = CHECK_WARNING,
                       .finding = arena_format(arena, "%s for each container is less than Airflow itself takes", memory),
                       .remedy = "set airflow.memory in devbox.yaml to 1g or more"}));
}
