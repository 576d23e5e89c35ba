/* What a sweep leaves: a table for people, run_native_times.json, and a dump of logits. */
#ifndef NATIVE_REPORT_H
#define NATIVE_REPORT_H

#include "native/sweep.h"

#include <stdio.h>

/* Medians for each k. */
void native_report_table(FILE *out, const native_sweep *sweep);

/* Writes `folder`/run_native_times.json. */
bool native_report_json(const char *folder, const native_sweep *sweep, native_error *error);

/* Writes logits, tokens and vision features as safetensors. */
bool native_report_dump(const char *path, const native_sweep *sweep, native_error *error);

/* The median of `count` numbers, from 1: the mean of the two in the middle of an even count. Sorts them. */
double native_median(double *values, int64_t count);

#endif
