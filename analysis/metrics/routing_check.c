/* One pass over a trace that looks at nothing but experts' ranges. */
#include "analysis/metrics/routing_check.h"

#include "analysis/attribution/ranges.h"
#include "analysis/base/alloc.h"
#include "analysis/base/parallel_for.h"
#include "analysis/costmodel/workload.h"
#include "analysis/input/async_reader.h"
#include "analysis/input/capture_reader.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Layers with greater indices are not missed where they are absent. */
#define LAYERS_MAX 4096
/* Experts with smaller indices are counted once in a visit, however many ranges they have. */
#define EXPERTS_SEEN 4096

/* The visit that a thread is in. */
typedef struct {
    bool open, counted;
    uint32_t k, layer, span;
    attribution_phase phase;
    int64_t step_tokens; /* as attribution_expert_event has it */
    uint64_t sum, active, most;
    uint64_t seen[EXPERTS_SEEN / 64]; /* experts, one bit each */
    uint32_t request, step;           /* name indices of sample.N and decode.N; BASE_NONE outside of any */
} expert_visit;

/* The phase that a thread was in last. */
typedef struct {
    uint32_t span;   /* or BASE_NONE */
    uint64_t tokens; /* of a prefill: of its first visit, as all its layers must agree */
    expert_visit last;
    uint32_t *layers; /* by layer: visits so far */
    size_t layer_cap;
} phase_seen;

typedef struct {
    metrics_routing_check *v;
    names_table names;
    attribution_ranges *ranges;
    costmodel_workload workload;
    uint32_t prompt_tokens;
    bool any_prompt;
    bool layers[LAYERS_MAX]; /* that any phase visited */
    expert_visit *visits;    /* by thread */
    phase_seen *phases;      /* likewise */
    base_map by_place;       /* k and phase -> rows */
    size_t visit_cap, phase_cap;
} routing_checking;

static metrics_routing_row *routing_row_of(routing_checking *f, const expert_visit *at) {
    metrics_routing_check *v = f->v;
    uint64_t key = (uint64_t)at->k << 8 | at->phase;
    uint32_t known = base_map_get(&f->by_place, key);
    if (known != BASE_NONE) {
        return &v->rows[known];
    }
    base_map_put(&f->by_place, key, (uint32_t)v->count);
    v->rows = base_grow(v->rows, &v->cap, v->count + 1, sizeof *v->rows);
    v->rows[v->count] = (metrics_routing_row){
        .k = at->k, .phase = at->phase, .tokens_least = UINT64_MAX, .active_least = UINT64_MAX};
    return &v->rows[v->count++];
}

static const char *name_or_default(const routing_checking *f, uint32_t name, const char *otherwise) {
    return name == BASE_NONE ? otherwise : f->names.list[name].text;
}

/* Keeps the first violation, with the place of it. */
static void keep_violation(routing_checking *f, const expert_visit *at, const char *what) {
    char layer[24] = "no layer";
    if (f->v->violation[0]) {
        return;
    }
    if (at->layer != BASE_NONE) {
        snprintf(layer, sizeof layer, "layer %u", at->layer);
    }
    snprintf(f->v->violation, sizeof f->v->violation, "top_k=%u, %s, %s%s%s, %s: %s", at->k,
             name_or_default(f, at->request, "no request"), attribution_phase_name(at->phase),
             at->step == BASE_NONE ? "" : ", ", name_or_default(f, at->step, ""), layer, what);
}

/* How many tokens the visit must have had: 1 in decode; in prefill what was given, or what the first layer of
 * the same prefill had. */
static uint64_t expected_tokens(const routing_checking *f, const expert_visit *at, phase_seen *seen) {
    bool given = at->phase == ATTRIBUTION_PREFILL && f->prompt_tokens;
    if (at->step_tokens > 0 && !given) {
        return (uint64_t)at->step_tokens;
    }
    if (at->step_tokens == 0) {
        return at->sum / at->k; /* a prompt that comes in parts */
    }
    if (at->phase == ATTRIBUTION_DECODE) {
        return 1;
    }
    if (f->prompt_tokens) {
        return f->prompt_tokens;
    }
    if (f->workload.prompt > 0 && !f->any_prompt) {
        return (uint64_t)f->workload.prompt;
    }
    seen->tokens = seen->tokens ? seen->tokens : at->sum / at->k;
    return seen->tokens;
}

