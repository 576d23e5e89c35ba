/* What a phase needs by its shapes, what it achieved, and the verdict. */
#include "analysis/metrics/bottleneck.h"

#include "analysis/base/alloc.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* A peak that was measured can be beaten by a little; more cannot be. */
#define PEAK_AT_MOST 1.1

const char *metrics_verdict_name(metrics_verdict verdict) {
    static const char *const names[] = {"-", "host", "memory", "compute", "neither"};
    return names[verdict];
}

/* ---- What a mean request costs ---- */

typedef struct {
    const costmodel_workload *workload;
    const metrics_phase_works *works;
    uint32_t row;         /* k of the rows and works */
    double k;             /* experts per token; 0 when it is not known */
    double bytes;         /* of a number; NaN when the type is not known */
    const char **missing; /* the first thing that is */
    metrics_bottleneck *result;
} costing;

static bool lack_evidence(const costing *c, const char *what) {
    *c->missing = *c->missing ? *c->missing : what;
    return false;
}

/* Whether every expert's range has its number of tokens, and they are those of whole requests. */
static bool has_counts(const metrics_phase_work *work) {
    return work && work->whole && work->requests > 0 && work->expert_ranges > 0 &&
           work->counted_ranges == work->expert_ranges;
}

/* Tokens that the experts of a layer were given in a mean request. */
static double routed_tokens(const costmodel_workload *w, const metrics_phase_work *work) {
    return has_counts(work) ? (double)work->tokens / (double)work->requests / w->model.layers : NAN;
}

/* Tokens of the prompt: those of the experts' ranges over k, or what the mark or an option says. */
static double prompt_tokens_of(const costing *c) {
    double counted =
        routed_tokens(c->workload, metrics_phase_works_find(c->works, c->row, ATTRIBUTION_PREFILL)) / c->k;
    return counted >= 1 && floor(counted) == counted ? counted : c->workload->prompt;
}

/* Distinct experts of a layer whose weights a step of `tokens` needs. */
static double active_experts_of(const costing *c, const metrics_phase_work *work, double tokens) {
    double most = fmin(c->workload->model.experts, c->k * tokens);
    if (work->visits > 0) {
        return fmin((double)work->active / (double)work->visits, most);
    }
    c->result->estimated = tokens > 1;
    return tokens > 1 ? costmodel_model_active(&c->workload->model, c->k, tokens) : most;
}

static bool add_vision_cost(const costing *c, double times, costmodel_phase_cost *cost) {
    const costmodel_workload *w = c->workload;
    if (!w->model.vision.present) {
        return lack_evidence(c, "the shapes of the vision tower");
    }
    if (!(w->crops > 0)) {
        return lack_evidence(c, "the number of crops (--crops)");
    }
    costmodel_phase_cost one = {0};
    costmodel_model_vision(&w->model, w->crops, c->bytes, &one);
    costmodel_cost *const to[] = {&cost->parts[NAMES_PART_VISION], &cost->all};
    for (int i = 0; i < 2; i++) {
        to[i]->flops += times * one.all.flops;
        to[i]->weight_bytes += times * one.all.weight_bytes;
    }
    return true;
}

/* Whether every expert computes each decoded token, into *dense: as the mark or an option says, else as the
 * ranges show, where experts were visited; false when neither does, as of replayed graphs whose kernels lie
 * in experts. */
static bool find_dense(const costing *c, const metrics_phase_work *work, bool *dense) {
    const costmodel_workload *w = c->workload;
    bool more = work->visits > 0 && (double)work->active / (double)work->visits > c->k + 0.5;
    *dense = w->has_moe ? w->dense : more;
    return w->has_moe || work->visits > 0 || work->parts[NAMES_PART_EXPERT].count == 0;
}

