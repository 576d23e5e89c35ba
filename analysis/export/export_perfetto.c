/* Perfetto's protobuf: tracks for threads, streams, phases and experts, arrows from calls to their GPU work,
 * and a counter of what runs on each GPU. Packets may stand in any order; Perfetto sorts them by time. */
#include "analysis/export/export_perfetto.h"

#include "analysis/base/alloc.h"
#include "analysis/base/output_file.h"
#include "analysis/export/perfetto_packets.h"
#include "analysis/names/demangle_nsys.h"

#include <stdlib.h>
#include <string.h>

/* Work that overlaps on one stream goes to rows of its own. */
#define LANES_MAX 16

typedef struct {
    uint64_t ends[LANES_MAX]; /* when what is on each row ends */
    uint32_t described;       /* rows whose track is in the file */
} stream;

typedef struct {
    uint64_t *ends; /* a heap: when what runs ends */
    size_t count, cap;
} running;

typedef struct {
    uint64_t end;
    uint32_t number; /* BASE_NONE: none so far */
} layer;

typedef struct {
    events_store *rows;
    export_packets packets;
    uint32_t *kernels; /* by shape: name index of the demangled name */
    stream *streams;   /* by queue */
    running *busy;     /* by index of the device */
    base_map devices;  /* number -> index */
    layer *layers;     /* by thread: the range that was a layer last */
} perfetto;

/* ---- Tracks ---- */

static void put_perfetto_tracks(perfetto *w) {
    char text[100];
    for (size_t i = 0; i < w->rows->source_count; i++) {
        export_packets_process(&w->packets, (uint32_t)i);
    }
    for (size_t i = 0; i < w->rows->thread_count; i++) {
        export_packets_thread(&w->packets, (uint32_t)i);
    }
    for (size_t i = 0; i < w->rows->device_count; i++) {
        const events_device *d = &w->rows->devices[i];
        const char *name = export_device(w->rows, d, "name");
        snprintf(text, sizeof text, "GPU %u%s%.60s", d->number, name ? ": " : "", name ? name : "");
        export_packets_track(&w->packets, EXPORT_TRACK(EXPORT_TRACK_DEVICE, d->number), 0, text);
        snprintf(text, sizeof text, "GPU %u work running", d->number);
        export_packets_track(&w->packets, EXPORT_TRACK(EXPORT_TRACK_COUNTER, d->number),
                             EXPORT_TRACK(EXPORT_TRACK_DEVICE, d->number), text);
    }
}

/* ---- Ranges, phases, experts ---- */

static void put_perfetto_payload(export_packets *p, const events_range *row) {
    export_payload_value value;
    switch (export_payload(row, &value)) {
    case EXPORT_PAYLOAD_UINT:
        export_packets_uint(p, "payload", value.u);
        break;
    case EXPORT_PAYLOAD_INT:
        export_packets_int(p, "payload", value.i);
        break;
    case EXPORT_PAYLOAD_DOUBLE:
        export_packets_double(p, "payload", value.f);
        break;
    default:
        break;
    }
}

static void put_perfetto_slice(perfetto *w, const events_range *row, uint64_t track, uint32_t name) {
    export_packet opened = export_packets_open(
        &w->packets, row->start, row->style == EVENTS_MARK ? EXPORT_PACKET_INSTANT : EXPORT_PACKET_BEGIN,
        track, name);
    export_packets_category(&w->packets, "nvtx");
    if (row->domain != BASE_NONE) {
        export_packets_text(&w->packets, "domain", export_name(w->rows, w->rows->domains[row->domain].name));
    }
    put_perfetto_payload(&w->packets, row);
    if (row->left_open) {
        export_packets_uint(&w->packets, "left open", 1);
    }
    export_packets_close(&w->packets, opened);
    if (row->style != EVENTS_MARK) {
        export_packets_slice_end(&w->packets, row->end, track);
    }
}

/* The name of the layer that a range lies in, or its own name. */
static uint32_t perfetto_layer_name(perfetto *w, const events_range *row) {
    const layer *l = &w->layers[row->thread];
    char text[32];
    if (l->number == BASE_NONE || row->start >= l->end) {
        return row->name;
    }
    snprintf(text, sizeof text, "layer %u", l->number);
    return names_intern(&w->rows->names, text, strlen(text));
}

