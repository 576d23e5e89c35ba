/* The GPU work and routed tokens of the profiled requests, by phase and k. */
#ifndef METRICS_PHASE_WORK_H
#define METRICS_PHASE_WORK_H

#include "analysis/attribution/ranges.h"

/* Sums over the profiled requests of one phase at one k, from the range tree. */
typedef struct {
    uint32_t k;
    attribution_phase phase;
    size_t requests;  /* profiled from start to end */
    bool whole;       /* no request was profiled partly: the sums are those of `requests` requests exactly */
    uint64_t steps;   /* number of ranges decode.N */
    uint64_t visions; /* number of phases `vision` inside */
    attribution_work parts[NAMES_PARTS];
    uint64_t expert_ranges;  /* number of ranges of experts */
    uint64_t counted_ranges; /* of these: with a number of tokens */
    uint64_t tokens;         /* sum of these numbers */
    uint64_t active, visits; /* visits to a layer's experts, and the sum over them of experts with a token */
} metrics_phase_work;

typedef struct {
    metrics_phase_work *list;
    size_t count, cap;
    base_map by_place; /* k and phase -> list */
} metrics_phase_works;

/* Computes the sums of all phases and k. `ranges` must be complete. */
void metrics_phase_works_make(metrics_phase_works *works, const attribution_ranges *ranges);

/* Returns the sums of one phase at one k, or NULL. */
const metrics_phase_work *metrics_phase_works_find(const metrics_phase_works *works, uint32_t k,
                                                   attribution_phase phase);

void metrics_phase_works_free(metrics_phase_works *works);

#endif
