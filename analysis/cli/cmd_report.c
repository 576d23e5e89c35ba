/* moetrace report: what a trace says, for people on the terminal and for programs in a file. */
#include "analysis/charts/html_page.h"
#include "analysis/cli/cli_bottleneck_options.h"
#include "analysis/cli/cli_overview.h"
#include "analysis/cli/cli_parallel_read.h"
#include "analysis/cli/cli_suggest.h"
#include "analysis/cli/cli_sweep.h"
#include "analysis/input/capture_reader.h"
#include "analysis/report/latency_json.h"
#include "analysis/report/report.h"
#include "analysis/report/report_captures.h"
#include "analysis/report/report_screen.h"
#include "analysis/report/samples_csv.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

typedef struct {
    const char *trace, *json, *samples, *html;
    const char *table; /* of --table */
    char *newest;      /* what `trace` is when none was given */
    cli_sweep sweep;   /* the arguments */
    bool all, list_sections, json_samples;
    report_selection sections;
    cli_table_options tables;
    cli_bottleneck_options bounds;
    base_outputs outputs;
} arguments;

enum { KEY_REDACT = CLI_KEY_DOMAINS + 1, KEY_LIST_SECTIONS, KEY_K_FROM, KEY_JSON_SAMPLES };

/* A section, or with `table` a table alone. */
static error_t choose_tables(arguments *a, const char *name, bool table) {
    if (table ? report_selection_add_table(&a->sections, name) : report_selection_add(&a->sections, name)) {
        return 0;
    }
    cli_suggestion close = {.text = name, .len = strlen(name)};
    for (size_t i = 0; report_catalog(i); i++) {
        cli_suggest(&close, report_catalog(i)->id);
        cli_suggest(&close, table ? report_catalog(i)->id : report_catalog(i)->section);
    }
    cli_error("--%s=%s: no such %s%s%s%s (see moetrace report --list-sections)", table ? "table" : "section",
              name, table ? "table" : "section or table", close.best ? "; did you mean " : "",
              close.best ? close.best : "", close.best ? "?" : "");
    return EINVAL;
}

static error_t choose_k_source(arguments *a, const char *word) {
    int source = cli_word("--k-from", word, CLI_K_FROM);
    a->sweep.has_source = true;
    a->sweep.source = (cli_k_source)source;
    return source < 0 ? EINVAL : 0;
}

static error_t take_one_trace(arguments *a) {
    error_t rc = 0;
    for (size_t i = 0; rc == 0 && i < a->sweep.count; i++) {
        rc = cli_one_trace(ARGP_KEY_ARG, a->sweep.runs[i].argument, "report", &a->trace);
    }
    return rc;
}

static error_t choose_single_table(arguments *a, const char *name) {
    if (a->table) {
        cli_error("--table takes one table, and got %s and %s: --section may be repeated", a->table, name);
        return EINVAL;
    }
    a->table = name;
    return choose_tables(a, name, true);
}

static error_t parse_report(int key, char *arg, struct argp_state *state) {
    arguments *a = state->input;
    error_t rc;
    switch (key) {
    case 'j':
        a->json = arg;
        return 0;
    case 'H':
        a->html = arg;
        a->tables.each_k = true;
        return 0;
    case 's':
        a->samples = arg;
        return 0;
    case 'S':
        return choose_tables(a, arg, false);
    case 'T':
        return choose_single_table(a, arg);
    case 'a':
        a->all = true;
        return 0;
    case KEY_LIST_SECTIONS:
        a->list_sections = true;
        return 0;
    case KEY_JSON_SAMPLES:
        a->json_samples = true;
        return 0;
    case KEY_REDACT:
        a->tables.redact = true;
        return 0;
    case 'K':
        a->tables.classes_file = arg;
        return 0;
    case CLI_KEY_FORCE:
        a->outputs.force = true;
        return 0;
    case KEY_K_FROM:
        return choose_k_source(a, arg);
    case ARGP_KEY_ARG:
        cli_sweep_add(&a->sweep, arg);
        return 0;
    case ARGP_KEY_END:
        return cli_sweep_given(&a->sweep) ? 0 : take_one_trace(a);
    case ARGP_KEY_NO_ARGS: /* the newest run here */
        return 0;
    default:
        rc = cli_bottleneck_options_parse(key, arg, &a->bounds);
        return rc != ARGP_ERR_UNKNOWN ? rc : cli_table_options_parse(key, arg, &a->tables);
    }
}

