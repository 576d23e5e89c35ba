/* Perfetto's protobuf: tracks for threads, streams, phases and experts, arrows from calls to their GPU work,
 * and a counter of what runs on each GPU. Packets may stand in any order; Perfetto sorts them by time. */
#include "analysis/export.h"

#include "analysis/export_names.h"
#include "analysis/export_proto.h"
#include "analysis/memory.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Field numbers of Perfetto's published schema. */
enum { TRACE_PACKET = 1 };
enum {
    PACKET_TIMESTAMP = 8,
    PACKET_SEQUENCE = 10,
    PACKET_EVENT = 11,
    PACKET_INTERNED = 12,
    PACKET_FLAGS = 13,
    PACKET_TRACK = 60
};
enum {
    TRACK_UUID = 1,
    TRACK_NAME = 2,
    TRACK_PROCESS = 3,
    TRACK_THREAD = 4,
    TRACK_PARENT = 5,
    TRACK_COUNTER = 8
};
enum { PROCESS_PID = 1, PROCESS_NAME = 6, THREAD_PID = 1, THREAD_TID = 2, THREAD_NAME = 5 };
enum {
    EVENT_CATEGORY = 22,
    EVENT_ANNOTATION = 4,
    EVENT_TYPE = 9,
    EVENT_NAME_IID = 10,
    EVENT_TRACK = 11,
    EVENT_COUNTER = 30,
    EVENT_FLOW = 47
};
enum { TYPE_BEGIN = 1, TYPE_END = 2, TYPE_INSTANT = 3, TYPE_COUNTER = 4 };
enum { INTERNED_NAMES = 2, NAME_IID = 1, NAME_TEXT = 2 };
enum {
    ANNOTATION_UINT = 3,
    ANNOTATION_INT = 4,
    ANNOTATION_DOUBLE = 5,
    ANNOTATION_TEXT = 6,
    ANNOTATION_NAME = 10
};
enum { FLAG_CLEARED = 1, FLAG_NEEDS_STATE = 2 };

/* Ids of tracks: the kind in the highest byte. */
#define TRACK(kind, number) ((uint64_t)(kind) << 56 | (uint64_t)(number) | 1ull << 48)
enum {
    OF_PROCESS = 1,
    OF_THREAD,
    OF_DEVICE,
    OF_STREAM,
    OF_COUNTER,
    OF_PHASES,
    OF_EXPERTS,
    OF_EXPERT,
    OF_START_END
};

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
    uint32_t number; /* ANALYSIS_NONE: none so far */
} layer;

typedef struct {
    analysis_events *rows;
    FILE *out;
    analysis_proto p;
    uint8_t *named; /* by name index: whether its definition was written */
    size_t named_cap;
    uint32_t *kernels;   /* by shape: name index of the demangled name */
    stream *streams;     /* by queue */
    running *busy;       /* by index of the device */
    layer *layers;       /* by thread: the range that was a layer last */
    analysis_map tracks; /* of experts, phases and start/end ranges that were described */
} perfetto;

static void flush(perfetto *w) {
    fwrite(w->p.bytes, 1, w->p.len, w->out);
    w->p.len = 0;
}

static size_t packet(perfetto *w) {
    size_t opened = analysis_proto_open(&w->p, TRACE_PACKET);
    analysis_proto_varint(&w->p, PACKET_SEQUENCE, 1);
    return opened;
}

static void end_packet(perfetto *w, size_t opened) {
    analysis_proto_close(&w->p, opened);
    if (w->p.len > 1 << 16) {
        flush(w);
    }
}

/* ---- Tracks ---- */

static void put_track(perfetto *w, uint64_t uuid, uint64_t parent, const char *name) {
    size_t opened = packet(w), track = analysis_proto_open(&w->p, PACKET_TRACK), len = strlen(name);
    char *clean = analysis_export_utf8(name, &len);
    analysis_proto_varint(&w->p, TRACK_UUID, uuid);
    if (parent != 0) {
        analysis_proto_varint(&w->p, TRACK_PARENT, parent);
    }
    analysis_proto_bytes(&w->p, TRACK_NAME, clean, len);
    free(clean);
    if (uuid >> 56 == OF_COUNTER) {
        analysis_proto_close(&w->p, analysis_proto_open(&w->p, TRACK_COUNTER));
    }
    analysis_proto_close(&w->p, track);
    end_packet(w, opened);
}

