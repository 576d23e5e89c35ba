/* The table of the runs that a directory holds. */
#ifndef CLI_CLI_OVERVIEW_H
#define CLI_CLI_OVERVIEW_H

#include "analysis/cli/cli_runs.h"
#include "analysis/report/table_writer.h"

/* Reads all traces of the runs in `directory` and prints a table with one row for each run; an error line for each trace that
 * cannot be read. Returns the exit status: CLI_FAILED when no trace could be read. */
int cli_overview_print(const cli_runs *runs, const char *directory, report_format format);

#endif
