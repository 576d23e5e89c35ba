/* The stacks of open ranges, one per thread.
 *
 * Push/pop ranges nest per thread and domain. Those of the default domain and of the domains that `domains` chooses are on the
 * stack; others are only counted (range_domains.h). A start/end range is on the stack of the thread that started it, at the depth where it started, until its END is read. */
#ifndef ATTRIBUTION_RANGE_STACK_H
#define ATTRIBUTION_RANGE_STACK_H

#include "analysis/attribution/late_tokens.h"
#include "analysis/attribution/phase_spans.h"
#include "analysis/attribution/profiling_windows.h"
#include "analysis/attribution/range_domains.h"
#include "analysis/attribution/range_tree.h"
#include "trace/trace.h"

/* The opening of an expert's range that is not nested in another expert's. */
typedef struct {
    uint32_t thread; /* thread number, from 0 in the order of first events */
    uint32_t node;   /* of the range tree */
    uint32_t span;   /* or BASE_NONE */
    bool first;      /* the first expert of a visit to its layer */
    bool counted;    /* the range has a number of tokens as its payload */
    uint64_t tokens;
    int64_t
        step_tokens; /* of the prefill or step around, as its payload says; 0: they differ; -1: not said */
} attribution_expert_event;

/* A callback for each such range, in the order of the file. */
typedef void attribution_on_expert(void *ctx, const attribution_expert_event *e);

typedef struct attribution_range_thread attribution_range_thread;

/* The caller sets the first block and zeroes the rest. */
typedef struct {
    names_table *names;
    attribution_tree *tree;
    attribution_spans *spans;
    attribution_windows *windows;
    attribution_on_expert *on_expert; /* or NULL */
    void *on_expert_ctx;
    attribution_domains domains; /* `choice` */

    attribution_range_thread *threads;
    size_t thread_count, thread_cap;
    base_map by_thread; /* the trace's thread index -> threads */
    bool any_thread;    /* the thread looked up last is cached: */
    uint32_t last_index, last_thread;
    base_map by_start;       /* id of an open start/end range -> threads */
    base_map place_of_start; /* the same id -> its index on that thread's stack */
    base_map early_ends;     /* id of an END that was read before its START -> early_times */
    uint64_t *early_times;
    size_t early_count, early_cap;
    uint64_t pops_without_push, ends_without_start;
    attribution_late_tokens late;
} attribution_range_stack;

/* Adds a PUSH, POP, START, END or MARK event; others are ignored. */
void attribution_stack_event(attribution_range_stack *s, const trace_host_event *e);

/* Returns the span of the phase that closed last on `thread`, and counts a call made after it; BASE_NONE: no phase closed, or
 * ATTRIBUTION_BUSY_BEHIND calls were made since then. */
uint32_t attribution_stack_span_behind(attribution_range_stack *s, uint32_t thread);

/* Stores the node (ATTRIBUTION_ROOT outside all ranges) and the span (or BASE_NONE) of the innermost range that is open at
 * `time` (ns) on `thread`, the trace's thread index. */
void attribution_stack_owner(attribution_range_stack *s, uint32_t thread, uint64_t time, uint32_t *node,
                             uint32_t *span);

/* Returns whether a range of a domain that owns no work is open on `thread`, the trace's index. */
bool attribution_stack_in_other_domain(attribution_range_stack *s, uint32_t thread);

/* Stores the name indices of the innermost open request and step of a thread, given as in attribution_expert_event;
 * BASE_NONE without one. */
void attribution_stack_open_request(const attribution_range_stack *s, uint32_t thread, uint32_t *request,
                                    uint32_t *step);

/* Ends the trace: closes the ranges whose END, from another thread, was read before their START. */
void attribution_stack_close_ended(attribution_range_stack *s);

/* Returns the number of open ranges of all threads and domains. */
uint64_t attribution_stack_left_open(const attribution_range_stack *s);

void attribution_stack_free(attribution_range_stack *s);

#endif