static void put_process(perfetto *w, uint32_t source) {
    const analysis_event_source *s = &w->rows->sources[source];
    const char *program = analysis_events_meta(s, "program");
    size_t opened = packet(w), track = analysis_proto_open(&w->p, PACKET_TRACK);
    analysis_proto_varint(&w->p, TRACK_UUID, TRACK(OF_PROCESS, source));
    size_t process = analysis_proto_open(&w->p, TRACK_PROCESS);
    analysis_proto_varint(&w->p, PROCESS_PID, s->header.pid);
    if (program) {
        size_t len = strlen(program);
        char *clean = analysis_export_utf8(program, &len);
        analysis_proto_bytes(&w->p, PROCESS_NAME, clean, len);
        free(clean);
    }
    analysis_proto_close(&w->p, process);
    analysis_proto_close(&w->p, track);
    end_packet(w, opened);
}

static void put_thread(perfetto *w, uint32_t index) {
    const analysis_event_thread *t = &w->rows->threads[index];
    const analysis_name *name = &w->rows->names.list[t->name];
    size_t opened = packet(w), track = analysis_proto_open(&w->p, PACKET_TRACK), len = name->len;
    char *clean = analysis_export_utf8(name->text, &len);
    analysis_proto_varint(&w->p, TRACK_UUID, TRACK(OF_THREAD, index));
    analysis_proto_varint(&w->p, TRACK_PARENT, TRACK(OF_PROCESS, t->source));
    size_t thread = analysis_proto_open(&w->p, TRACK_THREAD);
    analysis_proto_varint(&w->p, THREAD_PID, w->rows->sources[t->source].header.pid);
    analysis_proto_varint(&w->p, THREAD_TID, t->tid);
    analysis_proto_bytes(&w->p, THREAD_NAME, clean, len);
    analysis_proto_close(&w->p, thread);
    analysis_proto_close(&w->p, track);
    end_packet(w, opened);
    free(clean);
}

static void put_tracks(perfetto *w) {
    char text[100];
    for (size_t i = 0; i < w->rows->source_count; i++) {
        put_process(w, (uint32_t)i);
    }
    for (size_t i = 0; i < w->rows->thread_count; i++) {
        put_thread(w, (uint32_t)i);
    }
    for (size_t i = 0; i < w->rows->device_count; i++) {
        const analysis_event_device *d = &w->rows->devices[i];
        const char *name = analysis_export_device(w->rows, d, "name");
        snprintf(text, sizeof text, "GPU %u%s%.60s", d->number, name ? ": " : "", name ? name : "");
        put_track(w, TRACK(OF_DEVICE, d->number), 0, text);
        snprintf(text, sizeof text, "GPU %u work running", d->number);
        put_track(w, TRACK(OF_COUNTER, d->number), TRACK(OF_DEVICE, d->number), text);
    }
}

/* A track that is described when it is first met. */
static uint64_t track_once(perfetto *w, uint64_t uuid, uint64_t parent, const char *name) {
    if (analysis_map_get(&w->tracks, uuid) == ANALYSIS_NONE) {
        analysis_map_put(&w->tracks, uuid, 1);
        put_track(w, uuid, parent, name);
    }
    return uuid;
}

/* ---- Events ---- */

/* Opens a packet with an event; what event_end must be given is in `opened`. `name` ANALYSIS_NONE is none. */
static void event_begin(perfetto *w, size_t opened[2], uint64_t time, int type, uint64_t track,
                        uint32_t name) {
    opened[0] = packet(w);
    analysis_proto_varint(&w->p, PACKET_TIMESTAMP, time);
    analysis_proto_varint(&w->p, PACKET_FLAGS, FLAG_NEEDS_STATE);
    if (name != ANALYSIS_NONE) {
        w->named = analysis_grow(w->named, &w->named_cap, (size_t)name + 1, 1);
    }
    if (name != ANALYSIS_NONE && !w->named[name]) {
        w->named[name] = 1;
        const analysis_name *n = &w->rows->names.list[name];
        size_t len = n->len, interned = analysis_proto_open(&w->p, PACKET_INTERNED);
        char *clean = analysis_export_utf8(n->text, &len);
        size_t entry = analysis_proto_open(&w->p, INTERNED_NAMES);
        analysis_proto_varint(&w->p, NAME_IID, (uint64_t)name + 1);
        analysis_proto_bytes(&w->p, NAME_TEXT, clean, len);
        analysis_proto_close(&w->p, entry);
        analysis_proto_close(&w->p, interned);
        free(clean);
    }
    opened[1] = analysis_proto_open(&w->p, PACKET_EVENT);
    analysis_proto_varint(&w->p, EVENT_TYPE, (uint64_t)type);
    analysis_proto_varint(&w->p, EVENT_TRACK, track);
    if (name != ANALYSIS_NONE) {
        analysis_proto_varint(&w->p, EVENT_NAME_IID, (uint64_t)name + 1);
    }
}

