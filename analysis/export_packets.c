/* Packets of Perfetto's published protobuf schema. */
#include "analysis/export_packets.h"

#include "analysis/export.h"
#include "analysis/memory.h"

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

static void flush(analysis_packets *w) {
    fwrite(w->p.bytes, 1, w->p.len, w->out);
    w->p.len = 0;
}

static size_t packet(analysis_packets *w) {
    size_t opened = analysis_proto_open(&w->p, TRACE_PACKET);
    analysis_proto_varint(&w->p, PACKET_SEQUENCE, 1);
    return opened;
}

static void end_packet(analysis_packets *w, size_t opened) {
    analysis_proto_close(&w->p, opened);
    if (w->p.len > 1 << 16) {
        flush(w);
    }
}

/* ---- Tracks ---- */

void analysis_packets_track(analysis_packets *w, uint64_t uuid, uint64_t parent, const char *name) {
    size_t opened = packet(w), track = analysis_proto_open(&w->p, PACKET_TRACK), len = strlen(name);
    char *clean = analysis_export_utf8(name, &len);
    analysis_proto_varint(&w->p, TRACK_UUID, uuid);
    if (parent != 0) {
        analysis_proto_varint(&w->p, TRACK_PARENT, parent);
    }
    analysis_proto_bytes(&w->p, TRACK_NAME, clean, len);
    free(clean);
    if (uuid >> 56 == ANALYSIS_TRACK_COUNTER) {
        analysis_proto_close(&w->p, analysis_proto_open(&w->p, TRACK_COUNTER));
    }
    analysis_proto_close(&w->p, track);
    end_packet(w, opened);
}

void analysis_packets_process(analysis_packets *w, uint32_t source) {
    const analysis_event_source *s = &w->rows->sources[source];
    const char *program = analysis_events_meta(s, "program");
    size_t opened = packet(w), track = analysis_proto_open(&w->p, PACKET_TRACK);
    analysis_proto_varint(&w->p, TRACK_UUID, ANALYSIS_TRACK(ANALYSIS_TRACK_PROCESS, source));
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

void analysis_packets_thread(analysis_packets *w, uint32_t index) {
    const analysis_event_thread *t = &w->rows->threads[index];
    const analysis_name *name = &w->rows->names.list[t->name];
    size_t opened = packet(w), track = analysis_proto_open(&w->p, PACKET_TRACK), len = name->len;
    char *clean = analysis_export_utf8(name->text, &len);
    analysis_proto_varint(&w->p, TRACK_UUID, ANALYSIS_TRACK(ANALYSIS_TRACK_THREAD, index));
    analysis_proto_varint(&w->p, TRACK_PARENT, ANALYSIS_TRACK(ANALYSIS_TRACK_PROCESS, t->source));
    size_t thread = analysis_proto_open(&w->p, TRACK_THREAD);
    analysis_proto_varint(&w->p, THREAD_PID, w->rows->sources[t->source].header.pid);
    analysis_proto_varint(&w->p, THREAD_TID, t->tid);
    analysis_proto_bytes(&w->p, THREAD_NAME, clean, len);
    analysis_proto_close(&w->p, thread);
    analysis_proto_close(&w->p, track);
    end_packet(w, opened);
    free(clean);
}

uint64_t analysis_packets_track_once(analysis_packets *w, uint64_t uuid, uint64_t parent, const char *name) {
    if (analysis_map_get(&w->tracks, uuid) == ANALYSIS_NONE) {
        analysis_map_put(&w->tracks, uuid, 1);
        analysis_packets_track(w, uuid, parent, name);
    }
    return uuid;
}

/* ---- Events ---- */

analysis_packet analysis_packets_open(analysis_packets *w, uint64_t time, analysis_packet_type type,
                                      uint64_t track, uint32_t name) {
    analysis_packet opened = {.packet = packet(w)};
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
    opened.event = analysis_proto_open(&w->p, PACKET_EVENT);
    analysis_proto_varint(&w->p, EVENT_TYPE, (uint64_t)type);
    analysis_proto_varint(&w->p, EVENT_TRACK, track);
    if (name != ANALYSIS_NONE) {
        analysis_proto_varint(&w->p, EVENT_NAME_IID, (uint64_t)name + 1);
    }
    return opened;
}

void analysis_packets_close(analysis_packets *w, analysis_packet opened) {
    analysis_proto_close(&w->p, opened.event);
    end_packet(w, opened.packet);
}

void analysis_packets_slice_end(analysis_packets *w, uint64_t time, uint64_t track) {
    analysis_packets_close(w, analysis_packets_open(w, time, ANALYSIS_PACKET_END, track, ANALYSIS_NONE));
}

/* ---- What an event has ---- */

void analysis_packets_category(analysis_packets *w, const char *category) {
    analysis_proto_text(&w->p, EVENT_CATEGORY, category);
}

void analysis_packets_flow(analysis_packets *w, uint64_t id) {
    analysis_proto_fixed64(&w->p, EVENT_FLOW, id);
}

void analysis_packets_value(analysis_packets *w, uint64_t value) {
    analysis_proto_varint(&w->p, EVENT_COUNTER, value);
}

static size_t annotation(analysis_packets *w, const char *name) {
    size_t opened = analysis_proto_open(&w->p, EVENT_ANNOTATION);
    analysis_proto_text(&w->p, ANNOTATION_NAME, name);
    return opened;
}

void analysis_packets_uint(analysis_packets *w, const char *name, uint64_t value) {
    size_t opened = annotation(w, name);
    analysis_proto_varint(&w->p, ANNOTATION_UINT, value);
    analysis_proto_close(&w->p, opened);
}

void analysis_packets_int(analysis_packets *w, const char *name, int64_t value) {
    size_t opened = annotation(w, name);
    analysis_proto_varint(&w->p, ANNOTATION_INT, (uint64_t)value);
    analysis_proto_close(&w->p, opened);
}

void analysis_packets_double(analysis_packets *w, const char *name, double value) {
    size_t opened = annotation(w, name);
    analysis_proto_double(&w->p, ANNOTATION_DOUBLE, value);
    analysis_proto_close(&w->p, opened);
}

void analysis_packets_text(analysis_packets *w, const char *name, const char *text) {
    size_t opened = annotation(w, name), len = strlen(text);
    char *clean = analysis_export_utf8(text, &len);
    analysis_proto_bytes(&w->p, ANNOTATION_TEXT, clean, len);
    analysis_proto_close(&w->p, opened);
    free(clean);
}

void analysis_packets_begin(analysis_packets *w) {
    size_t opened = packet(w);
    analysis_proto_varint(&w->p, PACKET_FLAGS, FLAG_CLEARED);
    end_packet(w, opened);
    /* So that the file can be told to be an export. */
    analysis_packets_track(w, ANALYSIS_TRACK(0, 0), 0, "moetrace " MOETRACE_VERSION);
}

void analysis_packets_end(analysis_packets *w) {
    flush(w);
    free(w->named);
    analysis_map_free(&w->tracks);
    analysis_proto_free(&w->p);
}