static bool add_decoder_cost(const costing *c, const metrics_phase_work *work, costmodel_phase_cost *cost) {
    const costmodel_workload *w = c->workload;
    double prompt, experts = w->model.experts, k = c->k;
    if (work->phase != ATTRIBUTION_PREFILL && work->phase != ATTRIBUTION_DECODE) {
        return lack_evidence(c, "a cost model of such steps");
    }
    if (k < 1 || k > experts) {
        return lack_evidence(c, "a k that the model has (ranges top_k=K, or moe_top_k)");
    }
    prompt = prompt_tokens_of(c);
    if (!(prompt >= 1)) {
        return lack_evidence(c, "the number of prompt tokens (--prompt-tokens)");
    }
    if (work->phase == ATTRIBUTION_PREFILL) {
        c->result->active = active_experts_of(c, work, prompt);
        costmodel_model_step(&w->model, prompt, 0, prompt * k, c->result->active, c->bytes, cost);
        return work->visions == 0 || add_vision_cost(c, (double)work->visions / (double)work->requests, cost);
    }
    double steps = (double)work->steps / (double)work->requests;
    if (!(steps >= 1)) {
        return lack_evidence(c, "the number of decoded tokens (ranges decode.N)");
    }
    bool dense;
    if (!find_dense(c, work, &dense)) {
        return lack_evidence(c, "which experts compute a decoded token of a replayed graph (--moe)");
    }
    double rows = routed_tokens(w, work) / steps;
    if (isnan(rows)) {
        rows = dense ? experts : k;
    }
    c->result->active = dense ? experts : active_experts_of(c, work, 1);
    costmodel_model_decode(&w->model, steps, prompt, rows, c->result->active, c->bytes, cost);
    return true;
}

/* False when something is missing, which *c->missing then names. */
static bool phase_cost_of(const costing *c, const metrics_phase_work *work, costmodel_phase_cost *cost) {
    if (c->workload->contradiction[0]) {
        return lack_evidence(c, "a model that fits the trace");
    }
    if (!c->workload->has_model) {
        return lack_evidence(c, "the model's shapes (--model)");
    }
    return work->phase == ATTRIBUTION_VISION ? add_vision_cost(c, 1, cost) : add_decoder_cost(c, work, cost);
}

/* ---- What was achieved ---- */

static metrics_point roofline_point(const metrics_bottlenecks *b, names_part part, double kernels, double ms,
                                    const costmodel_cost *cost) {
    metrics_point p = {.part = part,
                       .kernels = kernels,
                       .ms = ms,
                       .flops = cost->flops,
                       .bytes = cost->weight_bytes + cost->kv_bytes};
    double seconds = ms > 0 ? ms / 1e3 : NAN;
    p.intensity = p.bytes > 0 ? p.flops / p.bytes : NAN;
    p.flops_per_s = p.flops / seconds;
    p.bytes_per_s = p.bytes / seconds;
    p.of_flops = p.flops_per_s / b->peak_flops;
    p.of_memory = p.bytes_per_s / b->peaks.memory;
    p.roof = isnan(b->peak_flops) ? NAN : fmin(b->peak_flops, p.intensity * b->peaks.memory);
    p.roof = isnan(p.intensity * b->peaks.memory) ? NAN : p.roof;
    p.of_roof = p.roof > 0 ? p.flops_per_s / p.roof : NAN;
    return p;
}

static void add_part_points(const metrics_bottlenecks *b, metrics_bottleneck *result,
                            const metrics_phase_work *work, const costmodel_phase_cost *cost) {
    result->points = base_alloc(NAMES_PARTS, sizeof *result->points);
    for (int part = 0; part < NAMES_PARTS; part++) {
        const attribution_work *kernels = &work->parts[part];
        const costmodel_cost *one = &cost->parts[part];
        if (kernels->count > 0 && (one->flops > 0 || one->weight_bytes > 0)) {
            double n = (double)work->requests;
            result->points[result->count++] = roofline_point(b, (names_part)part, (double)kernels->count / n,
                                                             (double)kernels->ns / 1e6 / n, one);
        }
    }
}

static metrics_verdict judge_bottleneck(const metrics_bottlenecks *b, const metrics_bottleneck *result,
                                        const char **missing) {
    const metrics_point *p = &result->whole;
    if (isnan(result->idle)) {
        return METRICS_BOTTLENECK_UNKNOWN;
    }
    if (result->idle > METRICS_BOTTLENECK_SHARE) {
        return METRICS_BOTTLENECK_HOST;
    }
    if (!*missing && isnan(b->peaks.memory)) {
        *missing = "the device's peak bandwidth (--peaks)";
    }
    if (!*missing && isnan(b->peak_flops)) {
        *missing = "the device's peak FLOP/s (--peaks)";
    }
    if (!*missing && fmax(p->of_memory, p->of_flops) > PEAK_AT_MOST) {
        *missing = "shapes that match the run: with these it exceeds the device's peaks, unless weights "
                   "stayed in a cache";
    }
    if (*missing) {
        return METRICS_BOTTLENECK_UNKNOWN;
    }
    if (fmax(p->of_memory, p->of_flops) < METRICS_BOTTLENECK_SHARE) {
        return METRICS_BOTTLENECK_NEITHER;
    }
    return p->of_memory >= p->of_flops ? METRICS_BOTTLENECK_MEMORY : METRICS_BOTTLENECK_COMPUTE;
}

