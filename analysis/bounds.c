/* What a phase needs by its shapes, what it achieved, and the verdict; see bounds.h. */
#include "analysis/bounds.h"

#include "analysis/memory.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* A peak that was measured can be beaten by a little; more cannot be. */
#define PEAK_AT_MOST 1.1

const char *analysis_verdict_name(analysis_verdict verdict) {
    static const char *const names[] = {"-", "host", "memory", "compute", "neither"};
    return names[verdict];
}

static const analysis_phase_work *find(const analysis_works *works, uint32_t k, analysis_phase phase) {
    for (size_t i = 0; i < works->count; i++) {
        if (works->list[i].k == k && works->list[i].phase == phase) {
            return &works->list[i];
        }
    }
    return NULL;
}

/* ---- What a mean request costs ---- */

typedef struct {
    const analysis_workload *workload;
    const analysis_works *works;
    uint32_t row;         /* k of the rows and works */
    double k;             /* experts per token; 0 when it is not known */
    double bytes;         /* of a number; NaN when the type is not known */
    const char **missing; /* the first thing that is */
    analysis_bound *bound;
} costing;

static bool lacks(const costing *c, const char *what) {
    *c->missing = *c->missing ? *c->missing : what;
    return false;
}

/* Every expert's range told its tokens, and they are those of whole requests. */
static bool told(const analysis_phase_work *work) {
    return work && work->whole && work->requests > 0 && work->expert_ranges > 0 &&
           work->told_ranges == work->expert_ranges;
}

/* Tokens that the experts of a layer were given in a mean request. */
static double routed(const analysis_workload *w, const analysis_phase_work *work) {
    return told(work) ? (double)work->tokens / (double)work->requests / w->model.layers : NAN;
}

/* Tokens of the prompt: those of the experts' ranges over k, or what the mark or an option says. */
static double prompt_of(const costing *c) {
    double counted = routed(c->workload, find(c->works, c->row, ANALYSIS_PREFILL)) / c->k;
    return counted >= 1 && floor(counted) == counted ? counted : c->workload->prompt;
}

/* Distinct experts of a layer whose weights a step of `tokens` needs. */
static double active_of(const costing *c, const analysis_phase_work *work, double tokens) {
    double most = fmin(c->workload->model.experts, c->k * tokens);
    if (work->visits > 0) {
        return fmin((double)work->active / (double)work->visits, most);
    }
    c->bound->estimated = tokens > 1;
    return tokens > 1 ? analysis_model_active(&c->workload->model, c->k, tokens) : most;
}

static bool cost_vision(const costing *c, double times, analysis_phase_cost *cost) {
    const analysis_workload *w = c->workload;
    if (!w->model.vision.present) {
        return lacks(c, "the shapes of the vision tower");
    }
    if (!(w->crops > 0)) {
        return lacks(c, "the number of crops (--crops)");
    }
    analysis_phase_cost one = {0};
    analysis_model_vision(&w->model, w->crops, c->bytes, &one);
    analysis_cost *const to[] = {&cost->parts[ANALYSIS_PART_VISION], &cost->all};
    for (int i = 0; i < 2; i++) {
        to[i]->flops += times * one.all.flops;
        to[i]->weight_bytes += times * one.all.weight_bytes;
    }
    return true;
}

/* Whether every expert computes each decoded token, into *dense: as the mark or an option says, else as the
 * ranges show, where experts were visited; false when neither does, as of replayed graphs whose kernels lie
 * in experts. */
static bool find_dense(const costing *c, const analysis_phase_work *work, bool *dense) {
    const analysis_workload *w = c->workload;
    bool more = work->visits > 0 && (double)work->active / (double)work->visits > c->k + 0.5;
    *dense = w->has_moe ? w->dense : more;
    return w->has_moe || work->visits > 0 || work->parts[ANALYSIS_PART_EXPERT].count == 0;
}

static bool cost_decoder(const costing *c, const analysis_phase_work *work, analysis_phase_cost *cost) {
    const analysis_workload *w = c->workload;
    double prompt, experts = w->model.experts, k = c->k;
    if (k < 1 || k > experts) {
        return lacks(c, "a k that the model has (ranges top_k=K, or moe_top_k)");
    }
    prompt = prompt_of(c);
    if (!(prompt >= 1)) {
        return lacks(c, "the number of prompt tokens (--prompt-tokens)");
    }
    if (work->phase == ANALYSIS_PREFILL) {
        c->bound->active = active_of(c, work, prompt);
        analysis_model_step(&w->model, prompt, 0, prompt * k, c->bound->active, c->bytes, cost);
        return work->visions == 0 || cost_vision(c, (double)work->visions / (double)work->requests, cost);
    }
    double steps = (double)work->steps / (double)work->requests;
    if (!(steps >= 1)) {
        return lacks(c, "the number of decoded tokens (ranges decode.N)");
    }
    bool dense;
    if (!find_dense(c, work, &dense)) {
        return lacks(c, "which experts compute a decoded token of a replayed graph (--moe)");
    }
    double rows = routed(w, work) / steps;
    rows = isnan(rows) ? dense ? experts : k : rows;
    c->bound->active = dense ? experts : active_of(c, work, 1);
    analysis_model_decode(&w->model, steps, prompt, rows, c->bound->active, c->bytes, cost);
    return true;
}

/* False when something is missing, which *c->missing then names. */
static bool cost_of(const costing *c, const analysis_phase_work *work, analysis_phase_cost *cost) {
    if (!c->workload->has_model) {
        return lacks(c, "the model's shapes (--model)");
    }
    return work->phase == ANALYSIS_VISION ? cost_vision(c, 1, cost) : cost_decoder(c, work, cost);
}