static void event_end(perfetto *w, const size_t opened[2]) {
    analysis_proto_close(&w->p, opened[1]);
    end_packet(w, opened[0]);
}

static void slice_end(perfetto *w, uint64_t time, uint64_t track) {
    size_t opened[2];
    event_begin(w, opened, time, TYPE_END, track, ANALYSIS_NONE);
    event_end(w, opened);
}

static void annotate(perfetto *w, const char *name, uint32_t field, uint64_t value) {
    size_t opened = analysis_proto_open(&w->p, EVENT_ANNOTATION);
    analysis_proto_text(&w->p, ANNOTATION_NAME, name);
    analysis_proto_varint(&w->p, field, value);
    analysis_proto_close(&w->p, opened);
}

static void annotate_text(perfetto *w, const char *name, const char *text) {
    size_t opened = analysis_proto_open(&w->p, EVENT_ANNOTATION), len = strlen(text);
    char *clean = analysis_export_utf8(text, &len);
    analysis_proto_text(&w->p, ANNOTATION_NAME, name);
    analysis_proto_bytes(&w->p, ANNOTATION_TEXT, clean, len);
    analysis_proto_close(&w->p, opened);
    free(clean);
}

static void annotate_payload(perfetto *w, const analysis_event_range *row) {
    double f64 = 0;
    float f32;
    uint32_t low = (uint32_t)row->payload;
    switch (row->payload_type) {
    case TRACE_PAYLOAD_U64:
    case TRACE_PAYLOAD_U32:
        annotate(w, "payload", ANNOTATION_UINT, row->payload);
        return;
    case TRACE_PAYLOAD_I64:
        annotate(w, "payload", ANNOTATION_INT, row->payload);
        return;
    case TRACE_PAYLOAD_I32:
        annotate(w, "payload", ANNOTATION_INT, (uint64_t)(int64_t)(int32_t)low);
        return;
    case TRACE_PAYLOAD_F64:
        memcpy(&f64, &row->payload, sizeof f64);
        break;
    case TRACE_PAYLOAD_F32:
        memcpy(&f32, &low, sizeof f32);
        f64 = (double)f32;
        break;
    default:
        return;
    }
    size_t opened = analysis_proto_open(&w->p, EVENT_ANNOTATION);
    analysis_proto_text(&w->p, ANNOTATION_NAME, "payload");
    analysis_proto_double(&w->p, ANNOTATION_DOUBLE, f64);
    analysis_proto_close(&w->p, opened);
}

static void put_slice(perfetto *w, const analysis_event_range *row, uint64_t track, uint32_t name) {
    size_t opened[2];
    event_begin(w, opened, row->start, row->style == ANALYSIS_EVENT_MARK ? TYPE_INSTANT : TYPE_BEGIN, track,
                name);
    analysis_proto_text(&w->p, EVENT_CATEGORY, "nvtx");
    if (row->domain != ANALYSIS_NONE) {
        annotate_text(w, "domain", analysis_events_name(w->rows, w->rows->domains[row->domain].name));
    }
    annotate_payload(w, row);
    if (row->left_open) {
        annotate(w, "left open", ANNOTATION_UINT, 1);
    }
    event_end(w, opened);
    if (row->style != ANALYSIS_EVENT_MARK) {
        slice_end(w, row->end, track);
    }
}

/* ---- Ranges, phases, experts ---- */

/* The name of the layer that a range lies in, or its own name. */
static uint32_t layer_name(perfetto *w, const analysis_event_range *row) {
    const layer *l = &w->layers[row->thread];
    char text[32];
    if (l->number == ANALYSIS_NONE || row->start >= l->end) {
        return row->name;
    }
    snprintf(text, sizeof text, "layer %u", l->number);
    return analysis_names_intern(&w->rows->names, text, strlen(text));
}

