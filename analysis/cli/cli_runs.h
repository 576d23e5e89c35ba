/* The runs in a directory, and the directory of the next run. The traces in one directory are one run. `moetrace record -o DIR`
 * stores later runs in DIR/run-2, DIR/run-3 and so on; DIR/run-1 then denotes the first run, although no such directory
 * exists. */
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

/* Sets *files to the files of the directory whose names end with `ending`. Returns 0, or an errno value. */
int cli_files_list(cli_files *files, const char *directory, const char *ending);
/* Frees the list and leaves it empty. */
void cli_files_free(cli_files *files);

typedef struct {
    char *path; /* denotes the run on a command line */
    cli_files traces;
    struct timespec newest; /* the latest modification time of its traces */
} cli_run;

typedef struct {
    cli_run *list; /* the oldest first */
    size_t count, cap;
} cli_runs;

/* Sets *runs to the runs of the directory: of itself and of DIR/run-N, or else of all directories in it. Returns 0, or an errno
 * value. */
int cli_runs_find(cli_runs *runs, const char *directory);

/* Sets *runs to all runs near the current directory: in it, in its directories, and in their run-N. Each trace in the current
 * directory counts as a run of its own. */
void cli_runs_find_here(cli_runs *runs);
/* Frees the runs. */
void cli_runs_free(cli_runs *runs);

/* Returns the directory of the run if `path` denotes the first of several runs as described above, else NULL. The caller frees
 * it. */
char *cli_runs_first(const char *path);

/* Returns the directory for the next run into `directory`: itself, or DIR/run-N when it has traces or another run is being
 * recorded into it. Creates it if necessary (*made) and reserves it while this process runs; returns `directory` when that
 * fails. The caller frees it. */
char *cli_runs_reserve(const char *directory, bool *made);

#endif
