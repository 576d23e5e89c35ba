/* Cost breakdown: GPU and host time by expert, kernel, part of the model and range, from the range tree.
 *
 * Exclusive time of a range is that of kernels whose innermost range it is, so exclusive times add up to the total;
 * inclusive time includes all nested ranges. Kernel time is a sum of durations: overlapping kernels count twice. */
#ifndef METRICS_COST_BREAKDOWN_H
#define METRICS_COST_BREAKDOWN_H

#include "analysis/attribution/ranges.h"
#include "analysis/metrics/range_paths.h"
#include "analysis/metrics/request_variance.h"

/* The ranges of one expert; all times are inclusive. */
typedef struct {
    uint32_t layer; /* BASE_NONE: in no layer, or all layers together */
    uint32_t expert;
    uint64_t calls;               /* number of ranges */
    uint64_t tokens, with_tokens; /* sum of the payloads, and number of ranges with one */
    uint64_t host_ns;             /* host time in the ranges */
    uint64_t kernels, kernel_ns;
    metrics_spread outside; /* variance of the part of kernel_ns outside all phases (launch_variance.h) */
} metrics_expert;

/* The kernels of one name. */
typedef struct {
    const char *name; /* mangled; valid as long as the results' names */
    uint32_t index;   /* name index */
    uint64_t count, ns;
    metrics_spread outside; /* variance of the part of ns outside all phases (launch_variance.h) */
} metrics_kernel_row;

/* A leaf: the kernels of one name in one part of one layer in one phase. Each attributed kernel is in exactly one. */
typedef struct {
    attribution_phase phase; /* or ATTRIBUTION_PHASES */
    uint32_t layer;          /* or BASE_NONE */
    names_part part;
    uint32_t name; /* name index */
    uint64_t count, ns;
} metrics_leaf;

/* One layer in one phase: the exclusive time of each part of the model, and their sum. */
typedef struct {
    attribution_phase phase;
    uint32_t layer;
    attribution_work parts[NAMES_PARTS], all;
} metrics_layer_row;

/* The ranges whose paths differ only in numbers. */
typedef struct {
    uint32_t path; /* number in metrics_costs.paths */
    uint64_t calls, host_ns;
    attribution_work exclusive, inclusive;
} metrics_range_row;

/* The costs of the measured requests (without warm-up) at `k`, or at all k if it is BASE_NONE. Calls, tokens and host time
 * are those of profiled ranges, if there are any. Lists are in descending order of kernel time, then host time; layers are
 * in the order of phase and layer. */
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
    uint64_t
        attributed_ns; /* attributed kernel time of the selected requests: the total of experts' shares */
    uint64_t
        chosen_ns; /* the same plus, if k is BASE_NONE, unattributed kernel time: the total of kernels' shares */
} metrics_costs;

/* Computes *c, zeroed, for `k`. `ranges` must be complete and outlive *c. */
void metrics_costs_make(metrics_costs *c, const attribution_ranges *ranges, uint32_t k);

void metrics_costs_free(metrics_costs *c);

#endif
