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

/* A sample whose detail was kept. */
typedef struct {
    metrics_sample sample;
    double latency, away; /* as the report has it; from the median */
    uint32_t span;
    const attribution_breakdown *detail; /* or NULL */
} kept;

typedef struct {
    metrics_tails *tails;
    attribution_ranges *ranges;
    const metrics_samples *samples;
    bool gpu;
    names_table paths;        /* interned */
    uint32_t *path_of;        /* by node: index in paths, plus 1; 0: not looked at */
    metrics_tail_cause *sums; /* of the row that is being made */
    uint32_t *ids;            /* path, layer or name index of each */
    size_t sum_count, sum_cap, id_cap;
    base_map by_id; /* kind and id -> sums */
} making;

/* ---- Which samples ---- */

static double latency_of(const metrics_sample *s) {
    return s->profiling == ATTRIBUTION_UNPROFILED ? s->own : s->latency;
}

static int order(double x, double y) {
    return (x > y) - (x < y);
}

static int by_kind(const metrics_sample *x, const metrics_sample *y) {
    int at = order(x->k, y->k);
    at = at ? at : order(x->phase, y->phase);
    at = at ? at : order(x->step, y->step);
    return at ? at : order(x->profiling, y->profiling);
}

static int by_kind_and_latency(const void *a, const void *b) {
    const kept *x = a, *y = b;
    int at = by_kind(&x->sample, &y->sample);
    at = at ? at : order(y->latency, x->latency);
    return at ? at : order(x->span, y->span);
}

static int by_distance(const void *a, const void *b) {
    const kept *x = a, *y = b;
    int at = order(x->away, y->away);
    return at ? at : order(x->span, y->span);
}

static void gather(const making *m, const metrics_tail_sample *list, size_t n, kept *out, size_t *count) {
    for (size_t i = 0; i < n; i++) {
        metrics_sample s = metrics_sample_of(m->ranges, &m->ranges->spans[list[i].span]);
        if (s.profiling != ATTRIBUTION_PARTLY_PROFILED) {
            out[(*count)++] = (kept){
                .sample = s, .latency = latency_of(&s), .span = list[i].span, .detail = list[i].detail};
        }
    }
}

/* The latencies of all samples of the kind of `like`; returns how many. */
static size_t latencies(const making *m, const metrics_sample *like, double *out) {
    size_t n = 0;
    for (size_t i = 0; i < m->samples->count; i++) {
        const metrics_sample *s = &m->samples->list[i];
        if (!s->warm && by_kind(s, like) == 0) {
            out[n++] = latency_of(s);
        }
    }
    return n;
}

/* ---- Means ---- */

