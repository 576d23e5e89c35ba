/* The kernels that read, copy and fill memory. */
#ifndef PEAKBENCH_PEAK_KERNELS_PTX_H
#define PEAKBENCH_PEAK_KERNELS_PTX_H

/* A PTX text: moetrace_read, moetrace_copy and moetrace_fill. */
extern const char peakbench_kernels_ptx[];

#endif
