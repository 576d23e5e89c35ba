/* The stacks of open ranges while a trace is read for export; a range becomes a row when it closes. */
#ifndef EVENTS_EVENT_RANGE_STACK_H
#define EVENTS_EVENT_RANGE_STACK_H

#include "analysis/base/u64_map.h"
#include "analysis/events/event_types.h"

typedef struct {
    events_range row;
    bool wanted, matches; /* it becomes a row; its name matches the filter */
    bool closed;
    uint32_t pushed; /* of a push: 1 + index of the enclosing open push of its domain; 0: none */
} events_open_row;

typedef struct {
    events_open_row *list;
    size_t depth, cap;
    uint64_t matching;             /* open ranges whose names match the filter */
    uint64_t last_start, last_end; /* of the row that closed last; 0 at first */
} events_stack;

typedef struct {
    uint64_t time;
    uint32_t thread;
} events_early_end;

/* The stacks of one trace; zeroed: none. All times are ns. */
typedef struct {
    events_stack *stacks; /* by thread */
    size_t count, cap;
    base_map by_id;  /* id of an open start/end range -> thread */
    base_map place;  /* the same id -> its index in that thread's list */
    base_map pushed; /* thread and domain -> 1 + index of the innermost open push */
    base_map early;  /* id of an END that was read before its START -> ends */
    events_early_end *ends;
    size_t end_count, end_cap;
    const char *glob; /* or NULL */
    void (*emit)(void *ctx, const events_range *row);
    void *ctx;
} events_stacks;

/* Returns whether an event on the thread now passes the filter: it lies inside a range whose name matches. */
bool events_stacks_wants(events_stacks *s, uint32_t thread);

/* Opens a range: *row without its end, and the text of its name. */
void events_stacks_open(events_stacks *s, const events_range *row, const char *name);

/* Closes the innermost push/pop range of `domain` on `thread`; ignored if none is open. */
void events_stacks_pop(events_stacks *s, uint32_t thread, uint32_t domain, uint64_t time);

/* Closes the start/end range `id`, ended by `thread`, or keeps the end until its start is read. */
void events_stacks_end(events_stacks *s, uint32_t thread, uint64_t id, uint64_t time);

/* Closes all open ranges at `time`, marked as left open, and frees the stacks. */
void events_stacks_finish(events_stacks *s, uint64_t time);

#endif
