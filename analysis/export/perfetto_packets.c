/* Packets of Perfetto's published protobuf schema. */
#include "analysis/export/perfetto_packets.h"

#include "analysis/base/alloc.h"
#include "analysis/base/utf8.h"
#include "analysis/export/export_common.h"

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
enum { INTERNED_NAMES = 2, NAME_IID = 1, NAME_TEXT = 2 };
enum {
    ANNOTATION_UINT = 3,
    ANNOTATION_INT = 4,
    ANNOTATION_DOUBLE = 5,
    ANNOTATION_TEXT = 6,
    ANNOTATION_NAME = 10
};
enum { FLAG_CLEARED = 1, FLAG_NEEDS_STATE = 2 };

static void flush_packets(export_packets *w) {
    fwrite(w->p.bytes, 1, w->p.len, w->out);
    w->p.len = 0;
}

static size_t begin_packet(export_packets *w) {
    size_t opened = base_protobuf_open(&w->p, TRACE_PACKET);
    base_protobuf_varint(&w->p, PACKET_SEQUENCE, 1);
    return opened;
}

static void finish_packet(export_packets *w, size_t opened) {
    base_protobuf_close(&w->p, opened);
    if (w->p.len > 1 << 16) {
        flush_packets(w);
    }
}

/* ---- Tracks ---- */

void export_packets_track(export_packets *w, uint64_t uuid, uint64_t parent, const char *name) {
    size_t opened = begin_packet(w), track = base_protobuf_open(&w->p, PACKET_TRACK), len = strlen(name);
    char *clean = base_utf8_clean(name, &len);
    base_protobuf_varint(&w->p, TRACK_UUID, uuid);
    if (parent != 0) {
        base_protobuf_varint(&w->p, TRACK_PARENT, parent);
    }
    base_protobuf_bytes(&w->p, TRACK_NAME, clean, len);
    free(clean);
    if (uuid >> 56 == EXPORT_TRACK_COUNTER) {
        base_protobuf_close(&w->p, base_protobuf_open(&w->p, TRACK_COUNTER));
    }
    base_protobuf_close(&w->p, track);
    finish_packet(w, opened);
}

void export_packets_process(export_packets *w, uint32_t source) {
    const events_source *s = &w->rows->sources[source];
    const char *program = events_source_meta(s, "program");
    size_t opened = begin_packet(w), track = base_protobuf_open(&w->p, PACKET_TRACK);
    base_protobuf_varint(&w->p, TRACK_UUID, EXPORT_TRACK(EXPORT_TRACK_PROCESS, source));
    size_t process = base_protobuf_open(&w->p, TRACK_PROCESS);
    base_protobuf_varint(&w->p, PROCESS_PID, s->header.pid);
    if (program) {
        size_t len = strlen(program);
        char *clean = base_utf8_clean(program, &len);
        base_protobuf_bytes(&w->p, PROCESS_NAME, clean, len);
        free(clean);
    }
    base_protobuf_close(&w->p, process);
    base_protobuf_close(&w->p, track);
    finish_packet(w, opened);
}

void export_packets_thread(export_packets *w, uint32_t index) {
    const events_thread *t = &w->rows->threads[index];
    const names_entry *name = &w->rows->names.list[t->name];
    size_t opened = begin_packet(w), track = base_protobuf_open(&w->p, PACKET_TRACK), len = name->len;
    char *clean = base_utf8_clean(name->text, &len);
    base_protobuf_varint(&w->p, TRACK_UUID, EXPORT_TRACK(EXPORT_TRACK_THREAD, index));
    base_protobuf_varint(&w->p, TRACK_PARENT, EXPORT_TRACK(EXPORT_TRACK_PROCESS, t->source));
    size_t thread = base_protobuf_open(&w->p, TRACK_THREAD);
    base_protobuf_varint(&w->p, THREAD_PID, w->rows->sources[t->source].header.pid);
    base_protobuf_varint(&w->p, THREAD_TID, t->tid);
    base_protobuf_bytes(&w->p, THREAD_NAME, clean, len);
    base_protobuf_close(&w->p, thread);
    base_protobuf_close(&w->p, track);
    finish_packet(w, opened);
    free(clean);
}

uint64_t export_packets_track_once(export_packets *w, uint64_t uuid, uint64_t parent, const char *name) {
    if (base_map_get(&w->tracks, uuid) == BASE_NONE) {
        base_map_put(&w->tracks, uuid, 1);
        export_packets_track(w, uuid, parent, name);
    }
    return uuid;
}

