/* The tables that say what the capture is of: processes, threads, devices, streams, metadata. */
#include "analysis/export/export_nsys_internal.h"

#include "analysis/base/alloc.h"
#include "analysis/events/event_sources.h"
#include "analysis/input/nsys/nsys_metadata.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* Streams of this number are the null stream of their context. */
#define NULL_STREAM 7

static void insert_pair(export_nsys_file *w, const char *table, const char *name, const char *value) {
    char sql[100];
    snprintf(sql, sizeof sql, "INSERT INTO %s VALUES(?1, ?2)", table);
    sqlite3_stmt *s = export_nsys_prepare(w, sql);
    if (s) {
        export_nsys_bind_text(s, 1, name);
        export_nsys_bind_text(s, 2, value);
        export_nsys_step(w, s);
    }
    sqlite3_finalize(s);
}

static void format_session_time(char out[32], uint64_t ns) {
    time_t seconds = (time_t)(ns / 1000000000u);
    struct tm tm;
    gmtime_r(&seconds, &tm);
    strftime(out, 32, "%Y-%m-%dT%H:%M:%S", &tm);
}

static void write_process_rows(export_nsys_file *w) {
    sqlite3_stmt *s = export_nsys_prepare(w, "INSERT INTO PROCESSES VALUES(?1, ?2, ?3)");
    for (size_t i = 0; s && i < w->rows->source_count; i++) {
        const events_source *source = &w->rows->sources[i];
        sqlite3_bind_int64(s, 1, (int64_t)w->processes[i].global);
        sqlite3_bind_int64(s, 2, source->header.pid);
        export_nsys_bind_text(s, 3, events_source_meta(source, "program"));
        export_nsys_step(w, s);
    }
    sqlite3_finalize(s);
}

static void write_thread_names(export_nsys_file *w) {
    sqlite3_stmt *s = export_nsys_prepare(w, "INSERT INTO ThreadNames VALUES(?1, ?2, ?3)");
    for (size_t i = 0; s && i < w->rows->thread_count; i++) {
        const events_thread *t = &w->rows->threads[i];
        char key[64];
        snprintf(key, sizeof key, "nsys.priority.%u", t->tid);
        const char *priority = events_source_meta(&w->rows->sources[t->source], key);
        sqlite3_bind_int64(s, 1, export_nsys_string(w, t->name));
        export_nsys_bind_unless_negative(s, 2, priority ? strtoll(priority, NULL, 10) : -1);
        sqlite3_bind_int64(s, 3, export_nsys_thread(w, (uint32_t)i));
        export_nsys_step(w, s);
    }
    sqlite3_finalize(s);
}

/* Binds the capability's two numbers to four columns. */
static void bind_capability(sqlite3_stmt *s, int column, const char *text) {
    int major = -1, minor = -1;
    char *end;
    if (text && *text >= '0' && *text <= '9') {
        major = (int)strtol(text, &end, 10);
        minor = *end == '.' ? (int)strtol(end + 1, NULL, 10) : -1;
    }
    for (int i = 0; i < 4; i++) {
        export_nsys_bind_unless_negative(s, column + i, i % 2 == 0 ? major : minor);
    }
}

static void write_device_row(export_nsys_file *w, sqlite3_stmt *s, const events_device *d) {
    const events_store *rows = w->rows;
    char bus[64];
    const char *place[3] = {export_device(rows, d, "pci_domain"), export_device(rows, d, "pci_bus"),
                            export_device(rows, d, "pci_device")};
    int64_t clock = export_device_number(rows, d, "clock_khz");
    int64_t memory_clock = export_device_number(rows, d, "memory_clock_khz");
    int64_t width = export_device_number(rows, d, "memory_bus_bits");
    if (place[1] && place[2]) {
        snprintf(bus, sizeof bus, "%04lx:%02lx:%02lx.0", place[0] ? strtoul(place[0], NULL, 10) : 0,
                 strtoul(place[1], NULL, 10), strtoul(place[2], NULL, 10));
    }
    sqlite3_clear_bindings(s);
    sqlite3_bind_int64(s, 1, (int64_t)EXPORT_NSYS_VM);
    sqlite3_bind_int64(s, 2, d->number);
    export_nsys_bind_text(s, 3, export_device(rows, d, "name"));
    export_nsys_bind_text(s, 4, place[1] && place[2] ? bus : NULL);
    export_nsys_bind_unless_negative(s, 5, export_device_number(rows, d, "l2_bytes"));
    export_nsys_bind_unless_negative(s, 6, export_device_number(rows, d, "memory_bytes"));
    /* Two transfers a clock on every bit of the bus. */
    int64_t bandwidth = export_device_number(rows, d, "bandwidth_bytes_per_second");
    if (bandwidth <= 0) {
        bandwidth = memory_clock > 0 && width > 0 ? memory_clock * 1000 * 2 * width / 8 : -1;
    }
    export_nsys_bind_unless_negative(s, 7, bandwidth);
    export_nsys_bind_unless_negative(s, 8, clock > 0 ? clock * 1000 : -1);
    export_nsys_bind_unless_negative(s, 9, export_device_number(rows, d, "multiprocessors"));
    sqlite3_bind_int64(s, 10, d->ordinal);
    bind_capability(s, 11, export_device(rows, d, "compute_capability"));
    export_nsys_step(w, s);
}

