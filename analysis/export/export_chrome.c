/* Chrome trace JSON, with the categories and arguments that torch.profiler writes, so that what reads its
 * traces reads ours: kernels and copies on a row for each stream, calls and NVTX ranges on a row for each
 * thread, an arrow from each call to its GPU work. */
#include "analysis/export/export_chrome.h"

#include "analysis/base/alloc.h"
#include "analysis/base/output_file.h"
#include "analysis/base/u64_set.h"
#include "analysis/base/utf8.h"
#include "analysis/input/capture_extras.h"
#include "analysis/names/demangle_nsys.h"
#include "trace/settings.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The row of the stretches without profiling: no thread of Linux has this number. */
enum { UNPROFILED_TID = 0xffffff };

typedef struct {
    events_store *rows;
    FILE *out;
    char **names; /* by name index: in JSON, with its quotes */
    size_t name_cap;
    char **kernels;             /* by shape: demangled, in JSON */
    base_set work;              /* correlation ids of GPU rows */
    bool any;                   /* an event was written */
    uint64_t *unprofiled_since; /* by source: when profiling was switched off; 0: it is on, or not known */
} chrome;

/* The text as a JSON string. */
static char *new_json_string(const char *text, size_t len) {
    char *clean = base_utf8_clean(text, &len), *out = base_alloc(len * 6 + 3, 1), *p = out;
    *p++ = '"';
    for (size_t i = 0; i < len; i++) {
        unsigned char c = (unsigned char)clean[i];
        if (c == '"' || c == '\\') {
            *p++ = '\\';
            *p++ = (char)c;
        } else if (c < 0x20 || c == 0x7f) {
            p += sprintf(p, "\\u%04x", c);
        } else {
            *p++ = (char)c;
        }
    }
    *p = '"';
    free(clean);
    return out;
}

static const char *json_name_of(chrome *w, uint32_t index) {
    w->names = base_grow(w->names, &w->name_cap, (size_t)index + 1, sizeof *w->names);
    if (!w->names[index]) {
        const names_entry *name = &w->rows->names.list[index];
        w->names[index] = new_json_string(name->text, name->len);
    }
    return w->names[index];
}

static const char *json_kernel_of(chrome *w, uint32_t shape) {
    if (!w->kernels[shape]) {
        char *text = export_kernel_name(w->rows, shape);
        w->kernels[shape] = new_json_string(text, strlen(text));
        free(text);
    }
    return w->kernels[shape];
}

/* The row of CPU work of a source: its process id, told apart from those of other machines and
 * from devices. */
static uint64_t chrome_pid_of(const chrome *w, uint32_t source) {
    const events_source *s = &w->rows->sources[source];
    uint64_t pid = (uint64_t)s->machine * 100000000u + s->header.pid;
    /* A device's number is the process id of its rows. */
    bool taken = base_map_get(&w->rows->device_numbers, pid) != BASE_NONE;
    return taken ? 90000000u + pid : pid;
}

static void begin_chrome_event(chrome *w) {
    fputs(w->any ? ",\n{" : "\n{", w->out);
    w->any = true;
}

/* "ts" and the like: microseconds from the start, with all digits of the nanoseconds. */
static void put_chrome_time(const chrome *w, const char *key, uint64_t ns) {
    fprintf(w->out, ",\"%s\":%" PRIu64 ".%03u", key, ns / 1000, (unsigned)(ns % 1000));
}

static void put_chrome_start(const chrome *w, uint64_t time) {
    put_chrome_time(w, "ts", time - w->rows->zero);
}

/* ---- Metadata ---- */

static void put_chrome_meta(chrome *w, const char *what, uint64_t pid, uint64_t tid, const char *key,
                            const char *json) {
    begin_chrome_event(w);
    fprintf(w->out,
            "\"name\":\"%s\",\"ph\":\"M\",\"ts\":0,\"pid\":%" PRIu64 ",\"tid\":%" PRIu64
            ",\"args\":{\"%s\":%s}}",
            what, pid, tid, key, json);
}

