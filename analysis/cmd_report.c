/* moetrace report: what a trace says, for people on the terminal and for programs in a file. */
#include "analysis/cli.h"
#include "analysis/report.h"

#include <errno.h>
#include <stdlib.h>

typedef struct {
    const char *trace, *json, *rules;
    uint32_t top, k;
    analysis_format format;
} arguments;

static error_t parse(int key, char *arg, struct argp_state *state) {
    arguments *a = state->input;
    switch (key) {
    case 'j':
        a->json = arg;
        return 0;
    case 't':
        return analysis_cli_number("--top", arg, 0, 1000000, &a->top) ? 0 : EINVAL;
    case 'k':
        return analysis_cli_number("--k", arg, 0, 999999999, &a->k) ? 0 : EINVAL;
    case 'r':
        a->rules = arg;
        return 0;
    case 'f':
        if (!analysis_format_of(arg, &a->format)) {
            analysis_error("--format=%s: give text, json, csv, markdown or latex", arg);
            return EINVAL;
        }
        return 0;
    case ARGP_KEY_ARG:
        if (a->trace) {
            analysis_error("report takes one trace or directory, and got %s and %s", a->trace, arg);
            return EINVAL;
        }
        a->trace = arg;
        return 0;
    case ARGP_KEY_NO_ARGS:
        analysis_error("report needs a trace, or the directory that `moetrace record` wrote (see moetrace "
                       "report --help)");
        return EINVAL;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static const struct argp_option options[] = {
    {"json", 'j', "FILE", 0, "also write the latencies to FILE, as exp2_moe_topk_results.json has them", 0},
    {"format", 'f', "FORMAT", 0, "how tables are printed: text (default), json, csv, markdown or latex", 0},
    {"rules", 'r', "FILE", 0, "what the names of ranges mean, where the built-in rules do not know them", 0},
    {"top", 't', "N", 0, "rows in the tables of experts, kernels, leaves and ranges (default 10)", 0},
    {"k", 'k', "K", 0,
     "list the experts and kernels of the requests with top_k=K only (default: of every k together)", 0},
    ANALYSIS_CLI_OPTIONS};

static const struct argp argp = {options,
                                 parse,
                                 "TRACE",
                                 "Reports on a trace: the run, the latency of each phase at each k, the "
                                 "experts and kernels that cost most, and "
                                 "what the trace misses.\v"
                                 "TRACE is a file *.moetrace, or a directory of them: each process has its "
                                 "own, and its own report. --json then "
                                 "takes the one process that has phases.\n\n"
                                 "A trace that is cut or damaged is reported as far as it can be read; the "
                                 "report then says so, and the exit "
                                 "status is still 0.",
                                 NULL,
                                 NULL,
                                 NULL};

/* Reads one trace; 0 or -1 after an error line. */
static int read_trace(analysis_results *results, const char *path, const arguments *a,
                      const analysis_rules *rules) {
    char error[TRACE_ERROR_BYTES];
    analysis_cli_progress progress = {.path = path};
    analysis_options choices = {
        .k = a->k, .rules = rules, .progress = analysis_cli_show_progress, .progress_ctx = &progress};
    int rc = analysis_results_read(results, path, &choices, error);
    analysis_cli_hide_progress(&progress);
    if (rc != 0) {
        analysis_error("%s", error);
    }
    return rc;
}

/* Keeps the JSON of the trace that has phases; false after an error line when that would be a second one. */
static bool keep_json(const analysis_results *results, const arguments *a, cJSON **json) {
    if (!a->json || (*json && results->rows.count == 0)) {
        return true;
    }
    if (*json && cJSON_GetArraySize(*json) > 0) {
        analysis_error("%s holds several traces with phases: give --json one of its files", a->trace);
        return false;
    }
    cJSON_Delete(*json);
    *json = analysis_report_json(results);
    if (!*json) {
        analysis_error("no memory for the JSON output");
    }
    return *json != NULL;
}

static int report(const arguments *a, const analysis_rules *rules, char **traces, size_t count) {
    int status = ANALYSIS_OK;
    cJSON *json = NULL;
    analysis_output out;
    analysis_output_begin(&out, a->format, stdout);
    for (size_t i = 0; i < count; i++) {
        analysis_results results;
        if (read_trace(&results, traces[i], a, rules) != 0 || !keep_json(&results, a, &json)) {
            status = ANALYSIS_FAILED; /* the other processes have their reports all the same */
        } else {
            analysis_report(&results, a->top, &out);
        }
        analysis_results_free(&results);
    }
    if (status == ANALYSIS_OK || out.count > 0) {
        analysis_output_end(&out);
    } else {
        analysis_output_drop(&out);
    }
    char error[TRACE_ERROR_BYTES];
    if (status == ANALYSIS_OK && a->json && analysis_report_write_json(json, a->json, error) != 0) {
        status = analysis_error("%s", error);
    }
    cJSON_Delete(json);
    int flushed = analysis_cli_flush();
    return status != ANALYSIS_OK ? status : flushed;
}

int analysis_cmd_report(int argc, char **argv) {
    arguments a = {.top = 10, .k = ANALYSIS_NONE};
    analysis_rules rules = {0};
    char error[TRACE_ERROR_BYTES];
    int status;
    char **traces;
    if (analysis_cli_parse(&argp, argc, argv, &a, &status) != 0) {
        return status;
    }
    if (a.rules && analysis_rules_load(&rules, a.rules, error) != 0) {
        return analysis_error("%s", error);
    }
    size_t count = analysis_cli_traces(a.trace, &traces);
    status = count == 0 ? ANALYSIS_FAILED : report(&a, &rules, traces, count);
    if (count > 0) {
        analysis_cli_free_traces(traces, count);
    }
    analysis_rules_free(&rules);
    return status;
}
