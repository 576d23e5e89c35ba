/* Perfetto's packets: tracks that are described once, names that are interned, slices, instants and counters
 * with annotations. export_perfetto.c says what goes into them. */
#ifndef ANALYSIS_EXPORT_PACKETS_H
#define ANALYSIS_EXPORT_PACKETS_H

#include "analysis/export_proto.h"
#include "analysis/export_rows.h"
#include "analysis/map.h"

#include <stdio.h>

typedef struct {
    analysis_events *rows;
    FILE *out;
    analysis_proto p;
    uint8_t *named; /* by name index: whether its definition was written */
    size_t named_cap;
    analysis_map tracks; /* those of analysis_packets_track_once */
} analysis_packets;

/* Ids of tracks: the kind in the highest byte. */
#define ANALYSIS_TRACK(kind, number) ((uint64_t)(kind) << 56 | (uint64_t)(number) | 1ull << 48)
enum {
    ANALYSIS_TRACK_PROCESS = 1,
    ANALYSIS_TRACK_THREAD,
    ANALYSIS_TRACK_DEVICE,
    ANALYSIS_TRACK_STREAM,
    ANALYSIS_TRACK_COUNTER,
    ANALYSIS_TRACK_PHASES,
    ANALYSIS_TRACK_EXPERTS,
    ANALYSIS_TRACK_EXPERT,
    ANALYSIS_TRACK_START_END
};

/* Begins the file: the first packet, and one that says that the file is an export of moetrace. */
void analysis_packets_begin(analysis_packets *w);

/* Writes what is still to be written, and frees what `w` holds but the file. */
void analysis_packets_end(analysis_packets *w);

/* Describe tracks: any (parent 0 is none), that of a process (index of its source) and of a thread (index);
 * and one that is described when it is first met, which returns `uuid`. */
void analysis_packets_track(analysis_packets *w, uint64_t uuid, uint64_t parent, const char *name);
void analysis_packets_process(analysis_packets *w, uint32_t source);
void analysis_packets_thread(analysis_packets *w, uint32_t index);
uint64_t analysis_packets_track_once(analysis_packets *w, uint64_t uuid, uint64_t parent, const char *name);

/* An event: opened, filled by what follows, closed. `name` is a name index, ANALYSIS_NONE none. */
typedef struct {
    size_t packet, event;
} analysis_packet;
typedef enum {
    ANALYSIS_PACKET_BEGIN = 1,
    ANALYSIS_PACKET_END,
    ANALYSIS_PACKET_INSTANT,
    ANALYSIS_PACKET_COUNTER
} analysis_packet_type;
analysis_packet analysis_packets_open(analysis_packets *w, uint64_t time, analysis_packet_type type,
                                      uint64_t track, uint32_t name);
void analysis_packets_category(analysis_packets *w, const char *category);
void analysis_packets_flow(analysis_packets *w, uint64_t id);     /* arrows join events of one id */
void analysis_packets_value(analysis_packets *w, uint64_t value); /* of a counter */
void analysis_packets_uint(analysis_packets *w, const char *name, uint64_t value);
void analysis_packets_int(analysis_packets *w, const char *name, int64_t value);
void analysis_packets_double(analysis_packets *w, const char *name, double value);
void analysis_packets_text(analysis_packets *w, const char *name, const char *text);
void analysis_packets_close(analysis_packets *w, analysis_packet opened);

/* The end of a slice. */
void analysis_packets_slice_end(analysis_packets *w, uint64_t time, uint64_t track);

#endif
