/* What the traces of one run hold in all: for the end of `moetrace record` and for the table of runs. */
#ifndef CLI_CLI_RUN_TOTALS_H
#define CLI_CLI_RUN_TOTALS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct {
    size_t traces, unreadable; /* a trace is of one process */
    size_t abrupt;             /* without an end: killed, or still running */
    size_t incomplete;         /* with anything missing, as the report's Completeness says; abrupt ones are */
    bool have_gpu;             /* without any GPU record, counts of kernels are missing */
    uint64_t bytes, requests, host_events, kernels, unattributed, host_lost, gpu_lost;
    char *program, *started; /* of the process that started first; NULL when unknown */
    char *level, *note;      /* of one of them; what the recorder could not do, if it said anything */
} cli_run_totals;

/* Reads the traces; one error line for each that cannot be read. */
void cli_run_totals_read(cli_run_totals *totals, char *const *traces, size_t count);

/* Whether nothing is missing. */
bool cli_run_totals_complete(const cli_run_totals *totals);
void cli_run_totals_free(cli_run_totals *totals);

#endif
