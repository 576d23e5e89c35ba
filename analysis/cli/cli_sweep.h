/* The captures of a sweep: `k=K:TRACE` arguments, or traces whose k --k-from finds. */
#ifndef CLI_CLI_SWEEP_H
#define CLI_CLI_SWEEP_H

#include "analysis/cli/cli_table_options.h"
#include "analysis/metrics/capture_sweep.h"

/* The values of --k-from, in the order of cli_k_source. */
#define CLI_K_FROM "name|config|mark"
typedef enum { CLI_K_NAME, CLI_K_CONFIG, CLI_K_MARK, CLI_K_ARGUMENT } cli_k_source;

typedef struct {
    const char *argument, *path; /* as given, and without k=K: */
    uint32_t k;
    char **traces;
    size_t trace_count;
} cli_sweep_run;

/* A zeroed one is empty. */
typedef struct {
    cli_sweep_run *runs; /* after cli_sweep_find by k, if that is known before the traces are read */
    size_t count, cap;
    bool has_source; /* --k-from */
    cli_k_source source;
} cli_sweep;

/* Adds a positional argument. */
void cli_sweep_add(cli_sweep *sweep, const char *argument);

/* Returns whether the arguments are a sweep: --k-from, or k=K: in front of one that is not a file of that name. */
bool cli_sweep_given(const cli_sweep *sweep);

/* Finds k and the traces of each run; false after an error line. */
bool cli_sweep_find(cli_sweep *sweep);

/* Called with the results of each capture that is used, before they are joined. Returns false to stop. */
typedef bool cli_sweep_taker(void *ctx, const metrics_results *results);

/* Reads all captures into `joined`, which metrics_results_free frees, and `captures`, an array of sweep->count, by k. False
 * after an error line. Valid until cli_sweep_free. */
bool cli_sweep_read(cli_sweep *sweep, const cli_table_options *tables, const names_rules *rules,
                    metrics_results *joined, metrics_capture *captures, cli_sweep_taker *take, void *ctx);

void cli_sweep_free(cli_sweep *sweep);

#endif
