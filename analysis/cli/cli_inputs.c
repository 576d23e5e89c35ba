/* The traces that a path names, and how far their reading is. */
#include "analysis/cli/cli_options.h"
#include "analysis/input/capture_path.h"
#include "analysis/input/capture_reader.h"

#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

void cli_show_progress(void *progress, uint64_t done, uint64_t total) {
    cli_progress *p = progress;
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    uint64_t ns = (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
    if (p->last_ns == 0) {
        p->last_ns = isatty(STDERR_FILENO) ? ns : UINT64_MAX;
    }
    if (p->last_ns == UINT64_MAX || ns - p->last_ns < 100000000u || total == 0) {
        return;
    }
    p->last_ns = ns;
    p->shown = true;
    fprintf(stderr, "\r\033[Kreading %s: %3.0f %%", p->path, 100.0 * (double)done / (double)total);
    fflush(stderr);
}

void cli_hide_progress(cli_progress *progress) {
    if (progress->shown) {
        fputs("\r\033[K", stderr);
        fflush(stderr);
    }
}

static bool ends_with(const char *name, const char *ending) {
    size_t len = strlen(name), suffix = strlen(ending);
    return len > suffix && strcmp(name + len - suffix, ending) == 0;
}

static int by_name(const void *a, const void *b) {
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* A file: itself, or each process of a capture that holds several. */
static size_t file_traces(const char *path, bool guess, char ***list) {
    uint64_t *processes;
    size_t count = input_processes(path, guess, &processes);
    *list = base_alloc(count ? count : 1, sizeof **list);
    for (size_t i = 0; i < count; i++) {
        if (asprintf(&(*list)[i], "%s#%" PRIu64, path, processes[i]) < 0) {
            (*list)[i] = base_copy(path, strlen(path));
        }
    }
    free(processes);
    if (count == 0) {
        (*list)[0] = base_copy(path, strlen(path));
    }
    return count ? count : 1;
}

/* Adds the files of the directory whose names end so, sorted by name; false after an error line. */
static bool list_files(const char *path, const char *ending, char ***list, size_t *count) {
    size_t cap = 0;
    DIR *dir = opendir(path);
    if (!dir) {
        cli_error("%s: %s", path, strerror(errno));
        return false;
    }
    const struct dirent *entry;
    while ((entry = readdir(dir)) != NULL) {
        char *file;
        if (ends_with(entry->d_name, ending) && asprintf(&file, "%s/%s", path, entry->d_name) >= 0) {
            *list = base_grow(*list, &cap, *count + 1, sizeof **list);
            (*list)[(*count)++] = file;
        }
    }
    closedir(dir);
    if (*count > 0) {
        qsort(*list, *count, sizeof **list, by_name);
    }
    return true;
}

size_t cli_traces(const char *path, bool guess, char ***list) {
    struct stat st;
    size_t count = 0;
    uint64_t process;
    char *whole = base_copy(path, input_capture_file(path, &process));
    int found = stat(whole, &st);
    free(whole);
    *list = NULL;
    if (found != 0) {
        cli_error("%s: %s; give a trace, or the directory that `moetrace record` wrote", path,
                  strerror(errno));
        return 0;
    }
    if (!S_ISDIR(st.st_mode)) {
        return file_traces(path, guess, list);
    }
    static const char *const endings[] = {".moetrace", ".sqlite", ".pt.trace.json"};
    for (size_t i = 0; i < sizeof endings / sizeof *endings && count == 0; i++) {
        if (!list_files(path, endings[i], list, &count)) {
            return 0;
        }
    }
    if (count == 0) {
        cli_error("%s: no *.moetrace file in this directory; record one with `moetrace record -o %s -- CMD`",
                  path, path);
        return 0;
    }
    return count;
}

void cli_protect_traces(base_outputs *outputs, char *const *list, size_t count) {
    for (size_t i = 0; i < count; i++) {
        uint64_t process;
        char *file = base_copy(list[i], input_capture_file(list[i], &process));
        base_outputs_protect(outputs, file);
        free(file);
    }
}

void cli_free_traces(char **list, size_t count) {
    for (size_t i = 0; i < count; i++) {
        free(list[i]);
    }
    free(list);
}
