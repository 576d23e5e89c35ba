/* Spans: the single occurrences of phases (vision, prefill, decode), each one sample of the phase's latency, and of the
 * steps of decode, which are nested in the span of their decode. */
#ifndef ATTRIBUTION_PHASE_SPANS_H
#define ATTRIBUTION_PHASE_SPANS_H

#include "analysis/attribution/range_tree.h"
#include "analysis/attribution/span_accumulator.h"

typedef struct {
    attribution_phase phase;
    bool step; /* a range decode.N, whose parent is the span of its decode */
    bool closed;
    uint32_t parent; /* the span around it, or BASE_NONE */
    uint32_t of;     /* the span that this one continues, after one around it closed; BASE_NONE: none */
    uint32_t group;
    uint32_t request;          /* N of the enclosing range sample.N or warmup.N, or BASE_NONE */
    uint32_t number;           /* N of a step; else BASE_NONE */
    uint32_t requests, tokens; /* counts that the name of a server's step holds; else BASE_NONE */
    uint32_t thread;           /* thread number, as in attribution_expert_event */
    uint32_t steps;            /* DECODE: number of ranges decode.N inside */
    uint32_t visits;           /* number of visits: executions of the experts of one layer */
    uint64_t active;     /* sum over the visits: experts with at least one token, or with an unknown number */
    uint64_t start, end; /* ns; end only when closed */
    /* Set by attribution_spans_settle, as in attribution_span_work: */
    uint64_t gpu_end, kernels, gpu_sum;
    uint64_t untimed; /* kernels without a time */
    uint32_t part;
    attribution_busy busy;
} attribution_span;

typedef struct {
    const attribution_tree *tree;
    attribution_span *list; /* in the order of opening */
    size_t count, cap;
    bool with_steps; /* steps of decode have spans of their own */
    attribution_accumulator accumulator;
} attribution_spans;

/* Opens a range on `thread` at `time` (ns): its name index is `index`, its node in the range tree `node`, the enclosing
 * span `around` and the number of the enclosing request `request`, both or BASE_NONE. `phase_ends` has, for each phase, the
 * latest end (ns) of the thread's closed spans. Returns the span that the range belongs to: a new one, `around`, or
 * BASE_NONE. */
uint32_t attribution_spans_enter(attribution_spans *spans, uint32_t thread, uint32_t around, uint32_t request,
                                 uint32_t index, uint32_t node, uint64_t time, const uint64_t *phase_ends);

/* Returns the span for what follows in `span` after a range around it closed, so that only `around` (or BASE_NONE) contains it
 * now: `around` itself for a step. */
uint32_t attribution_spans_continue(attribution_spans *spans, uint32_t span, uint32_t around);

/* Returns the span of the phase that contains `span`, which may be a phase, a step or BASE_NONE. */
uint32_t attribution_spans_phase_of(const attribution_spans *spans, uint32_t span);

/* Closes a range of `node` in `span` (or BASE_NONE) at `time` (ns), after `ns` of exclusive host time. `closed` is the span
 * that ends with it, or BASE_NONE. */
void attribution_spans_leave(attribution_spans *spans, uint32_t span, uint32_t node, uint64_t ns,
                             uint32_t closed, uint64_t time);

/* Ends the trace: completes the sums and busy times of all spans, on at most `jobs` threads. */
void attribution_spans_settle(attribution_spans *spans, unsigned jobs);

/* The k of a request was observed, which began at `start` on `thread`: its spans so far belong to it. */
void attribution_spans_set_k(attribution_spans *spans, attribution_tree *tree, uint32_t thread,
                             uint64_t start, uint32_t k);

void attribution_spans_free(attribution_spans *spans);

#endif