static void put_chrome_processes(chrome *w) {
    char text[64];
    for (size_t i = 0; i < w->rows->source_count; i++) {
        uint64_t pid = chrome_pid_of(w, (uint32_t)i);
        const char *program = events_source_meta(&w->rows->sources[i], "program");
        char *json = new_json_string(program ? program : "process", program ? strlen(program) : 7);
        put_chrome_meta(w, "process_name", pid, 0, "name", json);
        put_chrome_meta(w, "process_labels", pid, 0, "labels", "\"CPU\"");
        snprintf(text, sizeof text, "%" PRIu64, pid);
        put_chrome_meta(w, "process_sort_index", pid, 0, "sort_index", text);
        put_chrome_meta(w, "thread_name", pid, UNPROFILED_TID, "name", "\"profiling off (moetrace)\"");
        free(json);
    }
    for (size_t i = 0; i < w->rows->thread_count; i++) {
        const events_thread *t = &w->rows->threads[i];
        const names_entry *name = &w->rows->names.list[t->name];
        char *full;
        if (asprintf(&full, "thread %u (%s)", t->tid, name->text) >= 0) {
            char *json = new_json_string(full, strlen(full));
            put_chrome_meta(w, "thread_name", chrome_pid_of(w, t->source), t->tid, "name", json);
            free(json);
            free(full);
        }
    }
}

static void put_chrome_gpu_rows(chrome *w) {
    char text[80];
    for (size_t i = 0; i < w->rows->device_count; i++) {
        uint32_t device = w->rows->devices[i].number;
        const char *program = events_source_meta(&w->rows->sources[w->rows->devices[i].source], "program");
        char *json = new_json_string(program ? program : "process", program ? strlen(program) : 7);
        put_chrome_meta(w, "process_name", device, 0, "name", json);
        free(json);
        snprintf(text, sizeof text, "\"GPU %u\"", device);
        put_chrome_meta(w, "process_labels", device, 0, "labels", text);
        snprintf(text, sizeof text, "%u", 5000000 + device);
        put_chrome_meta(w, "process_sort_index", device, 0, "sort_index", text);
    }
    for (size_t i = 0; i < w->rows->queue_count; i++) {
        const events_queue *q = &w->rows->queues[i];
        snprintf(text, sizeof text, "\"stream %u \"", q->stream);
        put_chrome_meta(w, "thread_name", q->device, q->stream, "name", text);
    }
}

/* One property of a device, when it is known. */
static void put_chrome_property(const chrome *w, const events_device *d, const char *name, const char *key) {
    int64_t value = export_device_number(w->rows, d, key);
    if (value >= 0) {
        fprintf(w->out, ",\"%s\":%" PRId64, name, value);
    }
}

/* The profiled requests, for importers, beside the recorder's marks among the events. */
static void put_chrome_profiling(chrome *w) {
    for (size_t i = 0; i < w->rows->source_count; i++) {
        if (events_source_meta(&w->rows->sources[i], INPUT_MARKS)) {
            fputs(",\"" INPUT_CHROME_MARKS "\":true", w->out);
            break;
        }
    }
    const char *first = events_source_meta(&w->rows->sources[0], TRACE_FIRST_PROFILED);
    uint64_t time = first ? strtoull(first, NULL, 10) : 0;
    if (w->rows->source_count == 1 && time >= w->rows->zero) {
        put_chrome_time(w, INPUT_CHROME_FIRST_WATCH, time - w->rows->zero);
    }
}

