/* moetrace diff: two runs side by side, with intervals; for people, and for CI with --fail-above. */
#include "analysis/base/alloc.h"
#include "analysis/cli/cli_parallel_read.h"
#include "analysis/report/diff.h"

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
    cli_table_options tables;
} arguments;

/* Reads "5%" or "5" as 0.05. */
static bool read_percent(const char *text, double *share) {
    char *end;
    double value = strtod(text, &end);
    if (end == text || !(value >= 0) || isinf(value) || strcmp(*end == '%' ? end + 1 : end, "") != 0) {
        cli_error("--fail-above=%s: give a percentage, such as 5%%", text);
        return false;
    }
    *share = value / 100;
    return true;
}

static error_t parse_input(arguments *a, const char *arg) {
    if (a->count == 2) {
        cli_error("diff takes two traces, and got %s as a third", arg);
        return EINVAL;
    }
    a->traces[a->count++] = arg;
    return 0;
}

static error_t parse_diff(int key, char *arg, struct argp_state *state) {
    arguments *a = state->input;
    switch (key) {
    case 'F':
        return read_percent(arg, &a->limit) ? 0 : EINVAL;
    case ARGP_KEY_ARG:
        return parse_input(a, arg);
    case ARGP_KEY_END:
        if (a->count < 2) {
            cli_error("diff needs two traces (see moetrace diff --help)");
            return EINVAL;
        }
        return 0;
    default:
        return cli_table_options_parse(key, arg, &a->tables);
    }
}

static const struct argp_option options[] = {
    {"fail-above", 'F', "PERCENT", 0,
     "exit with status 1 when the median of a phase at some k grew significantly, by more than PERCENT", 0},
    CLI_OPTION_FORMAT,
    CLI_OPTION_RULES,
    CLI_OPTION_DOMAINS,
    CLI_OPTION_JOBS,
    CLI_OPTION_TOP("number of rows in the tables of experts and kernels (default 10; in json and csv all)"),
    CLI_OPTION_K("compare experts and kernels of requests with top_k=K only"),
    CLI_OPTIONS};

static const struct argp argp = {
    options,
    parse_diff,
    "A B",
    "Compares two traces: the medians of each phase at each k, the experts and the kernels, as ratios B / A "
    "with 95 % confidence intervals. A and B are files, or directories that hold one trace.\v" CLI_CAPTURES
    "Examples:\n"
    "  moetrace diff before.moetrace after.moetrace\n"
    "  moetrace diff --fail-above 5% runs/before runs/after\n\n"
    "Exit status: 0; 1 when --fail-above is exceeded; 2 on an error, or with too few samples to decide; 1 "
    "and 2 after one line on standard error.",
    NULL,
    NULL,
    NULL};

static void print_growth(const report_growth *g, double limit, const char *how) {
    char k[32] = "";
    if (g->k != BASE_NONE) {
        snprintf(k, sizeof k, " at k=%u", g->k);
    }
    cli_error("--fail-above=%g%%: the median of %s%s grew by %.1f %%%s", 100 * limit,
              metrics_row_name(g->kind), k, 100 * g->share, how);
}

/* The exit status, after a line that says why when it is not 0. Nothing is above a limit of NaN: there is
 * none. */
static int judge(const report_growths *grew, double limit) {
    if (grew->significant.share > limit) {
        print_growth(&grew->significant, limit, "");
        return GREW;
    }
    if (grew->unknown.share > limit) {
        print_growth(
            &grew->unknown, limit,
            "; too few samples to decide whether that is significant: record 6 or more on each side");
        return CLI_FAILED;
    }
    return CLI_OK;
}

/* Of a directory its one trace, to be freed; anything else is left to the reader. NULL after an error
 * line. */
static char *one_trace(const char *path) {
    struct stat st;
    if (stat(path, &st) != 0 || !S_ISDIR(st.st_mode)) {
        return base_copy(path, strlen(path));
    }
    char **list, *only = NULL;
    size_t count = cli_traces(path, false, &list);
    if (count == 1) {
        only = base_copy(list[0], strlen(list[0]));
    } else if (count > 1) {
        cli_error("%s: holds the traces of %zu processes; give one of them, such as %s", path, count,
                  list[0]);
    }
    cli_free_traces(list, count);
    return only;
}

static int diff(const arguments *a, const names_rules *rules) {
    metrics_results *sides[2];
    int status = CLI_OK;
    cli_reading *reading = cli_read_begin(a->traces, 2, &a->tables, rules);
    for (int i = 0; i < 2 && status == CLI_OK; i++) {
        status = cli_read_next(reading, &sides[i]) == 0 ? CLI_OK : CLI_FAILED;
    }
    if (status == CLI_OK) {
        report_output out;
        cli_output_begin(&out, a->tables.format);
        char *title;
        if (asprintf(&title, "A %s, B %s", a->traces[0], a->traces[1]) < 0) {
            title = NULL;
        }
        report_output_report(&out, title ? title : "");
        report_output_line(&out, title ? title : "");
        report_growths grew = report_diff(sides[0], sides[1], cli_table_top(&a->tables), &out);
        free(title);
        status = cli_output_end(&out, judge(&grew, a->limit));
    }
    cli_read_end(reading);
    return status;
}

int cli_cmd_diff(int argc, char **argv) {
    arguments a = {.tables = CLI_TABLES_STANDARD, .limit = NAN};
    a.tables.clusters = true;
    names_rules rules = {0};
    int status;
    if (cli_parse(&argp, argc, argv, &a, &status) != 0) {
        return status;
    }
    if (!cli_rules(&a.tables, &rules)) {
        return CLI_FAILED;
    }
    char *traces[2] = {one_trace(a.traces[0]), NULL};
    traces[1] = traces[0] ? one_trace(a.traces[1]) : NULL;
    if (traces[1]) {
        a.traces[0] = traces[0];
        a.traces[1] = traces[1];
        status = diff(&a, &rules);
    } else {
        status = CLI_FAILED;
    }
    free(traces[0]);
    free(traces[1]);
    names_rules_free(&rules);
    return status;
}
