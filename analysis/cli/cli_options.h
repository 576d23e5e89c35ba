/* Command line functions of all subcommands: options, errors, progress, and the traces at a path. */
#ifndef CLI_CLI_OPTIONS_H
#define CLI_CLI_OPTIONS_H

#include "analysis/base/alloc.h"
#include "analysis/base/output_file.h"

#include <argp.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

/* Exit statuses of the command itself. */
enum { CLI_OK = 0, CLI_FAILED = 2 };

/* The last entries of all option tables, which cli_parse handles.
 *
 * Man pages and completions are generated from the tables (scripts/help_text.py). Conventions: an argument a|b|c lists all
 * valid values, FILE and DIR are paths; of positional arguments, TRACE is a trace, CMD a command, and any other word a
 * file. The help ends with a paragraph "Examples:" of indented lines, and one that begins with "Exit status: ". */
#define CLI_OPTIONS                                                                                          \
    {"help", 'h', NULL, 0, "show this help", -1}, {"version", 'V', NULL, 0, "show the version", -1}, {       \
        0                                                                                                    \
    }

/* An option of all subcommands that write files; their parsers handle the key. */
enum { CLI_KEY_FORCE = 0x1000 };
#define CLI_OPTION_FORCE                                                                                     \
    { "force", CLI_KEY_FORCE, NULL, 0, "also replace files that moetrace did not write", 0 }

/* Help text: other inputs accepted as TRACE. */
#define CLI_CAPTURES                                                                                         \
    "TRACE may also be an SQLite export of Nsight Systems (FILE#PID selects one of its processes) or a "     \
    "Chrome trace of torch.profiler, also compressed by gzip, or - for standard input.\n\n"

/* The end of the help of subcommands without an exit status of their own. */
#define CLI_EXIT "Exit status: 0; 2 after one line on standard error that names the error."

typedef struct {
    const char *name, *summary; /* as in `moetrace NAME` */
    int (*run)(int argc, char **argv);
} cli_command;

/* The subcommands; argv[0] is "moetrace NAME". They return the exit status. */
int cli_cmd_report(int argc, char **argv);
int cli_cmd_verify(int argc, char **argv);
int cli_cmd_plot(int argc, char **argv);
int cli_cmd_diff(int argc, char **argv);
int cli_cmd_dump(int argc, char **argv);
int cli_cmd_record(int argc, char **argv);
int cli_cmd_export(int argc, char **argv);
int cli_cmd_peaks(int argc, char **argv);
int cli_cmd_flops(int argc, char **argv);
int cli_cmd_doctor(int argc, char **argv);

/* Parses the command line with argp, but reports an error in one line. Returns 0, or -1 when the command is to end with
 * exit status *status. A parser that rejects a value calls cli_error and returns EINVAL. */
int cli_parse(const struct argp *argp, int argc, char **argv, void *input, int *status);

/* Prints one line on stderr, prefixed by "moetrace: ". Always returns CLI_FAILED. */
int cli_error(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Prints an informational line on stderr, prefixed by "moetrace WHO: ". */
void cli_say(const char *who, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Parses an integer in [least, most]; false after an error line that names `option`. */
bool cli_number(const char *option, const char *text, uint32_t least, uint32_t most, uint32_t *value);

/* Returns the index of `text` in `words`, the valid values of an option ("text|json|csv"); -1 after an error line that
 * names `option` and lists them. */
int cli_word(const char *option, const char *text, const char *words);

/* Flushes stdout; returns CLI_OK, or CLI_FAILED after an error line if a write failed. */
int cli_flush(void);

/* The progress of reading `path`, displayed only on a terminal: `done` of `total` bytes. */
typedef struct {
    const char *path;
    bool shown;
    uint64_t last_ns;
} cli_progress;
void cli_show_progress(void *progress, uint64_t done, uint64_t total);
void cli_hide_progress(cli_progress *progress);

/* Stores the list of traces that `path` denotes and returns their number; 0 after an error line. A file denotes itself; an SQLite
 * export of several processes each of them, as FILE#PROCESS (`guess`: as in input_processes); a directory the files
 * *.moetrace of its only run (cli_runs.h), sorted by name, or without any its files *.sqlite, or else *.pt.trace.json.
 * cli_free_traces frees the list. */
size_t cli_traces(const char *path, bool guess, char ***list);
void cli_free_traces(char **list, size_t count);

/* Registers these traces as inputs, which no output may overwrite. */
void cli_protect_traces(base_outputs *outputs, char *const *list, size_t count);

#endif
