/* Spans: the occurrences of phases and of the steps of decode, what the GPU and the host did in them, and
 * when they are complete. */
#include "analysis/spans.h"

#include "analysis/memory.h"

/* After so many calls and GPU records the spans that got none of their last half are folded to a sum. */
#define SWEEP (1u << 18)
/* After so many, work that was launched and never ran is given up. */
#define WORK_LOST (8 * SWEEP)

/* ---- Opening ---- */

/* The span of `phase` among `span` and those around it, or ANALYSIS_NONE. */
static uint32_t span_of_phase(const analysis_ranges *r, uint32_t span, analysis_phase phase) {
    while (span != ANALYSIS_NONE && r->spans[span].phase != phase) {
        span = r->spans[span].parent;
    }
    return span;
}

uint32_t analysis_span_of_phase(const analysis_ranges *r, uint32_t span) {
    return span != ANALYSIS_NONE && r->spans[span].step ? r->spans[span].parent : span;
}

/* The number of the request around what is opened next, or ANALYSIS_NONE. */
static uint32_t request_around(const analysis_ranges *r, const analysis_thread *t) {
    for (size_t i = t->depth; i-- > 0;) {
        const analysis_name *name = &r->names->list[t->stack[i].name];
        if (name->role == ANALYSIS_ROLE_SAMPLE || name->role == ANALYSIS_ROLE_WARMUP) {
            return name->number;
        }
    }
    return ANALYSIS_NONE;
}

static uint32_t add_span(analysis_ranges *r, analysis_span span) {
    r->spans = analysis_grow(r->spans, &r->span_cap, r->span_count + 1, sizeof *r->spans);
    span.wanted = r->on_sample && !r->groups[span.group].warm;
    r->spans[r->span_count] = span;
    return (uint32_t)r->span_count++;
}

/* Counts a step, and makes it a span of its own where it lies right in a decode. */
static uint32_t enter_step(analysis_ranges *r, uint32_t around, uint32_t node, uint32_t number,
                           uint64_t time) {
    uint32_t decode = analysis_span_of_phase(r, span_of_phase(r, around, ANALYSIS_DECODE));
    if (decode != ANALYSIS_NONE) {
        r->spans[decode].steps++;
    }
    if (!r->steps || around == ANALYSIS_NONE || decode != around) {
        return around;
    }
    uint32_t part = analysis_busy_part(&r->spans[around].busy);
    return add_span(r, (analysis_span){.phase = ANALYSIS_DECODE,
                                       .step = true,
                                       .part = part,
                                       .parent = around,
                                       .group = r->nodes[node].group,
                                       .request = r->spans[around].request,
                                       .number = number,
                                       .start = time});
}

uint32_t analysis_span_enter(analysis_ranges *r, const analysis_thread *t, uint32_t around, uint32_t index,
                             uint32_t node, uint64_t time) {
    analysis_phase phase;
    switch (r->names->list[index].role) {
    case ANALYSIS_ROLE_VISION:
        phase = ANALYSIS_VISION;
        break;
    case ANALYSIS_ROLE_PREFILL:
        phase = ANALYSIS_PREFILL;
        break;
    case ANALYSIS_ROLE_DECODE:
        phase = ANALYSIS_DECODE;
        break;
    case ANALYSIS_ROLE_STEP:
        return enter_step(r, around, node, r->names->list[index].number, time);
    default:
        return around;
    }
    if (span_of_phase(r, around, phase) != ANALYSIS_NONE) {
        return around; /* a phase inside itself is no other sample */
    }
    return add_span(r, (analysis_span){.phase = phase,
                                       .parent = around,
                                       .group = r->nodes[node].group,
                                       .request = request_around(r, t),
                                       .number = ANALYSIS_NONE,
                                       .start = time});
}

/* ---- Samples that are complete ---- */

/* The detail of a span that takes more; NULL when nobody wants it. */
static analysis_detail **detail_of(analysis_ranges *r, uint32_t span) {
    if (span == ANALYSIS_NONE) {
        return NULL;
    }
    return r->spans[span].wanted ? &r->spans[span].detail : NULL;
}

