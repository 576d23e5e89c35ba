/* Reads the traces of a subcommand: several in parallel, returned in order, with progress. */
#ifndef CLI_CLI_PARALLEL_READ_H
#define CLI_CLI_PARALLEL_READ_H

#include "analysis/cli/cli_table_options.h"

typedef struct cli_reading cli_reading;

/* Begins to read `count` traces on tables->jobs threads, at most one trace per thread ahead of the one returned last. All
 * arguments must stay valid until cli_read_end. */
cli_reading *cli_read_begin(const char *const *paths, size_t count, const cli_table_options *tables,
                            const names_rules *rules);

/* Stores the results of the next trace; call it at most once per trace. Returns 0, or -1 after an error line, also if the
 * trace has no request at the k of --k. The results are valid until cli_read_end; metrics_results_free may free them
 * earlier. */
int cli_read_next(cli_reading *rd, metrics_results **results);

/* Ends the reading, also before all results were requested, and frees them. */
void cli_read_end(cli_reading *rd);

#endif
