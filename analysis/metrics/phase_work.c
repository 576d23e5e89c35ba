/* From the tree of ranges to the work of each phase at each k; see bounds.h. */
#include "analysis/base/alloc.h"
#include "analysis/metrics/bottleneck.h"

#include <stdlib.h>
#include <string.h>

static metrics_phase_work *work_of(metrics_phase_works *works, uint32_t k, attribution_phase phase) {
    for (size_t i = 0; i < works->count; i++) {
        if (works->list[i].k == k && works->list[i].phase == phase) {
            return &works->list[i];
        }
    }
    works->list = base_grow(works->list, &works->cap, works->count + 1, sizeof *works->list);
    works->list[works->count] = (metrics_phase_work){.k = k, .phase = phase, .whole = true};
    return &works->list[works->count++];
}

/* Whether a phase `vision` lies in a span of another phase. */
static attribution_phase around(const attribution_ranges *ranges, const attribution_span *span) {
    return span->parent == BASE_NONE ? ATTRIBUTION_PHASES : ranges->spans[span->parent].phase;
}

static void add_span(metrics_phase_works *works, const attribution_ranges *ranges,
                     const attribution_span *span) {
    const attribution_group *group = &ranges->groups[span->group];
    if (group->warm || span->step) {
        return;
    }
    metrics_phase_work *work = work_of(works, group->k, span->phase);
    /* A span that is still open was profiled when it began, or was not. */
    uint64_t end = span->closed ? span->end : span->start;
    attribution_profiling profiling = attribution_windows_over(&ranges->watch, span->start, end);
    if (profiling == ATTRIBUTION_UNPROFILED && span->closed) {
        return;
    }
    if (profiling != ATTRIBUTION_PROFILED || !span->closed) {
        work->whole = false;
        return;
    }
    work->requests++;
    work->steps += span->steps;
    work->active += span->active;
    work->visits += span->visits;
    if (span->phase == ATTRIBUTION_VISION && around(ranges, span) != ATTRIBUTION_PHASES) {
        work_of(works, group->k, around(ranges, span))->visions++; /* may move the works */
    }
}

static void add_node(metrics_phase_works *works, const attribution_ranges *ranges,
                     const attribution_node *node) {
    const attribution_group *group = &ranges->groups[node->group];
    if (node->phase == ATTRIBUTION_PHASES || group->warm ||
        attribution_windows_settled(&ranges->watch, group->profiling) != ATTRIBUTION_PROFILED) {
        return;
    }
    metrics_phase_work *work = work_of(works, group->k, node->phase);
    work->parts[node->part].count += node->kernels;
    work->parts[node->part].ns += node->kernel_ns;
    if (node->opens_expert) {
        work->expert_ranges += node->calls;
        work->notified_ranges += node->with_tokens;
        work->tokens += node->tokens;
    }
}

void metrics_phase_works_make(metrics_phase_works *works, const attribution_ranges *ranges) {
    for (size_t i = 0; i < ranges->span_count; i++) {
        add_span(works, ranges, &ranges->spans[i]);
    }
    for (size_t i = 0; i < ranges->node_count; i++) {
        add_node(works, ranges, &ranges->nodes[i]);
    }
}

void metrics_phase_works_free(metrics_phase_works *works) {
    free(works->list);
    memset(works, 0, sizeof *works);
}
