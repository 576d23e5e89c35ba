/* The parts of the pass that makes rows (event_store.h) of traces: their definitions, and their events. */
#ifndef EVENTS_EVENT_STORE_INTERNAL_H
#define EVENTS_EVENT_STORE_INTERNAL_H

#include "analysis/base/u64_set.h"
#include "analysis/events/event_range_stack.h"
#include "analysis/events/event_types.h"
#include "analysis/input/capture_extras.h"

typedef struct {
    events_store *rows;
    const events_store_filter *filter;
    events_source *source; /* may move between traces, not within one */
    uint32_t number;       /* of the source */
    uint64_t from, to;     /* the window, as times of rows; to is UINT64_MAX without one */
    base_map strings, threads, queues, shapes, domains; /* the trace's ids -> indices into rows */
    events_stacks stacks;
    base_set *calls, *kept; /* correlation ids of all calls; of those that are rows */
    base_sorter *gpu;       /* where GPU rows go first */
    size_t first_queue, first_definition;
    uint32_t place; /* that of the next copy */
    bool imported;
    events_store_progress *progress;
    void *progress_ctx;
} events_reading;

/* Before a source is read: sets what takes its definitions, and its events. The visitor's and the extras' ctx
 * is the reading. */
void events_rows_begin_definitions(events_reading *rd, trace_visitor *visitor);
void events_rows_begin_events(events_reading *rd, trace_visitor *visitor, input_extras *extras);

/* After it, also when it could not be read to its end: first closes what is open, then numbers the devices
 * and forgets the source's ids. */
void events_rows_finish_events(events_reading *rd);
void events_rows_finish_definitions(events_reading *rd);

/* The index into names of a string id: empty for 0; one whose definition was lost is "#ID". */
uint32_t events_rows_name(events_reading *rd, uint32_t id);

/* The same for the name of a call, as other tools know it. */
uint32_t events_rows_call_name(events_reading *rd, uint32_t id);

/* The index into rows of a thread, a queue, a shape; one is made for an id whose definition was lost. */
uint32_t events_rows_thread(events_reading *rd, uint32_t index);
uint32_t events_rows_queue(events_reading *rd, uint32_t id);
uint32_t events_rows_shape(events_reading *rd, uint32_t id);

/* The index into domains; BASE_NONE for 0, the default domain. */
uint32_t events_rows_domain(events_reading *rd, uint32_t id);

/* A time of the source on the first source's clock. */
static inline uint64_t events_rows_shifted(const events_reading *rd, uint64_t time) {
    return time + (uint64_t)rd->source->shift;
}

#endif
