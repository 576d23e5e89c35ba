/* Spans: the occurrences of phases and of the steps of decode. */
#include "analysis/attribution/phase_spans.h"

#include "analysis/base/alloc.h"

/* ---- Opening ---- */

/* The span of `phase` among `span` and those around it, or BASE_NONE. */
static uint32_t span_of_phase(const attribution_ranges *r, uint32_t span, attribution_phase phase) {
    while (span != BASE_NONE && r->spans[span].phase != phase) {
        span = r->spans[span].parent;
    }
    return span;
}

uint32_t attribution_span_of_phase(const attribution_ranges *r, uint32_t span) {
    return span != BASE_NONE && r->spans[span].step ? r->spans[span].parent : span;
}

/* The number of the request around what is opened next, or BASE_NONE. */
static uint32_t request_around(const attribution_ranges *r, const attribution_thread *t) {
    for (size_t i = t->depth; i-- > 0;) {
        const names_entry *name = &r->names->list[t->stack[i].name];
        if (name->role == NAMES_ROLE_SAMPLE || name->role == NAMES_ROLE_WARMUP) {
            return name->number;
        }
    }
    return BASE_NONE;
}

static uint32_t add_span(attribution_ranges *r, attribution_span span) {
    r->spans = base_grow(r->spans, &r->span_cap, r->span_count + 1, sizeof *r->spans);
    r->spans[r->span_count] = span;
    bool wanted = r->works.on_sample && !r->groups[span.group].warm;
    attribution_accumulator_event(&r->works, &(attribution_span_event){.kind = ATTRIBUTION_SPAN_OPENED,
                                                                       .span = span.parent,
                                                                       .opened = {.start = span.start,
                                                                                  .group = span.group,
                                                                                  .phase = span.phase,
                                                                                  .step = span.step,
                                                                                  .wanted = wanted}});
    return (uint32_t)r->span_count++;
}

/* Counts a step, and makes it a span of its own where it lies right in a decode. */
static uint32_t enter_step(attribution_ranges *r, uint32_t around, uint32_t node, uint32_t number,
                           uint64_t time) {
    uint32_t decode = attribution_span_of_phase(r, span_of_phase(r, around, ATTRIBUTION_DECODE));
    if (decode != BASE_NONE) {
        r->spans[decode].steps++;
    }
    if (!r->steps || around == BASE_NONE || decode != around) {
        return around;
    }
    return add_span(r, (attribution_span){.phase = ATTRIBUTION_DECODE,
                                          .step = true,
                                          .parent = around,
                                          .group = r->nodes[node].group,
                                          .request = r->spans[around].request,
                                          .number = number,
                                          .start = time});
}

uint32_t attribution_span_enter(attribution_ranges *r, const attribution_thread *t, uint32_t around,
                                uint32_t index, uint32_t node, uint64_t time) {
    attribution_phase phase;
    switch (r->names->list[index].role) {
    case NAMES_ROLE_VISION:
        phase = ATTRIBUTION_VISION;
        break;
    case NAMES_ROLE_PREFILL:
        phase = ATTRIBUTION_PREFILL;
        break;
    case NAMES_ROLE_DECODE:
        phase = ATTRIBUTION_DECODE;
        break;
    case NAMES_ROLE_STEP:
        return enter_step(r, around, node, r->names->list[index].number, time);
    default:
        return around;
    }
    if (span_of_phase(r, around, phase) != BASE_NONE) {
        return around; /* a phase inside itself is no other sample */
    }
    return add_span(r, (attribution_span){.phase = phase,
                                          .parent = around,
                                          .group = r->nodes[node].group,
                                          .request = request_around(r, t),
                                          .number = BASE_NONE,
                                          .start = time});
}

/* ---- What happens in them ---- */

void attribution_span_left(attribution_ranges *r, uint32_t span, uint32_t node, uint64_t ns, uint32_t closed,
                           uint64_t time) {
    if (closed != BASE_NONE) {
        attribution_span *s = &r->spans[closed];
        s->end = time > s->start ? time : s->start;
        s->closed = true;
        time = s->end;
    }
    attribution_accumulator_event(&r->works, &(attribution_span_event){.kind = ATTRIBUTION_SPAN_LEFT,
                                                                       .span = span,
                                                                       .left = {ns, time, node, closed}});
}

void attribution_ranges_call(attribution_ranges *r, uint32_t span, names_call_kind kind, uint64_t start_ns,
                             uint64_t end_ns) {
    attribution_accumulator_event(&r->works, &(attribution_span_event){.kind = ATTRIBUTION_SPAN_CALLED,
                                                                       .span = span,
                                                                       .called = {start_ns, end_ns, kind}});
}

void attribution_ranges_gpu(attribution_ranges *r, uint32_t span, uint32_t node, uint32_t name, bool timed,
                            uint64_t start_ns, uint64_t end_ns) {
    attribution_accumulator_event(&r->works, &(attribution_span_event){.kind = ATTRIBUTION_SPAN_RAN,
                                                                       .span = span,
                                                                       .ran = {start_ns, end_ns, node, name,
                                                                               name != BASE_NONE, timed}});
}

void attribution_ranges_lost(attribution_ranges *r, uint32_t name, uint64_t ns) {
    attribution_accumulator_event(
        &r->works, &(attribution_span_event){.kind = ATTRIBUTION_SPAN_LOST, .lost = {ns, name}});
}

void attribution_ranges_settle(attribution_ranges *r) {
    attribution_accumulator_settle(&r->works);
    for (size_t i = 0; i < r->span_count; i++) {
        attribution_span *to = &r->spans[i];
        attribution_span_work *from = &r->works.list[i];
        to->gpu_end = from->gpu_end;
        to->kernels = from->kernels;
        to->gpu_sum = from->gpu_sum;
        to->part = from->part;
        to->busy = from->busy;
        from->busy = (attribution_busy){0};
    }
}
