/* Passes the events of a Chrome trace to the visitor as records of a trace. */
#include "analysis/input/chrome/chrome_internal.h"

#include "analysis/base/alloc.h"
#include "analysis/base/limits.h"
#include "trace/settings.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Devices whose names are emitted. */
enum { INPUT_CHROME_DEVICES_MAX = 4096 };

static void emit_chrome_meta(input_chrome_reading *rd, const char *key, const char *value) {
    if (rd->stop == 0 && rd->v->meta) {
        rd->stop = rd->v->meta(rd->v->ctx, key, strlen(key), value, strlen(value));
    }
}

static void emit_chrome_names(input_chrome_reading *rd) {
    for (; rd->emitted < rd->names.count; rd->emitted++) {
        const names_entry *name = &rd->names.list[rd->emitted];
        if (rd->stop == 0 && rd->v->string) {
            rd->stop = rd->v->string(rd->v->ctx, (uint32_t)rd->emitted + 1, name->text,
                                     name->len > TRACE_STRING_MAX ? TRACE_STRING_MAX : name->len);
        }
    }
}

static uint64_t chrome_time_of(const input_chrome_reading *rd, int64_t time) {
    return (uint64_t)(time - rd->first) + rd->status->header.monotonic_ns;
}

static int64_t start_of_item(const input_chrome_item *i) {
    return (int64_t)(i->key - INPUT_CHROME_SHIFT);
}

static void emit_chrome_host(input_chrome_reading *rd, const trace_host_event *e) {
    if (rd->stop == 0 && rd->v->host) {
        rd->stop = rd->v->host(rd->v->ctx, e);
    }
}

/* Closes the thread's ranges that end before `limit`, the innermost first. */
static void close_chrome_ranges(input_chrome_reading *rd, uint32_t thread, int64_t limit) {
    input_open_range r;
    while (input_ranges_close_next(&rd->open[thread], limit, &r)) {
        emit_chrome_host(rd, &(trace_host_event){.kind = r.id ? TRACE_HOST_END : TRACE_HOST_POP,
                                                 .thread = r.id ? r.end_thread : thread,
                                                 .time = chrome_time_of(rd, r.end),
                                                 .domain = r.domain,
                                                 .id = r.id});
    }
}

/* A range that crosses the end of another, or has no end, becomes a start/end range. */
static void emit_chrome_range(input_chrome_reading *rd, const input_chrome_item *i) {
    int64_t start = start_of_item(i), end = start + (int64_t)i->duration;
    close_chrome_ranges(rd, i->thread, end > start ? start + 1 : start);
    input_open_ranges *o = &rd->open[i->thread];
    if (o->depth >= BASE_NESTING_MAX) {
        rd->unreadable_host++;
        return;
    }
    bool push = !i->start_end && !i->left_open && !input_ranges_cross(o, i->domain, start, end);
    uint64_t id = push ? 0 : ++rd->range_ids;
    emit_chrome_host(
        rd, &(trace_host_event){.kind = push ? TRACE_HOST_PUSH : TRACE_HOST_START,
                                .thread = i->thread,
                                .time = chrome_time_of(rd, start),
                                .name = i->name + 1,
                                .domain = i->domain,
                                .id = id,
                                .payload_type = i->has_payload ? TRACE_PAYLOAD_I64 : TRACE_PAYLOAD_NONE,
                                .payload = (uint64_t)i->payload});
    if (!i->left_open) {
        input_ranges_open(
            o, (input_open_range){.end = end, .domain = i->domain, .id = id, .end_thread = i->end_thread});
    }
}

static void emit_chrome_mark(input_chrome_reading *rd, const input_chrome_item *i) {
    close_chrome_ranges(rd, i->thread, start_of_item(i));
    emit_chrome_host(
        rd, &(trace_host_event){.kind = TRACE_HOST_MARK,
                                .thread = i->thread,
                                .time = chrome_time_of(rd, start_of_item(i)),
                                .name = i->name + 1,
                                .domain = i->domain,
                                .payload_type = i->has_payload ? TRACE_PAYLOAD_I64 : TRACE_PAYLOAD_NONE,
                                .payload = (uint64_t)i->payload});
}

static void emit_chrome_call(input_chrome_reading *rd, const input_chrome_item *i) {
    close_chrome_ranges(rd, i->thread, start_of_item(i) + (int64_t)i->duration);
    emit_chrome_host(rd, &(trace_host_event){.kind = TRACE_HOST_API,
                                             .thread = i->thread,
                                             .time = chrome_time_of(rd, start_of_item(i)),
                                             .duration = i->duration,
                                             .name = i->name + 1,
                                             .correlation = input_chrome_call_id(rd, i)});
}