/* The tracks of phases and of experts: the same ranges by what they mean. */
static void put_perfetto_meaning(perfetto *w, const events_range *row) {
    names_entry name = w->rows->names.list[row->name];
    uint32_t source = w->rows->threads[row->thread].source, expert = name.means.expert;
    uint64_t process = EXPORT_TRACK(EXPORT_TRACK_PROCESS, source), thread = row->thread;
    char text[64];
    if (name.means.layer != BASE_NONE) {
        w->layers[row->thread] = (layer){row->end, name.means.layer};
    }
    switch (name.means.role) {
    case NAMES_ROLE_VISION:
    case NAMES_ROLE_PREFILL:
    case NAMES_ROLE_DECODE:
    case NAMES_ROLE_MIXED:
    case NAMES_ROLE_DRAFT:
    case NAMES_ROLE_IDLE:
    case NAMES_ROLE_STEP:
    case NAMES_ROLE_SAMPLE:
    case NAMES_ROLE_WARMUP:
        put_perfetto_slice(w, row,
                           export_packets_track_once(&w->packets, EXPORT_TRACK(EXPORT_TRACK_PHASES, thread),
                                                     process, "phases"),
                           row->name);
        return;
    case NAMES_ROLE_EXPERT:
        break;
    default:
        return;
    }
    uint64_t experts = export_packets_track_once(&w->packets, EXPORT_TRACK(EXPORT_TRACK_EXPERTS, thread),
                                                 process, "experts");
    snprintf(text, sizeof text, "expert %u", expert);
    uint64_t number = (thread & 0xffff) << 30 | (expert & 0x3fffffff);
    put_perfetto_slice(
        w, row,
        export_packets_track_once(&w->packets, EXPORT_TRACK(EXPORT_TRACK_EXPERT, number), experts, text),
        perfetto_layer_name(w, row));
}

static void put_perfetto_ranges(perfetto *w) {
    const events_range *row;
    for (size_t i = 0; i < w->rows->thread_count; i++) {
        w->layers[i].number = BASE_NONE;
    }
    while ((row = base_sorter_next(w->rows->ranges)) != NULL) {
        uint32_t source = w->rows->threads[row->thread].source;
        uint64_t track = EXPORT_TRACK(EXPORT_TRACK_THREAD, row->thread);
        if (row->style == EVENTS_START_END) { /* they lie across others: each name has a track */
            uint64_t number = (uint64_t)source << 32 | row->name;
            track = export_packets_track_once(
                &w->packets, EXPORT_TRACK(EXPORT_TRACK_START_END, number & 0xffffffffffffu),
                EXPORT_TRACK(EXPORT_TRACK_PROCESS, source), export_name(w->rows, row->name));
        }
        put_perfetto_slice(w, row, track, row->name);
        if (row->domain == BASE_NONE && row->style == EVENTS_PUSH_POP) {
            put_perfetto_meaning(w, row);
        }
    }
}

/* ---- Calls and GPU work ---- */

static void put_perfetto_calls(perfetto *w) {
    const events_call *row;
    while ((row = base_sorter_next(w->rows->calls)) != NULL) {
        uint64_t track = EXPORT_TRACK(EXPORT_TRACK_THREAD, row->thread);
        export_packet opened =
            export_packets_open(&w->packets, row->start, EXPORT_PACKET_BEGIN, track, row->name);
        export_packets_category(&w->packets, "cuda");
        if (row->correlation != 0) {
            export_packets_flow(&w->packets, row->correlation);
        }
        if (row->result != 0 && !row->no_result) {
            export_packets_int(&w->packets, "result", row->result);
        }
        export_packets_close(&w->packets, opened);
        export_packets_slice_end(&w->packets, row->start + row->duration, track);
    }
}

static uint32_t perfetto_gpu_name(perfetto *w, const events_gpu *row) {
    if (row->kind != TRACE_GPU_KERNEL) {
        char text[EXPORT_MEMORY_NAME_BYTES];
        export_memory_name(text, row);
        return names_intern(&w->rows->names, text, strlen(text));
    }
    uint32_t *known = &w->kernels[row->shape];
    if (*known == BASE_NONE) {
        char *text = export_kernel_name(w->rows, row->shape);
        *known = names_intern(&w->rows->names, text, strlen(text));
        free(text);
    }
    return *known;
}

/* The track of a stream, or of another row of it when the first is taken. */
static uint64_t track_of_stream(perfetto *w, const events_gpu *row) {
    const events_queue *q = &w->rows->queues[row->queue];
    stream *s = &w->streams[row->queue];
    uint32_t lane = 0;
    char text[100];
    while (lane + 1 < LANES_MAX && s->ends[lane] > row->start) {
        lane++;
    }
    uint64_t number = (uint64_t)row->queue * LANES_MAX;
    for (; s->described <= lane; s->described++) {
        snprintf(text, sizeof text, "stream %u (context %u)%s", q->stream, q->context,
                 s->described ? ", overlapping" : "");
        export_packets_track(&w->packets, EXPORT_TRACK(EXPORT_TRACK_STREAM, number + s->described),
                             EXPORT_TRACK(EXPORT_TRACK_DEVICE, q->device), text);
    }
    s->ends[lane] = row->start + row->duration;
    return EXPORT_TRACK(EXPORT_TRACK_STREAM, number + lane);
}

