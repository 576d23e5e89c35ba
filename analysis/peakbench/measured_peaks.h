/* What was measured of a device. */
#ifndef PEAKBENCH_MEASURED_PEAKS_H
#define PEAKBENCH_MEASURED_PEAKS_H

#include "analysis/costmodel/device_peaks.h"

/* NaN where it could not be measured. */
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
    char device[128]; /* its name, as CUDA reports it */
    int major, minor; /* compute capability */
    size_t bytes;     /* of each buffer that was read or copied */
    peakbench_speed memory[PEAKBENCH_MEMORY_WAYS];
    peakbench_speed flops[COSTMODEL_DTYPES];
    unsigned sizes[COSTMODEL_DTYPES]; /* n of the best product; 0: none */
    char library[256];                /* cuBLAS: where it lies; "" when there is none */
    char trouble[TRACE_ERROR_BYTES];  /* why products are missing; "" when none is */
} peakbench_measured;

/* One for which nothing is known. */
peakbench_measured peakbench_measured_nothing(void);

/* Of all three ways of memory the best; NaN when none was measured. */
double peakbench_measured_memory(const peakbench_measured *measured);

#endif
