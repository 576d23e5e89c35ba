/* Peak rates of a device: memory bandwidth in bytes/s, and FLOP/s by type. Sources, in this order: measured (a file), data
 * sheets (a table by the device's name), the device's attributes in the trace.
 *
 * FLOP/s are those of dense matrix products, a multiplication and an addition counting as two: inputs of the type,
 * accumulation in float32, on tensor cores if the device has them for that type; fp32 is the rate of the CUDA cores.
 *
 * The file, which `moetrace peaks` writes, is one JSON object:
 *
 *     {"device": "NVIDIA H100 80GB HBM3",
 *      "memory_bytes_per_s": 3.02e12,
 *      "flops": {"bf16": 7.5e14, "fp16": 7.4e14, "tf32": 4.0e14, "fp32": 5.1e13}}
 *
 * Numbers are positive; each may be absent or null, and is then unknown. Other members are ignored. "device" is the name
 * that CUDA reports (cudaDeviceProp.name). */
#ifndef COSTMODEL_DEVICE_PEAKS_H
#define COSTMODEL_DEVICE_PEAKS_H

#include "trace/trace.h"

#include <stdbool.h>
#include <stddef.h>

/* Data types of the inputs of matrix products. */
typedef enum {
    COSTMODEL_BF16,
    COSTMODEL_FP16,
    COSTMODEL_TF32,
    COSTMODEL_FP32,
    COSTMODEL_DTYPES
} costmodel_dtype;

/* Their names, as the values of an option. */
#define COSTMODEL_DTYPE_NAMES "bf16|fp16|tf32|fp32"

/* Returns the name of a type: "bf16", "fp16", "tf32", "fp32". The other stores the type with a name; false for any other
 * name. */
const char *costmodel_dtype_name(costmodel_dtype type);
bool costmodel_dtype_of(const char *name, costmodel_dtype *type);

/* Returns the size in memory of a number of this type, in bytes. */
double costmodel_dtype_bytes(costmodel_dtype type);

typedef enum {
    COSTMODEL_PEAK_UNKNOWN,
    COSTMODEL_PEAK_MEASURED,   /* from the file */
    COSTMODEL_PEAK_DATA_SHEET, /* from the table of data sheets */
    COSTMODEL_PEAK_ATTRIBUTES, /* from the device's clock rates and widths */
} costmodel_peak_source;

/* Returns "measured", "data sheet", "device attributes", or "-" if unknown. */
const char *costmodel_peak_source_name(costmodel_peak_source source);

typedef struct {
    char device[128]; /* "" if unknown */
    double memory;    /* bytes/s; NaN if unknown */
    costmodel_peak_source memory_source;
    double flops[COSTMODEL_DTYPES]; /* FLOP/s; NaN if unknown */
    costmodel_peak_source flops_source[COSTMODEL_DTYPES];
} costmodel_peaks;

/* The attributes of a device; NULL or 0: unknown. */
typedef struct {
    const char *name;                        /* as CUDA reports it */
    const char *capability;                  /* compute capability, "9.0" */
    double memory_clock_hz, memory_bus_bits; /* peak memory clock; width of the memory bus */
    double clock_hz, multiprocessors;        /* peak SM clock; number of SMs */
} costmodel_device;

/* Sets *peaks from the table of data sheets, and what that lacks from the attributes:
 *   memory  2 x memory clock x bus width / 8 (double data rate), if both are known;
 *   fp32    2 x cores per SM x SMs x SM clock, if the number of cores of the compute capability is known (CUDA C++
 *           Programming Guide, table "Throughput of Native Arithmetic Instructions"). */
void costmodel_peaks_of_device(costmodel_peaks *peaks, const costmodel_device *device);

/* Returns the name of device `i` of the table of data sheets, from 0; NULL past the end. docs/peaks.md has the table and
 * its sources. */
const char *costmodel_peaks_sheet(size_t i);

/* Reads the JSON file at `path`. Returns 0, or -1 with one line in `error`. */
int costmodel_peaks_load(costmodel_peaks *peaks, const char *path, char error[TRACE_ERROR_BYTES]);

/* Replaces the values of *peaks by those that are known in *over. */
void costmodel_peaks_override(costmodel_peaks *peaks, const costmodel_peaks *over);

#endif
