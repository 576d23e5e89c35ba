/* What the export says of the run: program, machine, devices, times. */
#include "analysis/input/nsys/nsys_reader.h"

#include "analysis/base/alloc.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The column with this name, or -1. */
static int column_of(sqlite3_stmt *s, const char *name) {
    for (int i = 0; i < sqlite3_column_count(s); i++) {
        if (sqlite3_stricmp(sqlite3_column_name(s, i), name) == 0) {
            return i;
        }
    }
    return -1;
}

/* All rows of a small table; NULL when the file lacks it. */
static sqlite3_stmt *all_of(input_nsys_file *f, const char *table) {
    char sql[100];
    if (f->stop != 0 || !input_nsys_has(f, table)) {
        return NULL;
    }
    snprintf(sql, sizeof sql, "SELECT * FROM \"%s\" LIMIT 100000", table);
    return input_nsys_query(f, sql);
}

static const char *text_of(sqlite3_stmt *s, const char *column) {
    int i = column_of(s, column);
    return i < 0 ? NULL : (const char *)sqlite3_column_text(s, i);
}

static int64_t int_of(sqlite3_stmt *s, const char *column, int64_t missing) {
    int i = column_of(s, column);
    return i < 0 ? missing : input_nsys_int(s, i, missing);
}

static void read_processes(input_nsys_file *f) {
    sqlite3_stmt *s = all_of(f, "PROCESSES");
    while (input_nsys_row(f, s)) {
        if (int_of(s, "pid", -1) == (int64_t)f->pid) {
            input_nsys_meta(f, "program", text_of(s, "name"));
        }
    }
    sqlite3_finalize(s);
}

static void read_environment(input_nsys_file *f) {
    char version[32];
    sqlite3_stmt *s = all_of(f, "TARGET_INFO_SYSTEM_ENV");
    while (input_nsys_row(f, s)) {
        const char *name = text_of(s, "name"), *value = text_of(s, "value");
        if (!name || !value || !*value) {
            continue;
        }
        if (strcmp(name, "Hostname") == 0) {
            input_nsys_meta(f, "host", value);
        } else if (strcmp(name, "OsDescription") == 0) {
            input_nsys_meta(f, "kernel", value);
        } else if (strcmp(name, "CudaDriverVersion") == 0) {
            long number = strtol(value, NULL, 10);
            snprintf(version, sizeof version, "%ld.%ld", number / 1000, number % 1000 / 10);
            input_nsys_meta(f, "cuda.driver", version);
        }
    }
    sqlite3_finalize(s);
}

static void device_number(input_nsys_file *f, int64_t device, const char *key, int64_t value) {
    char name[64], text[32];
    if (value >= 0) {
        snprintf(name, sizeof name, "device.%" PRId64 ".%s", device, key);
        snprintf(text, sizeof text, "%" PRId64, value);
        input_nsys_meta(f, name, text);
    }
}

static void read_device(input_nsys_file *f, sqlite3_stmt *s, int64_t device) {
    char key[64], text[64];
    unsigned domain, bus, slot;
    snprintf(key, sizeof key, "device.%" PRId64 ".name", device);
    input_nsys_meta(f, key, text_of(s, "name"));
    device_number(f, device, "memory_bytes", int_of(s, "totalMemory", -1));
    device_number(f, device, "multiprocessors", int_of(s, "smCount", -1));
    device_number(f, device, "l2_bytes", int_of(s, "l2CacheSize", -1));
    int64_t clock = int_of(s, "clockRate", -1), major = int_of(s, "computeMajor", -1);
    device_number(f, device, "clock_khz", clock > 0 ? clock / 1000 : -1);
    device_number(f, device, "bandwidth_bytes_per_second", int_of(s, "memoryBandwidth", -1));
    if (major >= 0) {
        snprintf(key, sizeof key, "device.%" PRId64 ".compute_capability", device);
        snprintf(text, sizeof text, "%" PRId64 ".%" PRId64, major, int_of(s, "computeMinor", 0));
        input_nsys_meta(f, key, text);
    }
    const char *place = text_of(s, "busLocation");
    if (place && sscanf(place, "%x:%x:%x", &domain, &bus, &slot) == 3) {
        device_number(f, device, "pci_domain", domain);
        device_number(f, device, "pci_bus", bus);
        device_number(f, device, "pci_device", slot);
    }
}

