/* The slowest samples against typical ones. */
#include "analysis/metrics/tail_latency.h"

#include "analysis/base/alloc.h"
#include "analysis/stats/descriptive.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TYPICAL_MAX    16
#define PATH_MAX_BYTES 240
#define PATH_PARTS     64 /* ranges that a path names */

/* A sample whose detail was kept. */
typedef struct {
    metrics_sample sample;
    double latency, away; /* as the report has it; from the median */
    uint32_t span;
    const attribution_breakdown *detail; /* or NULL */
} kept_sample;

/* Sums over the slow and the typical samples of one row: of what will be a cause. */
typedef struct {
    metrics_tail_kind kind;
    uint32_t id;    /* path, layer or name index, as the kind has it */
    uint32_t order; /* in which it was first seen */
    double slow, typical;
    double slow_count, typical_count;
} tail_sum;

typedef struct {
    metrics_tails *tails;
    const attribution_ranges *ranges;
    const metrics_sample **samples; /* by kind, without those of warm-up */
    size_t sample_count;
    bool gpu;
    names_table paths; /* interned */
    uint32_t *path_of; /* by node: index in paths, plus 1; 0: not looked at */
    tail_sum *sums;    /* of the row that is being made */
    size_t sum_count, sum_cap;
    base_map by_id; /* kind and id -> sums */
} tails_making;

/* ---- Which samples ---- */

static double reported_latency(const metrics_sample *s) {
    return s->profiling == ATTRIBUTION_UNPROFILED ? s->own : s->latency;
}

static int compare_numbers(double x, double y) {
    return (x > y) - (x < y);
}

static int compare_sample_kinds(const metrics_sample *x, const metrics_sample *y) {
    int at = compare_numbers(x->k, y->k);
    at = at ? at : compare_numbers(x->phase, y->phase);
    at = at ? at : compare_numbers(x->step, y->step);
    return at ? at : compare_numbers(x->profiling, y->profiling);
}

static int by_kind_and_latency(const void *a, const void *b) {
    const kept_sample *x = a, *y = b;
    int at = compare_sample_kinds(&x->sample, &y->sample);
    at = at ? at : compare_numbers(y->latency, x->latency);
    return at ? at : compare_numbers(x->span, y->span);
}

static int by_distance(const void *a, const void *b) {
    const kept_sample *x = a, *y = b;
    int at = compare_numbers(x->away, y->away);
    return at ? at : compare_numbers(x->span, y->span);
}

static void gather_kept_samples(const tails_making *m, const metrics_tail_sample *list, size_t n,
                                kept_sample *out, size_t *count) {
    for (size_t i = 0; i < n; i++) {
        metrics_sample s = metrics_sample_of(m->ranges, attribution_ranges_span(m->ranges, list[i].span));
        if (s.profiling != ATTRIBUTION_PARTLY_PROFILED) {
            out[(*count)++] = (kept_sample){
                .sample = s, .latency = reported_latency(&s), .span = list[i].span, .detail = list[i].detail};
        }
    }
}

static int by_sample_kind(const void *a, const void *b) {
    const metrics_sample *x = *(const metrics_sample *const *)a, *y = *(const metrics_sample *const *)b;
    int order = compare_sample_kinds(x, y);
    return order ? order : (x > y) - (x < y);
}

/* All samples but those of warm-up, by kind; the caller frees them. */
static const metrics_sample **sort_by_kind(const metrics_samples *samples, size_t *count) {
    const metrics_sample **sorted = base_alloc(samples->count, sizeof *sorted);
    *count = 0;
    for (size_t i = 0; i < samples->count; i++) {
        if (!samples->list[i].warm) {
            sorted[(*count)++] = &samples->list[i];
        }
    }
    if (*count > 0) {
        qsort(sorted, *count, sizeof *sorted, by_sample_kind);
    }
    return sorted;
}