/* The tracks of phases and of experts: the same ranges by what they mean. */
static void put_meaning(perfetto *w, const analysis_event_range *row) {
    analysis_name name = w->rows->names.list[row->name];
    uint32_t source = w->rows->threads[row->thread].source, expert = name.number;
    uint64_t process = TRACK(OF_PROCESS, source), thread = row->thread;
    char text[64];
    switch (name.role) {
    case ANALYSIS_ROLE_VISION:
    case ANALYSIS_ROLE_PREFILL:
    case ANALYSIS_ROLE_DECODE:
    case ANALYSIS_ROLE_STEP:
    case ANALYSIS_ROLE_SAMPLE:
    case ANALYSIS_ROLE_WARMUP:
        put_slice(w, row, track_once(w, TRACK(OF_PHASES, thread), process, "phases"), row->name);
        return;
    case ANALYSIS_ROLE_LAYER:
        w->layers[row->thread] = (layer){row->end, name.number};
        return;
    case ANALYSIS_ROLE_LAYER_EXPERT:
        w->layers[row->thread] = (layer){row->end, name.number};
        expert = name.expert;
        break;
    case ANALYSIS_ROLE_EXPERT:
        break;
    default:
        return;
    }
    uint64_t experts = track_once(w, TRACK(OF_EXPERTS, thread), process, "experts");
    snprintf(text, sizeof text, "expert %u", expert);
    uint64_t number = (thread & 0xffff) << 30 | (expert & 0x3fffffff);
    put_slice(w, row, track_once(w, TRACK(OF_EXPERT, number), experts, text), layer_name(w, row));
}

static void put_ranges(perfetto *w) {
    const analysis_event_range *row;
    for (size_t i = 0; i < w->rows->thread_count; i++) {
        w->layers[i].number = ANALYSIS_NONE;
    }
    while ((row = analysis_sorter_next(w->rows->ranges)) != NULL) {
        uint32_t source = w->rows->threads[row->thread].source;
        uint64_t track = TRACK(OF_THREAD, row->thread);
        if (row->style == ANALYSIS_EVENT_START_END) { /* they lie across others: each name has a track */
            uint64_t number = (uint64_t)source << 32 | row->name;
            track = track_once(w, TRACK(OF_START_END, number & 0xffffffffffffu), TRACK(OF_PROCESS, source),
                               analysis_events_name(w->rows, row->name));
        }
        put_slice(w, row, track, row->name);
        if (row->domain == ANALYSIS_NONE && row->style == ANALYSIS_EVENT_PUSH_POP) {
            put_meaning(w, row);
        }
    }
}

/* ---- Calls and GPU work ---- */

static void put_calls(perfetto *w) {
    const analysis_event_call *row;
    while ((row = analysis_sorter_next(w->rows->calls)) != NULL) {
        size_t opened[2];
        uint64_t track = TRACK(OF_THREAD, row->thread);
        event_begin(w, opened, row->start, TYPE_BEGIN, track, row->name);
        analysis_proto_text(&w->p, EVENT_CATEGORY, "cuda");
        if (row->correlation != 0) {
            analysis_proto_fixed64(&w->p, EVENT_FLOW, row->correlation);
        }
        if (row->result != 0 && !row->no_result) {
            annotate(w, "result", ANNOTATION_INT, (uint64_t)(int64_t)row->result);
        }
        event_end(w, opened);
        slice_end(w, row->start + row->duration, track);
    }
}

static uint32_t gpu_name(perfetto *w, const analysis_event_gpu *row) {
    if (row->kind != TRACE_GPU_KERNEL) {
        char text[ANALYSIS_MEMORY_NAME_BYTES];
        analysis_export_memory_name(text, row);
        return analysis_names_intern(&w->rows->names, text, strlen(text));
    }
    uint32_t *known = &w->kernels[row->shape], name = w->rows->shapes[row->shape].shape.name;
    if (*known == ANALYSIS_NONE) {
        char *text = name == ANALYSIS_NONE ? analysis_copy("(no name)", 9)
                                           : analysis_kernel_demangled(analysis_events_name(w->rows, name));
        *known = analysis_names_intern(&w->rows->names, text, strlen(text));
        free(text);
    }
    return *known;
}

/* The track of a stream, or of another row of it when the first is taken. */
static uint64_t stream_track(perfetto *w, const analysis_event_gpu *row) {
    const analysis_event_queue *q = &w->rows->queues[row->queue];
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
        put_track(w, TRACK(OF_STREAM, number + s->described), TRACK(OF_DEVICE, q->device), text);
    }
    s->ends[lane] = row->start + row->duration;
    return TRACK(OF_STREAM, number + lane);
}