/* More than a peak is no achievement: the model, its type or the peak is wrong, or weights stayed in a cache. */
static void leave_out_shares(metrics_bottlenecks *b, metrics_point *p) {
    double *shares[] = {&p->of_flops, &p->of_memory, &p->of_roof};
    for (size_t i = 0; i < sizeof shares / sizeof *shares; i++) {
        if (*shares[i] > 1) {
            *shares[i] = NAN;
            b->beyond_peak++;
        }
    }
}

static metrics_bottleneck make_bottleneck(metrics_bottlenecks *b, const metrics_row *row,
                                          const metrics_phase_works *works, bool gpu) {
    const metrics_phase_work *work = metrics_phase_works_find(works, row->k, metrics_row_phase(row->kind));
    metrics_bottleneck result = {.k = row->k, .kind = row->kind, .active = NAN};
    const char *missing = NULL;
    if (!gpu) {
        missing = "GPU work in the trace";
    } else if (isnan(row->busy)) {
        missing = "a profiled request";
    }
    double behind = row->from == ATTRIBUTION_UNPROFILED && row->beyond > 0 ? row->beyond : 0;
    result.time = row->latency.p50 + behind;
    result.busy = row->busy;
    result.idle = isnan(row->busy) ? NAN : fmax(0, 1 - row->busy / result.time);
    result.enqueues_per_ms = row->enqueues / result.time;
    result.syncs = row->syncs;
    result.sync_ms = row->sync_time;
    costmodel_phase_cost cost = {0};
    const costmodel_workload *w = &b->workload;
    if (!missing && !w->has_type) {
        missing = w->has_model ? "the type of the numbers (--dtype)" : NULL;
    }
    costing c = {.workload = w,
                 .works = works,
                 .row = row->k,
                 .k = row->k == BASE_NONE ? w->model.top_k : row->k,
                 .bytes = w->has_type ? costmodel_dtype_bytes(w->type) : NAN,
                 .missing = &missing,
                 .result = &result};
    bool known = work && work->requests > 0 && phase_cost_of(&c, work, &cost);
    if (!known) {
        cost.all = (costmodel_cost){NAN, NAN, NAN};
    }
    result.whole = roofline_point(b, NAMES_PARTS, row->kernels, row->busy, &cost.all);
    result.least = result.whole.roof > 0 ? 1e3 * result.whole.flops / result.whole.roof : NAN;
    if (known && gpu && work->whole) {
        add_part_points(b, &result, work, &cost);
    }
    result.verdict = judge_bottleneck(b, &result, &missing);
    result.missing = missing;
    leave_out_shares(b, &result.whole);
    for (size_t i = 0; i < result.count; i++) {
        leave_out_shares(b, &result.points[i]);
    }
    return result;
}

void metrics_bottlenecks_make(metrics_bottlenecks *b, const metrics_rows *rows,
                              const metrics_phase_works *works, bool gpu) {
    const costmodel_workload *w = &b->workload;
    b->peak_flops = w->has_type ? b->peaks.flops[w->type] : NAN;
    b->flops_source = w->has_type ? b->peaks.flops_source[w->type] : COSTMODEL_PEAK_UNKNOWN;
    b->ridge = b->peak_flops / b->peaks.memory;
    for (size_t i = 0; i < rows->count; i++) {
        if (rows->list[i].kind != METRICS_ROW_TOKEN) {
            b->list = base_grow(b->list, &b->cap, b->count + 1, sizeof *b->list);
            b->list[b->count++] = make_bottleneck(b, &rows->list[i], works, gpu);
        }
    }
}

const metrics_bottleneck *metrics_bottlenecks_find(const metrics_bottlenecks *b, uint32_t k,
                                                   metrics_row_kind kind) {
    size_t from = 0, to = b->count;
    while (from < to) {
        size_t middle = from + (to - from) / 2;
        const metrics_bottleneck *at = &b->list[middle];
        if (at->k < k || (at->k == k && at->kind < kind)) {
            from = middle + 1;
        } else {
            to = middle;
        }
    }
    return from < b->count && b->list[from].k == k && b->list[from].kind == kind ? &b->list[from] : NULL;
}

void metrics_bottlenecks_free(metrics_bottlenecks *b) {
    for (size_t i = 0; i < b->count; i++) {
        free(b->list[i].points);
    }
    free(b->list);
    costmodel_workload_free(&b->workload);
    memset(b, 0, sizeof *b);
}
