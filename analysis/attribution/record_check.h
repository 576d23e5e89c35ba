/* GPU records whose times cannot be.
 *
 * CUPTI has been seen to report kernels with the times of a later launch, on another clock, or with ends before starts. Such
 * records are counted, and their times are not used. Records pass through a window here, in which those that follow on
 * the same stream are seen: docs/attribution.md defines which times are impossible. */
#ifndef ATTRIBUTION_RECORD_CHECK_H
#define ATTRIBUTION_RECORD_CHECK_H

#include "trace/trace.h"

#include <stdbool.h>
#include <stddef.h>

/* Records that are looked at together. */
#define ATTRIBUTION_CHECK_WINDOW 256u
/* So many kernels of one stream do not run at once: no GPU has room for more kernels. */
#define ATTRIBUTION_CHECK_AT_ONCE 128u
/* So many kernels of one graph launch do not all run at once on one stream. */
#define ATTRIBUTION_CHECK_GRAPH 16u
/* How much earlier than its launch GPU work may seem to start, ns: the two clocks are compared now and then only. */
#define ATTRIBUTION_CHECK_EARLY 10000000u
/* How much later than the last event of the host GPU work may end, ns. */
#define ATTRIBUTION_CHECK_LATE 3600000000000u

typedef struct {
    trace_gpu_event event;
    bool first;      /* of its call on its stream */
    bool overlapped; /* the next record of its stream began before it ended */
    bool impossible; /* its times mean nothing; set when it is taken out */
} attribution_checked;

#define ATTRIBUTION_CHECK_STREAMS 256u

/* The newest record of a stream whose records cannot overlap. */
typedef struct {
    uint32_t queue, correlation;
    uint32_t newest; /* the record's number, plus 1; 0: none */
    uint64_t end;
} attribution_check_stream;

/* A zeroed one is empty. */
typedef struct {
    attribution_checked window[ATTRIBUTION_CHECK_WINDOW]; /* a ring, by the record's number */
    uint32_t head, tail;
    attribution_check_stream streams[ATTRIBUTION_CHECK_STREAMS];
    bool has_wrong_launch;
    uint32_t wrong_launch; /* correlation id of the newest graph launch whose times are wrong */
} attribution_record_check;

static inline attribution_checked *attribution_record_check_slot(attribution_record_check *c,
                                                                 uint32_t number) {
    return &c->window[number % ATTRIBUTION_CHECK_WINDOW];
}

/* Sets `impossible` of the oldest record, which is of a graph or overlapped. */
void attribution_record_check_decide(attribution_record_check *c);

/* Takes out the oldest record; NULL when there is none. It may be used until the next is put in. */
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

/* The same, when there is no room for one more; else NULL. */
static inline const attribution_checked *attribution_record_check_make_room(attribution_record_check *c) {
    bool full = c->head - c->tail == ATTRIBUTION_CHECK_WINDOW;
    return full ? attribution_record_check_take(c) : NULL;
}

/* Whether a record begins only after the one before it on its stream has ended. Transfers may seem to overlap: a copy
 * of pageable memory is made in parts. Those of graphs have the times of their launch. What runs in loops and branches of
 * graphs has correlation id 0 and comes in any order. */
static inline bool attribution_record_check_takes_turns(const trace_gpu_event *e) {
    if (e->graph != 0) {
        return e->timed && e->correlation != 0;
    }
    return e->timed && e->kind == TRACE_GPU_KERNEL;
}

/* Puts a record in, for which there must be room, and notes whether the one before it on its stream had not ended. */
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
