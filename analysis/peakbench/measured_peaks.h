/* The measured peak rates of a device. */
#ifndef PEAKBENCH_MEASURED_PEAKS_H
#define PEAKBENCH_MEASURED_PEAKS_H

#include "analysis/costmodel/device_peaks.h"

/* A measured rate; NaN: not measured. */
typedef struct {
    double best, median; /* bytes/s or FLOP/s */
} peakbench_speed;

typedef enum {
    PEAKBENCH_MEMORY_READ,   /* a kernel reads */
    PEAKBENCH_MEMORY_COPY,   /* a kernel copies: read + written */
    PEAKBENCH_MEMORY_DRIVER, /* cuMemcpyDtoDAsync copies: read + written */
    PEAKBENCH_MEMORY_WAYS
} peakbench_memory_way;

typedef struct {
    char device[128]; /* name, as CUDA reports it */
    int major, minor; /* compute capability */
    size_t bytes;     /* size of each buffer */
    peakbench_speed memory[PEAKBENCH_MEMORY_WAYS];
    peakbench_speed flops[COSTMODEL_DTYPES];
    unsigned sizes[COSTMODEL_DTYPES]; /* n of the best product; 0: none */
    char library[256];                /* path of cuBLAS; "" if it was not found */
    char trouble[TRACE_ERROR_BYTES];  /* why products are missing; "" if none is */
} peakbench_measured;

/* Returns a result in which everything is missing. */
peakbench_measured peakbench_measured_nothing(void);

/* Returns the best bandwidth of all three ways, in bytes/s; NaN if none was measured. */
double peakbench_measured_memory(const peakbench_measured *measured);

#endif
