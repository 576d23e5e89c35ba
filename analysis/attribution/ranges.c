/* The ranges of a trace: stacks, tree and spans. */
#include "analysis/attribution/ranges.h"

#include "analysis/base/alloc.h"
#include "analysis/base/assert.h"

#include <stdlib.h>

struct attribution_ranges {
    attribution_range_stack stack;
    attribution_tree tree;
    attribution_spans spans;
    attribution_windows windows;
    bool only_warmup;
};

attribution_ranges *attribution_ranges_new(names_table *names, const attribution_ranges_options *options) {
    const attribution_ranges_options none = {0};
    const attribution_ranges_options *o = options ? options : &none;
    attribution_ranges *r = base_alloc(1, sizeof *r);
    attribution_tree_init(&r->tree, names);
    r->spans = (attribution_spans){
        .tree = &r->tree,
        .with_steps = o->steps,
        .accumulator = {.on_sample = o->on_sample, .on_sample_ctx = o->on_sample_ctx},
    };
    r->stack = (attribution_range_stack){.names = names,
                                         .tree = &r->tree,
                                         .spans = &r->spans,
                                         .windows = &r->windows,
                                         .on_expert = o->on_expert,
                                         .on_expert_ctx = o->on_expert_ctx,
                                         .domains = {.choice = o->domains}};
    if (o->threaded) {
        attribution_accumulator_start(&r->spans.accumulator);
    }
    return r;
}

/* ---- While the trace is read ---- */

void attribution_ranges_event(attribution_ranges *r, const trace_host_event *e) {
    attribution_stack_event(&r->stack, e);
}

void attribution_ranges_owner(attribution_ranges *r, uint32_t thread, uint64_t time, uint32_t *node,
                              uint32_t *span) {
    attribution_stack_owner(&r->stack, thread, time, node, span);
}

bool attribution_ranges_in_other_domain(attribution_ranges *r, uint32_t thread) {
    return attribution_stack_in_other_domain(&r->stack, thread);
}

void attribution_ranges_open_request(const attribution_ranges *r, uint32_t thread, uint32_t *request,
                                     uint32_t *step) {
    attribution_stack_open_request(&r->stack, thread, request, step);
}

void attribution_ranges_set_first_profiled(attribution_ranges *r, uint64_t time_ns) {
    r->windows.first_profiled = time_ns;
}

void attribution_ranges_ignore_marks(attribution_ranges *r) {
    r->windows.ignored = true;
}

uint32_t attribution_ranges_child(attribution_ranges *r, uint32_t parent, uint32_t like) {
    return attribution_tree_child_like(&r->tree, parent, like);
}

void attribution_ranges_call(attribution_ranges *r, uint32_t span, names_call_kind kind, uint64_t start_ns,
                             uint64_t end_ns) {
    attribution_accumulator_event(&r->spans.accumulator,
                                  &(attribution_span_event){.kind = ATTRIBUTION_SPAN_CALLED,
                                                            .span = span,
                                                            .called = {start_ns, end_ns, kind}});
}

uint32_t attribution_ranges_span_behind(attribution_ranges *r, uint32_t thread) {
    return attribution_stack_span_behind(&r->stack, thread);
}

void attribution_ranges_call_behind(attribution_ranges *r, uint32_t span, names_call_kind kind,
                                    uint64_t start_ns, uint64_t end_ns) {
    attribution_accumulator_event(&r->spans.accumulator,
                                  &(attribution_span_event){.kind = ATTRIBUTION_SPAN_CALLED_BEHIND,
                                                            .span = span,
                                                            .called = {start_ns, end_ns, kind}});
}

void attribution_ranges_gpu(attribution_ranges *r, uint32_t span, uint32_t node, uint32_t name, bool timed,
                            uint64_t start_ns, uint64_t end_ns) {
    attribution_accumulator_event(
        &r->spans.accumulator,
        &(attribution_span_event){.kind = ATTRIBUTION_SPAN_RAN,
                                  .span = span,
                                  .ran = {start_ns, end_ns, node, name, name != BASE_NONE, timed}});
}

void attribution_ranges_unattributed(attribution_ranges *r, uint32_t name, uint64_t ns) {
    attribution_accumulator_event(
        &r->spans.accumulator,
        &(attribution_span_event){.kind = ATTRIBUTION_SPAN_UNATTRIBUTED, .unattributed = {ns, name}});
}

/* ---- The end ---- */

void attribution_ranges_close_ended(attribution_ranges *r) {
    attribution_stack_close_ended(&r->stack);
}

/* Warm-up requests are excluded from tables, unless there are no other requests. */
static void take_warmup_as_measured(attribution_ranges *r) {
    bool any = false;
    for (size_t i = 0; i < r->spans.count; i++) {
        const attribution_span *span = &r->spans.list[i];
        if (span->closed && !r->tree.groups[span->group].warm) {
            return;
        }
        any = any || span->closed;
    }
    r->only_warmup = any;
    for (size_t i = 0; any && i < r->tree.group_count; i++) {
        r->tree.groups[i].warm = false;
    }
}