/* The queue of work that `process` launched. Processes number their contexts and streams independently. */
static uint32_t chrome_queue_of(input_chrome_reading *rd, const input_chrome_item *i, uint32_t process) {
    uint64_t key = input_chrome_mix(input_chrome_mix(i->device, i->context), i->stream);
    key = input_chrome_mix(key, process);
    uint32_t id = base_map_get(&rd->queues, key);
    if (id == BASE_NONE) {
        id = rd->queue_count++;
        base_map_put(&rd->queues, key, id);
        trace_queue q = {.id = id, .device = i->device, .context = i->context, .stream = i->stream};
        if (rd->stop == 0 && rd->v->queue) {
            rd->stop = rd->v->queue(rd->v->ctx, &q);
        }
    }
    return id;
}

static bool is_same_shape(const input_chrome_item *a, const input_chrome_item *b) {
    return a->name == b->name && memcmp(a->grid, b->grid, sizeof a->grid) == 0 &&
           memcmp(a->block, b->block, sizeof a->block) == 0 && a->registers == b->registers &&
           a->shared == b->shared;
}

static uint32_t chrome_shape_of(input_chrome_reading *rd, const input_chrome_item *i) {
    uint64_t hash = input_chrome_mix(input_chrome_mix(i->name, i->registers), i->shared);
    for (int n = 0; n < 3; n++) {
        hash = input_chrome_mix(input_chrome_mix(hash, i->grid[n]), i->block[n]);
    }
    uint32_t id;
    while ((id = base_map_get(&rd->shapes, hash)) != BASE_NONE) {
        if (is_same_shape(&rd->shape_list[id], i)) {
            return id;
        }
        hash++;
    }
    id = rd->shape_count++;
    rd->shape_list = base_grow(rd->shape_list, &rd->shape_cap, rd->shape_count, sizeof *rd->shape_list);
    rd->shape_list[id] = *i;
    base_map_put(&rd->shapes, hash, id);
    trace_shape shape = {.id = id,
                         .name = i->name + 1,
                         .registers_per_thread = i->registers,
                         .dynamic_shared_bytes = i->shared};
    memcpy(shape.grid, i->grid, sizeof shape.grid);
    memcpy(shape.block, i->block, sizeof shape.block);
    if (rd->stop == 0 && rd->v->shape) {
        rd->stop = rd->v->shape(rd->v->ctx, &shape);
    }
    return id;
}

static uint8_t gpu_kind_of_item(const input_chrome_item *i) {
    switch (i->kind) {
    case INPUT_CHROME_KERNEL:
        return TRACE_GPU_KERNEL;
    case INPUT_CHROME_COPY:
        return TRACE_GPU_MEMCPY;
    default:
        return TRACE_GPU_MEMSET;
    }
}

static void emit_chrome_gpu(input_chrome_reading *rd, const input_chrome_item *i) {
    uint32_t process = input_chrome_launcher_of(rd, i);
    trace_gpu_event e = {.kind = gpu_kind_of_item(i),
                         .timed = !i->untimed,
                         .correlation = input_chrome_work_id(rd, i, process),
                         .queue = chrome_queue_of(rd, i, process),
                         .shape = i->kind == INPUT_CHROME_KERNEL ? chrome_shape_of(rd, i) : 0,
                         .graph_node = i->graph_node,
                         .bytes = i->bytes,
                         .copy_kind = i->copy_kind,
                         .src_mem_kind = i->src,
                         .dst_mem_kind = i->dst};
    if (e.timed) {
        e.start = chrome_time_of(rd, start_of_item(i));
        e.end = e.start + i->duration;
    }
    if (rd->stop == 0 && rd->v->gpu) {
        rd->stop = rd->v->gpu(rd->v->ctx, &e);
    }
}

/* Emits the names of the devices in use, or of all if none is. */
static void emit_device_names(input_chrome_reading *rd) {
    char key[64];
    for (size_t i = 0; i < rd->device_count && i < INPUT_CHROME_DEVICES_MAX; i++) {
        uint32_t name = base_map_get(&rd->device_names, rd->devices[i].own);
        if (name != BASE_NONE) {
            snprintf(key, sizeof key, "device.%" PRIu32 ".name", rd->devices[i].number);
            emit_chrome_meta(rd, key, rd->names.list[name].text);
        }
    }
    for (uint32_t own = 0; rd->device_count == 0 && own < INPUT_CHROME_DEVICES_MAX; own++) {
        uint32_t name = base_map_get(&rd->device_names, own);
        if (name != BASE_NONE) {
            snprintf(key, sizeof key, "device.%" PRIu32 ".name", own);
            emit_chrome_meta(rd, key, rd->names.list[name].text);
        }
    }
}