static const struct argp_option options[] = {
    {"section", 'S', "NAME", 0, "print this section, or this table; may be repeated", 0},
    {"table", 'T', "ID", 0, "print this table alone; as plain CSV unless --format is given", 0},
    {"all", 'a', NULL, 0, "print every table, not a screen that sums them up", 0},
    {"list-sections", KEY_LIST_SECTIONS, NULL, 0, "list the sections and their tables", 0},
    {"json", 'j', "FILE", 0, "also write the latencies to FILE, in the format of exp2_moe_topk_results.json",
     0},
    {"json-samples", KEY_JSON_SAMPLES, NULL, 0,
     "write the file of --json as an object with the latencies of each k (summary) and of each request "
     "(all_samples)",
     0},
    {"samples", 's', "FILE", 0, "also write every sample and decode step to FILE, as CSV", 0},
    {"html", 'H', "FILE", 0, "also write the report with charts to FILE, a self-contained HTML page", 0},
    CLI_OPTION_FORCE,
    {"redact", KEY_REDACT, NULL, 0,
     "leave the command line, the directory and the host's name out of the report", 0},
    CLI_OPTION_FORMAT,
    CLI_OPTION_RULES,
    CLI_OPTION_DOMAINS,
    {"kernel-classes", 'K', "FILE", 0,
     "classes for names of kernels that the built-in classes do not cover; also a table of vLLM's or "
     "SGLang's nsys tools "
     "(FILE#MODEL)",
     0},
    CLI_OPTION_JOBS,
    CLI_OPTION_TOP(
        "number of rows in the tables of experts, kernels and ranges (default 10; in json and csv all)"),
    {"k-from", KEY_K_FROM, CLI_K_FROM, 0,
     "several captures, each of a run with its own k: it stands in the trace's name (k8, topk_8), in a "
     "config.json beside "
     "it, or in the mark of its model",
     0},
    CLI_OPTION_K("list experts and kernels of requests with top_k=K only (default: all k)"),
    CLI_OPTIONS_BOTTLENECK,
    CLI_OPTIONS};

static const struct argp argp = {
    options,
    parse_report,
    "[TRACE...]",
    "Reports on a trace: what k costs, what limits it and what would help, on one screen; and tables of "
    "latencies, "
    "experts, kernels and the completeness of the trace (--all, --section).\vOn a terminal, output that is "
    "longer than "
    "the screen is shown by MOETRACE_PAGER, PAGER or less; COLUMNS sets the width, and NO_COLOR turns "
    "colours off. The "
    "formats other than text hold every table.\n\n"
    "TRACE is a file *.moetrace, or a directory of them: one "
    "trace and one report per process. --json and --html then use the one process that has "
    "phases. Of a directory that holds several runs, a table of them is printed. Without TRACE the report is "
    "on "
    "the newest run in this directory, and a line on standard error names it.\n\n"
    "Several captures, each of a run with its own k, are one sweep: k=K:TRACE for each, or --k-from. Their "
    "tables are those of latency, scaling and bottlenecks.\n\n" CLI_CAPTURES
    "A truncated or damaged trace is reported as far as it can be read; the "
    "report says so, and the exit status is still 0.\n\n"
    "Examples:\n"
    "  moetrace report\n"
    "  moetrace report traces\n"
    "  moetrace report k=2:traces-k2 k=4:traces-k4 k=8:traces-k8\n"
    "  moetrace report --section latency --section experts traces\n"
    "  moetrace report --k 8 --top 20 traces/run_native-4242.moetrace\n"
    "  moetrace report --model molmoe-1b --dtype bf16 --crops 2 traces\n"
    "  moetrace report --table kernels traces > kernels.csv\n"
    "  moetrace report --samples samples.csv traces\n"
    "  moetrace report --format csv --json latencies.json traces > tables.csv\n"
    "  moetrace report --html report.html traces\n\n" CLI_EXIT,
    NULL,
    NULL,
    NULL};