static metrics_tail_means means_of(const kept *list, size_t n, bool gpu) {
    metrics_tail_means m = {.n = n};
    double *const sums[] = {&m.latency, &m.busy, &m.issuing, &m.waiting, &m.between, &m.kernels, &m.gap};
    for (size_t i = 0; i < n; i++) {
        const metrics_sample *s = &list[i].sample;
        const double values[] = {list[i].latency,
                                 s->busy,
                                 s->issuing,
                                 s->waiting,
                                 list[i].latency - s->busy - s->issuing - s->waiting,
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

static bool is_phase(names_role role) {
    return role == NAMES_ROLE_VISION || role == NAMES_ROLE_PREFILL || role == NAMES_ROLE_DECODE;
}

/* The index of the node's path below its phase; that of the phase's own node is its name. */
static uint32_t path_of(making *m, uint32_t node) {
    const names_table *names = m->ranges->names;
    const char *parts[ATTRIBUTION_DEPTH_MAX < 64 ? ATTRIBUTION_DEPTH_MAX : 64];
    size_t depth = 0, len = 0;
    char path[PATH_MAX_BYTES];
    if (m->path_of[node] != 0) {
        return m->path_of[node] - 1;
    }
    for (uint32_t at = node; at != ATTRIBUTION_ROOT && depth < sizeof parts / sizeof *parts;
         at = m->ranges->nodes[at].parent) {
        names_role role = names->list[m->ranges->nodes[at].origin].role;
        if (is_phase(role) && depth > 0) {
            break;
        }
        if (role != NAMES_ROLE_STEP || depth == 0) {
            parts[depth++] = names->list[m->ranges->nodes[at].name].text;
        }
        if (is_phase(role)) {
            break;
        }
    }
    while (depth-- > 0) {
        len += (size_t)snprintf(path + len, sizeof path - len, "%s%s", len ? "/" : "", parts[depth]);
        len = len < sizeof path ? len : sizeof path - 1;
    }
    uint32_t index = names_intern(&m->paths, path, len);
    m->path_of[node] = index + 1;
    return index;
}

/* Adds to a sum; `slow` says to which of the two. */
static void add(making *m, metrics_tail_kind kind, uint32_t id, bool slow, double ms, double count) {
    uint64_t key = (uint64_t)kind << 32 | id;
    uint32_t at = base_map_get(&m->by_id, key);
    if (at == BASE_NONE) {
        at = (uint32_t)m->sum_count;
        m->sums = base_grow(m->sums, &m->sum_cap, m->sum_count + 1, sizeof *m->sums);
        m->ids = base_grow(m->ids, &m->id_cap, m->sum_count + 1, sizeof *m->ids);
        m->sums[m->sum_count] = (metrics_tail_cause){.row = at, .kind = kind}; /* `row` finds its id */
        m->ids[m->sum_count++] = id;
        base_map_put(&m->by_id, key, at);
    }
    *(slow ? &m->sums[at].slow : &m->sums[at].typical) += ms;
    *(slow ? &m->sums[at].slow_count : &m->sums[at].typical_count) += count;
}

/* The sums of a list; `kind` is that of ranges, or of kernels. */
static void add_sums(making *m, const attribution_breakdown_sums *sums, metrics_tail_kind kind, bool slow,
                     double part) {
    for (size_t i = 0; i < sums->count; i++) {
        const attribution_breakdown_sum *sum = &sums->list[i];
        double ms = (double)sum->ns / 1e6 * part, count = sum->count * part;
        if (kind == METRICS_TAIL_KERNEL) {
            add(m, kind, sum->id, slow, ms, count);
            continue;
        }
        uint32_t layer = m->ranges->nodes[sum->id].layer;
        add(m, kind, path_of(m, sum->id), slow, ms, count);
        if (layer != BASE_NONE) {
            add(m, kind == METRICS_TAIL_HOST ? METRICS_TAIL_HOST_LAYER : METRICS_TAIL_GPU_LAYER, layer, slow,
                ms, count);
        }
    }
}

static void add_details(making *m, const kept *list, size_t n, bool slow, bool gpu) {
    for (size_t i = 0; i < n; i++) {
        const attribution_breakdown *d = list[i].detail;
        if (d) {
            add_sums(m, &d->host, METRICS_TAIL_HOST, slow, 1.0 / (double)n);
        }
        if (d && gpu) {
            add_sums(m, &d->gpu, METRICS_TAIL_GPU, slow, 1.0 / (double)n);
            add_sums(m, &d->kernels, METRICS_TAIL_KERNEL, slow, 1.0 / (double)n);
        }
    }
}

static double difference(const metrics_tail_cause *c) {
    return fabs(c->slow - c->typical);
}

static int by_kind_and_difference(const void *a, const void *b) {
    const metrics_tail_cause *x = a, *y = b;
    int at = order(x->kind, y->kind);
    at = at ? at : order(difference(y), difference(x));
    return at ? at : order((double)x->row, (double)y->row);
}

static char *text_of(const making *m, const metrics_tail_cause *c) {
    uint32_t id = m->ids[c->row];
    char text[32];
    if (c->kind == METRICS_TAIL_HOST || c->kind == METRICS_TAIL_GPU) {
        return base_copy(m->paths.list[id].text, m->paths.list[id].len);
    }
    if (c->kind == METRICS_TAIL_KERNEL && id != BASE_NONE) {
        return base_copy(m->ranges->names->list[id].text, m->ranges->names->list[id].len);
    }
    snprintf(text, sizeof text, c->kind == METRICS_TAIL_KERNEL ? "copies and fills" : "layer %u", id);
    return base_copy(text, strlen(text));
}

/* Keeps the greatest of each kind. */
static void keep_causes(making *m) {
    metrics_tails *t = m->tails;
    if (m->sum_count > 0) {
        qsort(m->sums, m->sum_count, sizeof *m->sums, by_kind_and_difference);
    }
    size_t of_kind = 0;
    for (size_t i = 0; i < m->sum_count; i++) {
        of_kind = i > 0 && m->sums[i].kind == m->sums[i - 1].kind ? of_kind + 1 : 0;
        if (of_kind >= METRICS_TAIL_CAUSES || !(difference(&m->sums[i]) > 0)) {
            continue;
        }
        t->causes = base_grow(t->causes, &t->cause_cap, t->cause_count + 1, sizeof *t->causes);
        metrics_tail_cause *c = &t->causes[t->cause_count++];
        *c = m->sums[i];
        c->what = text_of(m, &m->sums[i]);
        c->row = t->row_count - 1;
    }
    m->sum_count = 0;
    base_map_free(&m->by_id);
}

/* ---- Rows ---- */

/* Of n kept samples of one kind, by latency; `all` has room for the latencies of the trace. */
static void make_row(making *m, kept *list, size_t n, double *all) {
    const metrics_sample *first = &list[0].sample;
    bool gpu = m->gpu && first->profiling == ATTRIBUTION_PROFILED;
    size_t count = latencies(m, first, all), slow = (count + 99) / 100;
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
                            .slow = means_of(list, slow, gpu),
                            .request = first->request,
                            .number = first->number,
                            .gap_at = gpu ? first->gap_at : NAN};
    for (size_t i = slow; i < n; i++) {
        list[i].away = fabs(list[i].latency - row.p50);
    }
    qsort(list + slow, n - slow, sizeof *list, by_distance);
    size_t typical = count / 4 < TYPICAL_MAX ? count / 4 : TYPICAL_MAX;
    typical = typical < n - slow ? typical : n - slow;
    row.typical = means_of(list + slow, typical, gpu);
    t->rows = base_grow(t->rows, &t->row_cap, t->row_count + 1, sizeof *t->rows);
    t->rows[t->row_count++] = row;
    add_details(m, list, slow, true, gpu);
    add_details(m, list + slow, typical, false, gpu);
    keep_causes(m);
}

static int by_difference(const void *a, const void *b) {
    const metrics_tail_cause *x = a, *y = b;
    int at = order(difference(y), difference(x));
    at = at ? at : order((double)x->row, (double)y->row);
    at = at ? at : order(x->kind, y->kind);
    return at ? at : strcmp(x->what, y->what);
}

void metrics_tails_make(metrics_tails *tails, const metrics_tail_pools *pools, attribution_ranges *ranges,
                        const metrics_samples *samples, bool gpu) {
    making m = {.tails = tails, .ranges = ranges, .samples = samples, .gpu = gpu};
    size_t count = 0;
    kept *list = base_alloc(pools->count * (METRICS_TAIL_SLOW + METRICS_TAIL_OTHERS), sizeof *list);
    double *all = base_alloc(samples->count, sizeof *all);
    m.path_of = base_alloc(ranges->node_count, sizeof *m.path_of);
    for (size_t i = 0; i < pools->count; i++) {
        gather(&m, pools->list[i].slow, pools->list[i].slow_count, list, &count);
        gather(&m, pools->list[i].others, pools->list[i].other_count, list, &count);
    }
    if (count > 0) {
        qsort(list, count, sizeof *list, by_kind_and_latency);
    }
    for (size_t i = 0; i < count;) {
        size_t end = i + 1;
        while (end < count && by_kind(&list[i].sample, &list[end].sample) == 0) {
            end++;
        }
        make_row(&m, list + i, end - i, all);
        i = end;
    }
    if (tails->cause_count > 0) {
        qsort(tails->causes, tails->cause_count, sizeof *tails->causes, by_difference);
    }
    names_free(&m.paths);
    free(m.path_of);
    free(m.sums);
    free(m.ids);
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