/* The latencies of all samples of the kind of `like`; returns how many. */
static size_t latencies_like(const tails_making *m, const metrics_sample *like, double *out) {
    size_t from = 0, to = m->sample_count, n = 0;
    while (from < to) {
        size_t middle = from + (to - from) / 2;
        if (compare_sample_kinds(m->samples[middle], like) < 0) {
            from = middle + 1;
        } else {
            to = middle;
        }
    }
    for (; from < m->sample_count && compare_sample_kinds(m->samples[from], like) == 0; from++) {
        out[n++] = reported_latency(m->samples[from]);
    }
    return n;
}

/* ---- Means ---- */

static metrics_tail_means tail_means_of(const kept_sample *list, size_t n, bool gpu) {
    metrics_tail_means m = {.n = n};
    double *const sums[] = {&m.latency,      &m.busy,    &m.idle_enqueue, &m.idle_sync,
                            &m.idle_between, &m.kernels, &m.gap};
    for (size_t i = 0; i < n; i++) {
        const metrics_sample *s = &list[i].sample;
        const double values[] = {list[i].latency,
                                 s->busy,
                                 s->idle_enqueue,
                                 s->idle_sync,
                                 list[i].latency - s->busy - s->idle_enqueue - s->idle_sync,
                                 s->kernels,
                                 s->gap};
        for (size_t j = 0; j < sizeof sums / sizeof *sums; j++) {
            *sums[j] += values[j];
        }
    }
    for (size_t j = 0; j < sizeof sums / sizeof *sums; j++) {
        *sums[j] = j == 0 || gpu ? *sums[j] / (double)n : NAN; /* all but the latency are of the GPU */
    }
    return m;
}

/* ---- Causes ---- */

static bool is_phase_role(names_role role) {
    return attribution_phase_of_role(role) != ATTRIBUTION_PHASES;
}

/* The index of the node's path below its phase; that of the phase's own node is its name. */
static uint32_t path_below_phase(tails_making *m, uint32_t node) {
    const names_table *names = attribution_ranges_names(m->ranges);
    const char *parts[PATH_PARTS];
    size_t depth = 0, len = 0;
    char path[PATH_MAX_BYTES];
    if (m->path_of[node] != 0) {
        return m->path_of[node] - 1;
    }
    for (uint32_t at = node; at != ATTRIBUTION_ROOT && depth < PATH_PARTS;) {
        const attribution_node *range = attribution_ranges_node(m->ranges, at);
        names_role role = names_entry_at(names, range->origin)->means.role;
        if (is_phase_role(role) && depth > 0) {
            break;
        }
        if (role != NAMES_ROLE_STEP || depth == 0) {
            parts[depth++] = names_entry_at(names, range->name)->text;
        }
        if (is_phase_role(role)) {
            break;
        }
        at = range->parent;
    }
    while (depth-- > 0) {
        len += (size_t)snprintf(path + len, sizeof path - len, "%s%s", len ? "/" : "", parts[depth]);
        len = len < sizeof path ? len : sizeof path - 1;
    }
    uint32_t index = names_intern(&m->paths, path, len);
    m->path_of[node] = index + 1;
    return index;
}

/* Adds to the sum over the slow samples, or to that over the typical ones. */
static void add_to_tail_sum(tails_making *m, metrics_tail_kind kind, uint32_t id, bool slow, double ms,
                            double count) {
    uint64_t key = (uint64_t)kind << 32 | id;
    uint32_t at = base_map_get(&m->by_id, key);
    if (at == BASE_NONE) {
        at = (uint32_t)m->sum_count;
        m->sums = base_grow(m->sums, &m->sum_cap, m->sum_count + 1, sizeof *m->sums);
        m->sums[m->sum_count++] = (tail_sum){.kind = kind, .id = id, .order = at};
        base_map_put(&m->by_id, key, at);
    }
    tail_sum *sum = &m->sums[at];
    *(slow ? &sum->slow : &sum->typical) += ms;
    *(slow ? &sum->slow_count : &sum->typical_count) += count;
}