/* What the files are to hold: of the one trace that has phases, else of the first. */
typedef struct {
    bool any, phases;
    cJSON *json, *page;
} kept;

/* False after an error line when that would be a second trace with phases. */
static bool keep_results(const metrics_results *results, const arguments *a, kept *k) {
    bool phases = results->rows.count > 0;
    if ((!a->json && !a->html) || (k->any && !phases)) {
        return true;
    }
    if (k->phases) {
        cli_error("%s holds several traces with phases: give %s one of its files", a->trace,
                  a->json ? "--json" : "--html");
        return false;
    }
    cJSON_Delete(k->json);
    cJSON_Delete(k->page);
    k->json = NULL;
    if (a->json) {
        k->json = a->json_samples ? report_json_samples(results) : report_json(results);
    }
    k->page = a->html ? charts_page_data(results) : NULL;
    k->any = true;
    k->phases = phases;
    if ((a->json && !k->json) || (a->html && !k->page)) {
        cli_error("no memory for the output");
        return false;
    }
    return true;
}

/* Writes the files; the exit status. */
static int write_files(const arguments *a, const kept *k) {
    char error[TRACE_ERROR_BYTES];
    if ((a->json && report_write_json(k->json, &a->outputs, a->json, &report_json_kind, error) != 0) ||
        (a->html && charts_page_write(k->page, &a->outputs, a->html, error) != 0)) {
        return cli_error("%s", error);
    }
    return CLI_OK;
}

/* Whether the files may be written: found out before the traces, which are protected, are read. False after an error line. */
static bool may_write(arguments *a) {
    char error[TRACE_ERROR_BYTES];
    base_outputs_protect(&a->outputs, a->tables.rules);
    base_outputs_protect(&a->outputs, a->tables.classes_file);
    base_outputs_protect(&a->outputs, a->bounds.model_file);
    base_outputs_protect(&a->outputs, a->bounds.peaks_file);
    if ((a->json && !base_outputs_allow(&a->outputs, a->json, &report_json_kind, error)) ||
        (a->samples && !base_outputs_allow(&a->outputs, a->samples, &report_samples_kind, error)) ||
        (a->html && !base_outputs_allow(&a->outputs, a->html, &charts_page_kind, error))) {
        cli_error("%s", error);
        return false;
    }
    return true;
}

/* With `wrong`, that the one file holds one process is a guess; where it holds several, *wrong is set and
 * nothing is printed or written. */
static int report_traces(const arguments *a, const names_rules *rules, char **traces, size_t count,
                         bool *wrong) {
    int status = CLI_OK;
    kept files = {0};
    report_samples_text samples = {0};
    bool screen = a->tables.format == REPORT_TEXT && !a->all && a->sections.count == 0;
    report_output out;
    cli_output_begin(&out, a->tables.format);
    out.selection = a->sections.count > 0 && !a->all ? &a->sections : NULL;
    out.single = a->table != NULL;
    out.several = count > 1;
    cli_reading *reading = cli_read_begin((const char *const *)traces, count, &a->tables, rules);
    for (size_t i = 0; i < count; i++) {
        metrics_results *results;
        bool read = cli_read_next(reading, &results) == 0;
        if (read && wrong && metrics_results_meta(results, INPUT_SEVERAL)) {
            *wrong = true;
            status = CLI_FAILED;
        } else if (!read || !keep_results(results, a, &files)) {
            status = CLI_FAILED; /* the other processes have their reports all the same */
        } else if (a->samples && !report_samples(results, &samples)) {
            status = cli_error("no memory for the samples");
        } else if (screen) {
            report_screen(results, traces[i], &out);
        } else {
            report_print(results, cli_table_top(&a->tables), &out);
        }
        metrics_results_free(results);
    }
    cli_read_end(reading);
    if (status == CLI_OK && a->table && out.tables == 0) {
        status = cli_error("%s: has nothing for the table %s (see moetrace report --list-sections)", a->trace,
                           a->table);
    }
    status = status == CLI_OK ? write_files(a, &files) : status;
    char error[TRACE_ERROR_BYTES];
    if (status == CLI_OK && a->samples &&
        report_samples_write(&samples, &a->outputs, a->samples, error) != 0) {
        status = cli_error("%s", error);
    }
    report_samples_drop(&samples);
    cJSON_Delete(files.json);
    cJSON_Delete(files.page);
    return cli_output_end(&out, status);
}

