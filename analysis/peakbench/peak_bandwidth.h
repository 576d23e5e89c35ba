/* Benchmark of a device's memory bandwidth. */
#ifndef PEAKBENCH_PEAK_BANDWIDTH_H
#define PEAKBENCH_PEAK_BANDWIDTH_H

#include "analysis/peakbench/kernel_runner.h"

/* Measures the bandwidth in all three ways; sets `bytes` and `memory` of *m. Returns 0, or -1 with one line in
 * `error`. */
int peakbench_measure_memory(peakbench_measured *m, const peakbench_runner *on,
                             char error[TRACE_ERROR_BYTES]);

#endif
