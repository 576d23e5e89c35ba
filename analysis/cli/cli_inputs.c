/* The traces that a path names, and how far their reading is. */
#include "analysis/cli/cli_options.h"
#include "analysis/cli/cli_runs.h"
#include "analysis/input/capture_path.h"
#include "analysis/input/capture_reader.h"
#include "analysis/input/packed_file.h"

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

/* The list of a directory's files becomes the caller's. */
static size_t take_files(cli_files *files, char ***list) {
    *list = files->list;
    return files->count;
}

/* The traces of the first of several runs, if the path names that. */
static size_t first_run_traces(const char *path, char ***list) {
    cli_files files = {0};
    char *directory = cli_runs_first(path);
    if (directory) {
        cli_files_list(&files, directory, ".moetrace");
        free(directory);
    }
    return take_files(&files, list);
}

static void refuse_several_runs(const char *path, const cli_runs *runs) {
    cli_error("%s: holds %zu runs; give one of them, such as %s (`moetrace report %s` lists them)", path,
              runs->count, runs->list[runs->count - 1].path, path);
}

/* By the numbers in their names: rank 10 comes after rank 9. */
static int by_numbers(const void *a, const void *b) {
    return strverscmp(*(char *const *)a, *(char *const *)b);
}

/* Whether the list, which is sorted so, has the file's name without its last `drop` characters. */
static bool has_shorter(const cli_files *files, const char *path, size_t drop) {
    char *name = base_copy(path, strlen(path) - drop);
    bool found = files->count > 0 &&
                 bsearch(&name, files->list, files->count, sizeof *files->list, by_numbers) != NULL;
    free(name);
    return found;
}

/* Adds the compressed files, unless the same file is there uncompressed. */
static void add_packed(cli_files *files, const char *directory, const char *ending) {
    cli_files packed = {0};
    cli_files_list(&packed, directory, ending);
    size_t plain = files->count;
    for (size_t i = 0; i < packed.count; i++) {
        cli_files first = {.list = files->list, .count = plain};
        if (has_shorter(&first, packed.list[i], strlen(".gz"))) {
            continue;
        }
        files->list = base_grow(files->list, &files->cap, files->count + 1, sizeof *files->list);
        files->list[files->count++] = packed.list[i];
        packed.list[i] = NULL;
    }
    cli_files_free(&packed);
}

/* The files of other tools in the directory: each is a rank, which its name tells. */
static size_t foreign_files(const char *path, char ***list) {
    static const char *const endings[][2] = {{".sqlite", ".sqlite.gz"}, {".trace.json", ".trace.json.gz"}};
    cli_files files = {0};
    for (size_t i = 0; i < sizeof endings / sizeof *endings && files.count == 0; i++) {
        cli_files_list(&files, path, endings[i][0]);
        if (files.count > 0) {
            qsort(files.list, files.count, sizeof *files.list, by_numbers);
        }
        add_packed(&files, path, endings[i][1]);
        if (files.count > 0) {
            qsort(files.list, files.count, sizeof *files.list, by_numbers);
        }
    }
    if (files.count == 0) {
        cli_error("%s: no *.moetrace file in this directory; record one with `moetrace record -o %s -- CMD`",
                  path, path);
    }
    return take_files(&files, list);
}

static size_t directory_traces(const char *path, char ***list) {
    cli_runs runs;
    size_t count = 0;
    int rc = cli_runs_find(&runs, path);
    if (rc != 0) {
        cli_error("%s: %s", path, strerror(rc));
    } else if (runs.count == 0) {
        count = foreign_files(path, list);
    } else if (runs.count > 1) {
        refuse_several_runs(path, &runs);
    } else {
        count = take_files(&runs.list[0].traces, list);
        runs.list[0].traces = (cli_files){0};
    }
    cli_runs_free(&runs);
    return count;
}

size_t cli_traces(const char *path, bool guess, char ***list) {
    struct stat st;
    uint64_t process;
    if (strcmp(path, INPUT_STANDARD) == 0) {
        return file_traces(path, guess, list);
    }
    char *whole = base_copy(path, input_capture_file(path, &process));
    int found = stat(whole, &st) == 0 ? 0 : errno;
    free(whole);
    *list = NULL;
    if (found != 0) {
        size_t count = first_run_traces(path, list);
        if (count == 0) {
            cli_error("%s: %s; give a trace, or the directory that `moetrace record` wrote", path,
                      strerror(found));
        }
        return count;
    }
    return S_ISDIR(st.st_mode) ? directory_traces(path, list) : file_traces(path, guess, list);
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
