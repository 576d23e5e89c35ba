/* The ranges that are open while a trace is read for export, and what becomes a row when they close. */
#ifndef EVENTS_EVENT_RANGE_STACK_H
#define EVENTS_EVENT_RANGE_STACK_H

#include "analysis/base/u64_map.h"
#include "analysis/events/event_types.h"

typedef struct {
    events_range row;
    bool wanted, matches; /* to be a row; its name matches the filter */
    bool closed;
    uint32_t pushed; /* a push: 1 + place of the open push of its domain below it; 0: there is none */
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

/* Of one trace. A zeroed one has nothing open. */
typedef struct {
    events_stack *stacks; /* by thread */
    size_t count, cap;
    base_map by_id;  /* id of an open start/end range -> thread */
    base_map place;  /* and -> its place in the thread's list */
    base_map pushed; /* thread and domain -> 1 + place of the innermost open push */
    base_map early;  /* id of an END that was read before its START -> ends */
    events_early_end *ends;
    size_t end_count, end_cap;
    const char *glob; /* or NULL */
    void (*emit)(void *ctx, const events_range *row);
    void *ctx;
} events_stacks;

/* Whether what happens on the thread now is wanted. */
bool events_stacks_wants(events_stacks *s, uint32_t thread);

/* A range opens: its row without an end; `name` is its name's text. */
void events_stacks_open(events_stacks *s, const events_range *row, const char *name);

/* A push/pop range of `domain` closes. */
void events_stacks_pop(events_stacks *s, uint32_t thread, uint32_t domain, uint64_t time);

/* The start/end range `id` closes on `thread`. */
void events_stacks_end(events_stacks *s, uint32_t thread, uint64_t id, uint64_t time);

/* Closes what is open, at `time`, and frees what it holds. */
void events_stacks_finish(events_stacks *s, uint64_t time);

#endif
