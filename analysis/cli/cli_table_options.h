/* The options and output of subcommands that print tables about traces. */
#ifndef CLI_CLI_TABLE_OPTIONS_H
#define CLI_CLI_TABLE_OPTIONS_H

#include "analysis/cli/cli_options.h"
#include "analysis/metrics/analyze.h"
#include "analysis/report/table_writer.h"

/* Entries of an argp option table, for cli_table_options_parse. The help of --top and --k depends on the subcommand. */
#define CLI_OPTION_FORMAT                                                                                    \
    { "format", 'f', REPORT_FORMATS, 0, "format of the tables (default text)", 0 }
#define CLI_OPTION_RULES                                                                                     \
    { "rules", 'r', "FILE", 0, "rules for names of ranges that the built-in rules do not cover", 0 }
#define CLI_OPTION_DOMAINS                                                                                   \
    {                                                                                                        \
        "domains", CLI_KEY_DOMAINS, "GLOB", 0,                                                               \
            "ranges of the NVTX domains with these names own work, too, such as 'TensorRT*'; may be "        \
            "repeated",                                                                                      \
            0                                                                                                \
    }
#define CLI_OPTION_TOP(help)                                                                                 \
    { "top", 't', "N", 0, help, 0 }
#define CLI_OPTION_K(help)                                                                                   \
    { "k", 'k', "K", 0, help, 0 }
#define CLI_OPTION_JOBS                                                                                      \
    { "jobs", 'J', "N", 0, "number of threads (default: the number of cores)", 0 }

enum { CLI_KEY_DOMAINS = 0x1100, CLI_DOMAINS_MAX = 16 };

typedef struct {
    report_format format;
    const char *domains[CLI_DOMAINS_MAX];
    size_t domain_count;
    const char *rules;                   /* a file, or NULL */
    const char *classes_file;            /* of --kernel-classes, or NULL */
    const names_kernel_classes *classes; /* what was read from it, or NULL */
    const costmodel_workload *workload;  /* of cli_bottleneck_options, or NULL */
    const costmodel_peaks *peaks;        /* likewise */
    bool format_given;
    uint32_t top; /* of --top; BASE_NONE: not given (cli_table_top) */
    uint32_t k;   /* selected k, BASE_NONE: all */
    /* Set by the subcommand, as in metrics_options: */
    metrics_run_k run_k;
    bool each_k;
    bool redact;
    bool detail;
    bool clusters;
    uint32_t jobs; /* 0: the number of cores */
} cli_table_options;

/* The defaults. */
#define CLI_TABLES_STANDARD                                                                                  \
    (cli_table_options) {                                                                                    \
        .top = BASE_NONE, .k = BASE_NONE                                                                     \
    }

/* Parses one of the options above, as an argp parser: returns 0, EINVAL after an error line, or ARGP_ERR_UNKNOWN for
 * other keys. */
error_t cli_table_options_parse(int key, const char *arg, cli_table_options *tables);

/* Returns the most rows of a table: those of --top, else all for programs (json, csv) and 10 for people. */
size_t cli_table_top(const cli_table_options *tables);

/* Handles ARGP_KEY_ARG and ARGP_KEY_NO_ARGS of a subcommand with exactly one TRACE argument, in the same way. `command` is
 * its name. */
error_t cli_one_trace(int key, const char *arg, const char *command, const char **trace);

/* Reads the file of --rules, if any; false after an error line. names_rules_free frees the rules. */
bool cli_rules(const cli_table_options *tables, names_rules *rules);

/* Begins the output of a command to standard output; text is in the style of the terminal, and shown by a pager if long. */
void cli_output_begin(report_output *out, report_format format);

/* Ends the output of a command with exit status `status`: prints it, or discards it if the command failed without output.
 * Returns the exit status, or CLI_FAILED after an error line if writing stdout failed. */
int cli_output_end(report_output *out, int status);

#endif
