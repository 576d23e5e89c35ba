/* moetrace plot: the curves of a report as files for a paper. */
#include "analysis/cli_bounds.h"
#include "analysis/cli_read.h"
#include "analysis/cli_tables.h"
#include "analysis/figures.h"
#include "analysis/plots.h"

#include <errno.h>

typedef struct {
    const char *trace, *output;
    analysis_cli_tables tables;
    analysis_cli_bounds bounds;
} arguments;

static error_t parse(int key, char *arg, struct argp_state *state) {
    arguments *a = state->input;
    switch (key) {
    case 'o':
        a->output = arg;
        return 0;
    case 'k':
    case 'r':
    case 'J':
        return analysis_cli_tables_parse(key, arg, &a->tables);
    case ARGP_KEY_ARG:
    case ARGP_KEY_NO_ARGS:
        return analysis_cli_one_trace(key, arg, "plot", &a->trace);
    case ARGP_KEY_END:
        if (!a->output) {
            analysis_error("plot needs a directory for its files: give --output (see moetrace plot --help)");
            return EINVAL;
        }
        return 0;
    default:
        return analysis_cli_bounds_parse(key, arg, &a->bounds);
    }
}

static const struct argp_option options[] = {
    {"output", 'o', "DIR", 0,
     "where the files go; made when it is missing, files of the same names are replaced", 0},
    ANALYSIS_OPTION_RULES,
    ANALYSIS_OPTION_JOBS,
    ANALYSIS_OPTION_K(
        "the experts' first heat maps are of the requests with top_k=K (default: of every k together)"),
    ANALYSIS_OPTIONS_BOUNDS,
    ANALYSIS_CLI_OPTIONS};

static const struct argp argp = {options,
                                 parse,
                                 "TRACE",
                                 "Draws the curves of a report with gnuplot, as SVG and PNG files for a "
                                 "paper: latency, scaling, phases, what "
                                 "watching cost, the roofline, heat maps of experts.\v"
                                 "TRACE is a file *.moetrace, or a directory of them, of which the one "
                                 "process that has phases is taken. Each "
                                 "plot NAME is four files: NAME.svg, NAME.png, NAME.tsv with what was drawn, "
                                 "and NAME.gp, the gnuplot script "
                                 "that draws it again.\n\n"
                                 "Examples:\n"
                                 "  moetrace plot -o figures traces\n\n" ANALYSIS_CLI_EXIT,
                                 NULL,
                                 NULL,
                                 NULL};

/* The figures of the one trace with phases, else of the first; NULL after an error line. */
static cJSON *figures_of(const arguments *a, const analysis_rules *rules, char **traces, size_t count) {
    cJSON *figures = NULL;
    bool phases = false, failed = false;
    analysis_cli_reading *reading =
        analysis_cli_read_begin((const char *const *)traces, count, &a->tables, rules);
    for (size_t i = 0; i < count && !failed; i++) {
        analysis_results *results;
        failed = analysis_cli_read_next(reading, &results) != 0;
        bool has = !failed && results->rows.count > 0;
        if (has && phases) {
            analysis_error("%s holds several traces with phases: give plot one of its files", a->trace);
            failed = true;
        } else if (!failed && (!figures || has)) {
            cJSON_Delete(figures);
            figures = analysis_figures(results);
            phases = has;
        }
    }
    analysis_cli_read_end(reading);
    if (failed) {
        cJSON_Delete(figures);
        return NULL;
    }
    return figures;
}

int analysis_cmd_plot(int argc, char **argv) {
    arguments a = {.tables = ANALYSIS_CLI_TABLES_STANDARD};
    analysis_rules rules = {0};
    char error[TRACE_ERROR_BYTES], **traces;
    int status;
    a.tables.each_k = a.tables.detail = true;
    analysis_cli_bounds_init(&a.bounds);
    if (analysis_cli_parse(&argp, argc, argv, &a, &status) != 0) {
        return status;
    }
    if (!analysis_plots_possible(error)) {
        return analysis_error("%s", error);
    }
    a.tables.workload = &a.bounds.workload;
    a.tables.peaks = a.bounds.peaks_file ? &a.bounds.peaks : NULL;
    if (!analysis_cli_bounds_load(&a.bounds) || !analysis_cli_rules(&a.tables, &rules)) {
        return ANALYSIS_FAILED;
    }
    size_t count = analysis_cli_traces(a.trace, false, &traces);
    cJSON *figures = count == 0 ? NULL : figures_of(&a, &rules, traces, count);
    status = ANALYSIS_FAILED;
    if (figures) {
        int drawn = analysis_plots_write(figures, a.output, error);
        status = drawn < 0 ? analysis_error("%s", error) : ANALYSIS_OK;
        if (drawn >= 0) {
            printf("%d plots in %s, each as .svg, .png, .tsv and .gp\n", drawn, a.output);
        }
    }
    cJSON_Delete(figures);
    analysis_cli_free_traces(traces, count);
    analysis_rules_free(&rules);
    int flushed = analysis_cli_flush();
    return status != ANALYSIS_OK ? status : flushed;
}
