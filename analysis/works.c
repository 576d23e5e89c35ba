/* From the tree of ranges to the work of each phase at each k; see bounds.h. */
#include "analysis/bounds.h"
#include "analysis/memory.h"

#include <stdlib.h>
#include <string.h>

static analysis_phase_work *work_of(analysis_works *works, uint32_t k, analysis_phase phase) {
    for (size_t i = 0; i < works->count; i++) {
        if (works->list[i].k == k && works->list[i].phase == phase) {
            return &works->list[i];
        }
    }
    works->list = analysis_grow(works->list, &works->cap, works->count + 1, sizeof *works->list);
    works->list[works->count] = (analysis_phase_work){.k = k, .phase = phase, .whole = true};
    return &works->list[works->count++];
}

/* Whether a phase `vision` lies in a span of another phase. */
static analysis_phase around(const analysis_ranges *ranges, const analysis_span *span) {
    return span->parent == ANALYSIS_NONE ? ANALYSIS_PHASES : ranges->spans[span->parent].phase;
}

static void add_span(analysis_works *works, const analysis_ranges *ranges, const analysis_span *span) {
    const analysis_group *group = &ranges->groups[span->group];
    if (group->warm || span->step) {
        return;
    }
    analysis_phase_work *work = work_of(works, group->k, span->phase);
    /* A span that is still open was watched when it began, or was not. */
    uint64_t end = span->closed ? span->end : span->start;
    analysis_watching watching = analysis_watch_over(&ranges->watch, span->start, end);
    if (watching == ANALYSIS_UNWATCHED && span->closed) {
        return;
    }
    if (watching != ANALYSIS_WATCHED || !span->closed) {
        work->whole = false;
        return;
    }
    work->requests++;
    work->steps += span->steps;
    work->active += span->active;
    work->visits += span->visits;
    if (span->phase == ANALYSIS_VISION && around(ranges, span) != ANALYSIS_PHASES) {
        work_of(works, group->k, around(ranges, span))->visions++; /* may move the works */
    }
}

static void add_node(analysis_works *works, const analysis_ranges *ranges, const analysis_node *node) {
    const analysis_group *group = &ranges->groups[node->group];
    if (node->phase == ANALYSIS_PHASES || group->warm ||
        analysis_watch_settled(&ranges->watch, group->watching) != ANALYSIS_WATCHED) {
        return;
    }
    analysis_phase_work *work = work_of(works, group->k, node->phase);
    work->parts[node->part].count += node->kernels;
    work->parts[node->part].ns += node->kernel_ns;
    if (node->opens_expert) {
        work->expert_ranges += node->calls;
        work->told_ranges += node->with_tokens;
        work->tokens += node->tokens;
    }
}

void analysis_works_make(analysis_works *works, const analysis_ranges *ranges) {
    for (size_t i = 0; i < ranges->span_count; i++) {
        add_span(works, ranges, &ranges->spans[i]);
    }
    for (size_t i = 0; i < ranges->node_count; i++) {
        add_node(works, ranges, &ranges->nodes[i]);
    }
}

void analysis_works_free(analysis_works *works) {
    free(works->list);
    memset(works, 0, sizeof *works);
}
