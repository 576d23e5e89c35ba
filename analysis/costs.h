/* Where the time went: experts, kernels, parts of the model and ranges, from the tree of ranges.
 *
 * Exclusive time is that of kernels whose innermost range is here, so that exclusive times add up to the
 * whole; inclusive time is that of a range with all that lies in it. Kernel time is a sum: kernels that
 * overlap count twice. */
#ifndef ANALYSIS_COSTS_H
#define ANALYSIS_COSTS_H

#include "analysis/attribution.h"
#include "analysis/clusters.h"

/* An expert's ranges, with all that lies in them (inclusive). */
typedef struct {
    uint32_t layer; /* ANALYSIS_NONE: in no layer, or all layers together */
    uint32_t expert;
    uint64_t calls;               /* ranges */
    uint64_t tokens, with_tokens; /* sum of the payloads, and how many ranges had one */
    uint64_t host_ns;             /* time in the ranges on the host */
    uint64_t kernels, kernel_ns;
    analysis_spread outside; /* of the part of kernel_ns that lies in no phase: kernels of one name and range
                                are taken to be independent of each other */
} analysis_expert;

typedef struct {
    const char *name; /* as the trace has it, mangled; lives as long as the names */
    uint32_t index;   /* of the name */
    uint64_t count, ns;
    analysis_spread outside; /* of the part of ns that lies in no phase, likewise */
} analysis_kernel_row;

/* A leaf: kernels of one name in one part of one layer in one phase. Every attributed kernel is in exactly
 * one. */
typedef struct {
    analysis_phase phase; /* or ANALYSIS_PHASES */
    uint32_t layer;       /* or ANALYSIS_NONE */
    analysis_part part;
    uint32_t name; /* name index */
    uint64_t count, ns;
} analysis_leaf;

/* A layer in a phase: the exclusive time of each part, and their sum. */
typedef struct {
    analysis_phase phase;
    uint32_t layer;
    analysis_work parts[ANALYSIS_PARTS], all;
} analysis_layer_row;

/* Ranges whose paths differ in numbers only. */
typedef struct {
    char *path; /* names from the outermost in, without top_k=K; "*" for numbers */
    uint64_t calls, host_ns;
    analysis_work exclusive, inclusive;
} analysis_range_row;

/* Of the measured requests (no warm-up), of `k` alone unless it is ANALYSIS_NONE. Calls, tokens and host time
 * are of ranges that were watched, when any were. All lists in descending order of kernel time (then of host
 * time), but layers in order of phase and layer. */
typedef struct {
    uint32_t k;
    analysis_expert *experts, *layer_experts;
    size_t expert_count, expert_cap, layer_expert_count, layer_expert_cap;
    analysis_kernel_row *kernels;
    size_t kernel_count, kernel_cap;
    analysis_leaf *leaves;
    size_t leaf_count, leaf_cap;
    analysis_layer_row *layers;
    size_t layer_count, layer_cap;
    analysis_range_row *ranges;
    size_t range_count, range_cap;
    uint64_t attributed_ns; /* kernel time in that choice whose owner is known: what experts' shares are of */
    uint64_t chosen_ns;     /* ... and, unless `k` chooses, the unattributed: what kernels' shares are of */
} analysis_costs;

void analysis_costs_make(analysis_costs *c, const analysis_ranges *ranges,
                         const analysis_attribution *attribution, uint32_t k);

void analysis_costs_free(analysis_costs *c);

#endif