static void put_counter(perfetto *w, uint32_t device, uint64_t time, uint64_t value) {
    size_t opened[2];
    event_begin(w, opened, time, TYPE_COUNTER, TRACK(OF_COUNTER, device), ANALYSIS_NONE);
    analysis_proto_varint(&w->p, EVENT_COUNTER, value);
    event_end(w, opened);
}

/* Takes the earliest end out of the heap. */
static uint64_t heap_pop(running *r) {
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

static void heap_push(running *r, uint64_t end) {
    size_t i = r->count++;
    r->ends = analysis_grow(r->ends, &r->cap, r->count, sizeof *r->ends);
    for (; i > 0 && r->ends[(i - 1) / 2] > end; i = (i - 1) / 2) {
        r->ends[i] = r->ends[(i - 1) / 2];
    }
    r->ends[i] = end;
}

/* Counts what ended before `time` down. */
static void count_ends(perfetto *w, running *r, uint32_t device, uint64_t time) {
    while (r->count > 0 && r->ends[0] <= time) {
        uint64_t end = heap_pop(r);
        put_counter(w, device, end, r->count);
    }
}

static running *running_on(const perfetto *w, uint32_t device) {
    size_t i = 0;
    while (w->rows->devices[i].number != device) {
        i++;
    }
    return &w->busy[i];
}

static void put_gpu(perfetto *w) {
    const analysis_event_gpu *row;
    while ((row = analysis_sorter_next(w->rows->gpu)) != NULL) {
        uint32_t device = w->rows->queues[row->queue].device;
        size_t opened[2];
        uint64_t track = stream_track(w, row), end = row->start + row->duration;
        event_begin(w, opened, row->start, TYPE_BEGIN, track, gpu_name(w, row));
        analysis_proto_text(&w->p, EVENT_CATEGORY, "gpu");
        if (row->correlation != 0) {
            analysis_proto_fixed64(&w->p, EVENT_FLOW, row->correlation);
            annotate(w, "correlation", ANNOTATION_UINT, row->correlation);
        }
        if (row->kind != TRACE_GPU_KERNEL) {
            annotate(w, "bytes", ANNOTATION_UINT, row->bytes);
        }
        event_end(w, opened);
        slice_end(w, end, track);
        running *r = running_on(w, device);
        count_ends(w, r, device, row->start);
        heap_push(r, end);
        put_counter(w, device, row->start, r->count);
    }
    for (size_t i = 0; i < w->rows->device_count; i++) {
        count_ends(w, &w->busy[i], w->rows->devices[i].number, UINT64_MAX);
    }
}

static void put_all(perfetto *w) {
    size_t opened = packet(w);
    analysis_proto_varint(&w->p, PACKET_FLAGS, FLAG_CLEARED);
    end_packet(w, opened);
    /* So that the file can be told to be an export. */
    put_track(w, TRACK(0, 0), 0, "moetrace " MOETRACE_VERSION);
    put_tracks(w);
    put_ranges(w);
    put_calls(w);
    put_gpu(w);
    flush(w);
}

int analysis_export_perfetto(analysis_events *rows, const char *path, char error[TRACE_ERROR_BYTES]) {
    perfetto w = {.rows = rows,
                  .out = fopen(path, "we"),
                  .kernels = analysis_alloc(rows->shape_count, sizeof *w.kernels),
                  .streams = analysis_alloc(rows->queue_count, sizeof *w.streams),
                  .busy = analysis_alloc(rows->device_count, sizeof *w.busy),
                  .layers = analysis_alloc(rows->thread_count, sizeof *w.layers)};
    memset(w.kernels, 0xff, rows->shape_count * sizeof *w.kernels);
    bool good = w.out != NULL;
    if (good) {
        put_all(&w);
        good = ferror(w.out) == 0;
        good = fclose(w.out) == 0 && good;
    }
    if (!good) {
        snprintf(error, TRACE_ERROR_BYTES,
                 "%s: cannot be written: %s; make room there, or choose another place", path,
                 strerror(errno));
    }
    for (size_t i = 0; i < rows->device_count; i++) {
        free(w.busy[i].ends);
    }
    free(w.named);
    free(w.kernels);
    free(w.streams);
    free(w.busy);
    free(w.layers);
    analysis_map_free(&w.tracks);
    analysis_proto_free(&w.p);
    return good ? 0 : -1;
}
