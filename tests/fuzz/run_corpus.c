// Runs a fuzzer's function over every file of a folder, so that each ordinary test run repeats what fuzzing once found.
#include <dirent.h>
#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

static int run_file(const char *path) {
    FILE *file = fopen(path, "rb");
    if (file == NULL) return 1;
    enum { LARGEST = 1 << 20 };
    uint8_t *bytes = malloc(LARGEST);
    if (bytes == NULL) abort();
    size_t size = fread(bytes, 1, LARGEST, file);
    fclose(file);
    LLVMFuzzerTestOneInput(bytes, size);
    free(bytes);
    return 0;
}

int main(int argc, char **argv) {
    int files = 0, failures = 0;
    struct dirent *entry;
    DIR *folder = argc == 2 ? opendir(argv[1]) : NULL;
    if (folder == NULL) return 2;
    while ((entry = readdir(folder)) != NULL) {
        char path[4096];
        if (entry->d_name[0] == '.') continue;
        snprintf(path, sizeof path, "%s/%s", argv[1], entry->d_name);
        failures += run_file(path);
        files++;
    }
    closedir(folder);
    printf("%d corpus files, %d unreadable\n", files, failures);
    return files == 0 || failures > 0;
}
