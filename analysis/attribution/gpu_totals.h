/* Totals of GPU work: kernels by range and name, copies and memsets by range. */
#ifndef ATTRIBUTION_GPU_TOTALS_H
#define ATTRIBUTION_GPU_TOTALS_H

#include "analysis/base/u64_map.h"

#include <stdbool.h>

typedef struct {
    uint64_t count, ns; /* ns: sum of the durations of timed records */
} attribution_work;

/* The kernels of one name in one range. */
typedef struct {
    uint32_t node; /* of the range tree; BASE_NONE: unattributed */
    uint32_t name; /* name index of the mangled name */
    /* the total that was updated after this one for the same node: a guess that saves look-ups */
    uint32_t next;
    uint64_t count, ns;
    double squares; /* sum of the squared durations, ns^2 */
} attribution_total;

/* A zeroed one is empty. */
typedef struct {
    attribution_total *list;
    size_t count, cap;
    base_map by_kernel; /* node and name -> list */
    uint32_t *last;     /* by node: the total updated last, plus 1; 0: none */
    size_t last_cap;
    uint32_t unattributed_last;  /* the same for unattributed kernels */
    attribution_work *transfers; /* by node: copies and memsets */
    size_t transfer_cap;
} attribution_totals;

/* An amount of GPU work: number of records, sum of their durations (ns), and of the squared durations (ns^2). */
typedef struct {
    uint64_t n, ns;
    double squares;
} attribution_amount;

/* Returns the amount of one record. */

static inline attribution_amount attribution_amount_of(uint64_t ns) {
    return (attribution_amount){1, ns, (double)ns * (double)ns};
}

/* Adds work to the total of the range `node`, BASE_NONE for unattributed kernels. `name` is the kernel's name index,
 * BASE_NONE for copies and memsets. */
void attribution_totals_add(attribution_totals *totals, uint32_t node, uint32_t name,
                            attribution_amount amount);

void attribution_totals_free(attribution_totals *totals);

#endif
