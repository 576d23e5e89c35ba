/* One pass over a trace that looks at nothing but experts' ranges. */
#include "analysis/verify.h"

#include "analysis/import.h"

#include "analysis/memory.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SEEN                                                                                                 \
    4096 /* experts with smaller indices are counted once in a visit, however many ranges they have */

/* The visit that a thread is in. */
typedef struct {
    bool open, counted;
    uint32_t k, layer, span;
    analysis_phase phase;
    uint64_t sum, active, most;
    uint64_t seen[SEEN / 64]; /* experts, one bit each */
    uint32_t request, step;   /* name indices of sample.N and decode.N; ANALYSIS_NONE outside of any */
} visit;

/* The prefill that a thread was in last: its layers must agree. */
typedef struct {
    uint32_t span; /* or ANALYSIS_NONE */
    uint64_t tokens;
} prompt;

typedef struct {
    analysis_verify *v;
    analysis_names names;
    analysis_ranges ranges;
    uint32_t prompt_tokens;
    visit *visits; /* by thread */
    prompt *prompts;
    size_t visit_cap, prompt_cap;
} verifying;

static analysis_verify_row *row_of(analysis_verify *v, const visit *at) {
    for (size_t i = 0; i < v->count; i++) {
        if (v->rows[i].k == at->k && v->rows[i].phase == at->phase) {
            return &v->rows[i];
        }
    }
    v->rows = analysis_grow(v->rows, &v->cap, v->count + 1, sizeof *v->rows);
    v->rows[v->count] = (analysis_verify_row){
        .k = at->k, .phase = at->phase, .tokens_least = UINT64_MAX, .active_least = UINT64_MAX};
    return &v->rows[v->count++];
}

static const char *name_or(const verifying *f, uint32_t name, const char *otherwise) {
    return name == ANALYSIS_NONE ? otherwise : f->names.list[name].text;
}

/* Keeps the first violation, with the place of it. */
static void violate(verifying *f, const visit *at, const char *what) {
    static const char *const phases[] = {"vision", "prefill", "decode"};
    char layer[24] = "no layer";
    if (f->v->violation[0]) {
        return;
    }
    if (at->layer != ANALYSIS_NONE) {
        snprintf(layer, sizeof layer, "layer %u", at->layer);
    }
    snprintf(f->v->violation, sizeof f->v->violation, "top_k=%u, %s, %s%s%s, %s: %s", at->k,
             name_or(f, at->request, "no request"), phases[at->phase], at->step == ANALYSIS_NONE ? "" : ", ",
             name_or(f, at->step, ""), layer, what);
}

/* How many tokens the visit must have had: 1 in decode; in prefill what was given, or what the first layer of
 * the same prefill had. */
static uint64_t expected_tokens(const verifying *f, const visit *at, prompt *first) {
    if (at->phase == ANALYSIS_DECODE) {
        return 1;
    }
    if (first->span != at->span) {
        *first = (prompt){.span = at->span, .tokens = at->sum / at->k};
    }
    return f->prompt_tokens ? f->prompt_tokens : first->tokens;
}

