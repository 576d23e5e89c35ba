/* From the spans of phases to rows: which samples count, their statistics, and what is suspicious in them. */
#include "analysis/metrics/latency_sweep.h"

#include "analysis/base/alloc.h"
#include "analysis/base/parallel_for.h"
#include "analysis/metrics/scaling_fits.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define DRIFT_SAMPLES_MIN 8
#define DRIFT_SAMPLES_MAX 1000 /* of more samples every n-th is looked at */
#define OUTLIERS_MIN      10   /* of fewer, one in ten clean sets would have one */

/* A sample as a row sees it: of a token, what its decode took over the number of its steps. */
typedef metrics_sample sample;

static sample per_token(sample s) {
    double *const parts[] = {&s.latency, &s.own,    &s.busy,   &s.sum,   &s.kernels, &s.issuing,
                             &s.waiting, &s.beyond, &s.issues, &s.waits, &s.in_waits};
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
        *parts[i] /= s.steps;
    }
    return s;
}

/* The samples of `kind` at `k`, by their starts. */
static size_t collect(sample *out, const metrics_samples *samples, uint32_t k, metrics_row_kind kind) {
    bool token = kind == METRICS_ROW_TOKEN;
    attribution_phase phase = token ? ATTRIBUTION_DECODE : (attribution_phase)kind;
    size_t n = 0;
    for (size_t i = 0; i < samples->count; i++) {
        const sample *s = &samples->list[i];
        if (!s->step && s->phase == phase && !s->warm && s->k == k && !(token && s->steps == 0)) {
            out[n++] = token ? per_token(*s) : *s;
        }
    }
    return n;
}

/* Of unprofiled samples those count that ran before CUPTI's records were ever on, if there are any. */
static void leave_out_later(metrics_row *row, sample *list, size_t n) {
    size_t before = 0, after = 0;
    for (size_t i = 0; i < n; i++) {
        after += list[i].after;
        before += list[i].profiling == ATTRIBUTION_UNPROFILED && !list[i].after;
    }
    row->after = before == 0 && after > 0;
    row->later = before > 0 ? after : 0;
    for (size_t i = 0; i < n && before > 0; i++) {
        if (list[i].after) {
            list[i].profiling = ATTRIBUTION_PROFILING_UNKNOWN; /* none of the kinds */
        }
    }
}

/* ---- Statistics of one row ---- */

/* Copies the field at `offset` of the samples with this profiling; returns how many. */
static size_t take(double *out, const sample *list, size_t n, attribution_profiling profiling,
                   size_t offset) {
    size_t taken = 0;
    for (size_t i = 0; i < n; i++) {
        if (list[i].profiling == profiling) {
            memcpy(&out[taken++], (const char *)&list[i] + offset, sizeof *out);
        }
    }
    return taken;
}

static double median_of(double *scratch, const sample *list, size_t n, size_t offset) {
    size_t taken = take(scratch, list, n, ATTRIBUTION_PROFILED, offset);
    return taken ? stats_summarize(scratch, taken).p50 : NAN;
}

static void add_gpu(metrics_row *row, double *scratch, const sample *list, size_t n) {
    row->busy = median_of(scratch, list, n, offsetof(sample, busy));
    row->gpu_sum = median_of(scratch, list, n, offsetof(sample, sum));
    row->kernels = median_of(scratch, list, n, offsetof(sample, kernels));
    row->idle_issuing = median_of(scratch, list, n, offsetof(sample, issuing));
    row->idle_waiting = median_of(scratch, list, n, offsetof(sample, waiting));
    row->issues = median_of(scratch, list, n, offsetof(sample, issues));
    row->waits = median_of(scratch, list, n, offsetof(sample, waits));
    row->waiting = median_of(scratch, list, n, offsetof(sample, in_waits));
    row->beyond = median_of(scratch, list, n, offsetof(sample, beyond));
    size_t taken = 0;
    double *idle = base_alloc(n, sizeof *idle);
    for (size_t i = 0; i < n; i++) {
        if (list[i].profiling == ATTRIBUTION_PROFILED) {
            idle[taken] = list[i].latency - list[i].busy;
            scratch[taken] = idle[taken] - list[i].issuing - list[i].waiting;
            taken++;
        }
    }
    row->idle = taken ? stats_summarize(idle, taken).p50 : NAN;
    row->idle_between = taken ? stats_summarize(scratch, taken).p50 : NAN;
    free(idle);
}

