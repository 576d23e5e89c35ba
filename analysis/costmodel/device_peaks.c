/* The table of data sheets, the formulas for attributes, and the file of measured peaks. */
#include "analysis/costmodel/device_peaks.h"

#include "analysis/base/alloc.h"

#include <cjson/cJSON.h>
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FILE_MAX (1 << 16) /* bytes of a file of peaks */

static const char *const type_names[COSTMODEL_DTYPES] = {"bf16", "fp16", "tf32", "fp32"};

const char *costmodel_dtype_name(costmodel_dtype type) {
    return type_names[type];
}

bool costmodel_dtype_of(const char *name, costmodel_dtype *type) {
    for (int i = 0; i < COSTMODEL_DTYPES; i++) {
        if (strcmp(name, type_names[i]) == 0) {
            *type = (costmodel_dtype)i;
            return true;
        }
    }
    return false;
}

double costmodel_dtype_bytes(costmodel_dtype type) {
    return type == COSTMODEL_BF16 || type == COSTMODEL_FP16 ? 2 : 4;
}

const char *costmodel_peak_source_name(costmodel_peak_source source) {
    static const char *const names[] = {"-", "measured", "data sheet", "device attributes"};
    return names[source];
}

/* NVIDIA's own numbers, without sparsity (half of the values that a data sheet marks "with sparsity"). Names are
 * as CUDA reports them; a slice of a device (MIG) has another name and is not in the table. */
static const struct {
    const char *name;
    double memory;       /* GB/s, 1e9 bytes */
    double half;         /* bf16 and fp16 tensor cores, TFLOP/s */
    double tf32, single; /* TFLOP/s; 0: it has none */
    bool bf16;           /* it has bf16 at the speed of fp16 */
} sheets[] = {
    /* NVIDIA Tesla V100 data sheet, January 2020. Its tensor cores know fp16 only. */
    {"Tesla V100-SXM2-16GB", 900, 125, 0, 15.7, false},
    {"Tesla V100-SXM2-32GB", 900, 125, 0, 15.7, false},
    {"Tesla V100-PCIE-16GB", 900, 112, 0, 14, false},
    {"Tesla V100-PCIE-32GB", 900, 112, 0, 14, false},
    /* NVIDIA T4 product brief and NVIDIA Turing GPU architecture white paper. */
    {"Tesla T4", 320, 65, 0, 8.1, false},
    /* NVIDIA A100 data sheet, June 2021; 40 GB: NVIDIA A100 architecture white paper. */
    {"NVIDIA A100-SXM4-40GB", 1555, 312, 156, 19.5, true},
    {"NVIDIA A100-PCIE-40GB", 1555, 312, 156, 19.5, true},
    {"NVIDIA A100-SXM4-80GB", 2039, 312, 156, 19.5, true},
    {"NVIDIA A100 80GB PCIe", 1935, 312, 156, 19.5, true},
    /* NVIDIA A30, A10 and A40 data sheets. */
    {"NVIDIA A30", 933, 165, 82, 10.3, true},
    {"NVIDIA A10", 600, 125, 62.5, 31.2, true},
    {"NVIDIA A40", 696, 149.7, 74.8, 37.4, true},
    /* NVIDIA Ampere GA102 GPU architecture white paper (tensor cores with sums in float32). */
    {"NVIDIA GeForce RTX 3090", 936, 71, 35.6, 35.6, true},
    /* NVIDIA Ada GPU architecture white paper (the same). */
    {"NVIDIA GeForce RTX 4090", 1008, 165.2, 82.6, 82.6, true},
    /* NVIDIA L4, L40 and L40S data sheets. */
    {"NVIDIA L4", 300, 121, 60, 30.3, true},
    {"NVIDIA L40", 864, 181.05, 90.5, 90.5, true},
    {"NVIDIA L40S", 864, 362.05, 183, 91.6, true},
    /* NVIDIA H100 Tensor Core GPU architecture white paper (SXM5); NVIDIA H100 data sheets (PCIe, NVL). */
    {"NVIDIA H100 80GB HBM3", 3350, 989.4, 494.7, 66.9, true},
    {"NVIDIA H100 PCIe", 2000, 756, 378, 51, true},
    {"NVIDIA H100 NVL", 3900, 835.5, 417.5, 60, true},
    /* NVIDIA H200 data sheet; SXM has the arithmetic of H100 SXM5. */
    {"NVIDIA H200", 4800, 989.4, 494.7, 66.9, true},
    {"NVIDIA H200 NVL", 4800, 835.5, 417.5, 60, true},
    /* NVIDIA Blackwell data sheet, HGX B200, each GPU. */
    {"NVIDIA B200", 7700, 2250, 1100, 75, true},
};

const char *costmodel_peaks_sheet(size_t i) {
    return i < sizeof sheets / sizeof *sheets ? sheets[i].name : NULL;
}

/* Results of 32-bit floating-point additions and multiplications of a multiprocessor in one clock cycle. */
static double cores_of_capability(const char *capability) {
    static const struct {
        const char *capability;
        double cores;
    } known[] = {
        {"7.0", 64},  {"7.2", 64},  {"7.5", 64},   {"8.0", 64},   {"8.6", 128},  {"8.7", 128},
        {"8.9", 128}, {"9.0", 128}, {"10.0", 128}, {"10.3", 128}, {"12.0", 128},
    };
    for (size_t i = 0; capability && i < sizeof known / sizeof *known; i++) {
        if (strcmp(capability, known[i].capability) == 0) {
            return known[i].cores;
        }
    }
    return 0;
}

