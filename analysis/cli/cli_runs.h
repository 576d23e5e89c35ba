/* The runs that a directory holds, and where the next one goes. The traces that stand in a directory are one
 * run. `moetrace record -o DIR` puts a later run into DIR/run-2, DIR/run-3 and so on; the first is DIR/run-1
 * then, although no such directory exists. */
#ifndef CLI_CLI_RUNS_H
#define CLI_CLI_RUNS_H

#include <stdbool.h>
#include <stddef.h>
#include <time.h>

/* Paths of files in a directory, sorted by name. */
typedef struct {
    char **list;
    size_t count, cap;
} cli_files;

/* The files of the directory whose names end so; 0, or an errno value. */
int cli_files_list(cli_files *files, const char *directory, const char *ending);
void cli_files_free(cli_files *files);

typedef struct {
    char *path; /* what names the run on a command line */
    cli_files traces;
    struct timespec newest; /* the last change of any of its traces */
} cli_run;

typedef struct {
    cli_run *list; /* the oldest first */
    size_t count, cap;
} cli_runs;

/* The runs of moetrace's traces: of the directory itself and of DIR/run-N, or else of all directories in it. 0, or an
 * errno value. */
int cli_runs_find(cli_runs *runs, const char *directory);

/* All runs that can be seen from here: in this directory, in those in it, and in their run-N. A trace in this
 * directory is a run of its own. */
void cli_runs_find_here(cli_runs *runs);
void cli_runs_free(cli_runs *runs);

/* When `path` names the first of several runs as described above: the directory that holds it; else NULL. The
 * caller frees it. */
char *cli_runs_first(const char *path);

/* The directory for the next run that is given this one: it, or DIR/run-N when traces stand in it or another run
 * is being recorded into it. It is made (*made), unless it exists, and stays reserved while this process
 * runs; when that fails, it is DIR. The caller frees it. */
char *cli_runs_reserve(const char *directory, bool *made);

#endif
