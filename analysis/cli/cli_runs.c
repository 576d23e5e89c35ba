/* See cli_runs.h. */
#include "analysis/cli/cli_runs.h"

#include "analysis/base/alloc.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#define TRACE_ENDING ".moetrace"
#define RUN_PREFIX   "run-"
#define MOST_RUNS    100000

static char *join_path(const char *directory, const char *name) {
    char *path;
    size_t len = strlen(directory);
    if (strcmp(directory, ".") == 0) {
        return base_copy(name, strlen(name));
    }
    const char *slash = len > 0 && directory[len - 1] == '/' ? "" : "/";
    return asprintf(&path, "%s%s%s", directory, slash, name) < 0 ? base_copy("", 0) : path;
}

static int by_path(const void *a, const void *b) {
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static bool name_ends_with(const char *name, const char *ending) {
    size_t len = strlen(name), suffix = strlen(ending);
    return len > suffix && strcmp(name + len - suffix, ending) == 0;
}

int cli_files_list(cli_files *files, const char *directory, const char *ending) {
    *files = (cli_files){0};
    DIR *dir = opendir(directory);
    if (!dir) {
        return errno;
    }
    const struct dirent *entry;
    while ((entry = readdir(dir)) != NULL) {
        char *path;
        if (name_ends_with(entry->d_name, ending) &&
            asprintf(&path, "%s/%s", directory, entry->d_name) >= 0) {
            files->list = base_grow(files->list, &files->cap, files->count + 1, sizeof *files->list);
            files->list[files->count++] = path;
        }
    }
    closedir(dir);
    if (files->count > 0) {
        qsort(files->list, files->count, sizeof *files->list, by_path);
    }
    return 0;
}

void cli_files_free(cli_files *files) {
    for (size_t i = 0; i < files->count; i++) {
        free(files->list[i]);
    }
    free(files->list);
    *files = (cli_files){0};
}

/* ---- The runs of a directory ---- */

static bool is_later(struct timespec a, struct timespec b) {
    return a.tv_sec != b.tv_sec ? a.tv_sec > b.tv_sec : a.tv_nsec > b.tv_nsec;
}

static void add_run(cli_runs *runs, char *path, cli_files traces) {
    cli_run run = {.path = path, .traces = traces};
    for (size_t i = 0; i < traces.count; i++) {
        struct stat st;
        if (stat(traces.list[i], &st) == 0 && is_later(st.st_mtim, run.newest)) {
            run.newest = st.st_mtim;
        }
    }
    runs->list = base_grow(runs->list, &runs->cap, runs->count + 1, sizeof *runs->list);
    runs->list[runs->count++] = run;
}

static void free_run(cli_run *run) {
    free(run->path);
    cli_files_free(&run->traces);
}

/* Whether it is the N of run-N, from 2. */
static bool is_later_run(const char *name) {
    char *end;
    if (strncmp(name, RUN_PREFIX, strlen(RUN_PREFIX)) != 0) {
        return false;
    }
    const char *number = name + strlen(RUN_PREFIX);
    return *number >= '1' && *number <= '9' && strtoul(number, &end, 10) >= 2 && *end == '\0';
}

/* Adds each directory in this one that has traces; with `numbered`, the directories run-N only. */
static void add_directories(cli_runs *runs, const char *directory, bool numbered) {
    DIR *dir = opendir(directory);
    const struct dirent *entry;
    while (dir && (entry = readdir(dir)) != NULL) {
        if (entry->d_name[0] == '.' || (numbered && !is_later_run(entry->d_name))) {
            continue;
        }
        cli_files traces;
        char *path = join_path(directory, entry->d_name);
        if (cli_files_list(&traces, path, TRACE_ENDING) == 0 && traces.count > 0) {
            add_run(runs, path, traces);
        } else {
            free(path);
        }
    }
    if (dir) {
        closedir(dir);
    }
}

static int by_age(const void *a, const void *b) {
    const cli_run *x = a, *y = b;
    if (is_later(x->newest, y->newest) || is_later(y->newest, x->newest)) {
        return is_later(x->newest, y->newest) ? 1 : -1;
    }
    return strcmp(x->path, y->path);
}

static void sort_runs(cli_runs *runs) {
    if (runs->count > 0) {
        qsort(runs->list, runs->count, sizeof *runs->list, by_age);
    }
}

int cli_runs_find(cli_runs *runs, const char *directory) {
    cli_files own;
    *runs = (cli_runs){0};
    int rc = cli_files_list(&own, directory, TRACE_ENDING);
    if (rc != 0) {
        return rc;
    }
    add_directories(runs, directory, own.count > 0);
    if (own.count > 0) {
        bool alone = runs->count == 0;
        add_run(runs, alone ? base_copy(directory, strlen(directory)) : join_path(directory, RUN_PREFIX "1"),
                own);
    }
    sort_runs(runs);
    return 0;
}

void cli_runs_find_here(cli_runs *runs) {
    cli_files own;
    *runs = (cli_runs){0};
    add_directories(runs, ".", false);
    for (size_t i = 0, top = runs->count; i < top; i++) {
        size_t before = runs->count;
        add_directories(runs, runs->list[i].path, true);
        if (runs->count > before) {
            char *first = join_path(runs->list[i].path, RUN_PREFIX "1");
            free(runs->list[i].path);
            runs->list[i].path = first;
        }
    }
    if (cli_files_list(&own, ".", TRACE_ENDING) == 0) {
        for (size_t i = 0; i < own.count; i++) {
            cli_files one = {.list = base_alloc(1, sizeof *one.list), .count = 1, .cap = 1};
            const char *name = own.list[i] + strlen("./");
            one.list[0] = base_copy(name, strlen(name));
            add_run(runs, base_copy(name, strlen(name)), one);
        }
        cli_files_free(&own);
    }
    sort_runs(runs);
}

void cli_runs_free(cli_runs *runs) {
    for (size_t i = 0; i < runs->count; i++) {
        free_run(&runs->list[i]);
    }
    free(runs->list);
    *runs = (cli_runs){0};
}

char *cli_runs_first(const char *path) {
    static const char first[] = RUN_PREFIX "1";
    size_t len = strlen(path), name = strlen(first);
    while (len > 0 && path[len - 1] == '/') {
        len--;
    }
    if (len < name || strncmp(path + len - name, first, name) != 0 ||
        (len > name && path[len - name - 1] != '/') || access(path, F_OK) == 0) {
        return NULL;
    }
    size_t directory = len - name;
    while (directory > 1 && path[directory - 1] == '/') {
        directory--;
    }
    return directory == 0 ? base_copy(".", 1) : base_copy(path, directory);
}

/* ---- Where the next run goes ---- */

/* Makes the directory and what leads to it, as the recorder would; *made: it was not there. */
static bool make_directories(const char *path, bool *made) {
    char *copy = base_copy(path, strlen(path));
    for (char *slash = strchr(copy + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        mkdir(copy, 0777);
        *slash = '/';
    }
    *made = mkdir(copy, 0777) == 0;
    bool exists = *made || errno == EEXIST;
    free(copy);
    return exists;
}

typedef enum { RUN_RESERVED, RUN_TAKEN, RUN_UNKNOWN } reservation;

/* The lock is gone when the process ends, so nothing is left behind. */
static reservation reserve_directory(const char *path, bool *made) {
    cli_files traces;
    if (!make_directories(path, made)) {
        return RUN_UNKNOWN;
    }
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0) {
        return RUN_UNKNOWN;
    }
    bool locked = flock(fd, LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK;
    bool used = !locked && (cli_files_list(&traces, path, TRACE_ENDING) != 0 || traces.count > 0);
    if (!locked) {
        cli_files_free(&traces);
    }
    if (locked || used) {
        close(fd);
        return RUN_TAKEN;
    }
    return RUN_RESERVED; /* the descriptor stays open */
}

char *cli_runs_reserve(const char *directory, bool *made) {
    char *path = base_copy(directory, strlen(directory));
    reservation found = reserve_directory(path, made);
    for (unsigned n = 2; found == RUN_TAKEN && n < MOST_RUNS; n++) {
        char name[32];
        snprintf(name, sizeof name, RUN_PREFIX "%u", n);
        free(path);
        path = join_path(directory, name);
        found = reserve_directory(path, made);
    }
    if (found != RUN_RESERVED) {
        free(path);
        path = base_copy(directory, strlen(directory));
    }
    return path;
}
