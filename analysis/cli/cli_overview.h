/* The table of the runs that a directory holds. */
#ifndef CLI_CLI_OVERVIEW_H
#define CLI_CLI_OVERVIEW_H

#include "analysis/cli/cli_runs.h"
#include "analysis/report/table_writer.h"

/* Reads all traces of the runs of `directory` and prints a row for each run; one error line for each trace that
 * cannot be read. The exit status, CLI_FAILED when no trace could be read. */
int cli_overview_print(const cli_runs *runs, const char *directory, report_format format);

#endif