/* What is wrong with the visit, into `what`; false when nothing is. */
static bool is_wrong(const verifying *f, const visit *at, prompt *first, char what[200]) {
    if (at->k == 0 || (at->phase != ANALYSIS_DECODE && at->sum % at->k != 0)) {
        snprintf(what, 200, "%" PRIu64 " routed tokens are no multiple of k", at->sum);
        return true;
    }
    uint64_t tokens = expected_tokens(f, at, first), slots = at->k * tokens;
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

/* The visit is over: judges it. */
static void close_visit(verifying *f, visit *at, prompt *first) {
    char what[200];
    if (!at->open) {
        return;
    }
    at->open = false;
    if (at->k == ANALYSIS_NONE || at->phase == ANALYSIS_PHASES) {
        f->v->outside++;
        return;
    }
    if (!at->counted) {
        f->v->uncounted++;
        return;
    }
    analysis_verify_row *row = row_of(f->v, at);
    row->visits++;
    row->tokens_least = least(row->tokens_least, at->sum);
    row->tokens_most = greatest(row->tokens_most, at->sum);
    row->active_least = least(row->active_least, at->active);
    row->active_most = greatest(row->active_most, at->active);
    row->one_most = greatest(row->one_most, at->most);
    if (is_wrong(f, at, first, what)) {
        row->wrong++;
        violate(f, at, what);
    }
}

/* The names of the request and the step that the thread is in. */
static void place(const verifying *f, visit *at, const analysis_thread *t) {
    at->request = at->step = ANALYSIS_NONE;
    for (size_t i = 0; i < t->depth; i++) {
        analysis_role role = f->names.list[t->stack[i].name].role;
        if (role == ANALYSIS_ROLE_SAMPLE || role == ANALYSIS_ROLE_WARMUP) {
            at->request = t->stack[i].name;
        } else if (role == ANALYSIS_ROLE_STEP) {
            at->step = t->stack[i].name;
        }
    }
}

static void open_visit(verifying *f, visit *at, const analysis_expert_event *e) {
    const analysis_node *node = &f->ranges.nodes[e->node];
    *at = (visit){.open = true,
                  .counted = true,
                  .k = f->ranges.groups[node->group].k,
                  .layer = node->layer,
                  .span = e->span,
                  .phase = node->phase};
    place(f, at, &f->ranges.threads[e->thread]);
}

static void on_expert(void *ctx, const analysis_expert_event *e) {
    verifying *f = ctx;
    size_t had = f->prompt_cap;
    f->visits = analysis_grow(f->visits, &f->visit_cap, e->thread + 1, sizeof *f->visits);
    f->prompts = analysis_grow(f->prompts, &f->prompt_cap, e->thread + 1, sizeof *f->prompts);
    for (; had < f->prompt_cap; had++) {
        f->prompts[had].span = ANALYSIS_NONE;
    }
    visit *at = &f->visits[e->thread];
    if (e->first || !at->open) {
        close_visit(f, at, &f->prompts[e->thread]);
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
    analysis_names_define(&((verifying *)ctx)->names, id, bytes, len);
    return 0;
}

static int on_host(void *ctx, const trace_host_event *e) {
    analysis_ranges_event(&((verifying *)ctx)->ranges, e);
    return 0;
}

static int by_place(const void *a, const void *b) {
    const analysis_verify_row *x = a, *y = b;
    int order = (x->k > y->k) - (x->k < y->k);
    return order ? order : (x->phase > y->phase) - (x->phase < y->phase);
}

int analysis_verify_read(analysis_verify *v, const char *path, const analysis_rules *rules,
                         uint32_t prompt_tokens, char error[TRACE_ERROR_BYTES]) {
    verifying f = {.v = v, .prompt_tokens = prompt_tokens, .names = {.rules = rules}};
    trace_visitor visitor = {.ctx = &f, .string = on_string, .host = on_host};
    trace_status status;
    memset(v, 0, sizeof *v);
    analysis_ranges_init(&f.ranges, &f.names);
    f.ranges.on_expert = on_expert;
    f.ranges.on_expert_ctx = &f;
    int rc = analysis_read(path, &visitor, &status, error);
    for (size_t i = 0; i < f.visit_cap; i++) {
        close_visit(&f, &f.visits[i], &f.prompts[i]);
    }
    if (v->count > 0) {
        qsort(v->rows, v->count, sizeof *v->rows, by_place);
    }
    free(f.visits);
    free(f.prompts);
    analysis_ranges_free(&f.ranges);
    analysis_names_free(&f.names);
    return rc;
}

void analysis_verify_free(analysis_verify *v) {
    free(v->rows);
    memset(v, 0, sizeof *v);
}
