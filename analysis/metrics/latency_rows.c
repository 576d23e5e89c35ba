/* From samples to rows: which count, their statistics, outliers and drift. */
#include "analysis/metrics/latency_rows.h"

#include "analysis/base/alloc.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define DRIFT_SAMPLES_MIN 8
#define DRIFT_SAMPLES_MAX 1000 /* of more samples every n-th is looked at */
#define OUTLIERS_MIN      10   /* of fewer, one in ten clean sets would have one */

/* ---- Which samples count ---- */

/* What a decode took over the number of its steps. */
static metrics_sample sample_per_token(metrics_sample s) {
    double *const parts[] = {&s.latency,   &s.own,    &s.busy,     &s.gpu_sum, &s.kernels,  &s.idle_enqueue,
                             &s.idle_sync, &s.beyond, &s.enqueues, &s.syncs,   &s.sync_time};
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
        *parts[i] /= s.steps;
    }
    return s;
}

attribution_phase metrics_row_phase(metrics_row_kind kind) {
    return kind == METRICS_ROW_TOKEN ? ATTRIBUTION_DECODE : (attribution_phase)kind;
}

bool metrics_row_collect(metrics_row_making *m, const metrics_sample *const *samples, size_t count,
                         metrics_row_kind kind) {
    bool token = kind == METRICS_ROW_TOKEN;
    attribution_phase phase = metrics_row_phase(kind);
    size_t cap = 0;
    *m = (metrics_row_making){0};
    for (size_t i = 0; i < count; i++) {
        const metrics_sample *s = samples[i];
        if (!s->step && s->phase == phase && !s->warm && !(token && s->steps == 0)) {
            m->list = base_grow(m->list, &cap, m->n + 1, sizeof *m->list);
            m->list[m->n++] = token ? sample_per_token(*s) : *s;
        }
    }
    return m->n > 0;
}

/* Of unprofiled samples those count that ran before CUPTI's records were ever on, if there are any. */
static void leave_out_later(metrics_row_making *m) {
    size_t before = 0, after = 0, kept = 0;
    for (size_t i = 0; i < m->n; i++) {
        after += m->list[i].after_profiling;
        before += m->list[i].profiling == ATTRIBUTION_UNPROFILED && !m->list[i].after_profiling;
    }
    if (before == 0) {
        m->row->after_profiling = after > 0;
        return;
    }
    for (size_t i = 0; i < m->n; i++) {
        if (!m->list[i].after_profiling) {
            m->list[kept++] = m->list[i];
        }
    }
    m->row->left_out = m->n - kept;
    m->n = kept;
}

/* ---- Statistics of one row ---- */

/* Copies the field at `offset` of the samples with this profiling; returns how many. */
static size_t copy_field(double *out, const metrics_sample *list, size_t n, attribution_profiling profiling,
                         size_t offset) {
    size_t taken = 0;
    for (size_t i = 0; i < n; i++) {
        if (list[i].profiling == profiling) {
            memcpy(&out[taken++], (const char *)&list[i] + offset, sizeof *out);
        }
    }
    return taken;
}

static double profiled_median(double *scratch, const metrics_sample *list, size_t n, size_t offset) {
    size_t taken = copy_field(scratch, list, n, ATTRIBUTION_PROFILED, offset);
    return taken ? stats_summarize(scratch, taken).p50 : NAN;
}

static void add_gpu_medians(metrics_row *row, double *scratch, const metrics_sample *list, size_t n) {
    row->busy = profiled_median(scratch, list, n, offsetof(metrics_sample, busy));
    row->gpu_sum = profiled_median(scratch, list, n, offsetof(metrics_sample, gpu_sum));
    row->kernels = profiled_median(scratch, list, n, offsetof(metrics_sample, kernels));
    row->idle_enqueue = profiled_median(scratch, list, n, offsetof(metrics_sample, idle_enqueue));
    row->idle_sync = profiled_median(scratch, list, n, offsetof(metrics_sample, idle_sync));
    row->enqueues = profiled_median(scratch, list, n, offsetof(metrics_sample, enqueues));
    row->syncs = profiled_median(scratch, list, n, offsetof(metrics_sample, syncs));
    row->sync_time = profiled_median(scratch, list, n, offsetof(metrics_sample, sync_time));
    row->beyond = profiled_median(scratch, list, n, offsetof(metrics_sample, beyond));
    size_t taken = 0;
    double *idle = base_alloc(n, sizeof *idle);
    for (size_t i = 0; i < n; i++) {
        if (list[i].profiling == ATTRIBUTION_PROFILED) {
            idle[taken] = list[i].latency - list[i].busy;
            scratch[taken] = idle[taken] - list[i].idle_enqueue - list[i].idle_sync;
            taken++;
        }
    }
    row->idle = taken ? stats_summarize(idle, taken).p50 : NAN;
    row->idle_between = taken ? stats_summarize(scratch, taken).p50 : NAN;
    free(idle);
}

