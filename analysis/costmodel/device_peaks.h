/* What a device can do at most: bytes/s of its memory, and FLOP/s by type. Measured (a file), or from data
 * sheets (a table by the device's name), or from the device's attributes in the trace, in this order.
 *
 * FLOP/s are dense, a multiplication and an addition being two: of matrix products whose inputs have the
 * type and whose sums are kept in float32, on tensor cores where the device has them for that type; fp32 is
 * that of the ordinary cores.
 *
 * The file is what `moetrace peaks` writes: one JSON object,
 *
 *     {"device": "NVIDIA H100 80GB HBM3",
 *      "memory_bytes_per_s": 3.02e12,
 *      "flops": {"bf16": 7.5e14, "fp16": 7.4e14, "tf32": 4.0e14, "fp32": 5.1e13}}
 *
 * Numbers are above 0; each may be absent or null, and is then not known. Other members are allowed
 * everywhere and ignored. "device" is the name that CUDA reports (cudaDeviceProp.name). */
#ifndef COSTMODEL_DEVICE_PEAKS_H
#define COSTMODEL_DEVICE_PEAKS_H

#include "trace/trace.h"

#include <stdbool.h>
#include <stddef.h>

/* Types of the numbers that matrix products read. */
typedef enum {
    COSTMODEL_BF16,
    COSTMODEL_FP16,
    COSTMODEL_TF32,
    COSTMODEL_FP32,
    COSTMODEL_DTYPES
} costmodel_dtype;

/* Their names, as values of an option. */
#define COSTMODEL_DTYPE_NAMES "bf16|fp16|tf32|fp32"

/* "bf16", "fp16", "tf32", "fp32"; and the type of that name, false when there is none. */
const char *costmodel_dtype_name(costmodel_dtype type);
bool costmodel_dtype_of(const char *name, costmodel_dtype *type);

/* Bytes of a number of this type in memory. */
double costmodel_dtype_bytes(costmodel_dtype type);

typedef enum {
    COSTMODEL_PEAK_UNKNOWN,
    COSTMODEL_PEAK_MEASURED,   /* from the file */
    COSTMODEL_PEAK_DATA_SHEET, /* from the table */
    COSTMODEL_PEAK_ATTRIBUTES, /* from the device's clocks and widths */
} costmodel_peak_source;

/* "measured", "data sheet", "device attributes"; "-" when unknown. */
const char *costmodel_peak_source_name(costmodel_peak_source source);

typedef struct {
    char device[128]; /* "" when it is not known */
    double memory;    /* bytes/s; NaN when it is not known */
    costmodel_peak_source memory_source;
    double flops[COSTMODEL_DTYPES]; /* FLOP/s; NaN where it is not known */
    costmodel_peak_source flops_source[COSTMODEL_DTYPES];
} costmodel_peaks;

/* What is known of a device before anything was measured: a NULL or 0 attribute is not known. */
typedef struct {
    const char *name;                        /* as CUDA reports it */
    const char *capability;                  /* compute capability, "9.0" */
    double memory_clock_hz, memory_bus_bits; /* peak clock; width of the bus */
    double clock_hz, multiprocessors;        /* peak clock; how many */
} costmodel_device;

/* Peaks from the table, and from attributes what it has not:
 *   memory  2 x memory clock x bus width / 8 (two transfers a clock), where both are known;
 *   fp32    2 x cores of a multiprocessor x multiprocessors x clock, where the compute capability's number of
 *           cores is known (CUDA C++ Programming Guide, throughput of native arithmetic instructions). */
void costmodel_peaks_of_device(costmodel_peaks *peaks, const costmodel_device *device);

/* The name of device number i of the table, from 0; NULL behind the last. docs/peaks.md shows the table. */
const char *costmodel_peaks_sheet(size_t i);

/* Reads the JSON file at `path`. 0, or -1 with one line in error. */
int costmodel_peaks_load(costmodel_peaks *peaks, const char *path, char error[TRACE_ERROR_BYTES]);

/* Lays what `over` knows over *peaks. */
void costmodel_peaks_override(costmodel_peaks *peaks, const costmodel_peaks *over);

#endif
