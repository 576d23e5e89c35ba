/* moetrace plot: the curves of a report as files for a paper. */
#include "analysis/charts/charts.h"
#include "analysis/charts/gnuplot.h"
#include "analysis/cli/cli_bottleneck_options.h"
#include "analysis/cli/cli_parallel_read.h"
#include "analysis/cli/cli_table_options.h"

#include <errno.h>

typedef struct {
    const char *trace, *output;
    cli_table_options tables;
    cli_bottleneck_options bounds;
    base_outputs outputs;
} arguments;

static error_t parse_plot(int key, char *arg, struct argp_state *state) {
    arguments *a = state->input;
    switch (key) {
    case 'o':
        a->output = arg;
        return 0;
    case CLI_KEY_FORCE:
        a->outputs.force = true;
        return 0;
    case 'k':
    case 'r':
    case 'J':
        return cli_table_options_parse(key, arg, &a->tables);
    case ARGP_KEY_ARG:
    case ARGP_KEY_NO_ARGS:
        return cli_one_trace(key, arg, "plot", &a->trace);
    case ARGP_KEY_END:
        if (!a->output) {
            cli_error("plot needs a directory for its files: give --output (see moetrace plot --help)");
            return EINVAL;
        }
        return 0;
    default:
        return cli_bottleneck_options_parse(key, arg, &a->bounds);
    }
}

static const struct argp_option options[] = {
    {"output", 'o', "DIR", 0,
     "where the files go; made when it is missing, older plots of the same names are replaced", 0},
    CLI_OPTION_FORCE,
    CLI_OPTION_RULES,
    CLI_OPTION_DOMAINS,
    CLI_OPTION_JOBS,
    CLI_OPTION_K("first heat maps of experts: requests with top_k=K only (default: all k)"),
    CLI_OPTIONS_BOTTLENECK,
    CLI_OPTIONS};

static const struct argp argp = {
    options,
    parse_plot,
    "TRACE",
    "Plots a report with gnuplot, as SVG and PNG files for a paper: latency, scaling, phases, profiling "
    "overhead, roofline, heat maps of experts.\vTRACE is a file *.moetrace, or a directory of them, of which "
    "the one process with phases is used. Each plot NAME is four files: NAME.svg, NAME.png, NAME.tsv with "
    "the data, and NAME.gp, the gnuplot script that draws it.\n\n"
    "Examples:\n"
    "  moetrace plot -o figures traces\n\n" CLI_EXIT,
    NULL,
    NULL,
    NULL};

/* The figures of the one trace with phases, else of the first; NULL after an error line. */
static cJSON *figures_of(const arguments *a, const names_rules *rules, char **traces, size_t count) {
    cJSON *figures = NULL;
    bool phases = false, failed = false;
    cli_reading *reading = cli_read_begin((const char *const *)traces, count, &a->tables, rules);
    for (size_t i = 0; i < count && !failed; i++) {
        metrics_results *results;
        failed = cli_read_next(reading, &results) != 0;
        bool has = !failed && results->rows.count > 0;
        if (has && phases) {
            cli_error("%s holds several traces with phases: give plot one of its files", a->trace);
            failed = true;
        } else if (!failed && (!figures || has)) {
            cJSON_Delete(figures);
            figures = charts_make(results);
            phases = has;
        }
    }
    cli_read_end(reading);
    if (failed) {
        cJSON_Delete(figures);
        return NULL;
    }
    return figures;
}

int cli_cmd_plot(int argc, char **argv) {
    arguments a = {.tables = CLI_TABLES_STANDARD};
    names_rules rules = {0};
    char error[TRACE_ERROR_BYTES], **traces;
    int status;
    a.tables.each_k = a.tables.detail = true;
    cli_bottleneck_options_init(&a.bounds);
    if (cli_parse(&argp, argc, argv, &a, &status) != 0) {
        return status;
    }
    if (!charts_gnuplot_possible(error)) {
        return cli_error("%s", error);
    }
    a.tables.workload = &a.bounds.workload;
    a.tables.peaks = a.bounds.peaks_file ? &a.bounds.peaks : NULL;
    if (!cli_bottleneck_options_load(&a.bounds) || !cli_rules(&a.tables, &rules)) {
        return CLI_FAILED;
    }
    size_t count = cli_traces(a.trace, false, &traces);
    cJSON *figures = count == 0 ? NULL : figures_of(&a, &rules, traces, count);
    status = CLI_FAILED;
    if (figures) {
        cli_protect_traces(&a.outputs, traces, count);
        base_outputs_protect(&a.outputs, a.tables.rules);
        base_outputs_protect(&a.outputs, a.bounds.model_file);
        base_outputs_protect(&a.outputs, a.bounds.peaks_file);
        int drawn = charts_gnuplot_write(figures, &a.outputs, a.output, error);
        status = drawn < 0 ? cli_error("%s", error) : CLI_OK;
        if (drawn >= 0) {
            printf("%d plots in %s, each as .svg, .png, .tsv and .gp\n", drawn, a.output);
        }
    }
    cJSON_Delete(figures);
    base_outputs_free(&a.outputs);
    cli_free_traces(traces, count);
    names_rules_free(&rules);
    int flushed = cli_flush();
    return status != CLI_OK ? status : flushed;
}