static void hand_over(analysis_ranges *r, uint32_t i) {
    analysis_span *span = &r->spans[i];
    if (!span->wanted) {
        return;
    }
    analysis_detail **around = span->step ? detail_of(r, span->parent) : NULL;
    if (around && span->detail) {
        analysis_detail_merge(&r->details, around, span->parent, span->detail);
    }
    span->wanted = false;
    r->on_sample(r->on_sample_ctx, i, span->detail);
    span->detail = NULL;
}

void analysis_ranges_settle(analysis_ranges *r) {
    for (size_t i = r->span_count; i-- > 0;) { /* steps have higher indices than their decodes */
        if (r->spans[i].closed) {
            hand_over(r, (uint32_t)i);
        }
    }
}

/* Whether the span will not get more work, as far as can be told: what it launched ran, or should have by
 * far. */
static bool is_old(const analysis_ranges *r, const analysis_span *span) {
    uint64_t age = r->works - span->touched;
    return age > SWEEP / 2 && (span->arrived >= span->issued || age > WORK_LOST);
}

static void sweep(analysis_ranges *r) {
    for (size_t i = r->span_count; i-- > r->settled;) {
        const analysis_span *span = &r->spans[i];
        bool waits = span->arrived < span->issued;
        if (span->closed && (is_old(r, span) || (!waits && r->closings - span->closed_at > SWEEP))) {
            hand_over(r, (uint32_t)i);
        }
    }
    bool first = true; /* all spans before are settled */
    for (size_t i = r->settled; i < r->span_count; i++) {
        analysis_span *span = &r->spans[i];
        bool old = is_old(r, span);
        if (old && (span->busy.list || span->busy.hosts)) {
            analysis_busy_settle(&span->busy);
        }
        first = first && old && span->closed;
        r->settled += first;
    }
}

void analysis_span_close(analysis_ranges *r, uint32_t at, uint64_t time) {
    if (at != ANALYSIS_NONE) {
        analysis_span *span = &r->spans[at];
        span->end = time > span->start ? time : span->start;
        span->closed = true;
        span->touched = r->works;
        span->closed_at = r->closings;
    }
    if ((++r->closings & (SWEEP - 1)) == 0) {
        sweep(r);
    }
}

void analysis_span_host(analysis_ranges *r, uint32_t span, uint32_t node, uint64_t ns) {
    analysis_detail **detail = detail_of(r, span);
    if (detail) {
        analysis_detail_host(&r->details, detail, span, node, ns);
    }
}

/* ---- Work ---- */

static void count_work(analysis_ranges *r) {
    if ((++r->works & (SWEEP - 1)) == 0) {
        sweep(r);
    }
}

void analysis_ranges_call(analysis_ranges *r, uint32_t span, analysis_call_kind kind, uint64_t start_ns,
                          uint64_t end_ns) {
    count_work(r);
    uint32_t part = 0;
    for (uint32_t i = span; i != ANALYSIS_NONE; i = r->spans[i].parent) {
        analysis_span *s = &r->spans[i];
        s->touched = r->works;
        s->issued += kind == ANALYSIS_CALL_ISSUES;
        if (s->step) {
            part = s->part;
        } else {
            analysis_busy_host(&s->busy, part, kind, start_ns, end_ns);
            part = 0;
        }
    }
}

void analysis_ranges_gpu(analysis_ranges *r, uint32_t span, bool kernel, bool timed, uint64_t start_ns,
                         uint64_t end_ns) {
    count_work(r);
    uint32_t part = 0;
    for (uint32_t i = span; i != ANALYSIS_NONE; i = r->spans[i].parent) {
        analysis_span *s = &r->spans[i];
        s->kernels += kernel;
        s->arrived++;
        if (timed) {
            s->gpu_end = end_ns > s->gpu_end ? end_ns : s->gpu_end;
            s->gpu_sum += end_ns - start_ns;
            s->touched = r->works;
        }
        if (s->step) {
            part = s->part;
        } else if (timed) {
            analysis_busy_add(&s->busy, part, start_ns, end_ns);
            part = 0;
        }
    }
}

void analysis_ranges_detail(analysis_ranges *r, uint32_t span, uint32_t node, uint32_t name, uint64_t ns) {
    analysis_detail **detail = detail_of(r, span);
    if (detail) {
        analysis_detail_gpu(&r->details, detail, span, node, name, ns);
    }
}