static void write_device_rows(export_nsys_file *w) {
    sqlite3_stmt *s = export_nsys_prepare(
        w,
        "INSERT INTO TARGET_INFO_GPU(vmId, id, name, busLocation, l2CacheSize, totalMemory, memoryBandwidth, "
        "clockRate, smCount, cuDevice, computeMajor, computeMinor, smMajor, smMinor) "
        "VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14)");
    for (size_t i = 0; s && i < w->rows->device_count; i++) {
        write_device_row(w, s, &w->rows->devices[i]);
    }
    sqlite3_finalize(s);
}

/* Binds a row of a table and writes it, unless one with the same key was written. */
static void write_context_row(export_nsys_file *w, sqlite3_stmt *s, names_table *written,
                              const int64_t *values, size_t count, size_t key_count) {
    size_t before = written->count;
    names_intern(written, (const char *)values, key_count * sizeof *values);
    if (!s || written->count == before) {
        return;
    }
    for (size_t i = 0; i < count; i++) {
        sqlite3_bind_int64(s, (int)i + 1, values[i]);
    }
    export_nsys_step(w, s);
}

/* Each (process, device), (process, context) and (process, context, stream) once. */
static void write_context_rows(export_nsys_file *w) {
    sqlite3_stmt *devices = export_nsys_prepare(w, "INSERT INTO TARGET_INFO_CUDA_DEVICE VALUES(?2, ?2, ?1)");
    sqlite3_stmt *contexts = export_nsys_prepare(
        w, "INSERT INTO TARGET_INFO_CUDA_CONTEXT_INFO VALUES(7, ?1, 1, ?2, ?4, ?3, 0, 0)");
    sqlite3_stmt *streams =
        export_nsys_prepare(w, "INSERT INTO TARGET_INFO_CUDA_STREAM VALUES(?4, ?1, 1, ?2, ?3, NULL, ?5)");
    names_table of_devices = {0}, of_contexts = {0}, of_streams = {0};
    for (size_t i = 0; i < w->rows->queue_count; i++) {
        const events_queue *q = &w->rows->queues[i];
        int64_t machine = (int64_t)w->processes[q->source].machine,
                pid = w->rows->sources[q->source].header.pid;
        int64_t device[] = {pid, q->device}, context[] = {machine, pid, q->context, q->device};
        int64_t stream[] = {machine, pid, q->context, q->stream, q->stream == NULL_STREAM ? 3 : 0};
        write_context_row(w, devices, &of_devices, device, 2, 2);
        write_context_row(w, contexts, &of_contexts, context, 4, 3);
        write_context_row(w, streams, &of_streams, stream, 5, 4);
    }
    names_free(&of_devices);
    names_free(&of_contexts);
    names_free(&of_streams);
    sqlite3_finalize(devices);
    sqlite3_finalize(contexts);
    sqlite3_finalize(streams);
}

static void put_environment(export_nsys_file *w, uint64_t machine, const char *name, int number,
                            const char *value) {
    sqlite3_stmt *s = value
                          ? export_nsys_prepare(
                                w, "INSERT INTO TARGET_INFO_SYSTEM_ENV VALUES(?1, 'Local (CLI)', ?2, ?3, ?4)")
                          : NULL;
    if (s) {
        sqlite3_bind_int64(s, 1, (int64_t)(machine << 56 | EXPORT_NSYS_VM));
        export_nsys_bind_text(s, 2, name);
        sqlite3_bind_int64(s, 3, number);
        export_nsys_bind_text(s, 4, value);
        export_nsys_step(w, s);
    }
    sqlite3_finalize(s);
}

/* "13.0" as 13000, the way CUDA numbers its versions. */
static const char *cuda_version(char out[32], const char *text) {
    if (!text || *text < '0' || *text > '9') {
        return NULL;
    }
    char *end;
    long major = strtol(text, &end, 10), minor = *end == '.' ? strtol(end + 1, NULL, 10) : 0;
    snprintf(out, 32, "%ld", major * 1000 + minor * 10);
    return out;
}

static void write_system_environment(export_nsys_file *w) {
    for (size_t i = 0; i < w->rows->source_count; i++) {
        const events_source *source = &w->rows->sources[i];
        bool known = false;
        for (size_t j = 0; j < i; j++) {
            known |= w->rows->sources[j].machine == source->machine;
        }
        if (known) {
            continue;
        }
        char version[32];
        const char *kernel = events_source_meta(source, "kernel"), *host = events_source_meta(source, "host");
        const char *arch = kernel ? strrchr(kernel, ' ') : NULL;
        uint64_t machine = w->processes[i].machine;
        put_environment(w, machine, "CpuArchitecture", 3, arch ? arch + 1 : NULL);
        put_environment(w, machine, "OsDescription", 605, kernel);
        put_environment(w, machine, "CudaDriverVersion", 611,
                        cuda_version(version, events_source_meta(source, "cuda.driver")));
        /* One reader cannot do without this row. */
        put_environment(w, machine, "Hostname", 619, host ? host : "unknown");
    }
}

