/* The ranges that each thread has open.
 *
 * Push/pop ranges of the default domain nest per thread. Those of another domain are counted per (thread,
 * domain) and do nothing else. A start/end range is open on the thread that started it until its END is read,
 * and takes its place in that thread's nesting where it started. */
#ifndef ATTRIBUTION_RANGE_STACK_H
#define ATTRIBUTION_RANGE_STACK_H

#include "analysis/attribution/phase_spans.h"
#include "analysis/attribution/profiling_windows.h"
#include "analysis/attribution/range_tree.h"
#include "trace/trace.h"

/* An expert's range that lies in no other expert's was opened. */
typedef struct {
    uint32_t thread; /* number of the thread, in the order in which threads were seen */
    uint32_t node;
    uint32_t span; /* or BASE_NONE */
    bool first;    /* of a visit to its layer */
    bool counted;  /* the range said how many tokens */
    uint64_t tokens;
} attribution_expert_event;

typedef void attribution_on_expert(void *ctx, const attribution_expert_event *e);

typedef struct attribution_range_thread attribution_range_thread;

/* Zeroed but for the first block, which is given. */
typedef struct {
    names_table *names;
    attribution_tree *tree;
    attribution_spans *spans;
    attribution_windows *windows;
    attribution_on_expert *on_expert; /* or NULL */
    void *on_expert_ctx;

    attribution_range_thread *threads;
    size_t thread_count, thread_cap;
    base_map by_thread; /* the trace's thread index -> threads */
    bool any_thread;    /* what follows is known: */
    uint32_t last_index, last_thread;
    uint64_t *domain_depths; /* what a thread has open in a domain that is not the default one */
    size_t domain_count, domain_cap;
    base_map by_domain;      /* thread and domain -> domain_depths */
    base_map by_start;       /* id of an open start/end range -> threads */
    base_map place_of_start; /* and its place on that thread's stack */
    base_map early_ends;     /* id of an END whose START was not read so far -> early_times */
    uint64_t *early_times;
    size_t early_count, early_cap;
    uint64_t pops_without_push, ends_without_start;
} attribution_range_stack;

/* Adds a PUSH, POP, START, END or MARK event; others are ignored. */
void attribution_stack_event(attribution_range_stack *s, const trace_host_event *e);

/* The innermost range that is open on `thread`, by the trace's index, at `time`: its node (ATTRIBUTION_ROOT outside
 * every range) and its span (or BASE_NONE). */
void attribution_stack_owner(attribution_range_stack *s, uint32_t thread, uint64_t time, uint32_t *node,
                             uint32_t *span);

/* The name indices of the innermost request and the innermost step that are open on a thread, which is given as
 * attribution_expert_event has it; BASE_NONE outside of any. */
void attribution_stack_open_request(const attribution_range_stack *s, uint32_t thread, uint32_t *request,
                                    uint32_t *step);

/* The file is at its end: closes the ranges whose END, from another thread, was read before their START. */
void attribution_stack_close_ended(attribution_range_stack *s);

/* Ranges that are open now, of every thread and domain. */
uint64_t attribution_stack_left_open(const attribution_range_stack *s);

void attribution_stack_free(attribution_range_stack *s);

#endif
