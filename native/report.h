/* The outputs of a sweep: a text table, run_native_times.json, and a dump of logits. */
#ifndef NATIVE_REPORT_H
#define NATIVE_REPORT_H

#include "native/sweep.h"

#include <stdio.h>

/* Prints the table of median times for each k. */
void native_report_table(FILE *out, const native_sweep *sweep);

/* Writes `folder`/run_native_times.json. On failure: false, with the error set, as in native/output.h. */
bool native_report_json(const char *folder, const native_sweep *sweep, native_error *error);

/* Writes logits, tokens and vision features as safetensors. On failure: false, with the error set. */
bool native_report_dump(const char *path, const native_sweep *sweep, native_error *error);

/* Returns the median of `count` >= 1 values: for an even count, the mean of the two middle ones. Sorts the values. */
double native_median(double *values, int64_t count);

#endif