static void clear_peaks(costmodel_peaks *peaks) {
    *peaks = (costmodel_peaks){.memory = NAN};
    for (int i = 0; i < COSTMODEL_DTYPES; i++) {
        peaks->flops[i] = NAN;
    }
}

static void set_flops(costmodel_peaks *peaks, costmodel_dtype type, double flops,
                      costmodel_peak_source source) {
    if (flops > 0) {
        peaks->flops[type] = flops;
        peaks->flops_source[type] = source;
    }
}

static void set_memory(costmodel_peaks *peaks, double bytes_per_s, costmodel_peak_source source) {
    if (bytes_per_s > 0) {
        peaks->memory = bytes_per_s;
        peaks->memory_source = source;
    }
}

void costmodel_peaks_of_device(costmodel_peaks *peaks, const costmodel_device *device) {
    clear_peaks(peaks);
    snprintf(peaks->device, sizeof peaks->device, "%s", device->name ? device->name : "");
    set_memory(peaks, 2 * device->memory_clock_hz * device->memory_bus_bits / 8, COSTMODEL_PEAK_ATTRIBUTES);
    set_flops(peaks, COSTMODEL_FP32,
              2 * cores_of_capability(device->capability) * device->multiprocessors * device->clock_hz,
              COSTMODEL_PEAK_ATTRIBUTES);
    for (size_t i = 0; i < sizeof sheets / sizeof *sheets; i++) {
        if (device->name && strcmp(device->name, sheets[i].name) == 0) {
            set_memory(peaks, sheets[i].memory * 1e9, COSTMODEL_PEAK_DATA_SHEET);
            set_flops(peaks, COSTMODEL_BF16, sheets[i].bf16 ? sheets[i].half * 1e12 : 0,
                      COSTMODEL_PEAK_DATA_SHEET);
            set_flops(peaks, COSTMODEL_FP16, sheets[i].half * 1e12, COSTMODEL_PEAK_DATA_SHEET);
            set_flops(peaks, COSTMODEL_TF32, sheets[i].tf32 * 1e12, COSTMODEL_PEAK_DATA_SHEET);
            set_flops(peaks, COSTMODEL_FP32, sheets[i].single * 1e12, COSTMODEL_PEAK_DATA_SHEET);
        }
    }
}

void costmodel_peaks_override(costmodel_peaks *peaks, const costmodel_peaks *over) {
    set_memory(peaks, over->memory, over->memory_source);
    for (int i = 0; i < COSTMODEL_DTYPES; i++) {
        set_flops(peaks, (costmodel_dtype)i, over->flops[i], over->flops_source[i]);
    }
}

/* ---- The file ---- */

/* A number above 0, or NaN when it is absent or null; false when it is something else. */
static bool read_peak(const cJSON *object, const char *name, double *value) {
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(object, name);
    *value = cJSON_IsNumber(item) ? item->valuedouble : NAN;
    return !item || cJSON_IsNull(item) || (*value > 0 && isfinite(*value));
}

static int refuse_peaks(char error[TRACE_ERROR_BYTES], const char *path, const char *what) {
    snprintf(error, TRACE_ERROR_BYTES, "%s: %s (`moetrace peaks` writes such files; docs/report.md)", path,
             what);
    return -1;
}

static int read_peaks(costmodel_peaks *peaks, const cJSON *json, const char *path,
                      char error[TRACE_ERROR_BYTES]) {
    const cJSON *flops = cJSON_GetObjectItemCaseSensitive(json, "flops");
    const char *device = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(json, "device"));
    double value;
    if (!cJSON_IsObject(json) || (!flops && !cJSON_HasObjectItem(json, "memory_bytes_per_s"))) {
        return refuse_peaks(error, path, "not a JSON object with \"memory_bytes_per_s\" or \"flops\"");
    }
    if (flops && !cJSON_IsNull(flops) && !cJSON_IsObject(flops)) {
        return refuse_peaks(error, path, "\"flops\" is not an object");
    }
    if (!read_peak(json, "memory_bytes_per_s", &value)) {
        return refuse_peaks(error, path, "\"memory_bytes_per_s\" is not a number above 0");
    }
    snprintf(peaks->device, sizeof peaks->device, "%s", device ? device : "");
    set_memory(peaks, value, COSTMODEL_PEAK_MEASURED);
    for (int i = 0; i < COSTMODEL_DTYPES; i++) {
        if (!read_peak(flops, type_names[i], &value)) {
            char what[64];
            snprintf(what, sizeof what, "\"flops\": \"%s\" is not a number above 0", type_names[i]);
            return refuse_peaks(error, path, what);
        }
        set_flops(peaks, (costmodel_dtype)i, value, COSTMODEL_PEAK_MEASURED);
    }
    return 0;
}

int costmodel_peaks_load(costmodel_peaks *peaks, const char *path, char error[TRACE_ERROR_BYTES]) {
    clear_peaks(peaks);
    FILE *f = fopen(path, "re");
    char *text = base_alloc(FILE_MAX + 1, 1);
    size_t len = f ? fread(text, 1, FILE_MAX + 1, f) : 0;
    int rc = -1;
    if (!f || ferror(f)) {
        snprintf(error, TRACE_ERROR_BYTES, "%s: the peaks cannot be read: %s", path, strerror(errno));
    } else if (len > FILE_MAX) {
        refuse_peaks(error, path, "longer than 64 KiB: not a file of peaks");
    } else {
        cJSON *json = cJSON_ParseWithLength(text, len);
        rc = read_peaks(peaks, json, path, error);
        cJSON_Delete(json);
    }
    if (f) {
        fclose(f);
    }
    free(text);
    return rc;
}
