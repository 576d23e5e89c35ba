/* Draws figures with gnuplot in a directory of its own, then moves the files to their place. */
#include "analysis/charts/gnuplot.h"

#include "analysis/base/alloc.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

/* What gnuplot says goes here, in the directory of the plots. */
#define ERRORS "gnuplot.errors"

typedef struct {
    const char *target;
    char *folder; /* where the files are made */
    char **names; /* of plots, without an ending */
    size_t count, cap;
} plots;

static const char *const endings[] = {"tsv", "gp", "svg", "png"};
#define ENDINGS (sizeof endings / sizeof *endings)

/* ---- gnuplot ---- */

/* Runs gnuplot with these arguments in `folder`, or here when it is NULL. Its exit
 * status, 127 when there is none. */
static int run_gnuplot(char **argv, const char *folder) {
    pid_t child = fork();
    if (child < 0) {
        return -1;
    }
    if (child == 0) {
        int nothing = open("/dev/null", O_RDWR);
        if (nothing < 0 || (folder && chdir(folder) != 0)) {
            _exit(126);
        }
        int errors = folder ? open(ERRORS, O_WRONLY | O_CREAT | O_TRUNC, 0666) : nothing;
        dup2(nothing, 0);
        dup2(nothing, 1);
        dup2(errors < 0 ? nothing : errors, 2);
        execvp("gnuplot", argv);
        _exit(127);
    }
    int status;
    while (waitpid(child, &status, 0) < 0) {
        if (errno != EINTR) {
            return -1;
        }
    }
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

bool charts_gnuplot_possible(char error[TRACE_ERROR_BYTES]) {
    char program[] = "gnuplot", version[] = "--version", *argv[] = {program, version, NULL};
    if (run_gnuplot(argv, NULL) == 0) {
        return true;
    }
    snprintf(error, TRACE_ERROR_BYTES,
             "gnuplot cannot be run, and draws the plots: install it (Debian and Ubuntu: gnuplot-nox)");
    return false;
}

/* The last line that gnuplot said. */
static void say_why(const plots *p, char error[TRACE_ERROR_BYTES]) {
    char path[4096], line[256], last[256] = "it said nothing";
    snprintf(path, sizeof path, "%s/" ERRORS, p->folder);
    FILE *f = fopen(path, "r");
    while (f && fgets(line, sizeof line, f)) {
        line[strcspn(line, "\n")] = '\0';
        if (strspn(line, " \t") < strlen(line)) {
            memcpy(last, line, sizeof last);
        }
    }
    if (f) {
        fclose(f);
    }
    snprintf(error, TRACE_ERROR_BYTES, "gnuplot failed: %s", last);
}

/* Each plot by a gnuplot of its own, so that it looks as its script alone makes it. */
static int draw(const plots *p, char error[TRACE_ERROR_BYTES]) {
    for (size_t i = 0; i < p->count; i++) {
        char program[] = "gnuplot", script[256], defaults[] = "-d"; /* whatever ~/.gnuplot says */
        char *argv[] = {program, defaults, script, NULL};
        snprintf(script, sizeof script, "%s.gp", p->names[i]);
        if (run_gnuplot(argv, p->folder) != 0) {
            say_why(p, error);
            return -1;
        }
    }
    return 0;
}

/* ---- Files ---- */

/* FOLDER/NAME.ENDING; the caller frees it. */
static char *path_of(const char *folder, const char *name, const char *ending) {
    size_t size = strlen(folder) + strlen(name) + strlen(ending) + 3;
    char *path = base_alloc(size, 1);
    snprintf(path, size, "%s/%s.%s", folder, name, ending);
    return path;
}

static bool write_file(const plots *p, const cJSON *figure, int map, const char *name, const char *ending) {
    char *path = path_of(p->folder, name, ending);
    FILE *f = fopen(path, "w");
    free(path);
    if (!f) {
        return false;
    }
    if (strcmp(ending, "tsv") == 0) {
        charts_gnuplot_data(f, figure, map);
    } else {
        charts_gnuplot_script(f, figure, name);
    }
    bool good = fflush(f) == 0 && !ferror(f);
    return fclose(f) == 0 && good;
}

/* The name of a plot: the figure's, and for maps behind the first that of the map ("k = 8" is k8). */
static char *name_of(const cJSON *figure, int map) {
    const char *id = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(figure, "id"));
    const cJSON *chosen = cJSON_GetArrayItem(cJSON_GetObjectItemCaseSensitive(figure, "maps"), map);
    const char *which = map > 0 ? cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(chosen, "name")) : "";
    char *name = base_alloc(strlen(id) + strlen(which) + 2, 1), *end = name + sprintf(name, "%s", id);
    *end = *which ? '-' : '\0';
    end += *which != '\0';
    for (; *which; which++) {
        if (*which != ' ' && *which != '=') {
            *end++ = *which;
        }
    }
    return name;
}

