/* What the GPU and the host did in spans, and when that is complete. It takes a stream of events, so that another
 * thread can add up while ranges go on, and needs nothing of theirs. */
#ifndef ATTRIBUTION_SPAN_ACCUMULATOR_H
#define ATTRIBUTION_SPAN_ACCUMULATOR_H

#include "analysis/attribution/gpu_busy.h"
#include "analysis/attribution/gpu_totals.h"
#include "analysis/attribution/phases.h"
#include "analysis/attribution/span_breakdown.h"
#include "analysis/base/batch_queue.h"

/* Of one span. */
typedef struct {
    attribution_phase phase;
    bool step; /* a step of decode, whose parent is its decode */
    bool closed;
    bool wanted; /* on_sample is to have it: what comes after that is not in its detail */
    uint32_t parent, group;
    uint32_t part;         /* of a step: its part of the decode's busy; else 0 */
    uint64_t start, end;   /* ns; end only when closed */
    uint64_t gpu_end;      /* when the last GPU work launched inside ended; 0 without any */
    uint64_t kernels;      /* launched inside */
    uint64_t untimed;      /* of those: without a time */
    uint64_t gpu_sum;      /* of all work launched inside, overlapping parts more than once */
    attribution_busy busy; /* of kernels, copies and memsets launched inside; of a step its decode's counts */
    uint64_t enqueued, arrived;    /* calls that enqueue work inside, and pieces of work that ran */
    uint64_t touched;              /* `pieces` when it last got some of these */
    uint64_t closed_at;            /* `closings` when it closed */
    attribution_breakdown *detail; /* when there is an on_sample, until that has it; NULL: nothing so far */
} attribution_span_work;

typedef enum {
    ATTRIBUTION_SPAN_OPENED,
    ATTRIBUTION_SPAN_LEFT,
    ATTRIBUTION_SPAN_CALLED,
    ATTRIBUTION_SPAN_RAN,
    ATTRIBUTION_SPAN_UNATTRIBUTED
} attribution_span_event_kind;

/* Spans are numbered in the order in which they are opened; BASE_NONE is none. */
typedef struct {
    attribution_span_event_kind kind;
    uint32_t span; /* OPENED: the one around; else the innermost */
    union {
        struct {
            uint64_t start;
            uint32_t group;
            attribution_phase phase;
            bool step, wanted;
        } opened;
        struct {              /* a range was closed */
            uint64_t ns, end; /* ns: on the host, without the ranges inside */
            uint32_t node;    /* of the range tree */
            uint32_t closed;  /* the span that closed with it, or BASE_NONE */
        } left;
        struct {
            uint64_t start, end;
            names_call_kind kind; /* ENQUEUE or SYNC */
        } called;
        struct {
            uint64_t start, end;
            uint32_t node; /* of the range tree; BASE_NONE: it is not known so far */
            uint32_t name; /* of a kernel; BASE_NONE of copies and memsets */
            bool kernel, timed;
        } ran;
        struct { /* a kernel is unattributed */
            uint64_t ns;
            uint32_t name;
        } unattributed;
    };
} attribution_span_event;

/* A span that is no warm-up is closed and got no work for long, or the file is at its end. The detail is the
 * callee's from now on (NULL: there was nothing); that of a decode holds that of its steps. */
typedef void attribution_on_sample(void *ctx, uint32_t span, const attribution_span_work *work,
                                   attribution_breakdown *detail);

/* A zeroed one is empty. */
typedef struct {
    attribution_span_work *list; /* by span */
    size_t count, cap;
    size_t settled;                   /* spans before this one are closed, and got no work for long */
    uint64_t pieces;                  /* calls and GPU records that spans took */
    uint64_t closings;                /* ranges that were closed */
    attribution_on_sample *on_sample; /* or NULL: no details are made */
    void *on_sample_ctx;
    attribution_breakdowns details;
    attribution_totals totals;
    bool threaded; /* another thread adds up: */
    base_queue queue;
} attribution_accumulator;

/* From now on another thread adds up, if one can be had; on_sample is called there. */
void attribution_accumulator_start(attribution_accumulator *w);

void attribution_accumulator_event(attribution_accumulator *w, const attribution_span_event *e);

/* There will be no more events: on_sample gets what is closed and was not given to it so far. From now on the
 * list may be used. */
void attribution_accumulator_settle(attribution_accumulator *w);

void attribution_accumulator_free(attribution_accumulator *w);

#endif
