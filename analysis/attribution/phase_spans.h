/* Spans: the occurrences of phases (vision, prefill, decode), each of which is one sample of its latency, and of
 * the steps of decode, which lie in the span of their decode. */
#ifndef ATTRIBUTION_PHASE_SPANS_H
#define ATTRIBUTION_PHASE_SPANS_H

#include "analysis/attribution/range_tree.h"
#include "analysis/attribution/span_accumulator.h"

typedef struct {
    attribution_phase phase;
    bool step; /* a range decode.N, whose parent is the span of its decode */
    bool closed;
    uint32_t parent; /* the span around it, or BASE_NONE */
    uint32_t group;
    uint32_t request;    /* number of the range sample.N or warmup.N around, or BASE_NONE */
    uint32_t number;     /* of a step: N; else BASE_NONE */
    uint32_t thread;     /* number of the thread, as attribution_expert_event has it */
    uint32_t steps;      /* DECODE: ranges decode.N inside */
    uint32_t visits;     /* times that work came to a layer's experts */
    uint64_t active;     /* over all visits: experts with at least one token, or without a count of them */
    uint64_t start, end; /* ns; end only when closed */
    /* From attribution_spans_settle on, as in its attribution_span_work: */
    uint64_t gpu_end, kernels, gpu_sum;
    uint64_t untimed; /* kernels without a time */
    uint32_t part;
    attribution_busy busy;
} attribution_span;

typedef struct {
    const attribution_tree *tree;
    attribution_span *list; /* by span, in the order in which they were opened */
    size_t count, cap;
    bool with_steps; /* steps of decode are spans, too */
    attribution_accumulator accumulator;
} attribution_spans;

/* The range with the name at `index`, of `node`, was opened on `thread`. `around` is the span around it and
 * `request` the number of the request around it, or BASE_NONE. Returns the span that the range belongs to: a
 * new one, `around`, or BASE_NONE. */
uint32_t attribution_spans_enter(attribution_spans *spans, uint32_t thread, uint32_t around, uint32_t request,
                                 uint32_t index, uint32_t node, uint64_t time);

/* The span of the phase that `span`, which may be a step or BASE_NONE, belongs to. */
uint32_t attribution_spans_phase_of(const attribution_spans *spans, uint32_t span);

/* A range of `node` in `span` (or in none) was closed; it took so long on the host, without the ranges
 * inside. `closed` is the span that closes with it, or BASE_NONE. */
void attribution_spans_leave(attribution_spans *spans, uint32_t span, uint32_t node, uint64_t ns,
                             uint32_t closed, uint64_t time);

/* There will be no more events: the accumulator's sums become the spans', busy times are complete. On at most
 * `jobs` threads. */
void attribution_spans_settle(attribution_spans *spans, unsigned jobs);

void attribution_spans_free(attribution_spans *spans);

#endif