static bool write_sources(plots *p, const cJSON *figures) {
    const cJSON *figure;
    cJSON_ArrayForEach(figure, figures) {
        if (strcmp(cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(figure, "kind")), "time") == 0) {
            continue;
        }
        int maps = cJSON_GetArraySize(cJSON_GetObjectItemCaseSensitive(figure, "maps"));
        for (int map = 0; map < (maps > 0 ? maps : 1); map++) {
            p->names = base_grow(p->names, &p->cap, p->count + 1, sizeof *p->names);
            char *name = p->names[p->count++] = name_of(figure, map);
            if (!write_file(p, figure, map, name, "tsv") || !write_file(p, figure, map, name, "gp")) {
                return false;
            }
        }
    }
    return true;
}

/* Whether gnuplot left every file, none of them empty. */
static bool all_drawn(const plots *p, char error[TRACE_ERROR_BYTES]) {
    for (size_t i = 0; i < p->count; i++) {
        for (size_t e = 0; e < ENDINGS; e++) {
            char *path = path_of(p->folder, p->names[i], endings[e]);
            struct stat st;
            bool good = stat(path, &st) == 0 && st.st_size > 0;
            free(path);
            if (!good) {
                snprintf(error, TRACE_ERROR_BYTES, "gnuplot made no %s.%s", p->names[i], endings[e]);
                return false;
            }
        }
    }
    return true;
}

/* Moves the files to the directory, after looking whether each can go there. */
static int move_all(const plots *p, char error[TRACE_ERROR_BYTES]) {
    for (size_t moving = 0; moving < 2; moving++) {
        for (size_t i = 0; i < p->count * ENDINGS; i++) {
            const char *name = p->names[i / ENDINGS], *ending = endings[i % ENDINGS];
            char *from = path_of(p->folder, name, ending), *to = path_of(p->target, name, ending);
            struct stat st;
            int rc = moving ? rename(from, to) : stat(to, &st) == 0 && !S_ISREG(st.st_mode) ? -1 : 0;
            if (rc != 0) {
                snprintf(error, TRACE_ERROR_BYTES, "%s: cannot be written: %s; choose another directory", to,
                         moving ? strerror(errno) : "it exists, and is no file");
            }
            free(from);
            free(to);
            if (rc != 0) {
                return -1;
            }
        }
    }
    return 0;
}

static void clean_up(plots *p) {
    char *path;
    for (size_t i = 0; i < p->count * ENDINGS; i++) {
        path = path_of(p->folder, p->names[i / ENDINGS], endings[i % ENDINGS]);
        unlink(path);
        free(path);
    }
    path = path_of(p->folder, "gnuplot", "errors");
    unlink(path);
    free(path);
    rmdir(p->folder);
    for (size_t i = 0; i < p->count; i++) {
        free(p->names[i]);
    }
    free(p->names);
    free(p->folder);
}

/* Makes a directory beside the target, on the same file system. */
static int make_folder(plots *p, char error[TRACE_ERROR_BYTES]) {
    struct stat st;
    size_t len = strlen(p->target);
    while (len > 1 && p->target[len - 1] == '/') {
        len--;
    }
    if (stat(p->target, &st) == 0 && !S_ISDIR(st.st_mode)) {
        snprintf(error, TRACE_ERROR_BYTES, "%s: is no directory; give another name with --output", p->target);
        return -1;
    }
    p->folder = base_alloc(len + 10, 1);
    snprintf(p->folder, len + 10, "%.*s.XXXXXX", (int)len, p->target);
    if (!mkdtemp(p->folder)) {
        snprintf(error, TRACE_ERROR_BYTES, "%s: cannot be made: %s; choose another place with --output",
                 p->target, strerror(errno));
        free(p->folder);
        p->folder = NULL;
        return -1;
    }
    return 0;
}

int charts_gnuplot_write(const cJSON *figures, const char *directory, char error[TRACE_ERROR_BYTES]) {
    plots p = {.target = directory};
    int rc = -1;
    if (make_folder(&p, error) != 0) {
        return -1;
    }
    if (!write_sources(&p, figures)) {
        snprintf(error, TRACE_ERROR_BYTES, "%s: could not be written: %s", directory, strerror(errno));
    } else if (p.count == 0) {
        snprintf(error, TRACE_ERROR_BYTES,
                 "the trace has nothing to draw: no vision, prefill or decode range, no "
                 "expert's range");
    } else if (draw(&p, error) == 0 && all_drawn(&p, error)) {
        if (mkdir(directory, 0777) != 0 && errno != EEXIST) {
            snprintf(error, TRACE_ERROR_BYTES, "%s: cannot be made: %s", directory, strerror(errno));
        } else if (move_all(&p, error) == 0) {
            rc = (int)p.count;
        }
    }
    clean_up(&p);
    return rc;
}