static bool expected_more_than_one(const expert_visit *at) {
    return at->phase != ATTRIBUTION_DECODE || at->step_tokens == 0 || at->step_tokens > 1;
}

/* What is wrong with the visit, into `what`; false when nothing is. */
static bool is_wrong_visit(const routing_checking *f, const expert_visit *at, phase_seen *seen,
                           char what[200]) {
    if (at->k == 0 || (expected_more_than_one(at) && at->sum % at->k != 0)) {
        snprintf(what, 200, "%" PRIu64 " routed tokens are not a multiple of k", at->sum);
        return true;
    }
    uint64_t tokens = expected_tokens(f, at, seen), slots = at->k * tokens;
    if (at->sum != slots) {
        snprintf(what, 200, "%" PRIu64 " routed tokens, but k x %" PRIu64 " token%s are %" PRIu64, at->sum,
                 tokens, tokens == 1 ? "" : "s", slots);
        return true;
    }
    if (at->most > tokens) {
        snprintf(what, 200, "one expert received %" PRIu64 " tokens, but there are only %" PRIu64, at->most,
                 tokens);
        return true;
    }
    if (at->active > slots) {
        snprintf(what, 200, "%" PRIu64 " experts were active, but k x tokens are %" PRIu64, at->active,
                 slots);
        return true;
    }
    return false;
}

static uint64_t smaller_of(uint64_t x, uint64_t y) {
    return x < y ? x : y;
}

static uint64_t greater_of(uint64_t x, uint64_t y) {
    return x > y ? x : y;
}

static bool is_closed(const routing_checking *f, uint32_t span) {
    return attribution_ranges_span(f->ranges, span)->closed;
}

/* The phase is over: every layer must have had its visits, one in each step. */
static void close_phase(routing_checking *f, phase_seen *seen) {
    uint32_t span = seen->span;
    seen->span = BASE_NONE;
    seen->tokens = 0;
    if (span == BASE_NONE || !is_closed(f, span) || seen->last.k == BASE_NONE) {
        return;
    }
    uint32_t steps =
        seen->last.phase == ATTRIBUTION_DECODE ? attribution_ranges_span(f->ranges, span)->steps : 1;
    for (uint32_t layer = 0; layer < LAYERS_MAX; layer++) {
        uint32_t visits = layer < seen->layer_cap ? seen->layers[layer] : 0;
        if (f->layers[layer] && visits < steps) {
            char what[200];
            routing_row_of(f, &seen->last)->wrong++;
            if (f->v->violation[0]) {
                continue;
            }
            expert_visit at = seen->last;
            at.layer = layer;
            at.step = BASE_NONE;
            snprintf(what, sizeof what, "its experts received tokens in %u of %u %s", visits, steps,
                     seen->last.phase == ATTRIBUTION_DECODE ? "steps" : "passes");
            keep_violation(f, &at, what);
        }
    }
}

/* Counts a visit for its layer in its phase; the one before may be over. */
static void count_layer_visit(routing_checking *f, const expert_visit *at, phase_seen *seen) {
    if (seen->span != at->span) {
        close_phase(f, seen);
        if (seen->layers) {
            memset(seen->layers, 0, seen->layer_cap * sizeof *seen->layers);
        }
        seen->span = at->span;
    }
    seen->last = *at;
    if (at->layer < LAYERS_MAX && at->phase != ATTRIBUTION_PHASES && at->k != BASE_NONE) {
        seen->layers = base_grow(seen->layers, &seen->layer_cap, (size_t)at->layer + 1, sizeof *seen->layers);
        seen->layers[at->layer]++;
        f->layers[at->layer] = true;
    }
}

