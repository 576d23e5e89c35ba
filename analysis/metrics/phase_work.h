/* What the profiled requests did in each phase at each k. */
#ifndef METRICS_PHASE_WORK_H
#define METRICS_PHASE_WORK_H

#include "analysis/attribution/ranges.h"

/* What the profiled requests of one phase at one k did, from the tree of ranges. */
typedef struct {
    uint32_t k;
    attribution_phase phase;
    size_t requests;  /* profiled from start to end */
    bool whole;       /* so were all that left any work: what follows is theirs alone */
    uint64_t steps;   /* ranges decode.N */
    uint64_t visions; /* phases `vision` inside */
    attribution_work parts[NAMES_PARTS];
    uint64_t expert_ranges;  /* experts' ranges, */
    uint64_t counted_ranges; /* those with a number of tokens, */
    uint64_t tokens;         /* and the sum of these */
    uint64_t active, visits; /* experts with a token, over all visits to a layer's experts */
} metrics_phase_work;

typedef struct {
    metrics_phase_work *list;
    size_t count, cap;
    base_map by_place; /* k and phase -> list */
} metrics_phase_works;

/* Sums up the work of every phase at every k. */
void metrics_phase_works_make(metrics_phase_works *works, const attribution_ranges *ranges);

/* That of one phase at one k, or NULL. */
const metrics_phase_work *metrics_phase_works_find(const metrics_phase_works *works, uint32_t k,
                                                   attribution_phase phase);

void metrics_phase_works_free(metrics_phase_works *works);

#endif