/* ---- Runs ---- */

/* Takes the newest run that can be seen from here; false after an error line. */
static bool choose_newest(arguments *a) {
    cli_runs runs;
    cli_runs_find_here(&runs);
    if (runs.count == 0) {
        cli_error(
            "report needs a trace, or the directory that `moetrace record` wrote; this directory has none "
            "(see moetrace report --help)");
    } else {
        const cli_run *newest = &runs.list[runs.count - 1];
        a->newest = base_copy(newest->path, strlen(newest->path));
        a->trace = a->newest;
        cli_say("report", "the newest of %zu run%s here is %s%s", runs.count, runs.count == 1 ? "" : "s",
                a->trace, runs.count == 1 ? "" : "; name another to choose it");
    }
    cli_runs_free(&runs);
    return a->trace != NULL;
}

/* Of several runs one table is the answer: true, with the exit status. */
static bool several_runs(const arguments *a, int *status) {
    cli_runs runs;
    struct stat st;
    if (stat(a->trace, &st) != 0 || !S_ISDIR(st.st_mode) || cli_runs_find(&runs, a->trace) != 0) {
        return false;
    }
    bool several = runs.count > 1;
    if (several && (a->json || a->html || a->samples)) {
        *status = cli_error("%s: holds %zu runs, and a file is of one: give one of them, such as %s",
                            a->trace, runs.count, runs.list[runs.count - 1].path);
    } else if (several) {
        *status = cli_overview_print(&runs, a->trace, a->tables.format);
    }
    cli_runs_free(&runs);
    return several;
}

static int report_path(arguments *a, const names_rules *rules) {
    char **traces;
    bool wrong = false;
    int status;
    if (several_runs(a, &status)) {
        return status;
    }
    size_t count = cli_traces(a->trace, true, &traces);
    cli_protect_traces(&a->outputs, traces, count);
    bool ready = count > 0 && may_write(a);
    status = !ready ? CLI_FAILED : report_traces(a, rules, traces, count, count == 1 ? &wrong : NULL);
    if (wrong) {
        cli_free_traces(traces, count);
        count = cli_traces(a->trace, false, &traces);
        status = count == 0 ? CLI_FAILED : report_traces(a, rules, traces, count, NULL);
    }
    cli_free_traces(traces, count);
    return status;
}

/* ---- Sweeps over captures ---- */

typedef struct {
    const arguments *a;
    report_samples_text samples;
} sweep_files;

static bool take_capture(void *ctx, const metrics_results *results) {
    sweep_files *files = ctx;
    if (files->a->samples && !report_samples(results, &files->samples)) {
        cli_error("no memory for the samples");
        return false;
    }
    return true;
}