static void put_chrome_head(chrome *w) {
    const trace_header *first = &w->rows->sources[0].header;
    fputs("{\"schemaVersion\":1,\"producer\":\"moetrace " MOETRACE_VERSION "\",\"deviceProperties\":[",
          w->out);
    for (size_t i = 0; i < w->rows->device_count; i++) {
        const events_device *d = &w->rows->devices[i];
        const char *name = export_device(w->rows, d, "name");
        const char *capability = export_device(w->rows, d, "compute_capability");
        char *json = new_json_string(name ? name : "", name ? strlen(name) : 0);
        unsigned major, minor;
        fprintf(w->out, "%s{\"id\":%u", i ? "," : "", d->number);
        if (name) {
            fprintf(w->out, ",\"name\":%s", json);
        }
        put_chrome_property(w, d, "totalGlobalMem", "memory_bytes");
        put_chrome_property(w, d, "numSms", "multiprocessors");
        if (capability && sscanf(capability, "%u.%u", &major, &minor) == 2) {
            fprintf(w->out, ",\"computeMajor\":%u,\"computeMinor\":%u", major, minor);
        }
        fputc('}', w->out);
        free(json);
    }
    /* One rank a file is what readers of distributed runs expect; of several in one file they see the
     * first. */
    fputs("],\"displayTimeUnit\":\"ms\"", w->out);
    if (first->realtime_ns != 0) {
        fprintf(w->out, ",\"baseTimeNanoseconds\":%" PRIu64,
                first->realtime_ns - (first->monotonic_ns - w->rows->zero));
    }
    put_chrome_profiling(w);
    fputs(",\"traceEvents\":[", w->out);
}

/* ---- Events ---- */

static void put_chrome_flow(chrome *w, const char *phase, uint64_t id, uint64_t pid, uint64_t tid,
                            uint64_t time) {
    begin_chrome_event(w);
    fprintf(w->out, "\"ph\":\"%s\",\"id\":%" PRIu64 ",\"pid\":%" PRIu64 ",\"tid\":%" PRIu64, phase, id, pid,
            tid);
    put_chrome_start(w, time);
    fprintf(w->out, ",\"cat\":\"ac2g\",\"name\":\"ac2g\"%s}", *phase == 'f' ? ",\"bp\":\"e\"" : "");
}

static void put_chrome_complete(chrome *w, const char *category, const char *name, uint64_t pid, uint64_t tid,
                                uint64_t start, uint64_t duration) {
    begin_chrome_event(w);
    fprintf(w->out, "\"ph\":\"X\",\"cat\":\"%s\",\"name\":%s,\"pid\":%" PRIu64 ",\"tid\":%" PRIu64, category,
            name, pid, tid);
    put_chrome_start(w, start);
    put_chrome_time(w, "dur", duration);
    fputs(",\"args\":{", w->out);
}

static void put_chrome_calls(chrome *w) {
    const events_call *row;
    while ((row = base_sorter_next(w->rows->calls)) != NULL) {
        const events_thread *t = &w->rows->threads[row->thread];
        const char *name = json_name_of(w, row->name);
        uint64_t pid = chrome_pid_of(w, t->source);
        bool driver = strncmp(name, "\"cu", 3) == 0 && name[3] >= 'A' && name[3] <= 'Z';
        put_chrome_complete(w, driver ? "cuda_driver" : "cuda_runtime", name, pid, t->tid, row->start,
                            row->duration);
        const char *comma = "";
        if (row->correlation != 0) {
            fprintf(w->out, "\"correlation\":%" PRIu64, row->correlation);
            comma = ",";
        }
        if (!row->no_result) {
            fprintf(w->out, "%s\"result\":%d", comma, row->result);
        }
        fputs("}}", w->out);
        if (row->correlation != 0 && base_set_has(&w->work, row->correlation)) {
            put_chrome_flow(w, "s", row->correlation, pid, t->tid, row->start);
        }
    }
}

static void put_chrome_shape(const chrome *w, uint32_t index) {
    const trace_shape *s = &w->rows->shapes[index].shape;
    const events_shape *row = &w->rows->shapes[index];
    bool whole = !(row->absent >> EVENTS_SHAPE_GRID & 0x3f) && !(row->absent >> EVENTS_SHAPE_REGISTERS & 1);
    if (row->known && whole) {
        fprintf(w->out,
                ",\"registers per thread\":%u,\"shared memory\":%" PRIu64
                ",\"grid\":[%u,%u,%u],\"block\":[%u,%u,%u]",
                s->registers_per_thread, (uint64_t)s->static_shared_bytes + s->dynamic_shared_bytes,
                s->grid[0], s->grid[1], s->grid[2], s->block[0], s->block[1], s->block[2]);
    }
}

