/* Sums of work and calls per span. */
#include "analysis/attribution/span_accumulator.h"

#include "analysis/base/alloc.h"

#include <stdlib.h>
#include <string.h>

#define BATCH 2048 /* events */
/* After each such number of calls and GPU records, spans without work in the last half of them are folded into sums. */
#define SWEEP_EVERY (1u << 18)
/* After this number, launched work that never ran is no longer awaited. */
#define GIVE_UP_AFTER (8 * SWEEP_EVERY)

/* ---- Samples that are complete ---- */

/* Returns the breakdown of a span that may still change; NULL if none is requested. */
static attribution_breakdown **wanted_detail(attribution_accumulator *w, uint32_t span) {
    return span != BASE_NONE && w->list[span].wanted ? &w->list[span].detail : NULL;
}

static void hand_over_sample(attribution_accumulator *w, uint32_t i) {
    attribution_span_work *span = &w->list[i];
    if (!span->wanted) {
        return;
    }
    attribution_breakdown **around = span->step ? wanted_detail(w, span->parent) : NULL;
    if (around && span->detail) {
        attribution_breakdown_merge(&w->details, around, span->parent, span->detail);
    }
    span->wanted = false;
    w->on_sample(w->on_sample_ctx, i, span, span->detail);
    span->detail = NULL;
}

/* Whether the span is expected to get no more work: the work that it launched has run, or is overdue. */
static bool is_old_span(const attribution_accumulator *w, const attribution_span_work *span) {
    uint64_t age = w->pieces - span->touched;
    return age > SWEEP_EVERY / 2 && (span->arrived >= span->enqueued || age > GIVE_UP_AFTER);
}

static void fold_old_spans(attribution_accumulator *w) {
    for (size_t i = w->count; i-- > w->settled;) { /* steps have higher indices than their decodes */
        const attribution_span_work *span = &w->list[i];
        bool waits = span->arrived < span->enqueued;
        if (span->closed &&
            (is_old_span(w, span) || (!waits && w->closings - span->closed_at > SWEEP_EVERY))) {
            hand_over_sample(w, (uint32_t)i);
        }
    }
    bool first = true; /* all previous spans are settled */
    for (size_t i = w->settled; i < w->count; i++) {
        attribution_span_work *span = &w->list[i];
        bool old = is_old_span(w, span);
        if (old && (span->busy.list || span->busy.hosts)) {
            attribution_busy_settle(&span->busy);
        }
        first = first && old && span->closed;
        w->settled += first;
    }
}

static void count_work(attribution_accumulator *w) {
    if ((++w->pieces & (SWEEP_EVERY - 1)) == 0) {
        fold_old_spans(w);
    }
}

/* ---- Events ---- */

/* Returns the span to which events of span `i` are added. */
static uint32_t real_span(const attribution_accumulator *w, uint32_t i) {
    return i != BASE_NONE && w->list[i].of != BASE_NONE ? w->list[i].of : i;
}

static void add_opened_span(attribution_accumulator *w, const attribution_span_event *e) {
    uint32_t part = e->opened.step ? attribution_busy_part(&w->list[e->span].busy) : 0;
    w->list = base_grow(w->list, &w->cap, w->count + 1, sizeof *w->list);
    w->list[w->count++] = (attribution_span_work){.phase = e->opened.phase,
                                                  .step = e->opened.step,
                                                  .wanted = e->opened.wanted,
                                                  .parent = e->span,
                                                  .group = e->opened.group,
                                                  .of = e->opened.of,
                                                  .closed = e->opened.of != BASE_NONE,
                                                  .part = part,
                                                  .start = e->opened.start};
}

static void add_left_range(attribution_accumulator *w, const attribution_span_event *e) {
    attribution_breakdown **detail = wanted_detail(w, e->span);
    if (detail) {
        attribution_breakdown_host(&w->details, detail, e->span, e->left.node, e->left.ns);
    }
    if (e->left.closed != BASE_NONE) {
        attribution_span_work *span = &w->list[e->left.closed];
        span->end = e->left.end;
        span->closed = true;
        span->touched = w->pieces;
        span->closed_at = w->closings;
    }
    if ((++w->closings & (SWEEP_EVERY - 1)) == 0) {
        fold_old_spans(w);
    }
}

