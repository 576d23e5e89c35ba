/* Range events that wait for memory. A range must not lose only its beginning or only its end: without its end it would stay
 * open, and without its beginning its end would close another range. When no memory is available, such events wait here, in
 * the thread's struct. A range that begins and ends in the meantime is lost completely. */
#ifndef PRELOAD_PENDING_RANGES_H
#define PRELOAD_PENDING_RANGES_H

#include "trace/trace.h"

#include <stdbool.h>

#define PRELOAD_PENDING_RANGES 32u

typedef struct {
    trace_host_event event;
    uint32_t more; /* number of further pushes without names, or pops at one time, of the same domain */
    bool stripped; /* only such further events are left */
} preload_kept;

typedef struct {
    uint32_t count;
    preload_kept kept[PRELOAD_PENDING_RANGES]; /* of each domain first pops, then pushes */
} preload_pending_ranges;

/* Keeps an event that begins or ends a range. False: the event is lost, together with the range that it ends. */
bool preload_pending_ranges_keep(preload_pending_ranges *b, const trace_host_event *e);
/* Returns the oldest event; NULL when there is none. */
const trace_host_event *preload_pending_ranges_first(const preload_pending_ranges *b);
/* Removes the oldest event, after it was appended. False when its name was lost. */
bool preload_pending_ranges_settled(preload_pending_ranges *b);

#endif
