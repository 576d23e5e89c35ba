/* The slowest samples against typical ones. */
#include "analysis/tails.h"

#include "analysis/memory.h"
#include "analysis/stats.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TYPICAL_MAX    16
#define PATH_MAX_BYTES 240

/* A sample whose detail was kept. */
typedef struct {
    analysis_sample sample;
    double latency, away; /* as the report has it; from the median */
    uint32_t span;
    const analysis_detail *detail; /* or NULL */
} kept;

typedef struct {
    analysis_tails *tails;
    analysis_ranges *ranges;
    const analysis_samples *samples;
    bool gpu;
    analysis_names paths;      /* interned */
    uint32_t *path_of;         /* by node: index in paths, plus 1; 0: not looked at */
    analysis_tail_cause *sums; /* of the row that is being made */
    uint32_t *ids;             /* path, layer or name index of each */
    size_t sum_count, sum_cap, id_cap;
    analysis_map by_id; /* kind and id -> sums */
} making;

/* ---- Which samples ---- */

static double latency_of(const analysis_sample *s) {
    return s->watching == ANALYSIS_UNWATCHED ? s->own : s->latency;
}

static int order(double x, double y) {
    return (x > y) - (x < y);
}

static int by_kind(const analysis_sample *x, const analysis_sample *y) {
    int at = order(x->k, y->k);
    at = at ? at : order(x->phase, y->phase);
    at = at ? at : order(x->step, y->step);
    return at ? at : order(x->watching, y->watching);
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

static void gather(const making *m, const analysis_tail_sample *list, size_t n, kept *out, size_t *count) {
    for (size_t i = 0; i < n; i++) {
        analysis_sample s = analysis_sample_of(m->ranges, &m->ranges->spans[list[i].span]);
        if (s.watching != ANALYSIS_PARTLY) {
            out[(*count)++] = (kept){
                .sample = s, .latency = latency_of(&s), .span = list[i].span, .detail = list[i].detail};
        }
    }
}

/* The latencies of all samples of the kind of `like`; returns how many. */
static size_t latencies(const making *m, const analysis_sample *like, double *out) {
    size_t n = 0;
    for (size_t i = 0; i < m->samples->count; i++) {
        const analysis_sample *s = &m->samples->list[i];
        if (!s->warm && by_kind(s, like) == 0) {
            out[n++] = latency_of(s);
        }
    }
    return n;
}

/* ---- Means ---- */

static analysis_tail_means means_of(const kept *list, size_t n, bool gpu) {
    analysis_tail_means m = {.n = n};
    double *const sums[] = {&m.latency, &m.busy, &m.issuing, &m.waiting, &m.between, &m.kernels, &m.gap};
    for (size_t i = 0; i < n; i++) {
        const analysis_sample *s = &list[i].sample;
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

static bool is_phase(analysis_role role) {
    return role == ANALYSIS_ROLE_VISION || role == ANALYSIS_ROLE_PREFILL || role == ANALYSIS_ROLE_DECODE;
}

/* The index of the node's path below its phase; that of the phase's own node is its name. */
static uint32_t path_of(making *m, uint32_t node) {
    const analysis_names *names = m->ranges->names;
    const char *parts[ANALYSIS_DEPTH_MAX < 64 ? ANALYSIS_DEPTH_MAX : 64];
    size_t depth = 0, len = 0;
    char path[PATH_MAX_BYTES];
    if (m->path_of[node] != 0) {
        return m->path_of[node] - 1;
    }
    for (uint32_t at = node; at != ANALYSIS_ROOT && depth < sizeof parts / sizeof *parts;
         at = m->ranges->nodes[at].parent) {
        analysis_role role = names->list[m->ranges->nodes[at].origin].role;
        if (is_phase(role) && depth > 0) {
            break;
        }
        if (role != ANALYSIS_ROLE_STEP || depth == 0) {
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
    uint32_t index = analysis_names_intern(&m->paths, path, len);
    m->path_of[node] = index + 1;
    return index;
}

/* Adds to a sum; `slow` says to which of the two. */
static void add(making *m, analysis_tail_kind kind, uint32_t id, bool slow, double ms, double count) {
    uint64_t key = (uint64_t)kind << 32 | id;
    uint32_t at = analysis_map_get(&m->by_id, key);
    if (at == ANALYSIS_NONE) {
        at = (uint32_t)m->sum_count;
        m->sums = analysis_grow(m->sums, &m->sum_cap, m->sum_count + 1, sizeof *m->sums);
        m->ids = analysis_grow(m->ids, &m->id_cap, m->sum_count + 1, sizeof *m->ids);
        m->sums[m->sum_count] = (analysis_tail_cause){.row = at, .kind = kind}; /* `row` finds its id */
        m->ids[m->sum_count++] = id;
        analysis_map_put(&m->by_id, key, at);
    }
    *(slow ? &m->sums[at].slow : &m->sums[at].typical) += ms;
    *(slow ? &m->sums[at].slow_count : &m->sums[at].typical_count) += count;
}

/* The sums of a list; `kind` is that of ranges, or of kernels. */
static void add_sums(making *m, const analysis_detail_sums *sums, analysis_tail_kind kind, bool slow,
                     double part) {
    for (size_t i = 0; i < sums->count; i++) {
        const analysis_detail_sum *sum = &sums->list[i];
        double ms = (double)sum->ns / 1e6 * part, count = sum->count * part;
        if (kind == ANALYSIS_TAIL_KERNEL) {
            add(m, kind, sum->id, slow, ms, count);
            continue;
        }
        uint32_t layer = m->ranges->nodes[sum->id].layer;
        add(m, kind, path_of(m, sum->id), slow, ms, count);
        if (layer != ANALYSIS_NONE) {
            add(m, kind == ANALYSIS_TAIL_HOST ? ANALYSIS_TAIL_HOST_LAYER : ANALYSIS_TAIL_GPU_LAYER, layer,
                slow, ms, count);
        }
    }
}

static void add_details(making *m, const kept *list, size_t n, bool slow, bool gpu) {
    for (size_t i = 0; i < n; i++) {
        const analysis_detail *d = list[i].detail;
        if (d) {
            add_sums(m, &d->host, ANALYSIS_TAIL_HOST, slow, 1.0 / (double)n);
        }
        if (d && gpu) {
            add_sums(m, &d->gpu, ANALYSIS_TAIL_GPU, slow, 1.0 / (double)n);
            add_sums(m, &d->kernels, ANALYSIS_TAIL_KERNEL, slow, 1.0 / (double)n);
        }
    }
}

static double difference(const analysis_tail_cause *c) {
    return fabs(c->slow - c->typical);
}

static int by_kind_and_difference(const void *a, const void *b) {
    const analysis_tail_cause *x = a, *y = b;
    int at = order(x->kind, y->kind);
    at = at ? at : order(difference(y), difference(x));
    return at ? at : order((double)x->row, (double)y->row);
}

static char *text_of(const making *m, const analysis_tail_cause *c) {
    uint32_t id = m->ids[c->row];
    char text[32];
    if (c->kind == ANALYSIS_TAIL_HOST || c->kind == ANALYSIS_TAIL_GPU) {
        return analysis_copy(m->paths.list[id].text, m->paths.list[id].len);
    }
    if (c->kind == ANALYSIS_TAIL_KERNEL && id != ANALYSIS_NONE) {
        return analysis_copy(m->ranges->names->list[id].text, m->ranges->names->list[id].len);
    }
    snprintf(text, sizeof text, c->kind == ANALYSIS_TAIL_KERNEL ? "copies and fills" : "layer %u", id);
    return analysis_copy(text, strlen(text));
}

/* Keeps the greatest of each kind. */
static void keep_causes(making *m) {
    analysis_tails *t = m->tails;
    if (m->sum_count > 0) {
        qsort(m->sums, m->sum_count, sizeof *m->sums, by_kind_and_difference);
    }
    size_t of_kind = 0;
    for (size_t i = 0; i < m->sum_count; i++) {
        of_kind = i > 0 && m->sums[i].kind == m->sums[i - 1].kind ? of_kind + 1 : 0;
        if (of_kind >= ANALYSIS_TAIL_CAUSES || !(difference(&m->sums[i]) > 0)) {
            continue;
        }
        t->causes = analysis_grow(t->causes, &t->cause_cap, t->cause_count + 1, sizeof *t->causes);
        analysis_tail_cause *c = &t->causes[t->cause_count++];
        *c = m->sums[i];
        c->what = text_of(m, &m->sums[i]);
        c->row = t->row_count - 1;
    }
    m->sum_count = 0;
    analysis_map_free(&m->by_id);
}

/* ---- Rows ---- */

/* Of n kept samples of one kind, by latency; `all` has room for the latencies of the trace. */
static void make_row(making *m, kept *list, size_t n, double *all) {
    const analysis_sample *first = &list[0].sample;
    bool gpu = m->gpu && first->watching == ANALYSIS_WATCHED;
    size_t count = latencies(m, first, all), slow = (count + 99) / 100;
    slow = slow < ANALYSIS_TAIL_SLOW ? slow : ANALYSIS_TAIL_SLOW;
    if (count < ANALYSIS_TAIL_SAMPLES || n <= slow) {
        return;
    }
    analysis_tails *t = m->tails;
    analysis_tail_row row = {.k = first->k,
                             .phase = first->phase,
                             .step = first->step,
                             .watching = first->watching,
                             .n = count,
                             .p50 = analysis_summarise(all, count).p50,
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
    t->rows = analysis_grow(t->rows, &t->row_cap, t->row_count + 1, sizeof *t->rows);
    t->rows[t->row_count++] = row;
    add_details(m, list, slow, true, gpu);
    add_details(m, list + slow, typical, false, gpu);
    keep_causes(m);
}

static int by_difference(const void *a, const void *b) {
    const analysis_tail_cause *x = a, *y = b;
    int at = order(difference(y), difference(x));
    at = at ? at : order((double)x->row, (double)y->row);
    at = at ? at : order(x->kind, y->kind);
    return at ? at : strcmp(x->what, y->what);
}

void analysis_tails_make(analysis_tails *tails, const analysis_tail_pools *pools, analysis_ranges *ranges,
                         const analysis_samples *samples, bool gpu) {
    making m = {.tails = tails, .ranges = ranges, .samples = samples, .gpu = gpu};
    size_t count = 0;
    kept *list = analysis_alloc(pools->count * (ANALYSIS_TAIL_SLOW + ANALYSIS_TAIL_OTHERS), sizeof *list);
    double *all = analysis_alloc(samples->count, sizeof *all);
    m.path_of = analysis_alloc(ranges->node_count, sizeof *m.path_of);
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
    analysis_names_free(&m.paths);
    free(m.path_of);
    free(m.sums);
    free(m.ids);
    free(all);
    free(list);
}

void analysis_tails_free(analysis_tails *tails) {
    for (size_t i = 0; i < tails->cause_count; i++) {
        free(tails->causes[i].what);
    }
    free(tails->rows);
    free(tails->causes);
    memset(tails, 0, sizeof *tails);
}
