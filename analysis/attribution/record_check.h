/* GPU records whose times cannot be.
 *
 * CUPTI has been seen to give kernels the times of a later launch, times on another clock, and ends before starts. Such
 * records are counted, and their times are not used. Records pass through a window here, in which those that follow on
 * the same stream are seen: docs/attribution.md says what is impossible and what is not. */
#ifndef ATTRIBUTION_RECORD_CHECK_H
#define ATTRIBUTION_RECORD_CHECK_H

#include "trace/trace.h"

#include <stdbool.h>

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
    bool overlapped; /* the next record of its stream began before it ended */
    bool impossible; /* its times mean nothing; for whoever takes it out */
} attribution_checked;

#define ATTRIBUTION_CHECK_STREAMS 256u

/* A zeroed one is empty. */
typedef struct {
    attribution_checked window[ATTRIBUTION_CHECK_WINDOW]; /* a ring, by the record's number */
    uint32_t head, tail;
    struct {
        uint32_t queue, newest; /* number of the stream's newest record, plus 1 */
    } newest[ATTRIBUTION_CHECK_STREAMS];
    struct {
        uint32_t queue, correlation; /* of the last record that left */
    } left[ATTRIBUTION_CHECK_STREAMS];
    uint32_t wrong_launch; /* correlation id of a graph launch whose times are wrong; 0: none */
} attribution_record_check;

/* Takes out the oldest record; NULL when there is none. It may be used until the next is put in. */
const attribution_checked *attribution_record_check_take(attribution_record_check *c);

/* The same, when there is no room for one more; else NULL. */
const attribution_checked *attribution_record_check_make_room(attribution_record_check *c);

/* Puts a record in, for which there must be room. */
void attribution_record_check_put(attribution_record_check *c, const trace_gpu_event *e);

#endif
