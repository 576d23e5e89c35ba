/* The end of `moetrace record`: what was recorded, and the command to type next, on standard error. */
#ifndef CLI_CLI_RECORD_END_H
#define CLI_CLI_RECORD_END_H

#include "analysis/cli/cli_runs.h"

/* The traces in `directory` that are not among `before`, which stood there at the start, are the run's. */
void cli_record_end(const char *command, const char *directory, const cli_files *before);

#endif