static void emit_chrome_notes(input_chrome_reading *rd) {
    char text[400];
    if (rd->process_count > 1) {
        emit_chrome_meta(
            rd, "note.chrome.processes",
            "the file has several processes, which are shown as one; GPU work whose correlation id occurs "
            "in calls of several processes is unattributed unless the name of its rank decides: give one "
            "file per process");
    }
    if (rd->unreadable_host > 0) {
        snprintf(text, sizeof text,
                 "%" PRIu64 " ranges, marks or calls without a valid time or a beginning were left out",
                 rd->unreadable_host);
        emit_chrome_meta(rd, "note.chrome.unreadable", text);
    }
    if (*rd->back_ends) {
        snprintf(text, sizeof text, "events of unsupported back ends: %s", rd->back_ends);
        emit_chrome_meta(rd, "note.chrome.back_ends", text);
    }
    if (rd->status->bytes_skipped > 0) {
        snprintf(text, sizeof text, "%" PRIu64 " bytes after the first JSON value were not read",
                 rd->status->bytes_skipped);
        emit_chrome_meta(rd, "note.chrome.rest", text);
    }
    if (rd->status->cut) {
        emit_chrome_meta(rd, "note.chrome.cut", "the file is truncated; later events are missing");
    }
    if (rd->has_first_watch && rd->first_watch >= rd->first) {
        snprintf(text, sizeof text, "%" PRIu64, chrome_time_of(rd, rd->first_watch));
        emit_chrome_meta(rd, TRACE_FIRST_PROFILED, text);
    }
    if (rd->marks_of_program) {
        emit_chrome_meta(rd, INPUT_MARKS, INPUT_MARKS_TEXT);
    }
    emit_chrome_meta(rd, "note.chrome",
                     "read from a Chrome trace: ranges are its user annotations, operators are not");
}

static void emit_chrome_head(input_chrome_reading *rd) {
    trace_header *h = &rd->status->header;
    h->major = TRACE_VERSION_MAJOR;
    h->pid = rd->process_count > 0 ? (uint32_t)rd->processes[0].number : 0;
    h->monotonic_ns = rd->first > 0 ? (uint64_t)rd->first : 1;
    h->realtime_ns = rd->base_ns > 0 ? (uint64_t)(rd->base_ns + rd->first) : 0;
    emit_chrome_meta(rd, "recorder", "torch.profiler (Chrome trace)");
    emit_device_names(rd);
    emit_chrome_meta(rd, "import.absent",
                     " launchType cacheConfig staticSharedMemory dynamicSharedMemory localMemoryPerThread "
                     "localMemoryTotal "
                     "sharedMemoryExecuted sharedMemoryLimitConfig ");
    emit_chrome_notes(rd);
    emit_chrome_names(rd);
    for (size_t i = 0; i < rd->thread_count; i++) {
        const input_chrome_thread *from = &rd->threads[i];
        const names_entry *name = from->name ? &rd->names.list[from->name - 1] : NULL;
        trace_thread t = {.index = (uint32_t)i,
                          .tid = from->tid,
                          .name = name ? name->text : "",
                          .name_len = name ? name->len : 0};
        if (rd->stop == 0 && rd->v->thread) {
            rd->stop = rd->v->thread(rd->v->ctx, &t);
        }
    }
}

static void emit_chrome_item(input_chrome_reading *rd, const input_chrome_item *i) {
    switch (i->kind) {
    case INPUT_CHROME_RANGE:
        emit_chrome_range(rd, i);
        break;
    case INPUT_CHROME_MARK:
        emit_chrome_mark(rd, i);
        break;
    case INPUT_CHROME_CALL:
        emit_chrome_call(rd, i);
        break;
    default:
        emit_chrome_gpu(rd, i);
        break;
    }
}

void input_chrome_emit(input_chrome_reading *rd) {
    static const char dropped[] = "host.dropped";
    const input_chrome_item *i;
    uint64_t done = 0;
    input_chrome_settle_ids(rd);
    emit_chrome_head(rd);
    rd->open = base_alloc(rd->thread_count, sizeof *rd->open);
    while (rd->stop == 0 && (i = base_sorter_next(rd->sorter)) != NULL) {
        emit_chrome_item(rd, i);
        if (++done % 65536 == 0 && rd->stop == 0 && rd->v->progress) {
            rd->stop = rd->v->progress(rd->v->ctx, done, base_sorter_count(rd->sorter));
        }
    }
    for (uint32_t t = 0; t < rd->thread_count; t++) {
        close_chrome_ranges(rd, t, INT64_MAX);
    }
    if (rd->unreadable_host > 0 && rd->stop == 0 && rd->v->counter) {
        rd->stop = rd->v->counter(rd->v->ctx, dropped, strlen(dropped), rd->unreadable_host);
    }
    if (rd->stop == 0 && rd->v->end) {
        rd->stop = rd->v->end(rd->v->ctx, chrome_time_of(rd, rd->last), "capture", strlen("capture"));
    }
    if (base_sorter_failed(rd->sorter) || base_sorter_failed(rd->halves)) {
        input_chrome_fail(rd, "a temporary file could not be written: make room, or set TMPDIR");
    }
}
