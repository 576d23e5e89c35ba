/* Options, errors, progress and inputs of every subcommand. */
#include "analysis/cli.h"

#include <dirent.h>
#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

/* Whether an error line was printed since parsing began: then a parser's EINVAL needs no other. */
static bool error_was_said;

int analysis_error(const char *format, ...) {
    va_list args;
    fflush(stdout);
    fputs("moetrace: ", stderr);
    va_start(args, format);
    vfprintf(stderr, format, args);
    va_end(args);
    putc('\n', stderr);
    error_was_said = true;
    return ANALYSIS_FAILED;
}

typedef struct {
    const struct argp *argp;
    void *input;
    const char *name;
    int *status;
    bool done;
} parsing;

static error_t parse_one(int key, char *arg, struct argp_state *state) {
    parsing *p = state->input;
    if (key == 'h') {
        argp_help(p->argp, stdout, ARGP_HELP_STD_HELP & ~(unsigned)ARGP_HELP_EXIT_OK, (char *)p->name);
        p->done = true;
        *p->status = analysis_cli_flush();
        return ECANCELED;
    }
    if (key == 'V') {
        printf("moetrace %s\n", MOETRACE_VERSION);
        p->done = true;
        *p->status = analysis_cli_flush();
        return ECANCELED;
    }
    state->input = p->input;
    error_t rc = p->argp->parser(key, arg, state);
    state->input = p;
    return rc;
}

/* The option that `text`, an argument without its dashes, names; NULL when there is none. */
static const struct argp_option *find_option(const struct argp_option *options, const char *text,
                                             bool is_long) {
    size_t len = strcspn(text, "=");
    for (; options->name; options++) {
        if (is_long ? strncmp(options->name, text, len) == 0 : options->key == (unsigned char)*text) {
            return options;
        }
    }
    return NULL;
}

/* The argument that argp gave up on, which it does not tell: the first that names no option, else the last.
 */
static const char *wrong_option(const struct argp_option *options, int argc, char **argv) {
    for (int i = 1; i < argc && strcmp(argv[i], "--") != 0; i++) {
        if (argv[i][0] != '-' || argv[i][1] == '\0') {
            continue;
        }
        bool is_long = argv[i][1] == '-';
        const char *text = argv[i] + 1 + is_long;
        const struct argp_option *option = find_option(options, text, is_long);
        if (!option) {
            return argv[i];
        }
        bool alone = is_long ? strchr(text, '=') == NULL : text[1] == '\0';
        i += option->arg && alone; /* its value is the next argument */
    }
    return argv[argc - 1];
}

int analysis_cli_parse(const struct argp *argp, int argc, char **argv, void *input, int *status) {
    parsing p = {.argp = argp, .input = input, .name = argv[0], .status = status};
    struct argp wrapped = *argp;
    wrapped.parser = parse_one;
    error_was_said = false;
    /* Without argp's own errors, which take two lines. It then has no help of its own either. */
    error_t rc = argp_parse(&wrapped, argc, argv, ARGP_IN_ORDER | ARGP_NO_ERRS | ARGP_NO_HELP, NULL, &p);
    if (p.done) {
        return -1;
    }
    if (rc != 0 && !error_was_said) {
        analysis_error("unknown option, or an option without its argument: %s (see %s --help)",
                       wrong_option(argp->options, argc, argv), argv[0]);
    }
    *status = ANALYSIS_FAILED;
    return rc == 0 ? 0 : -1;
}

bool analysis_cli_number(const char *option, const char *text, uint32_t least, uint32_t most,
                         uint32_t *value) {
    char *end;
    errno = 0;
    unsigned long long n = strtoull(text, &end, 10);
    if (*text < '0' || *text > '9' || *end != '\0' || errno != 0 || n < least || n > most) {
        analysis_error("%s=%s: give a whole number from %u to %u", option, text, least, most);
        return false;
    }
    *value = (uint32_t)n;
    return true;
}

int analysis_cli_word(const char *option, const char *text, const char *words) {
    size_t wanted = strlen(text);
    char known[256] = "";
    int i = 0, at = 0;
    for (const char *word = words; *word; i++) {
        size_t len = strcspn(word, "|");
        const char *next = word + len + (word[len] == '|');
        if (len == wanted && memcmp(word, text, len) == 0) {
            return i;
        }
        at += snprintf(known + at, sizeof known - (size_t)at, "%s%.*s",
                       i == 0  ? ""
                       : *next ? ", "
                               : " or ",
                       (int)len, word);
        word = next;
    }
    analysis_error("%s=%s: give %s", option, text, known);
    return -1;
}

int analysis_cli_flush(void) {
    if (fflush(stdout) != 0 || ferror(stdout)) {
        return analysis_error("standard output could not be written: %s", strerror(errno));
    }
    return ANALYSIS_OK;
}

void analysis_cli_show_progress(void *progress, uint64_t done, uint64_t total) {
    analysis_cli_progress *p = progress;
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

void analysis_cli_hide_progress(analysis_cli_progress *progress) {
    if (progress->shown) {
        fputs("\r\033[K", stderr);
        fflush(stderr);
    }
}

static bool is_trace(const char *name) {
    size_t len = strlen(name), suffix = strlen(".moetrace");
    return len > suffix && strcmp(name + len - suffix, ".moetrace") == 0;
}

static int by_name(const void *a, const void *b) {
    return strcmp(*(char *const *)a, *(char *const *)b);
}

size_t analysis_cli_traces(const char *path, char ***list) {
    struct stat st;
    size_t count = 0, cap = 0;
    *list = NULL;
    if (stat(path, &st) != 0) {
        analysis_error("%s: %s; give a trace, or the directory that `moetrace record` wrote", path,
                       strerror(errno));
        return 0;
    }
    if (!S_ISDIR(st.st_mode)) {
        *list = analysis_grow(NULL, &cap, 1, sizeof **list);
        (*list)[0] = analysis_copy(path, strlen(path));
        return 1;
    }
    DIR *dir = opendir(path);
    if (!dir) {
        analysis_error("%s: %s", path, strerror(errno));
        return 0;
    }
    const struct dirent *entry;
    while ((entry = readdir(dir)) != NULL) {
        char *file;
        if (is_trace(entry->d_name) && asprintf(&file, "%s/%s", path, entry->d_name) >= 0) {
            *list = analysis_grow(*list, &cap, count + 1, sizeof **list);
            (*list)[count++] = file;
        }
    }
    closedir(dir);
    if (count == 0) {
        analysis_error(
            "%s: no *.moetrace file in this directory; record one with `moetrace record -o %s -- CMD`", path,
            path);
        return 0;
    }
    qsort(*list, count, sizeof **list, by_name);
    return count;
}

void analysis_cli_free_traces(char **list, size_t count) {
    for (size_t i = 0; i < count; i++) {
        free(list[i]);
    }
    free(list);
}