/* ---- Events ---- */

export_packet export_packets_open(export_packets *w, uint64_t time, export_packet_type type, uint64_t track,
                                  uint32_t name) {
    export_packet opened = {.packet = begin_packet(w)};
    base_protobuf_varint(&w->p, PACKET_TIMESTAMP, time);
    base_protobuf_varint(&w->p, PACKET_FLAGS, FLAG_NEEDS_STATE);
    if (name != BASE_NONE) {
        w->named = base_grow(w->named, &w->named_cap, (size_t)name + 1, 1);
    }
    if (name != BASE_NONE && !w->named[name]) {
        w->named[name] = 1;
        const names_entry *n = &w->rows->names.list[name];
        size_t len = n->len, interned = base_protobuf_open(&w->p, PACKET_INTERNED);
        char *clean = base_utf8_clean(n->text, &len);
        size_t entry = base_protobuf_open(&w->p, INTERNED_NAMES);
        base_protobuf_varint(&w->p, NAME_IID, (uint64_t)name + 1);
        base_protobuf_bytes(&w->p, NAME_TEXT, clean, len);
        base_protobuf_close(&w->p, entry);
        base_protobuf_close(&w->p, interned);
        free(clean);
    }
    opened.event = base_protobuf_open(&w->p, PACKET_EVENT);
    base_protobuf_varint(&w->p, EVENT_TYPE, (uint64_t)type);
    base_protobuf_varint(&w->p, EVENT_TRACK, track);
    if (name != BASE_NONE) {
        base_protobuf_varint(&w->p, EVENT_NAME_IID, (uint64_t)name + 1);
    }
    return opened;
}

void export_packets_close(export_packets *w, export_packet opened) {
    base_protobuf_close(&w->p, opened.event);
    finish_packet(w, opened.packet);
}

void export_packets_slice_end(export_packets *w, uint64_t time, uint64_t track) {
    export_packets_close(w, export_packets_open(w, time, EXPORT_PACKET_END, track, BASE_NONE));
}

/* ---- What an event has ---- */

void export_packets_category(export_packets *w, const char *category) {
    base_protobuf_text(&w->p, EVENT_CATEGORY, category);
}

void export_packets_flow(export_packets *w, uint64_t id) {
    base_protobuf_fixed64(&w->p, EVENT_FLOW, id);
}

void export_packets_value(export_packets *w, uint64_t value) {
    base_protobuf_varint(&w->p, EVENT_COUNTER, value);
}

static size_t begin_annotation(export_packets *w, const char *name) {
    size_t opened = base_protobuf_open(&w->p, EVENT_ANNOTATION);
    base_protobuf_text(&w->p, ANNOTATION_NAME, name);
    return opened;
}

void export_packets_uint(export_packets *w, const char *name, uint64_t value) {
    size_t opened = begin_annotation(w, name);
    base_protobuf_varint(&w->p, ANNOTATION_UINT, value);
    base_protobuf_close(&w->p, opened);
}

void export_packets_int(export_packets *w, const char *name, int64_t value) {
    size_t opened = begin_annotation(w, name);
    base_protobuf_varint(&w->p, ANNOTATION_INT, (uint64_t)value);
    base_protobuf_close(&w->p, opened);
}

void export_packets_double(export_packets *w, const char *name, double value) {
    size_t opened = begin_annotation(w, name);
    base_protobuf_double(&w->p, ANNOTATION_DOUBLE, value);
    base_protobuf_close(&w->p, opened);
}

void export_packets_text(export_packets *w, const char *name, const char *text) {
    size_t opened = begin_annotation(w, name), len = strlen(text);
    char *clean = base_utf8_clean(text, &len);
    base_protobuf_bytes(&w->p, ANNOTATION_TEXT, clean, len);
    base_protobuf_close(&w->p, opened);
    free(clean);
}

void export_packets_begin(export_packets *w) {
    size_t opened = begin_packet(w);
    base_protobuf_varint(&w->p, PACKET_FLAGS, FLAG_CLEARED);
    finish_packet(w, opened);
    /* So that the file can be told to be an export. */
    export_packets_track(w, EXPORT_TRACK(0, 0), 0, "moetrace " MOETRACE_VERSION);
}

void export_packets_end(export_packets *w) {
    flush_packets(w);
    free(w->named);
    base_map_free(&w->tracks);
    base_protobuf_free(&w->p);
}
