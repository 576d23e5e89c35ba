/* Rows and fits, made on several threads. */
#include "analysis/metrics/latency_sweep.h"

#include "analysis/base/alloc.h"
#include "analysis/base/parallel_for.h"

#include <stdlib.h>

/* A row that has samples. */
typedef struct {
    uint32_t k;
    metrics_row_kind kind;
    metrics_row_making making;
} sweep_row;

struct metrics_sweep_making {
    sweep_row *rows;
    size_t count, cap; /* rows */
    metrics_fitting fitting[METRICS_ROWS];
    bool gpu;
    base_parallel_work *work;
};

/* The missing k, BASE_NONE, comes last. */
static int by_k_and_place(const void *a, const void *b) {
    const metrics_sample *x = *(const metrics_sample *const *)a, *y = *(const metrics_sample *const *)b;
    int order = (x->k > y->k) - (x->k < y->k);
    return order ? order : (x > y) - (x < y);
}

static void find_rows_of_k(metrics_sweep_making *s, const metrics_sample *const *samples, size_t count) {
    for (int kind = 0; kind < METRICS_ROWS; kind++) {
        sweep_row row = {.k = samples[0]->k, .kind = (metrics_row_kind)kind};
        if (metrics_row_collect(&row.making, samples, count, row.kind)) {
            s->rows = base_grow(s->rows, &s->cap, s->count + 1, sizeof *s->rows);
            s->rows[s->count++] = row;
        }
    }
}

static void find_rows(metrics_sweep_making *s, const metrics_samples *samples) {
    const metrics_sample **sorted = base_alloc(samples->count, sizeof *sorted);
    for (size_t i = 0; i < samples->count; i++) {
        sorted[i] = &samples->list[i];
    }
    if (samples->count > 0) {
        qsort(sorted, samples->count, sizeof *sorted, by_k_and_place);
    }
    for (size_t i = 0, end; i < samples->count; i = end) {
        for (end = i + 1; end < samples->count && sorted[end]->k == sorted[i]->k; end++) {
        }
        find_rows_of_k(s, sorted + i, end - i);
    }
    free(sorted);
}

/* The fits take longest, so they come first. */
static void make_sweep_part(void *ctx, size_t i) {
    metrics_sweep_making *s = ctx;
    const size_t fits = METRICS_ROWS * METRICS_FIT_PARTS;
    if (i < fits) {
        metrics_fitting_make(&s->fitting[i % METRICS_ROWS], (metrics_fit_part)(i / METRICS_ROWS));
    } else {
        size_t part = i - fits;
        metrics_row_make(&s->rows[part / METRICS_ROW_PARTS].making,
                         (metrics_row_part)(part % METRICS_ROW_PARTS), s->gpu);
    }
}

metrics_sweep_making *metrics_sweep_begin(metrics_rows *rows, metrics_fits *fits,
                                          const metrics_samples *samples, bool gpu, unsigned jobs) {
    metrics_sweep_making *s = base_alloc(1, sizeof *s);
    s->gpu = gpu;
    find_rows(s, samples);
    rows->list = base_grow(rows->list, &rows->cap, s->count, sizeof *rows->list);
    rows->count = s->count;
    for (size_t i = 0; i < s->count; i++) {
        metrics_row_begin(&s->rows[i].making, &rows->list[i], s->rows[i].k, s->rows[i].kind);
        size_t *base = &rows->base[s->rows[i].kind];
        *base = *base == 0 && s->rows[i].k != BASE_NONE ? i + 1 : *base;
    }
    for (int kind = 0; kind < METRICS_ROWS; kind++) {
        metrics_fitting_begin(&s->fitting[kind], &fits->of[kind], rows, (metrics_row_kind)kind);
    }
    size_t parts = METRICS_ROWS * METRICS_FIT_PARTS + s->count * METRICS_ROW_PARTS;
    s->work = base_parallel_begin(jobs, parts, make_sweep_part, s);
    return s;
}

void metrics_sweep_end(metrics_sweep_making *s) {
    base_parallel_end(s->work);
    for (int kind = 0; kind < METRICS_ROWS; kind++) {
        metrics_fitting_end(&s->fitting[kind]);
    }
    for (size_t i = 0; i < s->count; i++) {
        metrics_row_end(&s->rows[i].making);
    }
    free(s->rows);
    free(s);
}
