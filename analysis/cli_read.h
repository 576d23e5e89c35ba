/* Reading the traces of a subcommand: several at a time, given in order, with progress. */
#ifndef ANALYSIS_CLI_READ_H
#define ANALYSIS_CLI_READ_H

#include "analysis/cli_tables.h"

typedef struct analysis_cli_reading analysis_cli_reading;

/* Begins to read `count` traces, as tables->jobs allows. What is pointed to must stay until the end. At most
 * as many traces as there are threads are ahead of the one that was given last. */
analysis_cli_reading *analysis_cli_read_begin(const char *const *paths, size_t count,
                                              const analysis_cli_tables *tables, const analysis_rules *rules);

/* Gives the results of the next trace: 0, or -1 after an error line, also when its requests have other values
 * of k than that of --k. They stay until the end, unless
 * analysis_results_free frees them earlier. Call it at most once for each trace. */
int analysis_cli_read_next(analysis_cli_reading *rd, analysis_results **results);

/* Ends the reading, whether or not all results were asked for, and frees them. */
void analysis_cli_read_end(analysis_cli_reading *rd);

#endif