/* ---- What was achieved ---- */

static analysis_point point_of(const analysis_bounds *b, analysis_part part, double kernels, double ms,
                               const analysis_cost *cost) {
    analysis_point p = {.part = part,
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

static void add_points(const analysis_bounds *b, analysis_bound *bound, const analysis_phase_work *work,
                       const analysis_phase_cost *cost) {
    bound->points = analysis_alloc(ANALYSIS_PARTS, sizeof *bound->points);
    for (int part = 0; part < ANALYSIS_PARTS; part++) {
        const analysis_work *kernels = &work->parts[part];
        const analysis_cost *one = &cost->parts[part];
        if (kernels->count > 0 && (one->flops > 0 || one->weight_bytes > 0)) {
            double n = (double)work->requests;
            bound->points[bound->count++] = point_of(b, (analysis_part)part, (double)kernels->count / n,
                                                     (double)kernels->ns / 1e6 / n, one);
        }
    }
}

static analysis_verdict judge(const analysis_bounds *b, const analysis_bound *bound, const char **missing) {
    const analysis_point *p = &bound->whole;
    if (isnan(bound->idle)) {
        return ANALYSIS_BOUND_UNKNOWN;
    }
    if (bound->idle > ANALYSIS_BOUND_SHARE) {
        return ANALYSIS_BOUND_HOST;
    }
    if (!*missing && isnan(b->peaks.memory)) {
        *missing = "the device's peak bandwidth (--peaks)";
    }
    if (!*missing && isnan(b->peak_flops)) {
        *missing = "the device's peak FLOP/s (--peaks)";
    }
    if (!*missing && fmax(p->of_memory, p->of_flops) > PEAK_AT_MOST) {
        *missing =
            "shapes that fit: by these it did more than the device can, unless weights stayed in a cache";
    }
    if (*missing) {
        return ANALYSIS_BOUND_UNKNOWN;
    }
    if (fmax(p->of_memory, p->of_flops) < ANALYSIS_BOUND_SHARE) {
        return ANALYSIS_BOUND_NEITHER;
    }
    return p->of_memory >= p->of_flops ? ANALYSIS_BOUND_MEMORY : ANALYSIS_BOUND_COMPUTE;
}

static analysis_bound make(analysis_bounds *b, const analysis_row *row, const analysis_works *works,
                           bool gpu) {
    const analysis_phase_work *work = find(works, row->k, (analysis_phase)row->kind);
    analysis_bound bound = {.k = row->k, .kind = row->kind, .active = NAN};
    const char *missing = !gpu ? "GPU work in the trace" : isnan(row->busy) ? "a watched request" : NULL;
    double behind = row->from == ANALYSIS_UNWATCHED && row->beyond > 0 ? row->beyond : 0;
    bound.time = row->latency.p50 + behind;
    bound.busy = row->busy;
    bound.idle = isnan(row->busy) ? NAN : fmax(0, 1 - row->busy / bound.time);
    bound.issues_per_ms = row->issues / bound.time;
    bound.waits = row->waits;
    bound.wait_ms = row->waiting;
    analysis_phase_cost cost = {0};
    const analysis_workload *w = &b->workload;
    if (!missing && !w->has_type) {
        missing = w->has_model ? "the type of the numbers (--dtype)" : NULL;
    }
    costing c = {.workload = w,
                 .works = works,
                 .row = row->k,
                 .k = row->k == ANALYSIS_NONE ? w->model.top_k : row->k,
                 .bytes = w->has_type ? analysis_type_bytes(w->type) : NAN,
                 .missing = &missing,
                 .bound = &bound};
    bool known = work && work->requests > 0 && cost_of(&c, work, &cost);
    if (!known) {
        cost.all = (analysis_cost){NAN, NAN, NAN};
    }
    bound.whole = point_of(b, ANALYSIS_PARTS, row->kernels, row->busy, &cost.all);
    bound.least = bound.whole.roof > 0 ? 1e3 * bound.whole.flops / bound.whole.roof : NAN;
    if (known && gpu && work->whole) {
        add_points(b, &bound, work, &cost);
    }
    bound.verdict = judge(b, &bound, &missing);
    bound.missing = missing;
    return bound;
}

void analysis_bounds_make(analysis_bounds *bounds, const analysis_rows *rows, const analysis_works *works,
                          bool gpu) {
    const analysis_workload *w = &bounds->workload;
    bounds->peak_flops = w->has_type ? bounds->peaks.flops[w->type] : NAN;
    bounds->flops_source = w->has_type ? bounds->peaks.flops_source[w->type] : ANALYSIS_PEAK_UNKNOWN;
    bounds->ridge = bounds->peak_flops / bounds->peaks.memory;
    for (size_t i = 0; i < rows->count; i++) {
        if (rows->list[i].kind != ANALYSIS_ROW_TOKEN) {
            bounds->list = analysis_grow(bounds->list, &bounds->cap, bounds->count + 1, sizeof *bounds->list);
            bounds->list[bounds->count++] = make(bounds, &rows->list[i], works, gpu);
        }
    }
}

void analysis_bounds_free(analysis_bounds *bounds) {
    for (size_t i = 0; i < bounds->count; i++) {
        free(bounds->list[i].points);
    }
    free(bounds->list);
    analysis_workload_free(&bounds->workload);
    memset(bounds, 0, sizeof *bounds);
}
