/* Metadata of the run: program, machine, devices, times. */
#include "analysis/input/nsys/nsys_metadata.h"

#include "analysis/base/alloc.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Returns the column with this name, or -1. */
static int result_column_of(sqlite3_stmt *s, const char *name) {
    for (int i = 0; i < sqlite3_column_count(s); i++) {
        if (sqlite3_stricmp(sqlite3_column_name(s, i), name) == 0) {
            return i;
        }
    }
    return -1;
}

/* Returns all rows of a small table; NULL when the file lacks it. */
static sqlite3_stmt *select_all_of(input_nsys_capture *cap, const char *table) {
    char sql[100];
    if (cap->db.stop != 0 || !input_nsys_has_table(&cap->db, table)) {
        return NULL;
    }
    snprintf(sql, sizeof sql, "SELECT * FROM \"%s\" LIMIT 100000", table);
    return input_nsys_query(&cap->db, sql);
}

static const char *column_text_of(sqlite3_stmt *s, const char *column) {
    int i = result_column_of(s, column);
    return i < 0 ? NULL : (const char *)sqlite3_column_text(s, i);
}

static int64_t column_int_of(sqlite3_stmt *s, const char *column, int64_t missing) {
    int i = result_column_of(s, column);
    return i < 0 ? missing : input_nsys_int(s, i, missing);
}

static void read_program_name(input_nsys_capture *cap) {
    sqlite3_stmt *s = select_all_of(cap, "PROCESSES");
    while (input_nsys_step(&cap->db, s)) {
        if (column_int_of(s, "pid", -1) == (int64_t)cap->pid) {
            input_nsys_meta(cap, "program", column_text_of(s, "name"));
        }
    }
    sqlite3_finalize(s);
}

static void read_system_environment(input_nsys_capture *cap) {
    char version[32];
    sqlite3_stmt *s = select_all_of(cap, "TARGET_INFO_SYSTEM_ENV");
    while (input_nsys_step(&cap->db, s)) {
        const char *name = column_text_of(s, "name"), *value = column_text_of(s, "value");
        if (!name || !value || !*value) {
            continue;
        }
        if (strcmp(name, "Hostname") == 0) {
            input_nsys_meta(cap, "host", value);
        } else if (strcmp(name, "OsDescription") == 0) {
            input_nsys_meta(cap, "kernel", value);
        } else if (strcmp(name, "CudaDriverVersion") == 0) {
            long number = strtol(value, NULL, 10);
            snprintf(version, sizeof version, "%ld.%ld", number / 1000, number % 1000 / 10);
            input_nsys_meta(cap, "cuda.driver", version);
        }
    }
    sqlite3_finalize(s);
}

static void emit_device_number(input_nsys_capture *cap, int64_t device, const char *key, int64_t value) {
    char name[64], text[32];
    if (value >= 0) {
        snprintf(name, sizeof name, "device.%" PRId64 ".%s", device, key);
        snprintf(text, sizeof text, "%" PRId64, value);
        input_nsys_meta(cap, name, text);
    }
}

static void read_gpu_row(input_nsys_capture *cap, sqlite3_stmt *s, int64_t device) {
    char key[64], text[64];
    unsigned domain, bus, slot;
    snprintf(key, sizeof key, "device.%" PRId64 ".name", device);
    input_nsys_meta(cap, key, column_text_of(s, "name"));
    emit_device_number(cap, device, "memory_bytes", column_int_of(s, "totalMemory", -1));
    emit_device_number(cap, device, "multiprocessors", column_int_of(s, "smCount", -1));
    emit_device_number(cap, device, "l2_bytes", column_int_of(s, "l2CacheSize", -1));
    int64_t clock = column_int_of(s, "clockRate", -1), major = column_int_of(s, "computeMajor", -1);
    emit_device_number(cap, device, "clock_khz", clock > 0 ? clock / 1000 : -1);
    emit_device_number(cap, device, "bandwidth_bytes_per_second", column_int_of(s, "memoryBandwidth", -1));
    if (major >= 0) {
        snprintf(key, sizeof key, "device.%" PRId64 ".compute_capability", device);
        snprintf(text, sizeof text, "%" PRId64 ".%" PRId64, major, column_int_of(s, "computeMinor", 0));
        input_nsys_meta(cap, key, text);
    }
    const char *place = column_text_of(s, "busLocation");
    if (place && sscanf(place, "%x:%x:%x", &domain, &bus, &slot) == 3) {
        emit_device_number(cap, device, "pci_domain", domain);
        emit_device_number(cap, device, "pci_bus", bus);
        emit_device_number(cap, device, "pci_device", slot);
    }
}

