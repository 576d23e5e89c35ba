/* Totals of the traces of one run, for the end of `moetrace record` and for the table of runs. */
#ifndef CLI_CLI_RUN_TOTALS_H
#define CLI_CLI_RUN_TOTALS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct {
    size_t traces, unreadable; /* number of traces, one for each process; of those that cannot be read */
    size_t abrupt;     /* number of traces without an END chunk: the process was killed, or still runs */
    size_t incomplete; /* number of incomplete traces, by the report's Completeness; includes `abrupt` */
    bool have_gpu;     /* there are GPU records; otherwise counts of kernels are missing */
    uint64_t bytes, requests, host_events, kernels, unattributed, host_lost, gpu_lost;
    char *program, *started; /* of the process that started first; NULL when unknown */
    char *level, *note;      /* of one of them; a warning of the recorder, or NULL */
} cli_run_totals;

/* Sets *totals from `count` traces; an error line for each that cannot be read. cli_run_totals_free frees the totals. */
void cli_run_totals_read(cli_run_totals *totals, char *const *traces, size_t count);

/* Returns whether all traces were read and are complete. */
bool cli_run_totals_complete(const cli_run_totals *totals);
/* Frees the texts. */
void cli_run_totals_free(cli_run_totals *totals);

#endif
