/* moetrace diff: two runs side by side, with intervals; for people, and for CI with --fail-above. */
#include "analysis/cli_read.h"
#include "analysis/diff.h"
#include "analysis/memory.h"
#include "analysis/report.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define GREW 1 /* exit status: a phase grew by more than --fail-above */

typedef struct {
    const char *traces[2];
    int count;
    double limit; /* share; NaN: none */
    analysis_cli_tables tables;
} arguments;

/* Reads "5%" or "5" as 0.05. */
static bool read_percent(const char *text, double *share) {
    char *end;
    double value = strtod(text, &end);
    if (end == text || !(value >= 0) || isinf(value) || strcmp(*end == '%' ? end + 1 : end, "") != 0) {
        analysis_error("--fail-above=%s: give a percentage, such as 5%%", text);
        return false;
    }
    *share = value / 100;
    return true;
}

static error_t parse_input(arguments *a, const char *arg) {
    if (a->count == 2) {
        analysis_error("diff takes two traces, and got %s as a third", arg);
        return EINVAL;
    }
    a->traces[a->count++] = arg;
    return 0;
}

static error_t parse(int key, char *arg, struct argp_state *state) {
    arguments *a = state->input;
    switch (key) {
    case 'F':
        return read_percent(arg, &a->limit) ? 0 : EINVAL;
    case ARGP_KEY_ARG:
        return parse_input(a, arg);
    case ARGP_KEY_END:
        if (a->count < 2) {
            analysis_error("diff needs two traces (see moetrace diff --help)");
            return EINVAL;
        }
        return 0;
    default:
        return analysis_cli_tables_parse(key, arg, &a->tables);
    }
}

static const struct argp_option options[] = {
    {"fail-above", 'F', "PERCENT", 0,
     "exit with status 1 when the median of a phase at some k grew by more, and not by chance", 0},
    ANALYSIS_OPTION_FORMAT,
    ANALYSIS_OPTION_RULES,
    ANALYSIS_OPTION_JOBS,
    ANALYSIS_OPTION_TOP("rows in the tables of experts and kernels (default 10)"),
    ANALYSIS_OPTION_K("compare the experts and kernels of the requests with top_k=K only"),
    ANALYSIS_CLI_OPTIONS};

static const struct argp argp = {options,
                                 parse,
                                 "A B",
                                 "Compares two traces: the medians of each phase at each k, the experts and "
                                 "the kernels; B in terms of A, with 95 % intervals. A and B are "
                                 "files, or directories that hold one trace.\v" ANALYSIS_CLI_CAPTURES
                                 "Examples:\n"
                                 "  moetrace diff before.moetrace after.moetrace\n"
                                 "  moetrace diff --fail-above 5% runs/before runs/after\n\n"
                                 "Exit status: 0; 1 when --fail-above is exceeded; 2 when something is "
                                 "wrong, or too few samples cannot tell; 1 and 2 after one line on "
                                 "standard error.",
                                 NULL,
                                 NULL,
                                 NULL};

static void say(const analysis_growth *g, double limit, const char *how) {
    char k[32] = "";
    if (g->k != ANALYSIS_NONE) {
        snprintf(k, sizeof k, " at k=%u", g->k);
    }
    analysis_error("--fail-above=%g%%: the median of %s%s grew by %.1f %%%s", 100 * limit,
                   analysis_row_name(g->kind), k, 100 * g->share, how);
}

/* The exit status, after a line that says why when it is not 0. Nothing is above a limit of NaN: there is
 * none. */
static int judge(const analysis_growths *grew, double limit) {
    if (grew->sure.share > limit) {
        say(&grew->sure, limit, "");
        return GREW;
    }
    if (grew->unknown.share > limit) {
        say(&grew->unknown, limit,
            ", of too few samples to tell it from chance; give 6 or more to either side");
        return ANALYSIS_FAILED;
    }
    return ANALYSIS_OK;
}

/* Of a directory its one trace, to be freed; anything else is left to the reader. NULL after an error line.
 */
static char *one_trace(const char *path) {
    struct stat st;
    if (stat(path, &st) != 0 || !S_ISDIR(st.st_mode)) {
        return analysis_copy(path, strlen(path));
    }
    char **list, *only = NULL;
    size_t count = analysis_cli_traces(path, false, &list);
    if (count == 1) {
        only = analysis_copy(list[0], strlen(list[0]));
    } else if (count > 1) {
        analysis_error("%s: holds the traces of %zu processes; give one of them, such as %s", path, count,
                       list[0]);
    }
    analysis_cli_free_traces(list, count);
    return only;
}

static int diff(const arguments *a, const analysis_rules *rules) {
    analysis_results *sides[2];
    int status = ANALYSIS_OK;
    analysis_cli_reading *reading = analysis_cli_read_begin(a->traces, 2, &a->tables, rules);
    for (int i = 0; i < 2 && status == ANALYSIS_OK; i++) {
        status = analysis_cli_read_next(reading, &sides[i]) == 0 ? ANALYSIS_OK : ANALYSIS_FAILED;
    }
    if (status == ANALYSIS_OK) {
        analysis_output out;
        analysis_output_begin(&out, a->tables.format, stdout);
        char *title;
        if (asprintf(&title, "A %s, B %s", a->traces[0], a->traces[1]) < 0) {
            title = NULL;
        }
        analysis_output_report(&out, title ? title : "");
        analysis_output_line(&out, title ? title : "");
        analysis_growths grew = analysis_diff(sides[0], sides[1], a->tables.top, &out);
        free(title);
        status = analysis_cli_output_end(&out, judge(&grew, a->limit));
    }
    analysis_cli_read_end(reading);
    return status;
}

int analysis_cmd_diff(int argc, char **argv) {
    arguments a = {.tables = ANALYSIS_CLI_TABLES_STANDARD, .limit = NAN};
    a.tables.clusters = true;
    analysis_rules rules = {0};
    int status;
    if (analysis_cli_parse(&argp, argc, argv, &a, &status) != 0) {
        return status;
    }
    if (!analysis_cli_rules(&a.tables, &rules)) {
        return ANALYSIS_FAILED;
    }
    char *traces[2] = {one_trace(a.traces[0]), NULL};
    traces[1] = traces[0] ? one_trace(a.traces[1]) : NULL;
    if (traces[1]) {
        a.traces[0] = traces[0];
        a.traces[1] = traces[1];
        status = diff(&a, &rules);
    } else {
        status = ANALYSIS_FAILED;
    }
    free(traces[0]);
    free(traces[1]);
    analysis_rules_free(&rules);
    return status;
}
