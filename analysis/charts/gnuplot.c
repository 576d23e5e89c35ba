/* Draws figures with gnuplot in a directory of its own, then moves the files to their place. */
#include "analysis/charts/gnuplot.h"

#include "analysis/base/alloc.h"
#include "analysis/base/temporary_files.h"
#include "analysis/charts/gnuplot_internal.h"

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

static const char *const endings[] = {"tsv", "svg", "png", "gp"};
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
    int status, rc;
    base_temporary_writer(child);
    do {
        rc = waitpid(child, &status, 0);
    } while (rc < 0 && errno == EINTR);
    base_temporary_writer(0);
    if (rc < 0) {
        return -1;
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

static bool write_plot_file(const plots *p, const cJSON *figure, int map, const char *name,
                            const char *ending) {
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
static char *plot_name(const cJSON *figure, int map) {
    const char *id = cJSON_GetStringValue(charts_member(figure, "id"));
    const cJSON *chosen = cJSON_GetArrayItem(charts_member(figure, "maps"), map);
    const char *which = map > 0 ? cJSON_GetStringValue(charts_member(chosen, "name")) : "";
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
        if (strcmp(cJSON_GetStringValue(charts_member(figure, "kind")), "time") == 0) {
            continue;
        }
        int maps = cJSON_GetArraySize(charts_member(figure, "maps"));
        for (int map = 0; map < (maps > 0 ? maps : 1); map++) {
            p->names = base_grow(p->names, &p->cap, p->count + 1, sizeof *p->names);
            char *name = p->names[p->count++] = plot_name(figure, map);
            for (size_t e = 0; e < ENDINGS; e++) {
                char *path = path_of(p->folder, name, endings[e]);
                base_temporary_register(path, false);
                free(path);
            }
            if (!write_plot_file(p, figure, map, name, "tsv") ||
                !write_plot_file(p, figure, map, name, "gp")) {
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

/* Whether the plot that this file belongs to was drawn by moetrace: its script says so. */
static bool is_own_plot(const char *path, const char *head, size_t len) {
    char first[512] = "";
    (void)head;
    (void)len;
    char *folder = base_copy(path, strlen(path)), *name = strrchr(folder, '/');
    *name++ = '\0'; /* the path is a whole one */
    name[strcspn(name, ".")] = '\0';
    char *script = path_of(folder, name, "gp");
    FILE *f = fopen(script, "re");
    if (f) {
        (void)!fread(first, 1, sizeof first - 1, f);
        fclose(f);
    }
    free(script);
    free(folder);
    first[strcspn(first, "\n")] = '\0';
    return first[0] == '#' && strstr(first, ". " CHARTS_GNUPLOT_MAKER) != NULL;
}

static const base_output_kind plot_kind = {"a file of a plot", is_own_plot};

/* Moves the files to the directory, after looking whether each can go there. */
static int move_all(const plots *p, base_outputs *outputs, char error[TRACE_ERROR_BYTES]) {
    bool good = true;
    size_t files = p->count * ENDINGS;
    for (size_t i = 0; i < 2 * files && good; i++) {
        bool moving = i >= files;
        size_t at = moving ? i - files : i;
        /* The script comes last: until then it says whose the others are. */
        const char *name = p->names[at % p->count], *ending = endings[at / p->count];
        char *from = path_of(p->folder, name, ending), *to = path_of(p->target, name, ending);
        good = moving ? base_output_move(outputs, from, to, &plot_kind, error) == 0
                      : base_outputs_allow(outputs, to, &plot_kind, error);
        free(from);
        free(to);
    }
    return good ? 0 : -1;
}

static void clean_up(plots *p) {
    char *path;
    for (size_t i = 0; i < p->count * ENDINGS; i++) {
        path = path_of(p->folder, p->names[i / ENDINGS], endings[i % ENDINGS]);
        unlink(path);
        base_temporary_forget(path);
        free(path);
    }
    path = path_of(p->folder, "gnuplot", "errors");
    unlink(path);
    base_temporary_forget(path);
    free(path);
    rmdir(p->folder);
    base_temporary_forget(p->folder);
    for (size_t i = 0; i < p->count; i++) {
        free(p->names[i]);
    }
    free(p->names);
    free(p->folder);
}

/* Makes a directory beside the target, on the same file system. */
static int make_plot_folder(plots *p, char error[TRACE_ERROR_BYTES]) {
    struct stat st;
    size_t len = strlen(p->target);
    while (len > 1 && p->target[len - 1] == '/') {
        len--;
    }
    if (stat(p->target, &st) == 0 && !S_ISDIR(st.st_mode)) {
        snprintf(error, TRACE_ERROR_BYTES, "%s: is no directory; give another name with --output", p->target);
        return -1;
    }
    char *target = base_copy(p->target, len), *errors;
    int made = base_temporary_folder_beside(target, &p->folder);
    free(target);
    if (made != 0) {
        snprintf(error, TRACE_ERROR_BYTES, "%s: cannot be made: %s; choose another place with --output",
                 p->target, strerror(errno));
        return -1;
    }
    errors = path_of(p->folder, "gnuplot", "errors");
    base_temporary_register(errors, false);
    free(errors);
    return 0;
}

int charts_gnuplot_write(const cJSON *figures, base_outputs *outputs, const char *directory,
                         char error[TRACE_ERROR_BYTES]) {
    plots p = {.target = directory};
    int rc = -1;
    if (make_plot_folder(&p, error) != 0) {
        return -1;
    }
    if (!write_sources(&p, figures)) {
        snprintf(error, TRACE_ERROR_BYTES, "%s: could not be written: %s", directory, strerror(errno));
    } else if (p.count == 0) {
        snprintf(error, TRACE_ERROR_BYTES,
                 "the trace has nothing to draw: no vision, prefill or decode range, no expert's range");
    } else if (draw(&p, error) == 0 && all_drawn(&p, error)) {
        if (mkdir(directory, 0777) != 0 && errno != EEXIST) {
            snprintf(error, TRACE_ERROR_BYTES, "%s: cannot be made: %s", directory, strerror(errno));
        } else if (move_all(&p, outputs, error) == 0) {
            rc = (int)p.count;
        }
    }
    clean_up(&p);
    return rc;
}
