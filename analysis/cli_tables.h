/* What the subcommands that print tables about traces share: their options, and the reading of a trace. */
#ifndef ANALYSIS_CLI_TABLES_H
#define ANALYSIS_CLI_TABLES_H

#include "analysis/cli.h"
#include "analysis/output.h"
#include "analysis/results.h"

/* Lines of an option table; analysis_cli_tables_parse answers them. What --top and --k apply to, each
 * subcommand says for itself. */
#define ANALYSIS_OPTION_FORMAT                                                                               \
    { "format", 'f', ANALYSIS_FORMATS, 0, "how tables are printed (default text)", 0 }
#define ANALYSIS_OPTION_RULES                                                                                \
    { "rules", 'r', "FILE", 0, "what the names of ranges mean, where the built-in rules do not know them", 0 }
#define ANALYSIS_OPTION_TOP(help)                                                                            \
    { "top", 't', "N", 0, help, 0 }
#define ANALYSIS_OPTION_K(help)                                                                              \
    { "k", 'k', "K", 0, help, 0 }
#define ANALYSIS_OPTION_JOBS                                                                                 \
    { "jobs", 'J', "N", 0, "threads to read with (default: as many as there are cores)", 0 }

typedef struct {
    analysis_format format;
    const char *rules;                 /* a file, or NULL */
    const analysis_workload *workload; /* of analysis_cli_bounds, or NULL */
    const analysis_peaks *peaks;       /* likewise */
    uint32_t top, k;                   /* rows of a table; ANALYSIS_NONE: of every k together */
    bool each_k;   /* also the costs of each k on its own: no option, the subcommand sets it */
    bool detail;   /* steps of decode as samples, and tails: likewise */
    bool clusters; /* how experts and kernels differ from request to request: likewise */
    uint32_t jobs; /* 0: as many as there are cores */
} analysis_cli_tables;

/* What holds without options. */
#define ANALYSIS_CLI_TABLES_STANDARD                                                                         \
    (analysis_cli_tables) {                                                                                  \
        .top = 10, .k = ANALYSIS_NONE                                                                        \
    }

/* Takes one of the options above, as the parser of an argp does: 0, EINVAL after an error line, or
 * ARGP_ERR_UNKNOWN when the key is another. */
error_t analysis_cli_tables_parse(int key, const char *arg, analysis_cli_tables *tables);

/* Takes the TRACE of a subcommand that works on one, or on one directory of them, likewise: ARGP_KEY_ARG and
 * ARGP_KEY_NO_ARGS. `command` is its name. */
error_t analysis_cli_one_trace(int key, const char *arg, const char *command, const char **trace);

/* Loads the file of --rules, if there is one; false after an error line. analysis_rules_free frees them. */
bool analysis_cli_rules(const analysis_cli_tables *tables, analysis_rules *rules);

/* Ends the output of a command that comes to `status`: prints it, or drops it when the command failed before
 * it had anything to print. Returns the exit status, ANALYSIS_FAILED after an error line when stdout could
 * not be written. */
int analysis_cli_output_end(analysis_output *out, int status);

#endif
