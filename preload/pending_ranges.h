/* What opens and closes ranges must not be lost one-sidedly: a range whose end is missing would stay open for
 * ever, and one whose beginning is missing would close another. For lack of memory such events wait here, in
 * the thread's own struct, until there is room again. A range that begins and ends meanwhile is lost whole.
 */
#ifndef PRELOAD_PENDING_RANGES_H
#define PRELOAD_PENDING_RANGES_H

#include "trace/trace.h"

#include <stdbool.h>

#define PRELOAD_PENDING_RANGES 32u

typedef struct {
    trace_host_event event;
    uint32_t more; /* further ones of the same kind and domain: pushes without names, pops of one time */
    bool stripped; /* only such further ones are left */
} preload_kept;

typedef struct {
    uint32_t count;
    preload_kept kept[PRELOAD_PENDING_RANGES]; /* of each domain first pops, then pushes */
} preload_pending_ranges;

/* Keeps an event if it is one that must be kept. False: it is lost, or what it ends, with it. */
bool preload_pending_ranges_keep(preload_pending_ranges *b, const trace_host_event *e);
/* The oldest; NULL when there is none. */
const trace_host_event *preload_pending_ranges_first(const preload_pending_ranges *b);
/* The oldest has been appended. False when its name is missing all the same. */
bool preload_pending_ranges_settled(preload_pending_ranges *b);

#endif