static void write_session_times(export_nsys_file *w) {
    const events_store *rows = w->rows;
    const trace_header *first = &rows->sources[0].header;
    char text[32];
    uint64_t last = rows->last > rows->zero ? rows->last : rows->zero;
    uint64_t epoch = first->realtime_ns - (first->monotonic_ns - rows->zero);
    format_session_time(text, epoch);
    sqlite3_stmt *s = export_nsys_prepare(w, "INSERT INTO TARGET_INFO_SESSION_START_TIME VALUES(?1, ?2, ?3)");
    if (s) {
        export_nsys_bind_unless_negative(s, 1, first->realtime_ns ? (int64_t)epoch : -1);
        export_nsys_bind_text(s, 2, first->realtime_ns ? text : NULL);
        /* A trace does not know the machine's time zone; a capture that begins with the file says it. */
        export_nsys_bind_text(
            s, 3,
            rows->zero == first->monotonic_ns ? events_source_meta(&rows->sources[0], "nsys.local") : NULL);
        export_nsys_step(w, s);
    }
    sqlite3_finalize(s);
    s = export_nsys_prepare(w, "INSERT INTO ANALYSIS_DETAILS VALUES(?1, ?2, ?3, ?4)");
    if (s) {
        sqlite3_bind_int64(s, 1, (int64_t)EXPORT_NSYS_VM);
        sqlite3_bind_int64(s, 2, (int64_t)(last - rows->zero));
        sqlite3_bind_int64(s, 3, (int64_t)rows->zero);
        sqlite3_bind_int64(s, 4, (int64_t)last);
        export_nsys_step(w, s);
    }
    sqlite3_finalize(s);
}

static void write_export_metadata(export_nsys_file *w) {
    static const char *const pairs[][2] = {
        {"EXPORT_PRODUCT_NAME", "moetrace"},   {"EXPORT_PRODUCT_VERSION", MOETRACE_VERSION},
        {"EXPORT_SCHEMA_VERSION", "3.20.3"},   {"EXPORT_SCHEMA_VERSION_MAJOR", "3"},
        {"EXPORT_SCHEMA_VERSION_MINOR", "20"}, {"EXPORT_SCHEMA_VERSION_MICRO", "3"},
        {"EXPORT_PARAM_LAZY", "true"},         {"EXPORT_PARAM_TIME_NORMALIZE", "false"},
        {"EXPORT_PARAM_TIME_SHIFT", "0"}};
    char value[64];
    for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++) {
        insert_pair(w, "META_DATA_EXPORT", pairs[i][0], pairs[i][1]);
    }
    for (size_t i = 0; i < w->rows->source_count; i++) {
        const events_source *source = &w->rows->sources[i];
        if (source->untimed > 0) {
            snprintf(value, sizeof value, "%llu", (unsigned long long)source->untimed);
            insert_pair(w, "META_DATA_EXPORT", "MOETRACE_UNTIMED_GPU_RECORDS", value);
        }
        if (events_source_meta(source, INPUT_MARKS)) {
            insert_pair(w, "META_DATA_EXPORT", INPUT_NSYS_MARKS, "yes");
        }
        for (size_t j = 0; j < source->meta_count; j++) {
            if (strncmp(source->meta[j].key, "note.", 5) == 0) {
                insert_pair(w, "META_DATA_EXPORT", "MOETRACE_NOTE", source->meta[j].value);
            }
        }
    }
    insert_pair(w, "META_DATA_CAPTURE", "CAPTURE_EVENT_TYPE", "NvtxEvents");
    insert_pair(w, "META_DATA_CAPTURE", "CAPTURE_EVENT_TYPE", "Cuda");
    for (size_t i = 0; i < w->rows->source_count; i++) {
        const events_source *source = &w->rows->sources[i];
        const char *mode = events_source_meta(source, "nsys.graphs");
        bool ours = !events_source_meta(source, "import.absent");
        snprintf(value, sizeof value, "PROCESS_%zu:CUDA_GRAPH_TRACE_OPTIONS:MODE", i);
        if (mode || ours) {
            insert_pair(w, "META_DATA_CAPTURE", value, ours ? "Node" : mode);
        }
    }
}

void export_nsys_describe(export_nsys_file *w) {
    if (*w->error) {
        return;
    }
    write_process_rows(w);
    write_thread_names(w);
    write_device_rows(w);
    write_context_rows(w);
    write_system_environment(w);
    write_session_times(w);
    write_export_metadata(w);
}