bool attribution_ranges_only_warmup(const attribution_ranges *r) {
    return r->only_warmup;
}

bool attribution_ranges_have_k(const attribution_ranges *r) {
    for (size_t i = 0; i < r->tree.group_count; i++) {
        if (r->tree.groups[i].k != BASE_NONE) {
            return true;
        }
    }
    return false;
}

void attribution_ranges_assume_k(attribution_ranges *r, uint32_t k) {
    for (size_t i = 0; i < r->tree.group_count; i++) {
        attribution_group *group = &r->tree.groups[i];
        group->k = group->k == BASE_NONE ? k : group->k;
    }
}

void attribution_ranges_settle(attribution_ranges *r, unsigned jobs) {
    attribution_windows_settle(&r->windows);
    attribution_spans_settle(&r->spans, jobs);
    take_warmup_as_measured(r);
}

void attribution_ranges_add_total(attribution_ranges *r, uint32_t node, uint32_t name,
                                  attribution_amount amount) {
    attribution_totals_add(&r->spans.accumulator.totals, node, name, amount);
}

void attribution_ranges_sum_nodes(attribution_ranges *r) {
    const attribution_totals *sums = &r->spans.accumulator.totals;
    for (size_t i = 0; i < sums->count; i++) {
        const attribution_total *kernel = &sums->list[i];
        if (kernel->node != BASE_NONE) {
            r->tree.nodes[kernel->node].kernels += kernel->count;
            r->tree.nodes[kernel->node].kernel_ns += kernel->ns;
        }
    }
    for (size_t i = 0; i < sums->transfer_cap && i < r->tree.node_count; i++) {
        r->tree.nodes[i].transfers += sums->transfers[i].count;
        r->tree.nodes[i].transfer_ns += sums->transfers[i].ns;
    }
}

/* ---- What there is ---- */

const names_table *attribution_ranges_names(const attribution_ranges *r) {
    return r->stack.names;
}

const attribution_windows *attribution_ranges_windows(const attribution_ranges *r) {
    return &r->windows;
}

size_t attribution_ranges_node_count(const attribution_ranges *r) {
    return r->tree.node_count;
}

const attribution_node *attribution_ranges_node(const attribution_ranges *r, size_t node) {
    return &r->tree.nodes[node];
}

size_t attribution_ranges_span_count(const attribution_ranges *r) {
    return r->spans.count;
}

const attribution_span *attribution_ranges_span(const attribution_ranges *r, size_t span) {
    return &r->spans.list[span];
}

uint32_t attribution_ranges_common(const attribution_ranges *r, uint32_t x, uint32_t y) {
    return attribution_tree_common(&r->tree, x, y);
}

const attribution_group *attribution_ranges_group(const attribution_ranges *r, uint32_t group) {
    return &r->tree.groups[group];
}

const attribution_busy_sums *attribution_ranges_busy(const attribution_ranges *r,
                                                     const attribution_span *span) {
    const attribution_span *owner = span->step ? &r->spans.list[span->parent] : span;
    const attribution_busy_sums *sums = attribution_busy_sums_of(&owner->busy, span->part);
    BASE_ASSERT(sums->settled <= span->gpu_sum); /* the union of the intervals is at most their sum */
    return sums;
}

const attribution_total *attribution_ranges_kernels(const attribution_ranges *r, size_t *count) {
    *count = r->spans.accumulator.totals.count;
    return r->spans.accumulator.totals.list;
}

const uint32_t *attribution_ranges_other_domains(const attribution_ranges *r, size_t *count) {
    *count = r->stack.domains.name_count;
    return r->stack.domains.names;
}

size_t attribution_ranges_thread_count(const attribution_ranges *r) {
    return r->stack.thread_count;
}

bool attribution_ranges_profiled(const attribution_ranges *r, uint32_t group) {
    attribution_profiling seen = r->tree.groups[group].profiling;
    return attribution_windows_settled(&r->windows, seen) == ATTRIBUTION_PROFILED;
}

attribution_ranges_defects attribution_ranges_defects_of(const attribution_ranges *r) {
    attribution_ranges_defects defects = {.left_open = attribution_stack_left_open(&r->stack),
                                          .pops_without_push = r->stack.pops_without_push,
                                          .ends_without_start = r->stack.ends_without_start};
    for (size_t i = 0; i < r->spans.count; i++) {
        defects.late += r->spans.list[i].busy.late;
    }
    return defects;
}

void attribution_ranges_free(attribution_ranges *r) {
    if (!r) {
        return;
    }
    attribution_stack_free(&r->stack);
    attribution_spans_free(&r->spans);
    attribution_tree_free(&r->tree);
    attribution_windows_free(&r->windows);
    free(r);
}