/* The CUDA ordinal of each physical GPU, where the file tells it. */
static void read_devices(input_nsys_file *f) {
    base_map ordinals = {0};
    sqlite3_stmt *s = all_of(f, "TARGET_INFO_CUDA_DEVICE");
    while (input_nsys_row(f, s)) {
        base_map_put(&ordinals, (uint64_t)int_of(s, "gpuId", -1), (uint32_t)int_of(s, "cudaId", 0));
    }
    sqlite3_finalize(s);
    s = all_of(f, "TARGET_INFO_GPU");
    while (input_nsys_row(f, s)) {
        int64_t id = int_of(s, "id", -1);
        uint32_t ordinal = base_map_get(&ordinals, (uint64_t)id);
        if (id >= 0) {
            read_device(f, s, ordinal == BASE_NONE ? id : ordinal);
        }
    }
    sqlite3_finalize(s);
    base_map_free(&ordinals);
}

static void read_metadata(input_nsys_file *f) {
    char product[200] = "Nsight Systems", version[100] = "";
    sqlite3_stmt *s = all_of(f, "META_DATA_EXPORT");
    while (input_nsys_row(f, s)) {
        const char *name = text_of(s, "name"), *value = text_of(s, "value");
        if (!name || !value) {
            continue;
        }
        if (strcmp(name, "EXPORT_PRODUCT_NAME") == 0) {
            snprintf(product, sizeof product, "%.150s", value);
        } else if (strcmp(name, "EXPORT_PRODUCT_VERSION") == 0) {
            snprintf(version, sizeof version, " %.90s", value);
        } else if (strcmp(name, INPUT_NSYS_MARKS) == 0) {
            f->marks_of_program = true;
        } else if (strcmp(name, "EXPORT_SCHEMA_VERSION") == 0) {
            input_nsys_meta(f, "nsys.schema", value);
        }
    }
    sqlite3_finalize(s);
    f->marks_of_program |= strcmp(product, "moetrace") != 0;
    strncat(product, version, sizeof product - strlen(product) - 1);
    input_nsys_meta(f, "recorder", product);
    input_nsys_detail(f, "nsys.import", "yes");
}

static void read_start(input_nsys_file *f, trace_status *status) {
    sqlite3_stmt *s = all_of(f, "TARGET_INFO_SESSION_START_TIME");
    if (input_nsys_row(f, s)) {
        const char *utc = text_of(s, "utcTime");
        char text[64];
        int64_t ns = int_of(s, "utcEpochNs", 0);
        status->header.realtime_ns = ns > 0 ? (uint64_t)ns : 0;
        snprintf(text, sizeof text, "%.40sZ", utc ? utc : "");
        input_nsys_meta(f, "started", utc ? text : NULL);
        input_nsys_detail(f, "nsys.local", text_of(s, "localTime"));
    }
    sqlite3_finalize(s);
    int64_t start = 0, duration = -1;
    s = all_of(f, "ANALYSIS_DETAILS");
    if (input_nsys_row(f, s)) {
        start = int_of(s, "startTime", 0);
        duration = int_of(s, "duration", -1);
    }
    sqlite3_finalize(s);
    /* No time of a trace is 0 or less. */
    f->base = start > 0 && start < (int64_t)1 << 61 && start > -f->first ? start
              : f->first <= 0                                            ? 1 - f->first
                                                                         : 0;
    f->last = duration > f->last && duration < (int64_t)1 << 61 ? duration : f->last;
    f->duration = duration > 0 ? duration : INT64_MAX;
    status->header.monotonic_ns = (uint64_t)f->base;
}

void input_nsys_read_info(input_nsys_file *f, trace_status *status) {
    status->header.major = TRACE_VERSION_MAJOR;
    status->header.pid = (uint32_t)f->pid;
    read_start(f, status);
    read_metadata(f);
    read_processes(f);
    read_environment(f);
    read_devices(f);
}
