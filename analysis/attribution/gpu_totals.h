/* Sums of GPU work: kernels by range and name, copies and memsets by range. */
#ifndef ATTRIBUTION_GPU_TOTALS_H
#define ATTRIBUTION_GPU_TOTALS_H

#include "analysis/base/u64_map.h"

#include <stdbool.h>

typedef struct {
    uint64_t count, ns; /* ns: of the timed ones */
} attribution_work;

/* Kernels of one name, launched in one range. */
typedef struct {
    uint32_t node; /* of the range tree; BASE_NONE: unattributed */
    uint32_t name; /* name index of the mangled name */
    uint32_t next; /* the kernel that was counted after it for this node, when last looked at */
    uint64_t count, ns;
    double squares; /* sum of the squared durations, ns^2 */
} attribution_total;

/* A zeroed one is empty. */
typedef struct {
    attribution_total *list;
    size_t count, cap;
    base_map by_kernel; /* node and name -> list */
    uint32_t *last;     /* by node: the kernel counted last, plus 1, or 0 */
    size_t last_cap;
    uint32_t unattributed_last;  /* the same of those unattributed */
    attribution_work *transfers; /* by node: copies and memsets */
    size_t transfer_cap;
} attribution_totals;

/* Some work of one kind: n pieces that took ns together. */
typedef struct {
    uint64_t n, ns;
    double squares;
} attribution_amount;

static inline attribution_amount attribution_amount_of(uint64_t ns) {
    return (attribution_amount){1, ns, (double)ns * (double)ns};
}

/* Counts work for the range `node`, BASE_NONE for unattributed kernels. `name` is the kernel's name
 * index, BASE_NONE of copies and memsets. */
void attribution_totals_add(attribution_totals *totals, uint32_t node, uint32_t name,
                            attribution_amount amount);

void attribution_totals_free(attribution_totals *totals);

#endif
