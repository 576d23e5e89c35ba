/* Sums of GPU work: kernels by range and name, copies and fills by range. */
#ifndef ANALYSIS_KERNELS_H
#define ANALYSIS_KERNELS_H

#include "analysis/map.h"

#include <stdbool.h>

typedef struct {
    uint64_t count, ns; /* ns: of the timed ones */
} analysis_work;

/* Kernels of one name, launched in one range. */
typedef struct {
    uint32_t node; /* of the range tree; ANALYSIS_NONE: unattributed */
    uint32_t name; /* name index of the mangled name */
    uint32_t next; /* the kernel that was counted after it for this node, when last looked at */
    uint64_t count, ns;
    double squares; /* sum of the squared durations, ns^2 */
} analysis_kernel;

/* A zeroed one is empty. */
typedef struct {
    analysis_kernel *list;
    size_t count, cap;
    analysis_map by_kernel; /* node and name -> list */
    uint32_t *last;         /* by node: the kernel counted last, plus 1, or 0 */
    size_t last_cap;
    uint32_t lost_last;       /* the same of those unattributed */
    analysis_work *transfers; /* by node: copies and fills */
    size_t transfer_cap;
} analysis_kernels;

/* Some work of one kind: n pieces that took ns together. */
typedef struct {
    uint64_t n, ns;
    double squares;
} analysis_amount;

static inline analysis_amount analysis_amount_of(uint64_t ns) {
    return (analysis_amount){1, ns, (double)ns * (double)ns};
}

/* Counts work for the range `node`, ANALYSIS_NONE for unattributed kernels. `name` is the kernel's name
 * index, ANALYSIS_NONE of copies and fills. */
void analysis_kernels_add(analysis_kernels *kernels, uint32_t node, uint32_t name, analysis_amount amount);

void analysis_kernels_free(analysis_kernels *kernels);

#endif