static void put_perfetto_counter(perfetto *w, uint32_t device, uint64_t time, uint64_t value) {
    export_packet opened = export_packets_open(&w->packets, time, EXPORT_PACKET_COUNTER,
                                               EXPORT_TRACK(EXPORT_TRACK_COUNTER, device), BASE_NONE);
    export_packets_value(&w->packets, value);
    export_packets_close(&w->packets, opened);
}

/* Takes the earliest end out of the heap. */
static uint64_t pop_earliest_end(running *r) {
    uint64_t least = r->ends[0], last = r->ends[--r->count];
    size_t i = 0;
    for (size_t child; (child = 2 * i + 1) < r->count; i = child) {
        child += child + 1 < r->count && r->ends[child + 1] < r->ends[child];
        if (r->ends[child] >= last) {
            break;
        }
        r->ends[i] = r->ends[child];
    }
    r->ends[i] = last;
    return least;
}

static void push_end(running *r, uint64_t end) {
    size_t i = r->count++;
    r->ends = base_grow(r->ends, &r->cap, r->count, sizeof *r->ends);
    for (; i > 0 && r->ends[(i - 1) / 2] > end; i = (i - 1) / 2) {
        r->ends[i] = r->ends[(i - 1) / 2];
    }
    r->ends[i] = end;
}

/* Counts what ended before `time` down. */
static void count_ends(perfetto *w, running *r, uint32_t device, uint64_t time) {
    while (r->count > 0 && r->ends[0] <= time) {
        uint64_t end = pop_earliest_end(r);
        put_perfetto_counter(w, device, end, r->count);
    }
}

static running *track_of_running(const perfetto *w, uint32_t device) {
    return &w->busy[base_map_get(&w->devices, device)];
}

static void put_perfetto_gpu(perfetto *w) {
    const events_gpu *row;
    while ((row = base_sorter_next(w->rows->gpu)) != NULL) {
        uint32_t device = w->rows->queues[row->queue].device;
        uint64_t track = track_of_stream(w, row), end = row->start + row->duration;
        export_packet opened = export_packets_open(&w->packets, row->start, EXPORT_PACKET_BEGIN, track,
                                                   perfetto_gpu_name(w, row));
        export_packets_category(&w->packets, "gpu");
        if (row->correlation != 0) {
            export_packets_flow(&w->packets, row->correlation);
            export_packets_uint(&w->packets, "correlation", row->correlation);
        }
        if (row->kind != TRACE_GPU_KERNEL) {
            export_packets_uint(&w->packets, "bytes", row->bytes);
        }
        export_packets_close(&w->packets, opened);
        export_packets_slice_end(&w->packets, end, track);
        running *r = track_of_running(w, device);
        count_ends(w, r, device, row->start);
        push_end(r, end);
        put_perfetto_counter(w, device, row->start, r->count);
    }
    for (size_t i = 0; i < w->rows->device_count; i++) {
        count_ends(w, &w->busy[i], w->rows->devices[i].number, UINT64_MAX);
    }
}

static void put_perfetto_all(perfetto *w) {
    export_packets_begin(&w->packets);
    put_perfetto_tracks(w);
    put_perfetto_ranges(w);
    put_perfetto_calls(w);
    put_perfetto_gpu(w);
}

int export_perfetto(events_store *rows, const char *path, char error[TRACE_ERROR_BYTES]) {
    perfetto w = {.rows = rows,
                  .packets = {.rows = rows, .out = fopen(path, "we")},
                  .kernels = base_alloc(rows->shape_count, sizeof *w.kernels),
                  .streams = base_alloc(rows->queue_count, sizeof *w.streams),
                  .busy = base_alloc(rows->device_count, sizeof *w.busy),
                  .layers = base_alloc(rows->thread_count, sizeof *w.layers)};
    for (size_t i = 0; i < rows->device_count; i++) {
        base_map_put(&w.devices, rows->devices[i].number, (uint32_t)i);
    }
    memset(w.kernels, 0xff, rows->shape_count * sizeof *w.kernels);
    if (w.packets.out) {
        put_perfetto_all(&w);
        export_packets_end(&w.packets);
    }
    int rc = base_output_close(w.packets.out, path, error);
    for (size_t i = 0; i < rows->device_count; i++) {
        free(w.busy[i].ends);
    }
    free(w.kernels);
    free(w.streams);
    free(w.busy);
    base_map_free(&w.devices);
    free(w.layers);
    return rc;
}