static void add_host_call(attribution_accumulator *w, const attribution_span_event *e) {
    count_work(w);
    uint32_t part = 0;
    for (uint32_t i = e->span; i != BASE_NONE; i = w->list[i].parent) {
        attribution_span_work *s = &w->list[real_span(w, i)];
        s->touched = w->pieces;
        s->enqueued += e->called.kind == NAMES_CALL_ENQUEUE;
        if (s->step) {
            part = s->part;
        } else {
            attribution_busy_host(&s->busy, part, e->called.kind, e->called.start, e->called.end);
            part = 0;
        }
    }
}

static void add_gpu_work(attribution_accumulator *w, const attribution_span_event *e) {
    uint64_t start = e->ran.start, end = e->ran.end;
    count_work(w);
    uint32_t part = 0;
    for (uint32_t i = e->span; i != BASE_NONE; i = w->list[i].parent) {
        attribution_span_work *s = &w->list[real_span(w, i)];
        s->kernels += e->ran.kernel;
        s->arrived++;
        if (e->ran.timed) {
            s->gpu_end = end > s->gpu_end ? end : s->gpu_end;
            s->gpu_sum += end - start;
            s->touched = w->pieces;
        } else {
            s->untimed += e->ran.kernel;
        }
        if (s->step) {
            part = s->part;
        } else if (e->ran.timed) {
            attribution_busy_add(&s->busy, part, start, end);
            part = 0;
        }
    }
    if (e->ran.node == BASE_NONE) {
        return;
    }
    attribution_totals_add(&w->totals, e->ran.node, e->ran.name, attribution_amount_of(end - start));
    uint32_t innermost = real_span(w, e->span);
    attribution_breakdown **detail = wanted_detail(w, innermost);
    if (detail) {
        attribution_breakdown_gpu(&w->details, detail, innermost, e->ran.node, e->ran.name, end - start);
    }
}

static void add_span_event(attribution_accumulator *w, const attribution_span_event *e) {
    switch (e->kind) {
    case ATTRIBUTION_SPAN_OPENED:
        add_opened_span(w, e);
        break;
    case ATTRIBUTION_SPAN_REGROUPED:
        w->list[e->span].group = e->regrouped;
        break;
    case ATTRIBUTION_SPAN_LEFT:
        add_left_range(w, e);
        break;
    case ATTRIBUTION_SPAN_CALLED:
        add_host_call(w, e);
        break;
    case ATTRIBUTION_SPAN_CALLED_BEHIND:
        attribution_busy_call_behind(&w->list[e->span].busy, e->called.kind, e->called.start, e->called.end);
        break;
    case ATTRIBUTION_SPAN_RAN:
        add_gpu_work(w, e);
        break;
    default:
        attribution_totals_add(&w->totals, BASE_NONE, e->unattributed.name,
                               attribution_amount_of(e->unattributed.ns));
        break;
    }
}

/* ---- The other thread ---- */

static int add_span_events(void *ctx, const void *events, size_t count) {
    const attribution_span_event *list = events;
    for (size_t i = 0; i < count; i++) {
        add_span_event(ctx, &list[i]);
    }
    return 0;
}

void attribution_accumulator_start(attribution_accumulator *w) {
    w->threaded =
        base_queue_start_taker(&w->queue, sizeof(attribution_span_event), BATCH, add_span_events, w);
}

void attribution_accumulator_event(attribution_accumulator *w, const attribution_span_event *e) {
    if (w->threaded) {
        attribution_span_event *queued = base_queue_add(&w->queue); /* add_span_events never stops */
        *queued = *e;
    } else {
        add_span_event(w, e);
    }
}

static void join_accumulator(attribution_accumulator *w) {
    if (w->threaded) {
        base_queue_end(&w->queue);
        w->threaded = false;
    }
}

void attribution_accumulator_settle(attribution_accumulator *w) {
    join_accumulator(w);
    for (size_t i = w->count; i-- > 0;) { /* steps have higher indices than their decodes */
        if (w->list[i].closed) {
            hand_over_sample(w, (uint32_t)i);
        }
    }
}

void attribution_accumulator_free(attribution_accumulator *w) {
    join_accumulator(w);
    for (size_t i = 0; i < w->count; i++) {
        attribution_breakdown_free(w->list[i].detail);
        attribution_busy_free(&w->list[i].busy);
    }
    attribution_breakdowns_free(&w->details);
    attribution_totals_free(&w->totals);
    free(w->list);
    memset(w, 0, sizeof *w);
}
