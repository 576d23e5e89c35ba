/* From the tree of ranges to the work of each phase at each k. */
#include "analysis/metrics/phase_work.h"

#include "analysis/base/alloc.h"

#include <stdlib.h>
#include <string.h>

static uint64_t key_of_place(uint32_t k, attribution_phase phase) {
    return (uint64_t)k << 8 | phase;
}

const metrics_phase_work *metrics_phase_works_find(const metrics_phase_works *works, uint32_t k,
                                                   attribution_phase phase) {
    uint32_t at = base_map_get(&works->by_place, key_of_place(k, phase));
    return at != BASE_NONE ? &works->list[at] : NULL;
}

/* The same, made when there is none; it may move the works. */
static metrics_phase_work *phase_work_of(metrics_phase_works *works, uint32_t k, attribution_phase phase) {
    const metrics_phase_work *found = metrics_phase_works_find(works, k, phase);
    if (found) {
        return &works->list[found - works->list];
    }
    works->list = base_grow(works->list, &works->cap, works->count + 1, sizeof *works->list);
    base_map_put(&works->by_place, key_of_place(k, phase), (uint32_t)works->count);
    works->list[works->count] = (metrics_phase_work){.k = k, .phase = phase, .whole = true};
    return &works->list[works->count++];
}

/* The phase of the span around a span, or ATTRIBUTION_PHASES. */
static attribution_phase phase_around(const attribution_ranges *ranges, const attribution_span *span) {
    return span->parent == BASE_NONE ? ATTRIBUTION_PHASES
                                     : attribution_ranges_span(ranges, span->parent)->phase;
}

static void add_span_work(metrics_phase_works *works, const attribution_ranges *ranges,
                          const attribution_span *span) {
    const attribution_group *group = attribution_ranges_group(ranges, span->group);
    if (group->warm || span->step) {
        return;
    }
    metrics_phase_work *work = phase_work_of(works, group->k, span->phase);
    /* A span that is still open was profiled when it began, or was not. */
    uint64_t end = span->closed ? span->end : span->start;
    attribution_profiling profiling =
        attribution_windows_over(attribution_ranges_windows(ranges), span->start, end);
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
    if (span->phase == ATTRIBUTION_VISION && phase_around(ranges, span) != ATTRIBUTION_PHASES) {
        phase_work_of(works, group->k, phase_around(ranges, span))->visions++; /* may move the works */
    }
}

static void add_node_work(metrics_phase_works *works, const attribution_ranges *ranges,
                          const attribution_node *node) {
    const attribution_group *group = attribution_ranges_group(ranges, node->group);
    if (node->phase == ATTRIBUTION_PHASES || group->warm ||
        !attribution_ranges_profiled(ranges, node->group)) {
        return;
    }
    metrics_phase_work *work = phase_work_of(works, group->k, node->phase);
    work->parts[node->part].count += node->kernels;
    work->parts[node->part].ns += node->kernel_ns;
    if (node->opens_expert) {
        work->expert_ranges += node->calls;
        work->counted_ranges += node->with_tokens;
        work->tokens += node->tokens;
    }
}

void metrics_phase_works_make(metrics_phase_works *works, const attribution_ranges *ranges) {
    for (size_t i = 0; i < attribution_ranges_span_count(ranges); i++) {
        const attribution_span *span = attribution_ranges_span(ranges, i);
        if (span->of == BASE_NONE) {
            add_span_work(works, ranges, span);
        }
    }
    for (size_t i = 0; i < attribution_ranges_node_count(ranges); i++) {
        add_node_work(works, ranges, attribution_ranges_node(ranges, i));
    }
}

void metrics_phase_works_free(metrics_phase_works *works) {
    free(works->list);
    base_map_free(&works->by_place);
    memset(works, 0, sizeof *works);
}
