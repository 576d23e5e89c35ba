/* Adding up what was done in spans. */
#include "analysis/span_works.h"

#include "analysis/memory.h"

#include <stdlib.h>
#include <string.h>

#define BATCH 2048 /* events */
/* After so many calls and GPU records the spans that got none of their last half are folded to a sum. */
#define SWEEP (1u << 18)
/* After so many, work that was launched and never ran is given up. */
#define WORK_LOST (8 * SWEEP)

/* ---- Samples that are complete ---- */

/* The detail of a span that takes more; NULL when nobody wants it. */
static analysis_detail **detail_of(analysis_span_works *w, uint32_t span) {
    return span != ANALYSIS_NONE && w->list[span].wanted ? &w->list[span].detail : NULL;
}

static void hand_over(analysis_span_works *w, uint32_t i) {
    analysis_span_work *span = &w->list[i];
    if (!span->wanted) {
        return;
    }
    analysis_detail **around = span->step ? detail_of(w, span->parent) : NULL;
    if (around && span->detail) {
        analysis_detail_merge(&w->details, around, span->parent, span->detail);
    }
    span->wanted = false;
    w->on_sample(w->on_sample_ctx, i, span, span->detail);
    span->detail = NULL;
}

/* Whether the span will not get more work, as far as can be told: what it launched ran, or should have by
 * far. */
static bool is_old(const analysis_span_works *w, const analysis_span_work *span) {
    uint64_t age = w->works - span->touched;
    return age > SWEEP / 2 && (span->arrived >= span->issued || age > WORK_LOST);
}

static void sweep(analysis_span_works *w) {
    for (size_t i = w->count; i-- > w->settled;) { /* steps have higher indices than their decodes */
        const analysis_span_work *span = &w->list[i];
        bool waits = span->arrived < span->issued;
        if (span->closed && (is_old(w, span) || (!waits && w->closings - span->closed_at > SWEEP))) {
            hand_over(w, (uint32_t)i);
        }
    }
    bool first = true; /* all spans before are settled */
    for (size_t i = w->settled; i < w->count; i++) {
        analysis_span_work *span = &w->list[i];
        bool old = is_old(w, span);
        if (old && (span->busy.list || span->busy.hosts)) {
            analysis_busy_settle(&span->busy);
        }
        first = first && old && span->closed;
        w->settled += first;
    }
}

static void count_work(analysis_span_works *w) {
    if ((++w->works & (SWEEP - 1)) == 0) {
        sweep(w);
    }
}

/* ---- Events ---- */

static void opened(analysis_span_works *w, const analysis_span_event *e) {
    uint32_t part = e->opened.step ? analysis_busy_part(&w->list[e->span].busy) : 0;
    w->list = analysis_grow(w->list, &w->cap, w->count + 1, sizeof *w->list);
    w->list[w->count++] = (analysis_span_work){.phase = e->opened.phase,
                                               .step = e->opened.step,
                                               .wanted = e->opened.wanted,
                                               .parent = e->span,
                                               .group = e->opened.group,
                                               .part = part,
                                               .start = e->opened.start};
}

static void left(analysis_span_works *w, const analysis_span_event *e) {
    analysis_detail **detail = detail_of(w, e->span);
    if (detail) {
        analysis_detail_host(&w->details, detail, e->span, e->left.node, e->left.ns);
    }
    if (e->left.closed != ANALYSIS_NONE) {
        analysis_span_work *span = &w->list[e->left.closed];
        span->end = e->left.end;
        span->closed = true;
        span->touched = w->works;
        span->closed_at = w->closings;
    }
    if ((++w->closings & (SWEEP - 1)) == 0) {
        sweep(w);
    }
}

static void called(analysis_span_works *w, const analysis_span_event *e) {
    count_work(w);
    uint32_t part = 0;
    for (uint32_t i = e->span; i != ANALYSIS_NONE; i = w->list[i].parent) {
        analysis_span_work *s = &w->list[i];
        s->touched = w->works;
        s->issued += e->called.kind == ANALYSIS_CALL_ISSUES;
        if (s->step) {
            part = s->part;
        } else {
            analysis_busy_host(&s->busy, part, e->called.kind, e->called.start, e->called.end);
            part = 0;
        }
    }
}