static void add_overhead(metrics_row *row, double *scratch, const sample *list, size_t n) {
    row->profiled = take(scratch, list, n, ATTRIBUTION_PROFILED, offsetof(sample, own));
    row->on = stats_summarize(scratch, row->profiled);
    row->unprofiled = take(scratch, list, n, ATTRIBUTION_UNPROFILED, offsetof(sample, own));
    row->off = stats_summarize(scratch, row->unprofiled);
    row->partly = n - row->profiled - row->unprofiled - row->later;
    row->overhead = row->profiled && row->unprofiled ? row->on.p50 / row->off.p50 : NAN;
}

/* Samples far from the median: more than 5 times the median absolute deviation, scaled by 1.4826 to estimate
 * a normal distribution's standard deviation. */
static size_t count_outliers(const double *sorted, size_t n, double median) {
    size_t found = 0;
    if (n < OUTLIERS_MIN) {
        return 0;
    }
    double *away = base_alloc(n, sizeof *away);
    for (size_t i = 0; i < n; i++) {
        away[i] = fabs(sorted[i] - median);
    }
    double far = 5 * 1.4826 * stats_summarize(away, n).p50;
    for (size_t i = 0; i < n && far > 0; i++) {
        found += fabs(sorted[i] - median) > far;
    }
    free(away);
    return found;
}

/* Whether values rise or fall with time: M. G. Kendall, "A New Measure of Rank Correlation", Biometrika 30,
 * 1938; normal approximation of its sum without ties, two-sided p < 0.01. */
static bool has_trend(const double *values, size_t n) {
    size_t step = n / DRIFT_SAMPLES_MAX + 1, used = (n + step - 1) / step;
    double sum = 0, m = (double)used;
    for (size_t i = 0; i < used; i++) {
        for (size_t j = i + 1; j < used; j++) {
            double x = values[i * step], y = values[j * step];
            sum += (y > x) - (y < x);
        }
    }
    return fabs(sum) - 1 > 2.5758 * sqrt(m * (m - 1) * (2 * m + 5) / 18);
}

static void add_drift(metrics_row *row, double *scratch) {
    size_t n = row->latency.n, third = n / 3;
    row->drift = NAN;
    if (n < DRIFT_SAMPLES_MIN) {
        return;
    }
    memcpy(scratch, row->samples, third * sizeof *scratch);
    double first = stats_summarize(scratch, third).p50;
    memcpy(scratch, row->samples + n - third, third * sizeof *scratch);
    row->drift = stats_summarize(scratch, third).p50 / first;
    row->drifts = fabs(row->drift - 1) > 0.02 && has_trend(row->samples, n);
}

/* ---- All rows ---- */

/* A row, and the samples that it is made of. */
typedef struct {
    uint32_t k;
    metrics_row_kind kind;
    metrics_row *row;
    sample *list;
    size_t n, used; /* samples; those that count */
} making;

/* Chooses the samples that count. */
static void choose(making *m) {
    metrics_row *row = m->row;
    size_t profiled = 0, unprofiled = 0;
    leave_out_later(row, m->list, m->n);
    for (size_t i = 0; i < m->n; i++) {
        profiled += m->list[i].profiling == ATTRIBUTION_PROFILED;
        unprofiled += m->list[i].profiling == ATTRIBUTION_UNPROFILED;
    }
    row->from = unprofiled ? ATTRIBUTION_UNPROFILED
                : profiled ? ATTRIBUTION_PROFILED
                           : ATTRIBUTION_PARTLY_PROFILED;
    row->samples = base_alloc(m->n, sizeof *row->samples);
    row->experts = base_alloc(m->n, sizeof *row->experts);
    take(row->samples, m->list, m->n, row->from,
         row->from == ATTRIBUTION_UNPROFILED ? offsetof(sample, own) : offsetof(sample, latency));
    m->used = take(row->experts, m->list, m->n, row->from, offsetof(sample, experts));
    row->latency.n = m->used;
}

