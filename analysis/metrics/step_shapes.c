/* Latency of a server's steps by their shape. */
#include "analysis/metrics/step_shapes.h"

#include "analysis/base/alloc.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* A sample and the shape that it belongs to. */
typedef struct {
    metrics_step_shape shape;
    const metrics_sample *sample;
} shaped_sample;

/* The bucket of a number: the powers of two below and at or above it. */
static void set_bucket(metrics_step_shape *shape, uint32_t n) {
    shape->low = n > 0;
    shape->high = n > 0;
    while (shape->high < n) {
        shape->low = shape->high + 1;
        shape->high *= 2;
    }
}

static int by_shape(const void *a, const void *b) {
    const metrics_step_shape *x = &((const shaped_sample *)a)->shape, *y = &((const shaped_sample *)b)->shape;
    if (x->k != y->k) {
        return x->k < y->k ? -1 : 1;
    }
    if (x->phase != y->phase) {
        return x->phase < y->phase ? -1 : 1;
    }
    if (x->by_tokens != y->by_tokens) {
        return x->by_tokens - y->by_tokens;
    }
    return (x->low > y->low) - (x->low < y->low);
}

/* The steps that count, by shape; *count of them. */
static shaped_sample *list_shaped_samples(const metrics_samples *samples, const metrics_rows *rows,
                                          size_t *count) {
    shaped_sample *list = base_alloc(samples->count + 1, sizeof *list);
    *count = 0;
    for (size_t i = 0; i < samples->count; i++) {
        const metrics_sample *s = &samples->list[i];
        if (s->step || s->warm || (s->requests == BASE_NONE && s->tokens == BASE_NONE)) {
            continue;
        }
        const metrics_row *row = metrics_rows_find(rows, s->k, (metrics_row_kind)s->phase);
        if (!row || s->profiling != row->from || (row->left_out > 0 && s->after_profiling)) {
            continue;
        }
        bool prompts = s->phase == ATTRIBUTION_PREFILL && s->tokens != BASE_NONE;
        shaped_sample one = {.shape = {.k = s->k, .phase = s->phase}, .sample = s};
        one.shape.by_tokens = prompts || s->requests == BASE_NONE;
        set_bucket(&one.shape, one.shape.by_tokens ? s->tokens : s->requests);
        list[(*count)++] = one;
    }
    qsort(list, *count, sizeof *list, by_shape);
    return list;
}

static double mean_count(double sum, size_t n) {
    return n ? sum / (double)n : NAN;
}

/* The shape that n samples share; `scratch` holds n numbers. */
static metrics_step_shape make_step_shape(const shaped_sample *list, size_t n, double *scratch, bool gpu) {
    metrics_step_shape shape = list[0].shape;
    double requests = 0, tokens = 0;
    size_t with_requests = 0, with_tokens = 0, profiled = 0;
    for (size_t i = 0; i < n; i++) {
        const metrics_sample *s = list[i].sample;
        if (s->requests != BASE_NONE) {
            requests += s->requests;
            with_requests++;
        }
        if (s->tokens != BASE_NONE) {
            tokens += s->tokens;
            with_tokens++;
        }
        if (s->profiling == ATTRIBUTION_PROFILED) {
            scratch[profiled++] = s->busy;
        }
    }
    shape.requests = mean_count(requests, with_requests);
    shape.tokens = mean_count(tokens, with_tokens);
    shape.busy = gpu && profiled ? stats_summarize(scratch, profiled).p50 : NAN;
    for (size_t i = 0; i < n; i++) {
        const metrics_sample *s = list[i].sample;
        scratch[i] = s->profiling == ATTRIBUTION_UNPROFILED ? s->own : s->latency;
    }
    shape.latency = stats_summarize(scratch, n);
    return shape;
}

void metrics_step_shapes_make(metrics_step_shapes *shapes, const metrics_samples *samples,
                              const metrics_rows *rows, bool gpu) {
    size_t count, n;
    shaped_sample *list = list_shaped_samples(samples, rows, &count);
    double *scratch = base_alloc(count + 1, sizeof *scratch);
    for (size_t i = 0; i < count; i += n) {
        for (n = 1; i + n < count && by_shape(&list[i], &list[i + n]) == 0; n++) {
        }
        shapes->list = base_grow(shapes->list, &shapes->cap, shapes->count + 1, sizeof *shapes->list);
        shapes->list[shapes->count++] = make_step_shape(&list[i], n, scratch, gpu);
    }
    free(scratch);
    free(list);
}

void metrics_step_shapes_free(metrics_step_shapes *shapes) {
    free(shapes->list);
    memset(shapes, 0, sizeof *shapes);
}
