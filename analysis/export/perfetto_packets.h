/* Encodes Perfetto's TracePackets (perfetto.dev/docs/reference/trace-packet-proto): track descriptors, interned names,
 * slices, instants and counters with annotations. Times are ns. Write errors are left to ferror(w->out). */
#ifndef EXPORT_PERFETTO_PACKETS_H
#define EXPORT_PERFETTO_PACKETS_H

#include "analysis/base/protobuf_writer.h"
#include "analysis/base/u64_map.h"
#include "analysis/events/event_store.h"

#include <stdio.h>

typedef struct {
    events_store *rows;
    FILE *out;
    base_protobuf p;
    uint8_t *named; /* by name index: 1 if its definition was written */
    size_t named_cap;
    base_map tracks; /* described by export_packets_track_once */
} export_packets;

/* The uuid of a track: its kind in the highest byte, its number in the low bits. */
#define EXPORT_TRACK(kind, number) ((uint64_t)(kind) << 56 | (uint64_t)(number) | 1ull << 48)
enum {
    EXPORT_TRACK_PROCESS = 1,
    EXPORT_TRACK_THREAD,
    EXPORT_TRACK_DEVICE,
    EXPORT_TRACK_STREAM,
    EXPORT_TRACK_COUNTER,
    EXPORT_TRACK_PHASES,
    EXPORT_TRACK_EXPERTS,
    EXPORT_TRACK_EXPERT,
    EXPORT_TRACK_START_END
};

/* Begins the file: the first packet, and a packet that identifies an export of moetrace. */
void export_packets_begin(export_packets *w);

/* Flushes the buffer and frees the memory of *w; the caller closes the file. */
void export_packets_end(export_packets *w);

/* Write track descriptors: of any track (parent 0: none), of a process (index of its source), of a thread (its index).
 * _track_once writes it at the first call for `uuid`, and returns `uuid`. */
void export_packets_track(export_packets *w, uint64_t uuid, uint64_t parent, const char *name);
void export_packets_process(export_packets *w, uint32_t source);
void export_packets_thread(export_packets *w, uint32_t index);
uint64_t export_packets_track_once(export_packets *w, uint64_t uuid, uint64_t parent, const char *name);

/* An event: opened, extended by the functions below, closed. `name` is a name index, or BASE_NONE. */
typedef struct {
    size_t packet, event;
} export_packet;
typedef enum {
    EXPORT_PACKET_BEGIN = 1,
    EXPORT_PACKET_END,
    EXPORT_PACKET_INSTANT,
    EXPORT_PACKET_COUNTER
} export_packet_type;
export_packet export_packets_open(export_packets *w, uint64_t time, export_packet_type type, uint64_t track,
                                  uint32_t name);
void export_packets_category(export_packets *w, const char *category);
void export_packets_flow(export_packets *w, uint64_t id); /* viewers join the events of a flow by arrows */
void export_packets_value(export_packets *w, uint64_t value); /* of a counter */
/* Debug annotations: */
void export_packets_uint(export_packets *w, const char *name, uint64_t value);
void export_packets_int(export_packets *w, const char *name, int64_t value);
void export_packets_double(export_packets *w, const char *name, double value);
void export_packets_text(export_packets *w, const char *name, const char *text);
void export_packets_close(export_packets *w, export_packet opened);

/* Writes the end of the track's innermost open slice. */
void export_packets_slice_end(export_packets *w, uint64_t time, uint64_t track);

#endif
