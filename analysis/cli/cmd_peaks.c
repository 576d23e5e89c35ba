/* moetrace peaks: what the GPU of this machine really reaches. */
#include "analysis/cli/cli_table_options.h"
#include "analysis/peakbench/peakbench.h"
#include "analysis/report/latency_json.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { OPTION_CUBLAS = 256 };

typedef struct {
    const char *output, *cublas;
    base_outputs outputs;
    uint32_t device;
    report_format format;
} arguments;

static error_t parse_peaks(int key, char *arg, struct argp_state *state) {
    arguments *a = state->input;
    int format;
    switch (key) {
    case 'o':
        a->output = arg;
        return 0;
    case CLI_KEY_FORCE:
        a->outputs.force = true;
        return 0;
    case 'd':
        return cli_number("--device", arg, 0, 1023, &a->device) ? 0 : EINVAL;
    case OPTION_CUBLAS:
        a->cublas = arg;
        return 0;
    case 'f':
        format = cli_word("--format", arg, REPORT_FORMATS);
        a->format = format < 0 ? a->format : (report_format)format;
        return format < 0 ? EINVAL : 0;
    case ARGP_KEY_ARG:
        cli_error("peaks takes no argument, and got %s", arg);
        return EINVAL;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static const struct argp_option options[] = {
    {"output", 'o', "FILE", 0, "also write the peaks to FILE, for `moetrace report --peaks`", 0},
    CLI_OPTION_FORCE,
    {"device", 'd', "N", 0, "index of the GPU among the visible ones (default 0)", 0},
    {"cublas", OPTION_CUBLAS, "FILE", 0, "libcublas.so to use (default: the loader's, CUDA's or PyTorch's)",
     0},
    CLI_OPTION_FORMAT,
    CLI_OPTIONS};

static const struct argp argp = {
    options,
    parse_peaks,
    NULL,
    "Measures the peak rates of this machine's GPU: bytes/s of its memory, and FLOP/s of dense matrix "
    "products by data type.\vMemory is read and copied by kernels, and copied by the driver; matrices are "
    "multiplied by cuBLAS. Without cuBLAS the products are missing, and null in FILE. Measuring takes a few "
    "seconds and up to a quarter of the free memory; nothing else should run on the GPU.\n\n"
    "Examples:\n"
    "  moetrace peaks -o h100.json\n"
    "  moetrace peaks --device 1 --format markdown\n\n" CLI_EXIT,
    NULL,
    NULL,
    NULL};

/* ---- The table ---- */

static void put_speed(report_table *t, const char *what, const char *unit, const peakbench_speed *speed,
                      double sheet, double scale, const char *how) {
    report_table_cell(t, "%s", what);
    report_table_number(t, speed->best / scale, 1);
    report_table_number(t, speed->median / scale, 1);
    report_table_number(t, sheet / scale, 1);
    report_table_number(t, 100 * speed->best / sheet, 1);
    report_table_cell(t, "%s", unit);
    report_table_cell(t, "%s", how);
}

static void put_table(const peakbench_measured *m, report_output *out) {
    static const report_column columns[] = {{"quantity", "quantity", 'l'},
                                            {"best", "best", 'r'},
                                            {"median", "median", 'r'},
                                            {"data_sheet", "data sheet", 'r'},
                                            {"data_sheet_percent", "% of data sheet", 'r'},
                                            {"unit", "unit", 'l'},
                                            {"method", "method", 'l'}};
    static const char *const ways[] = {"a kernel reads", "a kernel copies, read + written",
                                       "cuMemcpyDtoD, read + written"};
    costmodel_peaks sheet;
    report_table t;
    costmodel_peaks_of_device(&sheet, &(costmodel_device){.name = m->device});
    report_table_begin(&t, "peaks", REPORT_COLUMNS(columns), 6);
    report_table_title(&t, "Peaks of %s", m->device);
    for (int i = 0; i < PEAKBENCH_MEMORY_WAYS; i++) {
        put_speed(&t, "memory", "GB/s", &m->memory[i], sheet.memory, 1e9, ways[i]);
    }
    for (int i = 0; i < COSTMODEL_DTYPES; i++) {
        char how[64] = "";
        if (m->sizes[i] > 0) {
            snprintf(how, sizeof how, "product of %u x %u matrices", m->sizes[i], m->sizes[i]);
        }
        put_speed(&t, costmodel_dtype_name((costmodel_dtype)i), "TFLOP/s", &m->flops[i], sheet.flops[i], 1e12,
                  how);
    }
    report_table_note(&t, "Best and median of the repetitions; buffers of %zu MiB.", m->bytes >> 20);
    if (m->library[0]) {
        report_table_note(&t, "Products by %s.", m->library);
    }
    if (m->trouble[0]) {
        report_table_note(&t, "Missing: %s.", m->trouble);
    }
    report_output_table(out, &t);
}

/* ---- The file ---- */

static bool add(cJSON *object, const char *name, double value) {
    return isnan(value) ? cJSON_AddNullToObject(object, name) != NULL
                        : cJSON_AddNumberToObject(object, name, value) != NULL;
}

/* The format of device_peaks.h; the other fields are for people. NULL when there is no memory. */
static cJSON *json_of(const peakbench_measured *m) {
    static const char *const ways[PEAKBENCH_MEMORY_WAYS] = {"kernel_read", "kernel_copy", "driver_copy"};
    cJSON *json = cJSON_CreateObject();
    bool good = cJSON_AddStringToObject(json, "device", m->device) &&
                add(json, "memory_bytes_per_s", peakbench_measured_memory(m));
    cJSON *flops = cJSON_AddObjectToObject(json, "flops");
    for (int i = 0; i < COSTMODEL_DTYPES; i++) {
        good = good && add(flops, costmodel_dtype_name((costmodel_dtype)i), m->flops[i].best);
    }
    cJSON *ways_of_memory = cJSON_AddObjectToObject(json, "memory_ways_bytes_per_s");
    for (int i = 0; i < PEAKBENCH_MEMORY_WAYS; i++) {
        good = good && add(ways_of_memory, ways[i], m->memory[i].best);
    }
    cJSON *sizes = cJSON_AddObjectToObject(json, "matrix_rows");
    for (int i = 0; i < COSTMODEL_DTYPES; i++) {
        good = good && add(sizes, costmodel_dtype_name((costmodel_dtype)i), m->sizes[i] ? m->sizes[i] : NAN);
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

/* As cJSON prints it. */
static bool is_peaks(const char *path, const char *head, size_t len) {
    static const char opening[] = "{\n\t\"device\":\t\"";
    (void)path;
    return len >= sizeof opening && memcmp(head, opening, sizeof opening - 1) == 0 &&
           strstr(head, "\n\t\"memory_bytes_per_s\":\t") != NULL;
}

static const base_output_kind peaks_kind = {"a JSON file of peaks", is_peaks};

int cli_cmd_peaks(int argc, char **argv) {
    arguments a = {0};
    peakbench_measured measured;
    char error[TRACE_ERROR_BYTES];
    int status;
    if (cli_parse(&argp, argc, argv, &a, &status) != 0) {
        return status;
    }
    base_outputs_protect(&a.outputs, a.cublas);
    if (a.output && !base_outputs_allow(&a.outputs, a.output, &peaks_kind, error)) {
        base_outputs_free(&a.outputs);
        return cli_error("%s", error);
    }
    if (peakbench_measure(&measured, a.device, a.cublas, error) != 0) {
        base_outputs_free(&a.outputs);
        return cli_error("%s", error);
    }
    report_output out;
    cli_output_begin(&out, a.format);
    report_output_report(&out, measured.device);
    put_table(&measured, &out);
    status = CLI_OK;
    cJSON *json = a.output ? json_of(&measured) : NULL;
    if (a.output && report_write_json(json, &a.outputs, a.output, &peaks_kind, error) != 0) {
        status = cli_error("%s", error);
    }
    cJSON_Delete(json);
    base_outputs_free(&a.outputs);
    return cli_output_end(&out, status);
}