/* The visit is over: judges it. */
static void close_visit(routing_checking *f, expert_visit *at, phase_seen *seen) {
    char what[200];
    if (!at->open) {
        return;
    }
    at->open = false;
    if (at->span != BASE_NONE) { /* k may have been observed since */
        at->k = attribution_ranges_group(f->ranges, attribution_ranges_span(f->ranges, at->span)->group)->k;
    }
    count_layer_visit(f, at, seen);
    if (at->k == BASE_NONE || at->phase == ATTRIBUTION_PHASES) {
        f->v->outside++;
        return;
    }
    if (!at->counted) {
        f->v->uncounted++;
        return;
    }
    metrics_routing_row *row = routing_row_of(f, at);
    row->visits++;
    row->tokens_least = smaller_of(row->tokens_least, at->sum);
    row->tokens_most = greater_of(row->tokens_most, at->sum);
    uint64_t step = at->step_tokens > 0 ? (uint64_t)at->step_tokens : 1;
    row->step_least = row->visits == 1 ? step : smaller_of(row->step_least, step);
    row->step_most = greater_of(row->step_most, step);
    row->active_least = smaller_of(row->active_least, at->active);
    row->active_most = greater_of(row->active_most, at->active);
    row->one_most = greater_of(row->one_most, at->most);
    if (is_wrong_visit(f, at, seen, what)) {
        row->wrong++;
        keep_violation(f, at, what);
    }
}

static void open_visit(routing_checking *f, expert_visit *at, const attribution_expert_event *e) {
    const attribution_node *node = attribution_ranges_node(f->ranges, e->node);
    *at = (expert_visit){.open = true,
                         .counted = true,
                         .k = attribution_ranges_group(f->ranges, node->group)->k,
                         .layer = node->layer,
                         .span = e->span,
                         .phase = node->phase,
                         .step_tokens = e->step_tokens};
    attribution_ranges_open_request(f->ranges, e->thread, &at->request, &at->step);
}

static void take_expert_range(void *ctx, const attribution_expert_event *e) {
    routing_checking *f = ctx;
    size_t had = f->phase_cap;
    f->visits = base_grow(f->visits, &f->visit_cap, e->thread + 1, sizeof *f->visits);
    f->phases = base_grow(f->phases, &f->phase_cap, e->thread + 1, sizeof *f->phases);
    for (; had < f->phase_cap; had++) {
        f->phases[had].span = BASE_NONE;
    }
    expert_visit *at = &f->visits[e->thread];
    if (e->first || !at->open) {
        close_visit(f, at, &f->phases[e->thread]);
        open_visit(f, at, e);
    }
    uint32_t expert = attribution_ranges_node(f->ranges, e->node)->expert;
    at->counted = at->counted && e->counted;
    at->sum += e->counted ? e->tokens : 0;
    at->most = greater_of(at->most, e->counted ? e->tokens : 0);
    f->v->experts = (uint32_t)greater_of(f->v->experts, (uint64_t)expert + 1);
    if (e->tokens > 0 && !(expert < EXPERTS_SEEN && at->seen[expert / 64] >> expert % 64 & 1)) {
        at->active++;
        if (expert < EXPERTS_SEEN) {
            at->seen[expert / 64] |= (uint64_t)1 << expert % 64;
        }
    }
}

static int check_string(void *ctx, uint32_t id, const char *bytes, size_t len) {
    names_define(&((routing_checking *)ctx)->names, id, bytes, len);
    return 0;
}

static int check_host(void *ctx, const trace_host_event *e) {
    routing_checking *f = ctx;
    attribution_ranges_event(f->ranges, e);
    if (e->kind == TRACE_HOST_MARK) {
        costmodel_workload_event(&f->workload, &f->names, e);
    }
    return 0;
}

static int check_counter(void *ctx, const char *name, size_t len, uint64_t value) {
    static const char dropped[] = "host.dropped";
    if (len == strlen(dropped) && memcmp(name, dropped, len) == 0) {
        ((routing_checking *)ctx)->v->lost = value;
    }
    return 0;
}

static int by_routing_place(const void *a, const void *b) {
    const metrics_routing_row *x = a, *y = b;
    int order = (x->k > y->k) - (x->k < y->k);
    return order ? order : (x->phase > y->phase) - (x->phase < y->phase);
}

/* What a thread was in at the end of the file: judged when it is all there. */
static void close_last(routing_checking *f, expert_visit *at, phase_seen *seen) {
    if (at->open && at->span != BASE_NONE && !is_closed(f, at->span)) {
        f->v->unfinished++;
        at->open = false;
    }
    close_visit(f, at, seen);
    close_phase(f, seen);
}

