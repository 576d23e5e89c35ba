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

static int by_k(const void *a, const void *b) {
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
    return (x > y) - (x < y);
}

/* The values of k that samples have, ascending; the missing k, BASE_NONE, comes last. The caller frees them. */
static uint32_t *distinct_ks(const metrics_samples *samples, size_t *count) {
    uint32_t *ks = base_alloc(samples->count, sizeof *ks);
    size_t n = 0;
    *count = 0;
    for (size_t i = 0; i < samples->count; i++) {
        if (n == 0 || ks[n - 1] != samples->list[i].k) {
            ks[n++] = samples->list[i].k;
        }
    }
    if (n > 0) {
        qsort(ks, n, sizeof *ks, by_k);
    }
    for (size_t i = 0; i < n; i++) {
        if (i == 0 || ks[i] != ks[*count - 1]) {
            ks[(*count)++] = ks[i];
        }
    }
    return ks;
}

static void find_rows(metrics_sweep_making *s, const metrics_samples *samples) {
    size_t count;
    uint32_t *ks = distinct_ks(samples, &count);
    for (size_t i = 0; i < count; i++) {
        for (int kind = 0; kind < METRICS_ROWS; kind++) {
            sweep_row row = {.k = ks[i], .kind = (metrics_row_kind)kind};
            if (metrics_row_collect(&row.making, samples, row.k, row.kind)) {
                s->rows = base_grow(s->rows, &s->cap, s->count + 1, sizeof *s->rows);
                s->rows[s->count++] = row;
            }
        }
    }
    free(ks);
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
