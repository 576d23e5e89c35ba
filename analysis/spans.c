/* Spans: the occurrences of phases and of the steps of decode. */
#include "analysis/spans.h"

#include "analysis/memory.h"

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
    r->spans[r->span_count] = span;
    bool wanted = r->works.on_sample && !r->groups[span.group].warm;
    analysis_span_works_event(&r->works, &(analysis_span_event){.kind = ANALYSIS_SPAN_OPENED,
                                                                .span = span.parent,
                                                                .opened = {.start = span.start,
                                                                           .group = span.group,
                                                                           .phase = span.phase,
                                                                           .step = span.step,
                                                                           .wanted = wanted}});
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
    return add_span(r, (analysis_span){.phase = ANALYSIS_DECODE,
                                       .step = true,
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

/* ---- What happens in them ---- */

void analysis_span_left(analysis_ranges *r, uint32_t span, uint32_t node, uint64_t ns, uint32_t closed,
                        uint64_t time) {
    if (closed != ANALYSIS_NONE) {
        analysis_span *s = &r->spans[closed];
        s->end = time > s->start ? time : s->start;
        s->closed = true;
        time = s->end;
    }
    analysis_span_works_event(
        &r->works,
        &(analysis_span_event){.kind = ANALYSIS_SPAN_LEFT, .span = span, .left = {ns, time, node, closed}});
}

void analysis_ranges_call(analysis_ranges *r, uint32_t span, analysis_call_kind kind, uint64_t start_ns,
                          uint64_t end_ns) {
    analysis_span_works_event(&r->works, &(analysis_span_event){.kind = ANALYSIS_SPAN_CALLED,
                                                                .span = span,
                                                                .called = {start_ns, end_ns, kind}});
}

void analysis_ranges_gpu(analysis_ranges *r, uint32_t span, uint32_t node, uint32_t name, bool timed,
                         uint64_t start_ns, uint64_t end_ns) {
    analysis_span_works_event(&r->works, &(analysis_span_event){.kind = ANALYSIS_SPAN_RAN,
                                                                .span = span,
                                                                .ran = {start_ns, end_ns, node, name,
                                                                        name != ANALYSIS_NONE, timed}});
}

void analysis_ranges_lost(analysis_ranges *r, uint32_t name, uint64_t ns) {
    analysis_span_works_event(&r->works,
                              &(analysis_span_event){.kind = ANALYSIS_SPAN_LOST, .lost = {ns, name}});
}

void analysis_ranges_settle(analysis_ranges *r) {
    analysis_span_works_settle(&r->works);
    for (size_t i = 0; i < r->span_count; i++) {
        analysis_span *to = &r->spans[i];
        analysis_span_work *from = &r->works.list[i];
        to->gpu_end = from->gpu_end;
        to->kernels = from->kernels;
        to->gpu_sum = from->gpu_sum;
        to->part = from->part;
        to->busy = from->busy;
        from->busy = (analysis_busy){0};
    }
}