/* ---- Prompts ---- */

static const char *token_range_text(char buf[48], uint64_t from, uint64_t to) {
    snprintf(buf, 48, from == to ? "%" PRIu64 : "%" PRIu64 " to %" PRIu64, from, to);
    return buf;
}

/* Tokens of a prompt, as the prefills of one k have them, must be within those of the k with the most of them:
 * tokens of experts that do not grow with k make the prompt look shorter at a greater k. The first that are not
 * become the violation, if there is none. */
static void compare_prompts(metrics_routing_check *v) {
    const metrics_routing_row *most = NULL;
    for (size_t i = 0; i < v->count; i++) {
        const metrics_routing_row *row = &v->rows[i];
        bool counts = row->phase == ATTRIBUTION_PREFILL && row->k > 0;
        most = counts && (!most || row->visits > most->visits) ? row : most;
    }
    for (size_t i = 0; most && i < v->count; i++) {
        metrics_routing_row *row = &v->rows[i];
        uint64_t from = row->k ? row->tokens_least / row->k : 0, to = row->k ? row->tokens_most / row->k : 0;
        uint64_t low = most->tokens_least / most->k, high = most->tokens_most / most->k;
        if (row->phase == ATTRIBUTION_PREFILL && row->k > 0 && !v->violation[0] &&
            (from < low || to > high)) {
            row->wrong++;
            char here[48], there[48];
            snprintf(v->violation, sizeof v->violation,
                     "top_k=%u, prefill: routed tokens over k make prompts of %s tokens, but of %s at "
                     "top_k=%u; if "
                     "the prompts differ, use --prompt-tokens any",
                     row->k, token_range_text(here, from, to), token_range_text(there, low, high), most->k);
        }
    }
}

/* ---- The whole trace ---- */

/* Prefills and decodes under top_k=K without any visit. */
static uint64_t count_silent_spans(const attribution_ranges *ranges) {
    uint64_t silent = 0;
    for (size_t i = 0; i < attribution_ranges_span_count(ranges); i++) {
        const attribution_span *span = attribution_ranges_span(ranges, i);
        bool routed = span->of == BASE_NONE &&
                      (span->phase == ATTRIBUTION_PREFILL || span->phase == ATTRIBUTION_DECODE);
        silent +=
            routed && span->visits == 0 && attribution_ranges_group(ranges, span->group)->k != BASE_NONE;
    }
    return silent;
}

int metrics_routing_check_read(metrics_routing_check *v, const char *path, const names_rules *rules,
                               uint32_t prompt_tokens, bool any_prompt, char error[TRACE_ERROR_BYTES]) {
    routing_checking f = {
        .v = v, .prompt_tokens = prompt_tokens, .any_prompt = any_prompt, .names = {.rules = rules}};
    trace_visitor visitor = {.ctx = &f, .string = check_string, .host = check_host, .counter = check_counter};
    trace_status status = {0};
    memset(v, 0, sizeof *v);
    costmodel_workload_init(&f.workload);
    f.ranges = attribution_ranges_new(
        &f.names, &(attribution_ranges_options){.on_expert = take_expert_range, .on_expert_ctx = &f});
    int rc = input_read(path, base_cores(), &visitor, &status, error);
    for (size_t i = 0; i < f.visit_cap; i++) {
        close_last(&f, &f.visits[i], &f.phases[i]);
    }
    v->silent = count_silent_spans(f.ranges);
    v->lost += status.bytes_skipped;
    v->prompt_known = prompt_tokens > 0 || (f.workload.prompt > 0 && !any_prompt);
    if (rc == 0 && !v->prompt_known && !any_prompt) {
        compare_prompts(v);
    }
    if (v->count > 0) {
        qsort(v->rows, v->count, sizeof *v->rows, by_routing_place);
    }
    free(f.visits);
    base_map_free(&f.by_place);
    for (size_t i = 0; i < f.phase_cap; i++) {
        free(f.phases[i].layers);
    }
    free(f.phases);
    costmodel_workload_free(&f.workload);
    attribution_ranges_free(f.ranges);
    names_free(&f.names);
    return rc;
}

void metrics_routing_check_free(metrics_routing_check *v) {
    free(v->rows);
    memset(v, 0, sizeof *v);
}