/* The sums of a list; `kind` is that of ranges, or of kernels. */
static void add_tail_sums(tails_making *m, const attribution_breakdown_sums *sums, metrics_tail_kind kind,
                          bool slow, double part) {
    for (size_t i = 0; i < sums->count; i++) {
        const attribution_breakdown_sum *sum = &sums->list[i];
        double ms = (double)sum->ns / 1e6 * part, count = sum->count * part;
        if (kind == METRICS_TAIL_KERNEL) {
            add_to_tail_sum(m, kind, sum->id, slow, ms, count);
            continue;
        }
        uint32_t layer = attribution_ranges_node(m->ranges, sum->id)->layer;
        add_to_tail_sum(m, kind, path_below_phase(m, sum->id), slow, ms, count);
        if (layer != BASE_NONE) {
            metrics_tail_kind of_layer =
                kind == METRICS_TAIL_HOST ? METRICS_TAIL_HOST_LAYER : METRICS_TAIL_GPU_LAYER;
            add_to_tail_sum(m, of_layer, layer, slow, ms, count);
        }
    }
}

static void add_tail_details(tails_making *m, const kept_sample *list, size_t n, bool slow, bool gpu) {
    for (size_t i = 0; i < n; i++) {
        const attribution_breakdown *d = list[i].detail;
        if (d) {
            add_tail_sums(m, &d->host, METRICS_TAIL_HOST, slow, 1.0 / (double)n);
        }
        if (d && gpu) {
            add_tail_sums(m, &d->gpu, METRICS_TAIL_GPU, slow, 1.0 / (double)n);
            add_tail_sums(m, &d->kernels, METRICS_TAIL_KERNEL, slow, 1.0 / (double)n);
        }
    }
}

static int by_kind_and_difference(const void *a, const void *b) {
    const tail_sum *x = a, *y = b;
    int at = compare_numbers(x->kind, y->kind);
    at = at ? at : compare_numbers(fabs(y->slow - y->typical), fabs(x->slow - x->typical));
    return at ? at : compare_numbers(x->order, y->order);
}

static bool is_kernel_name(const tail_sum *sum) {
    return sum->kind == METRICS_TAIL_KERNEL && sum->id != BASE_NONE;
}

static char *cause_text(const tails_making *m, const tail_sum *sum) {
    char text[32] = "copies and memsets";
    const names_entry *name = NULL;
    if (sum->kind == METRICS_TAIL_HOST || sum->kind == METRICS_TAIL_GPU) {
        name = names_entry_at(&m->paths, sum->id);
    } else if (is_kernel_name(sum)) {
        name = names_entry_at(attribution_ranges_names(m->ranges), sum->id);
    } else if (sum->kind != METRICS_TAIL_KERNEL) {
        snprintf(text, sizeof text, "layer %u", sum->id);
    }
    return name ? base_copy(name->text, name->len) : base_copy(text, strlen(text));
}

/* Keeps the greatest of each kind. */
static void keep_causes(tails_making *m) {
    metrics_tails *t = m->tails;
    if (m->sum_count > 0) {
        qsort(m->sums, m->sum_count, sizeof *m->sums, by_kind_and_difference);
    }
    size_t of_kind = 0;
    for (size_t i = 0; i < m->sum_count; i++) {
        const tail_sum *sum = &m->sums[i];
        of_kind = i > 0 && sum->kind == m->sums[i - 1].kind ? of_kind + 1 : 0;
        if (of_kind >= METRICS_TAIL_CAUSES || !(fabs(sum->slow - sum->typical) > 0)) {
            continue;
        }
        t->causes = base_grow(t->causes, &t->cause_cap, t->cause_count + 1, sizeof *t->causes);
        t->causes[t->cause_count++] = (metrics_tail_cause){.row = t->row_count - 1,
                                                           .kind = sum->kind,
                                                           .what = cause_text(m, sum),
                                                           .mangled = is_kernel_name(sum),
                                                           .slow = sum->slow,
                                                           .typical = sum->typical,
                                                           .slow_count = sum->slow_count,
                                                           .typical_count = sum->typical_count};
    }
    m->sum_count = 0;
    base_map_free(&m->by_id);
}

