/* One pass over a trace that looks at nothing but experts' ranges. */
#include "analysis/metrics/routing_check.h"

#include "analysis/base/parallel_for.h"
#include "analysis/input/async_reader.h"
#include "analysis/input/capture_reader.h"

#include "analysis/base/alloc.h"
#include "analysis/costmodel/workload.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LAYERS_MAX 4096 /* layers with greater indices are not missed where they are absent */
#define SEEN                                                                                                 \
    4096 /* experts with smaller indices are counted once in a visit, however many ranges they have */

/* The visit that a thread is in. */
typedef struct {
    bool open, counted;
    uint32_t k, layer, span;
    attribution_phase phase;
    uint64_t sum, active, most;
    uint64_t seen[SEEN / 64]; /* experts, one bit each */
    uint32_t request, step;   /* name indices of sample.N and decode.N; BASE_NONE outside of any */
} visit;

/* The phase that a thread was in last. */
typedef struct {
    uint32_t span;   /* or BASE_NONE */
    uint64_t tokens; /* of a prefill: of its first visit, as all its layers must agree */
    visit last;
    uint32_t *layers; /* by layer: visits so far */
    size_t layer_cap;
} phase_seen;

typedef struct {
    metrics_routing_check *v;
    names_table names;
    attribution_ranges ranges;
    costmodel_workload workload;
    uint32_t prompt_tokens;
    bool any_prompt;
    bool layers[LAYERS_MAX]; /* that any phase visited */
    visit *visits;           /* by thread */
    phase_seen *phases;      /* likewise */
    size_t visit_cap, phase_cap;
} verifying;

static metrics_routing_row *row_of(metrics_routing_check *v, const visit *at) {
    for (size_t i = 0; i < v->count; i++) {
        if (v->rows[i].k == at->k && v->rows[i].phase == at->phase) {
            return &v->rows[i];
        }
    }
    v->rows = base_grow(v->rows, &v->cap, v->count + 1, sizeof *v->rows);
    v->rows[v->count] = (metrics_routing_row){
        .k = at->k, .phase = at->phase, .tokens_least = UINT64_MAX, .active_least = UINT64_MAX};
    return &v->rows[v->count++];
}

static const char *name_or(const verifying *f, uint32_t name, const char *otherwise) {
    return name == BASE_NONE ? otherwise : f->names.list[name].text;
}

/* Keeps the first violation, with the place of it. */
static void violate(verifying *f, const visit *at, const char *what) {
    static const char *const phases[] = {"vision", "prefill", "decode"};
    char layer[24] = "no layer";
    if (f->v->violation[0]) {
        return;
    }
    if (at->layer != BASE_NONE) {
        snprintf(layer, sizeof layer, "layer %u", at->layer);
    }
    snprintf(f->v->violation, sizeof f->v->violation, "top_k=%u, %s, %s%s%s, %s: %s", at->k,
             name_or(f, at->request, "no request"), phases[at->phase], at->step == BASE_NONE ? "" : ", ",
             name_or(f, at->step, ""), layer, what);
}

/* How many tokens the visit must have had: 1 in decode; in prefill what was given, or what the first layer of
 * the same prefill had. */
