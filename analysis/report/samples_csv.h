/* The file of `report --samples`: every sample of the latencies, as CSV. */
#ifndef REPORT_SAMPLES_CSV_H
#define REPORT_SAMPLES_CSV_H

#include "analysis/base/output_file.h"
#include "analysis/metrics/analyze.h"

#include <stdio.h>

/* The text of --samples: a line for every sample of the traces (docs/report.md). A zeroed one is empty. */
typedef struct {
    FILE *file;
    char *bytes;
    size_t len;
} report_samples_text;

/* Adds the samples of a trace; false when there is no memory. */
bool report_samples(const metrics_results *results, report_samples_text *text);

/* Writes the text to `path`. 0, or -1 with one line in error. */
extern const base_output_kind report_samples_kind;
int report_samples_write(report_samples_text *text, const base_outputs *outputs, const char *path,
                         char error[TRACE_ERROR_BYTES]);

void report_samples_drop(report_samples_text *text);

#endif
