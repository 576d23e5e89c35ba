/* Reading the traces of a subcommand: several at a time, given in order, with progress. */
#ifndef CLI_CLI_PARALLEL_READ_H
#define CLI_CLI_PARALLEL_READ_H

#include "analysis/cli/cli_table_options.h"

typedef struct cli_reading cli_reading;

/* Begins to read `count` traces, as tables->jobs allows. What is pointed to must stay until the end. At most
 * as many traces as there are threads are ahead of the one that was given last. */
cli_reading *cli_read_begin(const char *const *paths, size_t count, const cli_table_options *tables,
                            const names_rules *rules);

/* Returns the results of the next trace: 0, or -1 after an error line, also when its requests have other values
 * of k than that of --k. They stay until the end, unless
 * metrics_results_free frees them earlier. Call it at most once for each trace. */
int cli_read_next(cli_reading *rd, metrics_results **results);

/* Ends the reading, whether or not all results were asked for, and frees them. */
void cli_read_end(cli_reading *rd);

#endif
