/* Reading of one source into the event store: its definitions, and its events. */
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
    base_set *calls, *kept; /* correlation ids of all calls, and of those that became rows */
    base_sorter *gpu;       /* GPU rows before the filter is applied */
    size_t first_queue, first_definition;
    uint32_t place; /* of the next copy */
    bool imported;
    events_store_progress *progress;
    void *progress_ctx;
} events_reading;

/* Before a source is read: set the callbacks for its definitions, and for its events. The ctx of visitor and extras is
 * `rd`. */
void events_rows_begin_definitions(events_reading *rd, trace_visitor *visitor);
void events_rows_begin_events(events_reading *rd, trace_visitor *visitor, input_extras *extras);

/* After a source was read, completely or not, in this order: _events closes open ranges, _definitions numbers the devices
 * and frees the maps of the source's ids. */
void events_rows_finish_events(events_reading *rd);
void events_rows_finish_definitions(events_reading *rd);

/* Returns the name index of a string id: "" for 0, "#ID" if its definition was lost. */
uint32_t events_rows_name(events_reading *rd, uint32_t id);

/* The same for the name of a CUDA call, as other tools write it. */
uint32_t events_rows_call_name(events_reading *rd, uint32_t id);

/* Return the index of a thread, a queue, a shape; an entry is added for an id whose definition was lost. */
uint32_t events_rows_thread(events_reading *rd, uint32_t index);
uint32_t events_rows_queue(events_reading *rd, uint32_t id);
uint32_t events_rows_shape(events_reading *rd, uint32_t id);

/* Returns the domain index of a string id; BASE_NONE for 0, the default domain. */
uint32_t events_rows_domain(events_reading *rd, uint32_t id);

/* Converts a time of the source (ns) to the first source's clock. */
static inline uint64_t events_rows_shifted(const events_reading *rd, uint64_t time) {
    return time + (uint64_t)rd->source->shift;
}

#endif
