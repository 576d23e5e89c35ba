/* The ranges that are open while a trace is read for export, and what becomes a row when they close. */
#ifndef ANALYSIS_EXPORT_STACK_H
#define ANALYSIS_EXPORT_STACK_H

#include "analysis/export_rows.h"

typedef struct {
    analysis_event_range row;
    bool wanted, matches; /* to be a row; its name is what the filter asks for */
    bool closed;
} analysis_open_row;

typedef struct {
    analysis_open_row *list;
    size_t depth, cap;
    uint64_t matching;             /* open ranges whose names the filter asks for */
    uint64_t last_start, last_end; /* of the row that closed last; 0 at first */
} analysis_stack;

typedef struct {
    uint64_t time;
    uint32_t thread;
} analysis_early_end;

/* Of one trace. A zeroed one has nothing open. */
typedef struct {
    analysis_stack *stacks; /* by thread */
    size_t count, cap;
    analysis_map by_id; /* id of an open start/end range -> thread */
    analysis_map early; /* id of an END that was read before its START -> ends */
    analysis_early_end *ends;
    size_t end_count, end_cap;
    const char *glob; /* or NULL */
    void (*emit)(void *ctx, const analysis_event_range *row);
    void *ctx;
} analysis_stacks;

/* Whether what happens on the thread now is wanted. */
bool analysis_stacks_wants(analysis_stacks *s, uint32_t thread);

/* A range opens: its row without an end; `name` is its name's text. */
void analysis_stacks_open(analysis_stacks *s, const analysis_event_range *row, const char *name);

/* A push/pop range of `domain` closes. */
void analysis_stacks_pop(analysis_stacks *s, uint32_t thread, uint32_t domain, uint64_t time);

/* The start/end range `id` closes on `thread`. */
void analysis_stacks_end(analysis_stacks *s, uint32_t thread, uint64_t id, uint64_t time);

/* Closes what is open, at `time`, and frees what it holds. */
void analysis_stacks_finish(analysis_stacks *s, uint64_t time);

#endif