/* What is made of a row at the same time as the rest of it. */
typedef enum { DESCRIBED, SURE_OF_P50, SURE_OF_MEAN, SURE_OF_DISTORTION, ROW_PARTS } row_part;

static void describe(const making *m, bool gpu, double *scratch) {
    metrics_row *row = m->row;
    size_t used = m->used;
    add_overhead(row, scratch, m->list, m->n);
    row->busy = row->gpu_sum = row->kernels = row->idle_issuing = row->idle_waiting = row->beyond = NAN;
    row->idle = row->idle_between = row->issues = row->waits = row->waiting = NAN;
    if (gpu) {
        add_gpu(row, scratch, m->list, m->n);
    }
    memcpy(scratch, row->samples, used * sizeof *scratch);
    row->latency = stats_summarize(scratch, used); /* sorts them */
    row->outliers = count_outliers(scratch, used, row->latency.p50);
    for (size_t i = 0; i < used; i++) {
        row->active += row->experts[i];
    }
    row->active /= (double)used;
    add_drift(row, scratch);
}

static void make_overhead_ci(const making *m, double *scratch) {
    double *other = base_alloc(m->n, sizeof *other);
    size_t profiled = take(scratch, m->list, m->n, ATTRIBUTION_PROFILED, offsetof(sample, own));
    size_t unprofiled = take(other, m->list, m->n, ATTRIBUTION_UNPROFILED, offsetof(sample, own));
    stats_summarize(scratch, profiled); /* sorts them */
    stats_summarize(other, unprofiled);
    m->row->overhead_ci = stats_bootstrap_ratio(scratch, profiled, other, unprofiled);
    free(other);
}

static void make_part(const making *m, bool gpu, row_part part) {
    double *scratch = base_alloc(m->n, sizeof *scratch);
    if (part == SURE_OF_P50 || part == SURE_OF_MEAN) {
        memcpy(scratch, m->row->samples, m->used * sizeof *scratch);
        stats_summarize(scratch, m->used); /* sorts them */
    }
    switch (part) {
    case SURE_OF_P50:
        m->row->p50_ci = stats_bootstrap_p50(scratch, m->used);
        break;
    case SURE_OF_MEAN:
        m->row->mean_ci = stats_bootstrap_mean(scratch, m->used);
        break;
    case SURE_OF_DISTORTION:
        make_overhead_ci(m, scratch);
        break;
    default:
        describe(m, gpu, scratch);
        break;
    }
    free(scratch);
}

static int by_number(const void *a, const void *b) {
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
    return (x > y) - (x < y);
}

struct metrics_sweep_making {
    metrics_fits *fits;
    making *rows;
    size_t count, cap; /* rows */
    metrics_fitting fitting[METRICS_ROWS];
    bool gpu;
    base_parallel_work *work;
};

/* Finds the rows that have samples. */
static void find_rows(metrics_sweep_making *s, const metrics_samples *samples) {
    uint32_t *ks = base_alloc(samples->count, sizeof *ks);
    sample *list = base_alloc(samples->count, sizeof *list);
    size_t count = 0;
    for (size_t i = 0; i < samples->count; i++) {
        if (count == 0 || ks[count - 1] != samples->list[i].k) {
            ks[count++] = samples->list[i].k;
        }
    }
    if (count > 0) {
        qsort(ks, count, sizeof *ks, by_number); /* BASE_NONE, the missing k, comes last */
    }
    for (size_t i = 0; i < count; i++) {
        for (int kind = 0; kind < METRICS_ROWS && (i == 0 || ks[i] != ks[i - 1]); kind++) {
            size_t n = collect(list, samples, ks[i], (metrics_row_kind)kind);
            if (n == 0) {
                continue;
            }
            s->rows = base_grow(s->rows, &s->cap, s->count + 1, sizeof *s->rows);
            s->rows[s->count] = (making){.k = ks[i], .kind = (metrics_row_kind)kind, .n = n};
            s->rows[s->count].list = base_alloc(n, sizeof *list);
            memcpy(s->rows[s->count++].list, list, n * sizeof *list);
        }
    }
    free(list);
    free(ks);
}

