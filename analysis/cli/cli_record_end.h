/* The summary at the end of `moetrace record`, on standard error: counts of the recording, and the next command. */
#ifndef CLI_CLI_RECORD_END_H
#define CLI_CLI_RECORD_END_H

#include "analysis/cli/cli_runs.h"

/* Prints the summary of the run of `command`: its traces are those in `directory` that are not in `before`, the list of traces
 * at the start. */
void cli_record_end(const char *command, const char *directory, const cli_files *before);

#endif
