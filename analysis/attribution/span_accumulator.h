/* Sums of GPU work and host calls per span, and when they are complete. The input is a stream of events that is
 * independent of the ranges' data, so that another thread can process it while reading goes on. */
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
    bool wanted; /* to be passed to on_sample, and has not been yet */
    uint32_t parent, group;
    uint32_t of;         /* the span that this one continues, after one around it closed; BASE_NONE: none */
    uint32_t part;       /* of a step: its part in the busy time of its decode; else 0 */
    uint64_t start, end; /* ns; end only when closed */
    uint64_t gpu_end;    /* ns, latest end of GPU work launched inside; 0 without any */
    uint64_t kernels;    /* launched inside */
    uint64_t untimed;    /* of those: without times */
    uint64_t gpu_sum;    /* ns, sum of the durations of all work launched inside */
    attribution_busy
        busy; /* of kernels, copies and memsets launched inside; steps use that of their decode */
    uint64_t enqueued, arrived; /* calls inside that enqueue work, and GPU records of work launched inside */
    uint64_t touched;           /* value of `pieces` at the last of these */
    uint64_t closed_at;         /* value of `closings` when it closed */
    attribution_breakdown *detail; /* with an on_sample: its breakdown so far, NULL if empty or passed on */
} attribution_span_work;

typedef enum {
    ATTRIBUTION_SPAN_OPENED,
    ATTRIBUTION_SPAN_REGROUPED, /* its k was observed, and is not that of the ranges around it */
    ATTRIBUTION_SPAN_LEFT,
    ATTRIBUTION_SPAN_CALLED,
    ATTRIBUTION_SPAN_CALLED_BEHIND, /* after the span, on its thread */
    ATTRIBUTION_SPAN_RAN,
    ATTRIBUTION_SPAN_UNATTRIBUTED
} attribution_span_event_kind;

/* Spans are numbered from 0 in the order of opening; BASE_NONE is none. All times are ns. */
typedef struct {
    attribution_span_event_kind kind;
    uint32_t span; /* OPENED: the enclosing span; else the innermost one */
    union {
        struct {
            uint64_t start;
            uint32_t group;
            attribution_phase phase;
            bool step, wanted;
            uint32_t of; /* the span that it continues, or BASE_NONE */
        } opened;
        uint32_t regrouped;   /* the group that it belongs to */
        struct {              /* the end of a range */
            uint64_t ns, end; /* ns: exclusive host time */
            uint32_t node;    /* of the range tree */
            uint32_t closed;  /* the span that ended with it, or BASE_NONE */
        } left;
        struct {
            uint64_t start, end;
            names_call_kind kind; /* ENQUEUE or SYNC */
        } called;
        struct {
            uint64_t start, end;
            uint32_t node; /* of the range tree; BASE_NONE: not known yet */
            uint32_t name; /* name index of a kernel; BASE_NONE for copies and memsets */
            bool kernel, timed;
        } ran;
        struct { /* an unattributed kernel */
            uint64_t ns;
            uint32_t name;
        } unattributed;
    };
} attribution_span_event;

/* A callback for each complete sample: a closed span outside of warm-up that has received no work for long, or any at the
 * end of the trace. The callee owns `detail`, which is NULL when empty; a decode's includes its steps'. */
typedef void attribution_on_sample(void *ctx, uint32_t span, const attribution_span_work *work,
                                   attribution_breakdown *detail);

/* A zeroed one is empty. */
typedef struct {
    attribution_span_work *list; /* by span */
    size_t count, cap;
    size_t settled;                   /* all spans before this index are complete */
    uint64_t pieces;                  /* calls and GPU records added to spans */
    uint64_t closings;                /* ranges closed */
    attribution_on_sample *on_sample; /* NULL: no breakdowns are made */
    void *on_sample_ctx;
    attribution_breakdowns details;
    attribution_totals totals;
    bool threaded; /* events go through `queue` to another thread */
    base_queue queue;
} attribution_accumulator;

/* Moves the processing of events, and calls of on_sample, to another thread; without effect if none can be started. */
void attribution_accumulator_start(attribution_accumulator *w);

/* Adds an event. */
void attribution_accumulator_event(attribution_accumulator *w, const attribution_span_event *e);

/* Ends the stream: joins the thread, and calls on_sample for closed spans that were not passed yet. The members of *w may
 * be read only after it. */
void attribution_accumulator_settle(attribution_accumulator *w);

void attribution_accumulator_free(attribution_accumulator *w);

#endif
