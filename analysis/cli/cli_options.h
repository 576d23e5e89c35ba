/* What the subcommands share of the command line: options, errors, progress, and the traces that a path
 * names. */
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

/* What every option table ends with; cli_parse answers both.
 *
 * Man pages and completions are made from the tables (scripts/help_text.py), which hold to this: an argument
 * a|b|c lists all values that there are, FILE and DIR are paths; of what a command takes beside options,
 * TRACE is a trace, CMD a command, any other word a file. The help ends with a paragraph "Examples:", its
 * lines indented, and one that begins "Exit status: ". */
#define CLI_OPTIONS                                                                                          \
    {"help", 'h', NULL, 0, "show this help", -1}, {"version", 'V', NULL, 0, "show the version", -1}, {       \
        0                                                                                                    \
    }

/* An option of every subcommand that writes files; the subcommand takes the key. */
enum { CLI_KEY_FORCE = 0x1000 };
#define CLI_OPTION_FORCE                                                                                     \
    { "force", CLI_KEY_FORCE, NULL, 0, "also replace files that moetrace did not write", 0 }

/* What a TRACE on the command line may be besides. */
#define CLI_CAPTURES                                                                                         \
    "TRACE may also be an SQLite export of Nsight Systems (FILE#PID selects one of its processes) or a "     \
    "Chrome trace of torch.profiler.\n\n"

/* The end of a subcommand's help, where it has no exit status of its own. */
#define CLI_EXIT "Exit status: 0; 2 after one line on standard error that names the error."

typedef struct {
    const char *name, *summary; /* as in `moetrace NAME` */
    int (*run)(int argc, char **argv);
} cli_command;

/* Subcommands; each takes its own arguments, argv[0] being "moetrace NAME", and returns the exit status. */
int cli_cmd_report(int argc, char **argv);
int cli_cmd_verify(int argc, char **argv);
int cli_cmd_plot(int argc, char **argv);
int cli_cmd_diff(int argc, char **argv);
int cli_cmd_dump(int argc, char **argv);
int cli_cmd_record(int argc, char **argv);
int cli_cmd_export(int argc, char **argv);
int cli_cmd_peaks(int argc, char **argv);
int cli_cmd_flops(int argc, char **argv);

/* Parses with argp, but answers a mistake with one line. Returns 0; or -1 when the command is done, with the
 * exit status in *status. A parser that refuses a value prints why with cli_error and returns EINVAL. */
int cli_parse(const struct argp *argp, int argc, char **argv, void *input, int *status);

/* One line on stderr, after "moetrace: ". Always returns CLI_FAILED. */
int cli_error(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* The same for what is no error: after "moetrace WHO: ". */
void cli_say(const char *who, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Reads a whole number between `least` and `most`; false after an error line that names `option`. */
bool cli_number(const char *option, const char *text, uint32_t least, uint32_t most, uint32_t *value);

/* The place of `text` among `words`: the values that an option takes, as its table has them
 * ("text|json|csv"). -1 after an error line that names `option` and lists them. */
int cli_word(const char *option, const char *text, const char *words);

/* Flushes stdout; CLI_OK, or CLI_FAILED after an error line when not everything could be
 * written. */
int cli_flush(void);

/* Shows how far the reading of `path` is, on a terminal only. */
typedef struct {
    const char *path;
    bool shown;
    uint64_t last_ns;
} cli_progress;
void cli_show_progress(void *progress, uint64_t done, uint64_t total);
void cli_hide_progress(cli_progress *progress);

/* The traces that `path` names: itself; each process of an SQLite export of Nsight Systems that holds
 * several, as FILE#PROCESS; of a directory the files *.moetrace of its one run (cli_runs.h), sorted by name, or
 * where there are none those *.sqlite, or else those *.pt.trace.json. Whether an export holds several processes may be a
 * guess (input_processes). Returns how many, 0 after an error line; cli_free_traces frees
 * the list. */
size_t cli_traces(const char *path, bool guess, char ***list);
void cli_free_traces(char **list, size_t count);

/* No output may be one of these traces. */
void cli_protect_traces(base_outputs *outputs, char *const *list, size_t count);

#endif