static void put_chrome_gpu(chrome *w) {
    static const char *const categories[] = {"", "kernel", "gpu_memcpy", "gpu_memset"};
    const events_gpu *row;
    while ((row = base_sorter_next(w->rows->gpu)) != NULL) {
        const events_queue *q = &w->rows->queues[row->queue];
        char name[EXPORT_MEMORY_NAME_BYTES], memory[EXPORT_MEMORY_NAME_BYTES + 2];
        export_memory_name(name, row);
        snprintf(memory, sizeof memory, "\"%s\"", name);
        put_chrome_complete(w, categories[row->kind],
                            row->kind == TRACE_GPU_KERNEL ? json_kernel_of(w, row->shape) : memory, q->device,
                            q->stream, row->start, row->duration);
        fprintf(w->out, "\"device\":%u,\"context\":%u,\"stream\":%u", q->device, q->context, q->stream);
        if (row->correlation != 0) {
            fprintf(w->out, ",\"correlation\":%" PRIu64, row->correlation);
        }
        if (row->kind == TRACE_GPU_KERNEL) {
            put_chrome_shape(w, row->shape);
        } else {
            fprintf(w->out, ",\"bytes\":%" PRIu64, row->bytes);
            if (row->duration > 0) { /* bytes in a nanosecond are GB in a second */
                fprintf(w->out, ",\"memory bandwidth (GB/s)\":%.17g",
                        (double)row->bytes / (double)row->duration);
            }
        }
        if (row->graph_node != 0) {
            fprintf(w->out, ",\"graph node id\":%" PRIu64, row->graph_node);
        }
        fputs("}}", w->out);
        if (row->correlation != 0) {
            put_chrome_flow(w, "f", row->correlation, q->device, q->stream, row->start);
        }
    }
}

static void put_chrome_payload(const chrome *w, const events_range *row) {
    export_payload_value value;
    switch (export_payload(row, &value)) {
    case EXPORT_PAYLOAD_UINT:
        fprintf(w->out, ",\"payload\":%" PRIu64, value.u);
        break;
    case EXPORT_PAYLOAD_INT:
        fprintf(w->out, ",\"payload\":%" PRId64, value.i);
        break;
    case EXPORT_PAYLOAD_DOUBLE:
        if (isfinite(value.f)) { /* JSON has no others */
            fprintf(w->out, ",\"payload\":%.17g", value.f);
        }
        break;
    default:
        break;
    }
}

static void put_chrome_range_args(chrome *w, const events_range *row) {
    static const char *const styles[] = {
        [EVENTS_PUSH_POP] = "push/pop", [EVENTS_START_END] = "start/end", [EVENTS_MARK] = "mark"};
    fprintf(w->out, "\"style\":\"%s\"", styles[row->style]);
    if (row->domain != BASE_NONE) {
        fprintf(w->out, ",\"domain\":%s", json_name_of(w, w->rows->domains[row->domain].name));
    }
    put_chrome_payload(w, row);
    if (row->category != 0) {
        fprintf(w->out, ",\"category\":%u", row->category);
    }
    if (row->left_open) {
        fputs(",\"left open\":true", w->out);
    }
}

/* A range that may end on another thread, or lie across others: an asynchronous event. */
static void put_chrome_async(chrome *w, const events_range *row, const char *phase, uint64_t time,
                             uint32_t thread) {
    const events_thread *t = &w->rows->threads[thread];
    begin_chrome_event(w);
    fprintf(w->out,
            "\"ph\":\"%s\",\"cat\":\"nvtx\",\"id\":\"%u.%" PRIu64 "\",\"name\":%s,\"pid\":%" PRIu64
            ",\"tid\":%u",
            phase, t->source, row->id, json_name_of(w, row->name), chrome_pid_of(w, t->source), t->tid);
    put_chrome_start(w, time);
    fputs(",\"args\":{", w->out);
    if (*phase == 'b') {
        put_chrome_range_args(w, row);
    }
    fputs("}}", w->out);
}

