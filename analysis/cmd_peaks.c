/* moetrace peaks: what the GPU of this machine really reaches. */
#include "analysis/cli_tables.h"
#include "analysis/measure.h"
#include "analysis/report.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>

enum { OPTION_CUBLAS = 256 };

typedef struct {
    const char *output, *cublas;
    uint32_t device;
    analysis_format format;
} arguments;

static error_t parse(int key, char *arg, struct argp_state *state) {
    arguments *a = state->input;
    int format;
    switch (key) {
    case 'o':
        a->output = arg;
        return 0;
    case 'd':
        return analysis_cli_number("--device", arg, 0, 1023, &a->device) ? 0 : EINVAL;
    case OPTION_CUBLAS:
        a->cublas = arg;
        return 0;
    case 'f':
        format = analysis_cli_word("--format", arg, ANALYSIS_FORMATS);
        a->format = format < 0 ? a->format : (analysis_format)format;
        return format < 0 ? EINVAL : 0;
    case ARGP_KEY_ARG:
        analysis_error("peaks takes no argument, and got %s", arg);
        return EINVAL;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static const struct argp_option options[] = {
    {"output", 'o', "FILE", 0, "also write the peaks to FILE, as `moetrace report --peaks` reads them", 0},
    {"device", 'd', "N", 0, "number of the GPU, as CUDA counts those that are visible (default 0)", 0},
    {"cublas", OPTION_CUBLAS, "FILE", 0,
     "the libcublas.so to multiply with (default: the loader's, CUDA's, or the one beside PyTorch)", 0},
    ANALYSIS_OPTION_FORMAT,
    ANALYSIS_CLI_OPTIONS};

static const struct argp argp = {
    options,
    parse,
    NULL,
    "Measures what the GPU of this machine really reaches: bytes/s of its memory, and FLOP/s of dense matrix "
    "products by type.\v"
    "Memory is read and copied by kernels, and copied by the driver; matrices are multiplied by cuBLAS. "
    "Without "
    "cuBLAS there are no products, and FILE has null for them. It takes a few seconds and up to a quarter of "
    "the "
    "free memory; nothing else should run on the GPU.\n\n"
    "Examples:\n"
    "  moetrace peaks -o h100.json\n"
    "  moetrace peaks --device 1 --format markdown\n\n" ANALYSIS_CLI_EXIT,
    NULL,
    NULL,
    NULL};

/* ---- The table ---- */

static void put(analysis_table *t, const char *what, const char *unit, const analysis_speed *speed,
                double sheet, double scale, const char *how) {
    analysis_table_cell(t, "%s", what);
    analysis_table_number(t, speed->best / scale, 1);
    analysis_table_number(t, speed->median / scale, 1);
    analysis_table_number(t, sheet / scale, 1);
    analysis_table_number(t, 100 * speed->best / sheet, 1);
    analysis_table_cell(t, "%s", unit);
    analysis_table_cell(t, "%s", how);
}

static void put_table(const analysis_measured *m, analysis_output *out) {
    static const char *const headers[] = {"what", "best", "median", "data sheet", "% of it", "unit", "how"};
    static const char *const ways[] = {"a kernel reads", "a kernel copies, read + written",
                                       "cuMemcpyDtoD, read + written"};
    analysis_peaks sheet;
    analysis_table t;
    analysis_peaks_of_device(&sheet, &(analysis_device){.name = m->device});
    analysis_table_begin(&t, "lrrrrll", 6, headers);
    analysis_table_title(&t, "Peaks of %s", m->device);
    for (int i = 0; i < ANALYSIS_MEMORY_WAYS; i++) {
        put(&t, "memory", "GB/s", &m->memory[i], sheet.memory, 1e9, ways[i]);
    }
    for (int i = 0; i < ANALYSIS_TYPES; i++) {
        char how[64] = "";
        if (m->sizes[i] > 0) {
            snprintf(how, sizeof how, "product of %u x %u matrices", m->sizes[i], m->sizes[i]);
        }
        put(&t, analysis_type_name((analysis_type)i), "TFLOP/s", &m->flops[i], sheet.flops[i], 1e12, how);
    }
    analysis_table_note(&t, "best and median of the repetitions; buffers of %zu MiB.", m->bytes >> 20);
    if (m->library[0]) {
        analysis_table_note(&t, "Products by %s.", m->library);
    }
    if (m->trouble[0]) {
        analysis_table_note(&t, "Missing: %s.", m->trouble);
    }
    analysis_output_table(out, &t);
}

/* ---- The file ---- */

static bool add(cJSON *object, const char *name, double value) {
    return isnan(value) ? cJSON_AddNullToObject(object, name) != NULL
                        : cJSON_AddNumberToObject(object, name, value) != NULL;
}

/* The format of peaks.h; what it does not name is for people. NULL when there is no memory. */
static cJSON *json_of(const analysis_measured *m) {
    static const char *const ways[ANALYSIS_MEMORY_WAYS] = {"kernel_read", "kernel_copy", "driver_copy"};
    cJSON *json = cJSON_CreateObject();
    bool good = cJSON_AddStringToObject(json, "device", m->device) &&
                add(json, "memory_bytes_per_s", analysis_measured_memory(m));
    cJSON *flops = cJSON_AddObjectToObject(json, "flops");
    for (int i = 0; i < ANALYSIS_TYPES; i++) {
        good = good && add(flops, analysis_type_name((analysis_type)i), m->flops[i].best);
    }
    cJSON *ways_of_memory = cJSON_AddObjectToObject(json, "memory_ways_bytes_per_s");
    for (int i = 0; i < ANALYSIS_MEMORY_WAYS; i++) {
        good = good && add(ways_of_memory, ways[i], m->memory[i].best);
    }
    cJSON *sizes = cJSON_AddObjectToObject(json, "matrix_rows");
    for (int i = 0; i < ANALYSIS_TYPES; i++) {
        good = good && add(sizes, analysis_type_name((analysis_type)i), m->sizes[i] ? m->sizes[i] : NAN);
    }
    good = good && add(json, "buffer_bytes", (double)m->bytes) &&
           (m->library[0] ? cJSON_AddStringToObject(json, "library", m->library)
                          : cJSON_AddNullToObject(json, "library"));
    if (!good) {
        cJSON_Delete(json);
        return NULL;
    }
    return json;
}

int analysis_cmd_peaks(int argc, char **argv) {
    arguments a = {0};
    analysis_measured measured;
    char error[TRACE_ERROR_BYTES];
    int status;
    if (analysis_cli_parse(&argp, argc, argv, &a, &status) != 0) {
        return status;
    }
    if (analysis_measure(&measured, a.device, a.cublas, error) != 0) {
        return analysis_error("%s", error);
    }
    analysis_output out;
    analysis_output_begin(&out, a.format, stdout);
    analysis_output_report(&out, measured.device);
    put_table(&measured, &out);
    status = ANALYSIS_OK;
    cJSON *json = a.output ? json_of(&measured) : NULL;
    if (a.output && analysis_report_write_json(json, a.output, error) != 0) {
        status = analysis_error("%s", error);
    }
    cJSON_Delete(json);
    return analysis_cli_output_end(&out, status);
}