static void add_overhead_ratio(metrics_row *row, double *scratch, const metrics_sample *list, size_t n) {
    row->profiled = copy_field(scratch, list, n, ATTRIBUTION_PROFILED, offsetof(metrics_sample, own));
    row->on = stats_summarize(scratch, row->profiled);
    row->unprofiled = copy_field(scratch, list, n, ATTRIBUTION_UNPROFILED, offsetof(metrics_sample, own));
    row->off = stats_summarize(scratch, row->unprofiled);
    row->partly = n - row->profiled - row->unprofiled;
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

/* Where the samples have no ranges of experts, as of requests without deep annotation: the mean of the profiled ones. */
static void fill_experts(double *experts, size_t used, const metrics_sample *list, size_t n) {
    double sum = 0;
    size_t counted = 0;
    for (size_t i = 0; i < used; i++) {
        if (!isnan(experts[i])) {
            return;
        }
    }
    for (size_t i = 0; i < n; i++) {
        if (list[i].profiling == ATTRIBUTION_PROFILED && !isnan(list[i].experts)) {
            sum += list[i].experts;
            counted++;
        }
    }
    for (size_t i = 0; counted > 0 && i < used; i++) {
        experts[i] = sum / (double)counted;
    }
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

/* ---- The making of a row ---- */

void metrics_row_begin(metrics_row_making *m, metrics_row *row, uint32_t k, metrics_row_kind kind) {
    size_t profiled = 0, unprofiled = 0;
    *row = (metrics_row){.k = k, .kind = kind};
    m->row = row;
    leave_out_later(m);
    for (size_t i = 0; i < m->n; i++) {
        profiled += m->list[i].profiling == ATTRIBUTION_PROFILED;
        unprofiled += m->list[i].profiling == ATTRIBUTION_UNPROFILED;
    }
    size_t field = offsetof(metrics_sample, latency);
    if (unprofiled > 0) {
        row->from = ATTRIBUTION_UNPROFILED;
        field = offsetof(metrics_sample, own);
    } else {
        row->from = profiled > 0 ? ATTRIBUTION_PROFILED : ATTRIBUTION_PARTLY_PROFILED;
    }
    row->samples = base_alloc(m->n, sizeof *row->samples);
    row->experts = base_alloc(m->n, sizeof *row->experts);
    copy_field(row->samples, m->list, m->n, row->from, field);
    m->used = copy_field(row->experts, m->list, m->n, row->from, offsetof(metrics_sample, experts));
    fill_experts(row->experts, m->used, m->list, m->n);
    row->latency.n = m->used;
}

static void add_statistics(const metrics_row_making *m, bool gpu, double *scratch) {
    metrics_row *row = m->row;
    size_t used = m->used;
    add_overhead_ratio(row, scratch, m->list, m->n);
    row->busy = row->gpu_sum = row->kernels = row->idle_enqueue = row->idle_sync = row->beyond = NAN;
    row->idle = row->idle_between = row->enqueues = row->syncs = row->sync_time = NAN;
    if (gpu) {
        add_gpu_medians(row, scratch, m->list, m->n);
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

static void add_overhead_ci(const metrics_row_making *m, double *scratch) {
    double *other = base_alloc(m->n, sizeof *other);
    size_t profiled = copy_field(scratch, m->list, m->n, ATTRIBUTION_PROFILED, offsetof(metrics_sample, own));
    size_t unprofiled =
        copy_field(other, m->list, m->n, ATTRIBUTION_UNPROFILED, offsetof(metrics_sample, own));
    stats_summarize(scratch, profiled); /* sorts them */
    stats_summarize(other, unprofiled);
    m->row->overhead_ci = stats_bootstrap_ratio(scratch, profiled, other, unprofiled);
    free(other);
}

void metrics_row_make(const metrics_row_making *m, metrics_row_part part, bool gpu) {
    double *scratch = base_alloc(m->n, sizeof *scratch);
    if (part == METRICS_ROW_P50_CI || part == METRICS_ROW_MEAN_CI) {
        memcpy(scratch, m->row->samples, m->used * sizeof *scratch);
        stats_summarize(scratch, m->used); /* sorts them */
    }
    switch (part) {
    case METRICS_ROW_P50_CI:
        m->row->p50_ci = stats_bootstrap_p50(scratch, m->used);
        break;
    case METRICS_ROW_MEAN_CI:
        m->row->mean_ci = stats_bootstrap_mean(scratch, m->used);
        break;
    case METRICS_ROW_OVERHEAD_CI:
        add_overhead_ci(m, scratch);
        break;
    default:
        add_statistics(m, gpu, scratch);
        break;
    }
    free(scratch);
}

void metrics_row_end(metrics_row_making *m) {
    free(m->list);
    m->list = NULL;
}

/* ---- All rows ---- */

const char *metrics_row_name(metrics_row_kind kind) {
    return kind == METRICS_ROW_TOKEN ? "decode/token" : attribution_phase_name(metrics_row_phase(kind));
}

const metrics_row *metrics_rows_find(const metrics_rows *rows, uint32_t k, metrics_row_kind kind) {
    size_t from = 0, to = rows->count;
    while (from < to) {
        size_t middle = from + (to - from) / 2;
        const metrics_row *row = &rows->list[middle];
        if (row->k == k && row->kind == kind) {
            return row;
        }
        if (row->k < k || (row->k == k && row->kind < kind)) {
            from = middle + 1;
        } else {
            to = middle;
        }
    }
    return NULL;
}

const metrics_row *metrics_rows_base(const metrics_rows *rows, metrics_row_kind kind) {
    return rows->base[kind] ? &rows->list[rows->base[kind] - 1] : NULL;
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