static void ran(analysis_span_works *w, const analysis_span_event *e) {
    uint64_t start = e->ran.start, end = e->ran.end;
    count_work(w);
    uint32_t part = 0;
    for (uint32_t i = e->span; i != ANALYSIS_NONE; i = w->list[i].parent) {
        analysis_span_work *s = &w->list[i];
        s->kernels += e->ran.kernel;
        s->arrived++;
        if (e->ran.timed) {
            s->gpu_end = end > s->gpu_end ? end : s->gpu_end;
            s->gpu_sum += end - start;
            s->touched = w->works;
        }
        if (s->step) {
            part = s->part;
        } else if (e->ran.timed) {
            analysis_busy_add(&s->busy, part, start, end);
            part = 0;
        }
    }
    if (e->ran.node == ANALYSIS_NONE) {
        return;
    }
    analysis_kernels_add(&w->kernels, e->ran.node, e->ran.name, analysis_amount_of(end - start));
    analysis_detail **detail = detail_of(w, e->span);
    if (detail) {
        analysis_detail_gpu(&w->details, detail, e->span, e->ran.node, e->ran.name, end - start);
    }
}

static void take(analysis_span_works *w, const analysis_span_event *e) {
    switch (e->kind) {
    case ANALYSIS_SPAN_OPENED:
        opened(w, e);
        break;
    case ANALYSIS_SPAN_LEFT:
        left(w, e);
        break;
    case ANALYSIS_SPAN_CALLED:
        called(w, e);
        break;
    case ANALYSIS_SPAN_RAN:
        ran(w, e);
        break;
    default:
        analysis_kernels_add(&w->kernels, ANALYSIS_NONE, e->lost.name, analysis_amount_of(e->lost.ns));
        break;
    }
}

/* ---- The other thread ---- */

static void *take_all(void *ctx) {
    analysis_span_works *w = ctx;
    size_t count;
    for (const analysis_span_event *batch; (batch = analysis_ring_take(&w->ring, &count)) != NULL;) {
        for (size_t i = 0; i < count; i++) {
            take(w, &batch[i]);
        }
        analysis_ring_give_back(&w->ring, false);
    }
    return NULL;
}

void analysis_span_works_start(analysis_span_works *w) {
    if (!analysis_ring_init(&w->ring, BATCH * sizeof *w->writing)) {
        return;
    }
    w->writing = analysis_ring_batch(&w->ring);
    w->threaded = pthread_create(&w->thread, NULL, take_all, w) == 0;
    if (!w->threaded) {
        analysis_ring_free(&w->ring);
    }
}

void analysis_span_works_event(analysis_span_works *w, const analysis_span_event *e) {
    if (!w->threaded) {
        take(w, e);
        return;
    }
    if (w->written == BATCH) {
        analysis_ring_hand_over(&w->ring, w->written);
        w->writing = analysis_ring_batch(&w->ring);
        w->written = 0;
    }
    w->writing[w->written++] = *e;
}

static void join(analysis_span_works *w) {
    if (w->threaded) {
        analysis_ring_end(&w->ring, w->written);
        pthread_join(w->thread, NULL);
        analysis_ring_free(&w->ring);
        w->threaded = false;
    }
}

void analysis_span_works_settle(analysis_span_works *w) {
    join(w);
    for (size_t i = w->count; i-- > 0;) { /* steps have higher indices than their decodes */
        if (w->list[i].closed) {
            hand_over(w, (uint32_t)i);
        }
    }
}

void analysis_span_works_free(analysis_span_works *w) {
    join(w);
    for (size_t i = 0; i < w->count; i++) {
        analysis_detail_free(w->list[i].detail);
        analysis_busy_free(&w->list[i].busy);
    }
    analysis_details_free(&w->details);
    analysis_kernels_free(&w->kernels);
    free(w->list);
    memset(w, 0, sizeof *w);
}