/* The fits take longest, so they come first. */
static void make_some(void *ctx, size_t i) {
    metrics_sweep_making *s = ctx;
    const size_t fits = METRICS_ROWS * METRICS_FIT_PARTS;
    if (i < fits) {
        metrics_fitting_make(&s->fitting[i % METRICS_ROWS], (metrics_fit_part)(i / METRICS_ROWS));
    } else {
        make_part(&s->rows[(i - fits) / ROW_PARTS], s->gpu, (row_part)((i - fits) % ROW_PARTS));
    }
}

metrics_sweep_making *metrics_sweep_begin(metrics_rows *rows, metrics_fits *fits,
                                          const metrics_samples *samples, bool gpu, unsigned jobs) {
    metrics_sweep_making *s = base_alloc(1, sizeof *s);
    s->fits = fits;
    s->gpu = gpu;
    find_rows(s, samples);
    rows->list = base_grow(rows->list, &rows->cap, s->count, sizeof *rows->list);
    rows->count = s->count;
    for (size_t i = 0; i < s->count; i++) {
        s->rows[i].row = &rows->list[i];
        rows->list[i] = (metrics_row){.k = s->rows[i].k, .kind = s->rows[i].kind};
        choose(&s->rows[i]);
    }
    for (int kind = 0; kind < METRICS_ROWS; kind++) {
        metrics_fitting_begin(&s->fitting[kind], &fits->of[kind], rows, (metrics_row_kind)kind);
    }
    s->work =
        base_parallel_begin(jobs, METRICS_ROWS * METRICS_FIT_PARTS + s->count * ROW_PARTS, make_some, s);
    return s;
}

void metrics_sweep_end(metrics_sweep_making *s) {
    base_parallel_end(s->work);
    for (int kind = 0; kind < METRICS_ROWS; kind++) {
        metrics_fitting_end(&s->fitting[kind]);
    }
    for (size_t i = 0; i < s->count; i++) {
        free(s->rows[i].list);
    }
    free(s->rows);
    free(s);
}

const char *metrics_row_name(metrics_row_kind kind) {
    static const char *const names[METRICS_ROWS] = {"vision", "prefill", "decode", "decode/token"};
    return names[kind];
}

const metrics_row *metrics_rows_find(const metrics_rows *rows, uint32_t k, metrics_row_kind kind) {
    for (size_t i = 0; i < rows->count; i++) {
        if (rows->list[i].k == k && rows->list[i].kind == kind) {
            return &rows->list[i];
        }
    }
    return NULL;
}

const metrics_row *metrics_rows_base(const metrics_rows *rows, metrics_row_kind kind) {
    for (size_t i = 0; i < rows->count; i++) {
        if (rows->list[i].kind == kind && rows->list[i].k != BASE_NONE) {
            return &rows->list[i];
        }
    }
    return NULL;
}

double metrics_row_ratio(const metrics_row *row, const metrics_row *base) {
    return row->latency.p50 / base->latency.p50;
}

double metrics_row_efficiency(const metrics_row *row, const metrics_row *base) {
    return base->k ? (double)row->k / base->k / metrics_row_ratio(row, base) : NAN;
}

void metrics_rows_free(metrics_rows *rows) {
    for (size_t i = 0; i < rows->count; i++) {
        free(rows->list[i].samples);
        free(rows->list[i].experts);
    }
    free(rows->list);
    memset(rows, 0, sizeof *rows);
}