/* ---- Rows ---- */

/* Of n kept samples of one kind, by latency; `all` has room for the latencies of the trace. */
static void make_tail_row(tails_making *m, kept_sample *list, size_t n, double *all) {
    const metrics_sample *first = &list[0].sample;
    bool gpu = m->gpu && first->profiling == ATTRIBUTION_PROFILED;
    size_t count = latencies_like(m, first, all), slow = (count + 99) / 100;
    slow = slow < METRICS_TAIL_SLOW ? slow : METRICS_TAIL_SLOW;
    if (count < METRICS_TAIL_SAMPLES || n <= slow) {
        return;
    }
    metrics_tails *t = m->tails;
    metrics_tail_row row = {.k = first->k,
                            .phase = first->phase,
                            .step = first->step,
                            .profiling = first->profiling,
                            .n = count,
                            .p50 = stats_summarize(all, count).p50,
                            .slow = tail_means_of(list, slow, gpu),
                            .request = first->request,
                            .number = first->number,
                            .gap_at = gpu ? first->gap_at : NAN};
    for (size_t i = slow; i < n; i++) {
        list[i].away = fabs(list[i].latency - row.p50);
    }
    qsort(list + slow, n - slow, sizeof *list, by_distance);
    size_t typical = count / 4 < TYPICAL_MAX ? count / 4 : TYPICAL_MAX;
    typical = typical < n - slow ? typical : n - slow;
    row.typical = tail_means_of(list + slow, typical, gpu);
    t->rows = base_grow(t->rows, &t->row_cap, t->row_count + 1, sizeof *t->rows);
    t->rows[t->row_count++] = row;
    add_tail_details(m, list, slow, true, gpu);
    add_tail_details(m, list + slow, typical, false, gpu);
    keep_causes(m);
}

static int by_difference(const void *a, const void *b) {
    const metrics_tail_cause *x = a, *y = b;
    int at = compare_numbers(fabs(y->slow - y->typical), fabs(x->slow - x->typical));
    at = at ? at : compare_numbers((double)x->row, (double)y->row);
    at = at ? at : compare_numbers(x->kind, y->kind);
    return at ? at : strcmp(x->what, y->what);
}

void metrics_tails_make(metrics_tails *tails, const metrics_tail_pools *pools,
                        const attribution_ranges *ranges, const metrics_samples *samples, bool gpu) {
    tails_making m = {.tails = tails, .ranges = ranges, .gpu = gpu};
    m.samples = sort_by_kind(samples, &m.sample_count);
    size_t count = 0;
    kept_sample *list = base_alloc(pools->count * (METRICS_TAIL_SLOW + METRICS_TAIL_OTHERS), sizeof *list);
    double *all = base_alloc(samples->count, sizeof *all);
    m.path_of = base_alloc(attribution_ranges_node_count(ranges), sizeof *m.path_of);
    for (size_t i = 0; i < pools->count; i++) {
        gather_kept_samples(&m, pools->list[i].slow, pools->list[i].slow_count, list, &count);
        gather_kept_samples(&m, pools->list[i].others, pools->list[i].other_count, list, &count);
    }
    if (count > 0) {
        qsort(list, count, sizeof *list, by_kind_and_latency);
    }
    for (size_t i = 0; i < count;) {
        size_t end = i + 1;
        while (end < count && compare_sample_kinds(&list[i].sample, &list[end].sample) == 0) {
            end++;
        }
        make_tail_row(&m, list + i, end - i, all);
        i = end;
    }
    if (tails->cause_count > 0) {
        qsort(tails->causes, tails->cause_count, sizeof *tails->causes, by_difference);
    }
    names_free(&m.paths);
    free(m.path_of);
    free(m.sums);
    free(m.samples);
    free(all);
    free(list);
}

void metrics_tails_free(metrics_tails *tails) {
    for (size_t i = 0; i < tails->cause_count; i++) {
        free(tails->causes[i].what);
    }
    free(tails->rows);
    free(tails->causes);
    memset(tails, 0, sizeof *tails);
}
