/* The file of `report --samples`: all latency samples, as CSV. */
#ifndef REPORT_SAMPLES_CSV_H
#define REPORT_SAMPLES_CSV_H

#include "analysis/base/output_file.h"
#include "analysis/metrics/analyze.h"

#include <stdio.h>

/* The text of the file, one line per sample (docs/report.md lists the columns). A zeroed one is empty. */
typedef struct {
    FILE *file;
    char *bytes;
    size_t len;
} report_samples_text;

/* Whether the table of latencies is of this sample, among others. */
bool report_sample_counts(const metrics_results *results, const metrics_sample *sample);

/* Adds the samples of a trace; false when memory is exhausted. */
bool report_samples(const metrics_results *results, report_samples_text *text);

/* The kind of this file. */
extern const base_output_kind report_samples_kind;

/* Writes the text to `path`. Returns 0, or -1 with one line in `error`. */
int report_samples_write(report_samples_text *text, const base_outputs *outputs, const char *path,
                         char error[TRACE_ERROR_BYTES]);

/* Frees the text and leaves it empty. */
void report_samples_drop(report_samples_text *text);

#endif