static uint64_t expected_tokens(const verifying *f, const visit *at, phase_seen *seen) {
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

/* What is wrong with the visit, into `what`; false when nothing is. */
static bool is_wrong(const verifying *f, const visit *at, phase_seen *seen, char what[200]) {
    if (at->k == 0 || (at->phase != ATTRIBUTION_DECODE && at->sum % at->k != 0)) {
        snprintf(what, 200, "%" PRIu64 " routed tokens are no multiple of k", at->sum);
        return true;
    }
    uint64_t tokens = expected_tokens(f, at, seen), slots = at->k * tokens;
    if (at->sum != slots) {
        snprintf(what, 200, "%" PRIu64 " routed tokens, but k x %" PRIu64 " token%s are %" PRIu64, at->sum,
                 tokens, tokens == 1 ? "" : "s", slots);
        return true;
    }
    if (at->most > tokens) {
        snprintf(what, 200, "one expert got %" PRIu64 " tokens, but there are only %" PRIu64, at->most,
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

static uint64_t least(uint64_t x, uint64_t y) {
    return x < y ? x : y;
}

static uint64_t greatest(uint64_t x, uint64_t y) {
    return x > y ? x : y;
}

/* The phase is over: every layer must have had its visits, one in each step. */
static void close_phase(verifying *f, phase_seen *seen) {
    uint32_t span = seen->span;
    seen->span = BASE_NONE;
    seen->tokens = 0;
    if (span == BASE_NONE || !f->ranges.spans[span].closed || seen->last.k == BASE_NONE) {
        return;
    }
    uint32_t steps = seen->last.phase == ATTRIBUTION_DECODE ? f->ranges.spans[span].steps : 1;
    for (uint32_t layer = 0; layer < LAYERS_MAX; layer++) {
        uint32_t visits = layer < seen->layer_cap ? seen->layers[layer] : 0;
        if (f->layers[layer] && visits < steps) {
            char what[200];
            visit at = seen->last;
            at.layer = layer;
            at.step = BASE_NONE;
            snprintf(what, sizeof what, "its experts got tokens in %u of %u %s", visits, steps,
                     seen->last.phase == ATTRIBUTION_DECODE ? "steps" : "passes");
            row_of(f->v, &at)->wrong++;
            violate(f, &at, what);
        }
    }
}

/* Counts a visit for its layer in its phase; the one before may be over. */
static void count_layer(verifying *f, const visit *at, phase_seen *seen) {
    if (seen->span != at->span) {
        close_phase(f, seen);
        memset(seen->layers, 0, seen->layer_cap * sizeof *seen->layers);
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
static void close_visit(verifying *f, visit *at, phase_seen *seen) {
    char what[200];
    if (!at->open) {
        return;
    }
    at->open = false;
    count_layer(f, at, seen);
    if (at->k == BASE_NONE || at->phase == ATTRIBUTION_PHASES) {
        f->v->outside++;
        return;
    }
    if (!at->counted) {
        f->v->uncounted++;
        return;
    }
    metrics_routing_row *row = row_of(f->v, at);
    row->visits++;
    row->tokens_least = least(row->tokens_least, at->sum);
    row->tokens_most = greatest(row->tokens_most, at->sum);
    row->active_least = least(row->active_least, at->active);
    row->active_most = greatest(row->active_most, at->active);
    row->one_most = greatest(row->one_most, at->most);
    if (is_wrong(f, at, seen, what)) {
        row->wrong++;
        violate(f, at, what);
    }
}

/* The names of the request and the step that the thread is in. */
static void place(const verifying *f, visit *at, const attribution_thread *t) {
    at->request = at->step = BASE_NONE;
    for (size_t i = 0; i < t->depth; i++) {
        names_role role = f->names.list[t->stack[i].name].role;
        if (role == NAMES_ROLE_SAMPLE || role == NAMES_ROLE_WARMUP) {
            at->request = t->stack[i].name;
        } else if (role == NAMES_ROLE_STEP) {
            at->step = t->stack[i].name;
        }
    }
}

static void open_visit(verifying *f, visit *at, const attribution_expert_event *e) {
    const attribution_node *node = &f->ranges.nodes[e->node];
    *at = (visit){.open = true,
                  .counted = true,
                  .k = f->ranges.groups[node->group].k,
                  .layer = node->layer,
                  .span = e->span,
                  .phase = node->phase};
    place(f, at, &f->ranges.threads[e->thread]);
}

static void on_expert(void *ctx, const attribution_expert_event *e) {
    verifying *f = ctx;
    size_t had = f->phase_cap;
    f->visits = base_grow(f->visits, &f->visit_cap, e->thread + 1, sizeof *f->visits);
    f->phases = base_grow(f->phases, &f->phase_cap, e->thread + 1, sizeof *f->phases);
    for (; had < f->phase_cap; had++) {
        f->phases[had].span = BASE_NONE;
    }
    visit *at = &f->visits[e->thread];
    if (e->first || !at->open) {
        close_visit(f, at, &f->phases[e->thread]);
        open_visit(f, at, e);
    }
    uint32_t expert = f->ranges.nodes[e->node].expert;
    at->counted = at->counted && e->counted;
    at->sum += e->counted ? e->tokens : 0;
    at->most = greatest(at->most, e->counted ? e->tokens : 0);
    f->v->experts = (uint32_t)greatest(f->v->experts, (uint64_t)expert + 1);
    if (e->tokens > 0 && !(expert < SEEN && at->seen[expert / 64] >> expert % 64 & 1)) {
        at->active++;
        if (expert < SEEN) {
            at->seen[expert / 64] |= (uint64_t)1 << expert % 64;
        }
    }
}

static int on_string(void *ctx, uint32_t id, const char *bytes, size_t len) {
    names_define(&((verifying *)ctx)->names, id, bytes, len);
    return 0;
}

static int on_host(void *ctx, const trace_host_event *e) {
    verifying *f = ctx;
    attribution_ranges_event(&f->ranges, e);
    if (e->kind == TRACE_HOST_MARK) {
        costmodel_workload_event(&f->workload, &f->names, e);
    }
    return 0;
}

static int on_counter(void *ctx, const char *name, size_t len, uint64_t value) {
    static const char dropped[] = "host.dropped";
    if (len == strlen(dropped) && memcmp(name, dropped, len) == 0) {
        ((verifying *)ctx)->v->lost = value;
    }
    return 0;
}

static int by_place(const void *a, const void *b) {
    const metrics_routing_row *x = a, *y = b;
    int order = (x->k > y->k) - (x->k < y->k);
    return order ? order : (x->phase > y->phase) - (x->phase < y->phase);
}

/* What a thread was in at the end of the file: judged when it is all there. */
static void close_last(verifying *f, visit *at, phase_seen *seen) {
    if (at->open && at->span != BASE_NONE && !f->ranges.spans[at->span].closed) {
        f->v->unfinished++;
        at->open = false;
    }
    close_visit(f, at, seen);
    close_phase(f, seen);
}

int metrics_routing_check_read(metrics_routing_check *v, const char *path, const names_rules *rules,
                               uint32_t prompt_tokens, bool any_prompt, char error[TRACE_ERROR_BYTES]) {
    verifying f = {
        .v = v, .prompt_tokens = prompt_tokens, .any_prompt = any_prompt, .names = {.rules = rules}};
    trace_visitor visitor = {.ctx = &f, .string = on_string, .host = on_host, .counter = on_counter};
    trace_status status = {0};
    memset(v, 0, sizeof *v);
    costmodel_workload_init(&f.workload);
    attribution_ranges_init(&f.ranges, &f.names);
    f.ranges.on_expert = on_expert;
    f.ranges.on_expert_ctx = &f;
    int rc = input_read(path, base_cores(), &visitor, &status, error);
    for (size_t i = 0; i < f.visit_cap; i++) {
        close_last(&f, &f.visits[i], &f.phases[i]);
    }
    for (size_t i = 0; i < f.ranges.span_count; i++) {
        const attribution_span *span = &f.ranges.spans[i];
        bool routed = span->phase == ATTRIBUTION_PREFILL || span->phase == ATTRIBUTION_DECODE;
        v->silent += routed && span->visits == 0 && f.ranges.groups[span->group].k != BASE_NONE;
    }
    v->lost += status.bytes_skipped;
    v->prompt_known = prompt_tokens > 0 || (f.workload.prompt > 0 && !any_prompt);
    if (rc == 0 && !v->prompt_known && !any_prompt) {
        metrics_routing_check_prompts(v);
    }
    if (v->count > 0) {
        qsort(v->rows, v->count, sizeof *v->rows, by_place);
    }
    free(f.visits);
    for (size_t i = 0; i < f.phase_cap; i++) {
        free(f.phases[i].layers);
    }
    free(f.phases);
    costmodel_workload_free(&f.workload);
    attribution_ranges_free(&f.ranges);
    names_free(&f.names);
    return rc;
}

void metrics_routing_check_free(metrics_routing_check *v) {
    free(v->rows);
    memset(v, 0, sizeof *v);
}
