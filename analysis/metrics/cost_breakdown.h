/* Where the time went: experts, kernels, parts of the model and ranges, from the tree of ranges.
 *
 * Exclusive time is that of kernels whose innermost range is here, so that exclusive times add up to the
 * whole; inclusive time is that of a range with all that lies in it. Kernel time is a sum: kernels that
 * overlap count twice. */
#ifndef METRICS_COST_BREAKDOWN_H
#define METRICS_COST_BREAKDOWN_H

#include "analysis/attribution/ranges.h"
#include "analysis/metrics/range_paths.h"
#include "analysis/metrics/request_variance.h"

/* An expert's ranges, with all that lies in them (inclusive). */
typedef struct {
    uint32_t layer; /* BASE_NONE: in no layer, or all layers together */
    uint32_t expert;
    uint64_t calls;               /* ranges */
    uint64_t tokens, with_tokens; /* sum of the payloads, and how many ranges had one */
    uint64_t host_ns;             /* time in the ranges on the host */
    uint64_t kernels, kernel_ns;
    metrics_spread outside; /* of the part of kernel_ns that lies in no phase: kernels of one name and range
                                are taken to be independent of each other */
} metrics_expert;

typedef struct {
    const char *name; /* as the trace has it, mangled; lives as long as the names */
    uint32_t index;   /* of the name */
    uint64_t count, ns;
    metrics_spread outside; /* of the part of ns that lies in no phase, likewise */
} metrics_kernel_row;

/* A leaf: kernels of one name in one part of one layer in one phase. Every attributed kernel is in exactly
 * one. */
typedef struct {
    attribution_phase phase; /* or ATTRIBUTION_PHASES */
    uint32_t layer;          /* or BASE_NONE */
    names_part part;
    uint32_t name; /* name index */
    uint64_t count, ns;
} metrics_leaf;

/* A layer in a phase: the exclusive time of each part, and their sum. */
typedef struct {
    attribution_phase phase;
    uint32_t layer;
    attribution_work parts[NAMES_PARTS], all;
} metrics_layer_row;

/* Ranges whose paths differ in numbers only. */
typedef struct {
    uint32_t path; /* number in metrics_costs.paths */
    uint64_t calls, host_ns;
    attribution_work exclusive, inclusive;
} metrics_range_row;

/* Of the measured requests (no warm-up), of `k` alone unless it is BASE_NONE. Calls, tokens and host time
 * are of ranges that were profiled, when any were. All lists in descending order of kernel time (then of host
 * time), but layers in order of phase and layer. */
typedef struct {
    uint32_t k;
    metrics_expert *experts, *layer_experts;
    size_t expert_count, expert_cap, layer_expert_count, layer_expert_cap;
    metrics_kernel_row *kernels;
    size_t kernel_count, kernel_cap;
    metrics_leaf *leaves;
    size_t leaf_count, leaf_cap;
    metrics_layer_row *layers;
    size_t layer_count, layer_cap;
    metrics_range_row *ranges;
    size_t range_count, range_cap;
    metrics_range_paths paths;
    uint64_t attributed_ns; /* kernel time in that choice whose owner is known: what experts' shares are of */
    uint64_t chosen_ns;     /* ... and, unless `k` chooses, the unattributed: what kernels' shares are of */
} metrics_costs;

void metrics_costs_make(metrics_costs *c, const attribution_ranges *ranges, uint32_t k);

void metrics_costs_free(metrics_costs *c);

#endif
