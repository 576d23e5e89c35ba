/* The parts of the pass that makes rows (export_rows.h) of traces: their definitions, and their events. */
#ifndef ANALYSIS_EXPORT_ROWS_PARTS_H
#define ANALYSIS_EXPORT_ROWS_PARTS_H

#include "analysis/export_bits.h"
#include "analysis/export_rows.h"
#include "analysis/export_stack.h"
#include "analysis/import.h"

typedef struct {
    analysis_events *rows;
    const analysis_events_filter *filter;
    analysis_event_source *source; /* may move between traces, not within one */
    uint32_t number;               /* of the source */
    uint64_t from, to;             /* the window, as times of rows; to is UINT64_MAX without one */
    analysis_map strings, threads, queues, shapes, domains; /* the trace's ids -> indices into rows */
    analysis_stacks stacks;
    analysis_bits *calls, *kept; /* correlation ids of all calls; of those that are rows */
    analysis_sorter *gpu;        /* where GPU rows go first */
    size_t first_queue, first_definition;
    uint32_t place; /* that of the next copy */
    bool imported;
    analysis_events_progress *progress;
    void *progress_ctx;
} analysis_reading;

/* Before a source is read: sets what takes its definitions, and its events. The visitor's and the extras' ctx
 * is the reading. */
void analysis_rows_begin_definitions(analysis_reading *rd, trace_visitor *visitor);
void analysis_rows_begin_events(analysis_reading *rd, trace_visitor *visitor, analysis_import_extras *extras);

/* After it, also when it could not be read to its end: first closes what is open, then numbers the devices
 * and forgets the source's ids. */
void analysis_rows_finish_events(analysis_reading *rd);
void analysis_rows_finish_definitions(analysis_reading *rd);

/* The index into names of a string id: empty for 0; one whose definition was lost is "#ID". */
uint32_t analysis_rows_name(analysis_reading *rd, uint32_t id);

/* The same for the name of a call, as other tools know it. */
uint32_t analysis_rows_call_name(analysis_reading *rd, uint32_t id);

/* The index into rows of a thread, a queue, a shape; one is made for an id whose definition was lost. */
uint32_t analysis_rows_thread(analysis_reading *rd, uint32_t index);
uint32_t analysis_rows_queue(analysis_reading *rd, uint32_t id);
uint32_t analysis_rows_shape(analysis_reading *rd, uint32_t id);

/* The index into domains; ANALYSIS_NONE for 0, the default domain. */
uint32_t analysis_rows_domain(analysis_reading *rd, uint32_t id);

/* A time of the source on the first source's clock. */
static inline uint64_t analysis_rows_shifted(const analysis_reading *rd, uint64_t time) {
    return time + (uint64_t)rd->source->shift;
}

#endif