/* Returns the CUDA ordinal of each physical GPU, if the file has it. */
static void read_gpus(input_nsys_capture *cap) {
    base_map ordinals = {0};
    sqlite3_stmt *s = select_all_of(cap, "TARGET_INFO_CUDA_DEVICE");
    while (input_nsys_step(&cap->db, s)) {
        base_map_put(&ordinals, (uint64_t)column_int_of(s, "gpuId", -1),
                     (uint32_t)column_int_of(s, "cudaId", 0));
    }
    sqlite3_finalize(s);
    s = select_all_of(cap, "TARGET_INFO_GPU");
    while (input_nsys_step(&cap->db, s)) {
        int64_t id = column_int_of(s, "id", -1);
        uint32_t ordinal = base_map_get(&ordinals, (uint64_t)id);
        if (id >= 0) {
            read_gpu_row(cap, s, ordinal == BASE_NONE ? id : ordinal);
        }
    }
    sqlite3_finalize(s);
    base_map_free(&ordinals);
}

static void read_export_metadata(input_nsys_capture *cap) {
    char product[200] = "Nsight Systems", version[100] = "";
    sqlite3_stmt *s = select_all_of(cap, "META_DATA_EXPORT");
    while (input_nsys_step(&cap->db, s)) {
        const char *name = column_text_of(s, "name"), *value = column_text_of(s, "value");
        if (!name || !value) {
            continue;
        }
        if (strcmp(name, "EXPORT_PRODUCT_NAME") == 0) {
            snprintf(product, sizeof product, "%.150s", value);
        } else if (strcmp(name, "EXPORT_PRODUCT_VERSION") == 0) {
            snprintf(version, sizeof version, " %.90s", value);
        } else if (strcmp(name, INPUT_NSYS_MARKS) == 0) {
            cap->marks_of_program = true;
        } else if (strcmp(name, "EXPORT_SCHEMA_VERSION") == 0) {
            input_nsys_meta(cap, "nsys.schema", value);
        }
    }
    sqlite3_finalize(s);
    cap->marks_of_program |= strcmp(product, "moetrace") != 0;
    strncat(product, version, sizeof product - strlen(product) - 1);
    input_nsys_meta(cap, "recorder", product);
    input_nsys_detail(cap, "nsys.import", "yes");
}

static void read_session_start(input_nsys_capture *cap, trace_status *status) {
    sqlite3_stmt *s = select_all_of(cap, "TARGET_INFO_SESSION_START_TIME");
    if (input_nsys_step(&cap->db, s)) {
        const char *utc = column_text_of(s, "utcTime");
        char text[64];
        int64_t ns = column_int_of(s, "utcEpochNs", 0);
        status->header.realtime_ns = ns > 0 ? (uint64_t)ns : 0;
        snprintf(text, sizeof text, "%.40sZ", utc ? utc : "");
        input_nsys_meta(cap, "started", utc ? text : NULL);
        input_nsys_detail(cap, "nsys.local", column_text_of(s, "localTime"));
    }
    sqlite3_finalize(s);
    int64_t start = 0, duration = -1;
    s = select_all_of(cap, "ANALYSIS_DETAILS");
    if (input_nsys_step(&cap->db, s)) {
        start = column_int_of(s, "startTime", 0);
        duration = column_int_of(s, "duration", -1);
    }
    sqlite3_finalize(s);
    /* Times of a trace are positive. */
    if (start > 0 && start < (int64_t)1 << 61 && start > -cap->first) {
        cap->base = start;
    } else {
        cap->base = cap->first <= 0 ? 1 - cap->first : 0;
    }
    cap->last = duration > cap->last && duration < (int64_t)1 << 61 ? duration : cap->last;
    cap->duration = duration > 0 ? duration : INT64_MAX;
    status->header.monotonic_ns = (uint64_t)cap->base;
}

void input_nsys_read_metadata(input_nsys_capture *cap, trace_status *status) {
    status->header.major = TRACE_VERSION_MAJOR;
    status->header.pid = (uint32_t)cap->pid;
    read_session_start(cap, status);
    read_export_metadata(cap);
    read_program_name(cap);
    read_system_environment(cap);
    read_gpus(cap);
}
