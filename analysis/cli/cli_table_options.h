/* What the subcommands that print tables about traces share: their options, and the reading of a trace. */
#ifndef CLI_CLI_TABLE_OPTIONS_H
#define CLI_CLI_TABLE_OPTIONS_H

#include "analysis/cli/cli_options.h"
#include "analysis/metrics/analyze.h"
#include "analysis/report/table_writer.h"

/* Lines of an option table; cli_table_options_parse answers them. What --top and --k apply to, each
 * subcommand says for itself. */
#define CLI_OPTION_FORMAT                                                                                    \
    { "format", 'f', REPORT_FORMATS, 0, "format of the tables (default text)", 0 }
#define CLI_OPTION_RULES                                                                                     \
    { "rules", 'r', "FILE", 0, "rules for names of ranges that the built-in rules do not cover", 0 }
#define CLI_OPTION_TOP(help)                                                                                 \
    { "top", 't', "N", 0, help, 0 }
#define CLI_OPTION_K(help)                                                                                   \
    { "k", 'k', "K", 0, help, 0 }
#define CLI_OPTION_JOBS                                                                                      \
    { "jobs", 'J', "N", 0, "number of threads (default: the number of cores)", 0 }

typedef struct {
    report_format format;
    const char *rules;                  /* a file, or NULL */
    const costmodel_workload *workload; /* of cli_bottleneck_options, or NULL */
    const costmodel_peaks *peaks;       /* likewise */
    uint32_t top, k;                    /* rows of a table; BASE_NONE: of every k together */
    bool each_k;   /* also the costs of each k on its own: no option, the subcommand sets it */
    bool detail;   /* steps of decode as samples, and tails: likewise */
    bool clusters; /* how experts and kernels differ from request to request: likewise */
    uint32_t jobs; /* 0: as many as there are cores */
} cli_table_options;

/* What holds without options. */
#define CLI_TABLES_STANDARD                                                                                  \
    (cli_table_options) {                                                                                    \
        .top = 10, .k = BASE_NONE                                                                            \
    }

/* Takes one of the options above, as the parser of an argp does: 0, EINVAL after an error line, or
 * ARGP_ERR_UNKNOWN when the key is another. */
error_t cli_table_options_parse(int key, const char *arg, cli_table_options *tables);

/* Takes the TRACE of a subcommand that works on one, or on one directory of them, likewise: ARGP_KEY_ARG and
 * ARGP_KEY_NO_ARGS. `command` is its name. */
error_t cli_one_trace(int key, const char *arg, const char *command, const char **trace);

/* Loads the file of --rules, if there is one; false after an error line. names_rules_free frees them. */
bool cli_rules(const cli_table_options *tables, names_rules *rules);

/* Ends the output of a command that comes to `status`: prints it, or drops it when the command failed before
 * it had anything to print. Returns the exit status, CLI_FAILED after an error line when stdout could
 * not be written. */
int cli_output_end(report_output *out, int status);

#endif