static int print_sweep(arguments *a, const names_rules *rules) {
    metrics_results joined;
    metrics_capture *captures = base_alloc(a->sweep.count, sizeof *captures);
    sweep_files files = {.a = a};
    kept kept_files = {0};
    char error[TRACE_ERROR_BYTES];
    int status = CLI_FAILED;
    report_output out;
    cli_output_begin(&out, a->tables.format);
    out.selection = a->sections.count > 0 && !a->all ? &a->sections : NULL;
    out.single = a->table != NULL;
    if (cli_sweep_read(&a->sweep, &a->tables, rules, &joined, captures, take_capture, &files) &&
        keep_results(&joined, a, &kept_files)) {
        bool screen = a->tables.format == REPORT_TEXT && !a->all && a->sections.count == 0;
        report_captures_print(captures, a->sweep.count, &joined, screen, &out);
        bool empty = a->table && out.tables == 0;
        status = empty ? cli_error("the captures have nothing for the table %s", a->table)
                       : write_files(a, &kept_files);
    }
    if (status == CLI_OK && a->samples &&
        report_samples_write(&files.samples, &a->outputs, a->samples, error) != 0) {
        status = cli_error("%s", error);
    }
    report_samples_drop(&files.samples);
    cJSON_Delete(kept_files.json);
    cJSON_Delete(kept_files.page);
    metrics_results_free(&joined);
    free(captures);
    return cli_output_end(&out, status);
}

static int report_sweep(arguments *a, const names_rules *rules) {
    if (a->html || a->tables.k != BASE_NONE) {
        return cli_error("%s is for one trace, not for a sweep over captures", a->html ? "--html" : "--k");
    }
    bool ready = cli_sweep_find(&a->sweep);
    for (size_t i = 0; ready && i < a->sweep.count; i++) {
        cli_protect_traces(&a->outputs, a->sweep.runs[i].traces, a->sweep.runs[i].trace_count);
    }
    return ready && may_write(a) ? print_sweep(a, rules) : CLI_FAILED;
}

static int list_sections(const arguments *a) {
    static const report_column columns[] = {
        {"section", "section", 'l'}, {"table", "table", 'l'}, {"content", "content", 'l'}};
    report_output out;
    report_table t;
    cli_output_begin(&out, a->tables.format);
    report_output_report(&out, "");
    report_table_begin(&t, "sections", REPORT_COLUMNS(columns), 2);
    for (size_t i = 0; report_catalog(i); i++) {
        report_table_cell(&t, "%s", report_catalog(i)->section);
        report_table_cell(&t, "%s", report_catalog(i)->id);
        report_table_cell(&t, "%s", report_catalog(i)->content);
    }
    report_output_table(&out, &t);
    return cli_output_end(&out, CLI_OK);
}

/* With the options parsed. */
static int run_report(arguments *a, const names_rules *rules) {
    names_kernel_classes classes = {0};
    char error[TRACE_ERROR_BYTES];
    if (a->tables.classes_file && names_kernel_classes_load(&classes, a->tables.classes_file, error) != 0) {
        return cli_error("%s", error);
    }
    a->tables.classes = &classes;
    int status;
    if (cli_sweep_given(&a->sweep)) {
        status = report_sweep(a, rules);
    } else {
        status = a->trace || choose_newest(a) ? report_path(a, rules) : CLI_FAILED;
    }
    a->tables.classes = NULL;
    names_kernel_classes_free(&classes);
    return status;
}

int cli_cmd_report(int argc, char **argv) {
    arguments a = {.tables = CLI_TABLES_STANDARD};
    a.tables.detail = true;
    names_rules rules = {0};
    int status;
    cli_bottleneck_options_init(&a.bounds);
    if (cli_parse(&argp, argc, argv, &a, &status) != 0) {
        /* it has its line */
    } else if (a.list_sections) {
        status = list_sections(&a);
    } else if (a.table && (a.all || a.sections.count > 1)) {
        status = cli_error("--table is of one table: it goes with neither --all nor --section");
    } else if (a.json_samples && !a.json) {
        status = cli_error("--json-samples needs --json FILE, whose form it chooses");
    } else {
        a.tables.format = a.table && !a.tables.format_given ? REPORT_CSV : a.tables.format;
        a.tables.workload = &a.bounds.workload;
        a.tables.peaks = a.bounds.peaks_file ? &a.bounds.peaks : NULL;
        bool loaded = cli_bottleneck_options_load(&a.bounds) && cli_rules(&a.tables, &rules);
        status = loaded ? run_report(&a, &rules) : CLI_FAILED;
    }
    free(a.newest);
    cli_sweep_free(&a.sweep);
    base_outputs_free(&a.outputs);
    names_rules_free(&rules);
    return status;
}
