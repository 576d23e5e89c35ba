/* Detects GPU records with impossible times.
 *
 * CUPTI was observed to report kernels with the times of a later launch, on another clock, or with ends before starts. Such
 * records are counted, and their times are not used. Records pass through a window, in which each is compared with the
 * following ones of its stream. docs/attribution.md defines impossible times. */
#ifndef ATTRIBUTION_RECORD_CHECK_H
#define ATTRIBUTION_RECORD_CHECK_H

#include "trace/trace.h"

#include <stdbool.h>
#include <stddef.h>

/* Number of records in the window. */
#define ATTRIBUTION_CHECK_WINDOW 256u
/* More kernels of one stream cannot run at once: the limit of resident grids of a GPU. */
#define ATTRIBUTION_CHECK_AT_ONCE 128u
/* More kernels of one graph launch do not run at once on one stream. */
#define ATTRIBUTION_CHECK_GRAPH 16u
/* A kernel that went on for so long (ns) after so many later kernels of its stream had run one after another did not. */
#define ATTRIBUTION_CHECK_SUCCESSORS 4u
#define ATTRIBUTION_CHECK_OVERRUN    100000000u
/* By how many ns GPU work may appear to start before its launch: the two clocks are synchronised only occasionally. */
#define ATTRIBUTION_CHECK_EARLY 10000000u
/* By how many ns GPU work may end after the last host event. */
#define ATTRIBUTION_CHECK_LATE 3600000000000u

typedef struct {
    trace_gpu_event event;
    bool first;      /* the first record of its call on its stream */
    bool overlapped; /* the next record of its stream starts before this one ends */
    bool impossible; /* its times are invalid; set when it is removed */
} attribution_checked;

#define ATTRIBUTION_CHECK_STREAMS 256u

/* The latest record of a stream among those that cannot overlap. */
typedef struct {
    uint32_t queue, correlation;
    uint32_t newest; /* the record's number, plus 1; 0: none */
    uint64_t end;
} attribution_check_stream;

/* Empty when zeroed. */
typedef struct {
    attribution_checked window[ATTRIBUTION_CHECK_WINDOW]; /* a ring, by the record's number */
    uint32_t head, tail;
    attribution_check_stream streams[ATTRIBUTION_CHECK_STREAMS];
    bool has_wrong_launch;
    uint32_t wrong_launch; /* correlation id of the latest graph launch with impossible times */
} attribution_record_check;

/* Returns the slot of the record with this number, which must be in the window. */
static inline attribution_checked *attribution_record_check_slot(attribution_record_check *c,
                                                                 uint32_t number) {
    return &c->window[number % ATTRIBUTION_CHECK_WINDOW];
}

/* Sets `impossible` of the oldest record, which belongs to a graph or is overlapped. */
void attribution_record_check_decide(attribution_record_check *c);

/* Removes the oldest record and returns it, valid until the next one is added; NULL when the window is empty. */
static inline const attribution_checked *attribution_record_check_take(attribution_record_check *c) {
    if (c->tail == c->head) {
        return NULL;
    }
    const attribution_checked *oldest = attribution_record_check_slot(c, c->tail);
    if (oldest->overlapped || oldest->event.graph != 0) {
        attribution_record_check_decide(c);
    }
    c->tail++;
    return oldest;
}

/* Removes the oldest record and returns it if the window is full; else returns NULL. */
static inline const attribution_checked *attribution_record_check_make_room(attribution_record_check *c) {
    bool full = c->head - c->tail == ATTRIBUTION_CHECK_WINDOW;
    return full ? attribution_record_check_take(c) : NULL;
}

/* Returns whether a record must start after the end of the preceding one of its stream. Transfers may appear to overlap: a copy
 * of pageable memory is made in parts. Those of graphs have the times of their launch. Work in loops and branches of graphs
 * has correlation id 0 and is reported in any order. */
static inline bool attribution_record_check_takes_turns(const trace_gpu_event *e) {
    if (e->graph != 0) {
        return e->timed && e->correlation != 0;
    }
    return e->timed && e->kind == TRACE_GPU_KERNEL;
}

/* Adds a record; the window must not be full. Sets `overlapped` of the preceding record of its stream if that ends later than
 * this one starts. */
static inline void attribution_record_check_put(attribution_record_check *c, const trace_gpu_event *e) {
    uint32_t number = c->head++;
    attribution_checked *slot = attribution_record_check_slot(c, number);
    slot->event = *e;
    slot->first = slot->overlapped = slot->impossible = false;
    if (!attribution_record_check_takes_turns(e)) {
        return;
    }
    attribution_check_stream *s = &c->streams[e->queue % ATTRIBUTION_CHECK_STREAMS];
    uint32_t previous = s->newest - 1;
    bool same = s->newest != 0 && s->queue == e->queue;
    slot->first = !same || s->correlation != e->correlation;
    if (same && s->end > e->start && previous - c->tail < number - c->tail) {
        attribution_record_check_slot(c, previous)->overlapped = true;
    }
    *s = (attribution_check_stream){e->queue, e->correlation, number + 1, e->end};
}

#endif