/* The stretch without profiling that ends here, if there is one, as an event on a row of its own. */
static void put_chrome_unprofiled(chrome *w, uint32_t source, uint64_t time) {
    uint64_t *since = &w->unprofiled_since[source];
    if (*since != 0 && time > *since) {
        put_chrome_complete(w, "moetrace", "\"unprofiled\"", chrome_pid_of(w, source), UNPROFILED_TID, *since,
                            time - *since);
        fputs("}}", w->out);
    }
    *since = 0;
}

/* A mark of the recorder also begins or ends a stretch without profiling. */
static void note_chrome_watch_mark(chrome *w, const events_range *row) {
    const events_store *rows = w->rows;
    uint32_t source = rows->threads[row->thread].source;
    if (row->domain == BASE_NONE || events_source_meta(&rows->sources[source], INPUT_MARKS) ||
        strcmp(export_name(rows, rows->domains[row->domain].name), TRACE_PROFILING_DOMAIN) != 0) {
        return;
    }
    if (strcmp(export_name(rows, row->name), TRACE_PROFILING_ON) == 0) {
        put_chrome_unprofiled(w, source, row->start);
    } else if (strcmp(export_name(rows, row->name), TRACE_PROFILING_OFF) == 0 &&
               w->unprofiled_since[source] == 0) {
        w->unprofiled_since[source] = row->start;
    }
}

static void put_chrome_mark(chrome *w, const events_range *row, uint64_t pid, uint32_t tid) {
    note_chrome_watch_mark(w, row);
    begin_chrome_event(w);
    fprintf(w->out, "\"ph\":\"i\",\"s\":\"t\",\"cat\":\"nvtx\",\"name\":%s,\"pid\":%" PRIu64 ",\"tid\":%u",
            json_name_of(w, row->name), pid, tid);
    put_chrome_start(w, row->start);
    fputs(",\"args\":{", w->out);
    put_chrome_range_args(w, row);
    fputs("}}", w->out);
}

static void put_chrome_ranges(chrome *w) {
    const events_range *row;
    while ((row = base_sorter_next(w->rows->ranges)) != NULL) {
        const events_thread *t = &w->rows->threads[row->thread];
        uint64_t pid = chrome_pid_of(w, t->source);
        if (row->style == EVENTS_START_END) {
            put_chrome_async(w, row, "b", row->start, row->thread);
            put_chrome_async(w, row, "e", row->end, row->end_thread);
        } else if (row->style == EVENTS_PUSH_POP) {
            put_chrome_complete(w, "user_annotation", json_name_of(w, row->name), pid, t->tid, row->start,
                                row->end - row->start);
            put_chrome_range_args(w, row);
            fputs("}}", w->out);
        } else {
            put_chrome_mark(w, row, pid, t->tid);
        }
    }
    for (uint32_t i = 0; i < w->rows->source_count; i++) {
        put_chrome_unprofiled(w, i, w->rows->last);
    }
}

/* Which calls have GPU work: only they have an arrow. */
static void find_calls_with_work(chrome *w) {
    const events_gpu *row;
    while ((row = base_sorter_next(w->rows->gpu)) != NULL) {
        base_set_add(&w->work, row->correlation);
    }
    base_sorter_rewind(w->rows->gpu);
}

int export_chrome(events_store *rows, const char *path, char error[TRACE_ERROR_BYTES]) {
    chrome w = {
        .rows = rows, .out = fopen(path, "we"), .kernels = base_alloc(rows->shape_count, sizeof *w.kernels)};
    if (w.out) {
        w.unprofiled_since = base_alloc(rows->source_count, sizeof *w.unprofiled_since);
        find_calls_with_work(&w);
        put_chrome_head(&w);
        put_chrome_processes(&w);
        put_chrome_gpu_rows(&w);
        put_chrome_ranges(&w);
        put_chrome_calls(&w);
        put_chrome_gpu(&w);
        fputs("\n]}\n", w.out);
    }
    int rc = base_output_close(w.out, path, error);
    for (size_t i = 0; i < w.name_cap; i++) {
        free(w.names[i]);
    }
    free(w.unprofiled_since);
    for (size_t i = 0; i < rows->shape_count; i++) {
        free(w.kernels[i]);
    }
    free(w.names);
    free(w.kernels);
    base_set_free(&w.work);
    return rc;
}
