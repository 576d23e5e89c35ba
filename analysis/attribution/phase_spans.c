/* Spans: occurrences of phases and of decode steps. */
#include "analysis/attribution/phase_spans.h"

#include "analysis/base/alloc.h"
#include "analysis/base/parallel_for.h"

#include <stdlib.h>
#include <string.h>

/* Number of calls and pieces of GPU work below which busy times are settled on one thread. */
#define PIECES_FOR_THREADS 200000

/* ---- Opening ---- */

/* Returns the span of `phase` among `span` and its enclosing spans, or BASE_NONE. */
static uint32_t enclosing_span(const attribution_spans *s, uint32_t span, attribution_phase phase) {
    while (span != BASE_NONE && s->list[span].phase != phase) {
        span = s->list[span].parent;
    }
    return span;
}

uint32_t attribution_spans_phase_of(const attribution_spans *s, uint32_t span) {
    if (span != BASE_NONE && s->list[span].of != BASE_NONE) {
        return s->list[span].of;
    }
    return span != BASE_NONE && s->list[span].step ? s->list[span].parent : span;
}

static uint32_t open_span(attribution_spans *s, attribution_span span) {
    s->list = base_grow(s->list, &s->cap, s->count + 1, sizeof *s->list);
    s->list[s->count] = span;
    bool wanted = span.of == BASE_NONE && s->accumulator.on_sample && !s->tree->groups[span.group].warm;
    attribution_accumulator_event(&s->accumulator, &(attribution_span_event){.kind = ATTRIBUTION_SPAN_OPENED,
                                                                             .span = span.parent,
                                                                             .opened = {.start = span.start,
                                                                                        .group = span.group,
                                                                                        .phase = span.phase,
                                                                                        .step = span.step,
                                                                                        .wanted = wanted,
                                                                                        .of = span.of}});
    return (uint32_t)s->count++;
}

uint32_t attribution_spans_continue(attribution_spans *s, uint32_t span, uint32_t around) {
    if (s->list[span].step) {
        return around; /* it belongs to its decode, which has closed */
    }
    if (s->list[span].parent == around) {
        return span;
    }
    attribution_span more = s->list[span];
    more.of = span;
    more.parent = around;
    return open_span(s, more);
}

/* Counts a step, and makes it a span of its own if it is directly inside a decode. */
static uint32_t enter_step(attribution_spans *s, uint32_t around, attribution_span step) {
    uint32_t decode = attribution_spans_phase_of(s, enclosing_span(s, around, ATTRIBUTION_DECODE));
    if (decode != BASE_NONE) {
        s->list[decode].steps++;
    }
    if (!s->with_steps || around == BASE_NONE || decode != around) {
        return around;
    }
    step.request = s->list[around].request;
    return open_span(s, step);
}

uint32_t attribution_spans_enter(attribution_spans *s, uint32_t thread, uint32_t around, uint32_t request,
                                 uint32_t index, uint32_t node, uint64_t time, const uint64_t *phase_ends) {
    const names_entry *name = &s->tree->names->list[index];
    bool step = name->means.role == NAMES_ROLE_STEP;
    attribution_phase phase = step ? ATTRIBUTION_DECODE : attribution_phase_of_role(name->means.role);
    if (phase == ATTRIBUTION_PHASES) {
        return around;
    }
    attribution_span span = {.phase = phase,
                             .step = step,
                             .parent = around,
                             .of = BASE_NONE,
                             .group = s->tree->nodes[node].group,
                             .request = request,
                             .number = step ? name->means.number : BASE_NONE,
                             .requests = name->means.requests,
                             .tokens = name->means.tokens,
                             .thread = thread,
                             .start = time};
    if (step) {
        return enter_step(s, around, span);
    }
    /* A phase nested in the same phase is not another sample. An importer may close a range before an event that begins
     * earlier. */
    bool inside = enclosing_span(s, around, phase) != BASE_NONE || time < phase_ends[phase];
    return inside ? around : open_span(s, span);
}

void attribution_spans_set_k(attribution_spans *s, attribution_tree *tree, uint32_t thread, uint64_t start,
                             uint32_t k) {
    for (size_t i = s->count;
         i-- > 0 && s->list[i].start >= start;) { /* spans are in the order of their starts */
        attribution_span *span = &s->list[i];
        if (span->thread != thread) {
            continue;
        }
        span->group = attribution_tree_group_with_k(tree, span->group, k);
        attribution_accumulator_event(&s->accumulator,
                                      &(attribution_span_event){.kind = ATTRIBUTION_SPAN_REGROUPED,
                                                                .span = (uint32_t)i,
                                                                .regrouped = span->group});
    }
}

/* ---- Closing ---- */

void attribution_spans_leave(attribution_spans *s, uint32_t span, uint32_t node, uint64_t ns, uint32_t closed,
                             uint64_t time) {
    if (closed != BASE_NONE) {
        attribution_span *of = &s->list[closed];
        of->end = time > of->start ? time : of->start;
        of->closed = true;
        time = of->end;
    }
    attribution_accumulator_event(
        &s->accumulator, &(attribution_span_event){
                             .kind = ATTRIBUTION_SPAN_LEFT, .span = span, .left = {ns, time, node, closed}});
}

/* Steps share the busy time of their decode. */
static void settle_busy_time(void *ctx, size_t i) {
    attribution_span *span = &((attribution_spans *)ctx)->list[i];
    if (!span->step) {
        attribution_busy_settle(&span->busy);
    }
}

void attribution_spans_settle(attribution_spans *s, unsigned jobs) {
    attribution_accumulator_settle(&s->accumulator);
    for (size_t i = 0; i < s->count; i++) {
        attribution_span *to = &s->list[i];
        attribution_span_work *from = &s->accumulator.list[i];
        to->gpu_end = from->gpu_end;
        to->kernels = from->kernels;
        to->gpu_sum = from->gpu_sum;
        to->untimed = from->untimed;
        to->part = from->part;
        to->busy = from->busy;
        from->busy = (attribution_busy){0};
    }
    base_parallel_for(s->accumulator.pieces < PIECES_FOR_THREADS ? 1 : jobs, s->count, settle_busy_time, s);
}

void attribution_spans_free(attribution_spans *s) {
    for (size_t i = 0; i < s->count; i++) {
        attribution_busy_free(&s->list[i].busy);
    }
    attribution_accumulator_free(&s->accumulator);
    free(s->list);
    memset(s, 0, sizeof *s);
}
