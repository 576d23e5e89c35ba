/* Tokens of fused experts. A fused block runs all experts of a layer in a few kernels; which expert got how many tokens is known
 * only when the device has answered, after the block, its step and perhaps its request are over. The block's range `experts`
 * carries a number as its category; marks with that category say the tokens later (trace/settings.h). */
#ifndef ATTRIBUTION_LATE_TOKENS_H
#define ATTRIBUTION_LATE_TOKENS_H

#include "analysis/attribution/range_tree.h"
#include "trace/trace.h"

#include <stdbool.h>

/* Where a fused block ran: what attribution_expert_event says of an expert's range. */
typedef struct {
    uint32_t visit; /* its number; 0 is none */
    uint32_t thread, node, span;
    int64_t step_tokens;
} attribution_fused_visit;

/* A zeroed one is empty. */
typedef struct {
    attribution_fused_visit *ring; /* the latest visits, by number */
    uint32_t last;                 /* visit of the last mark */
    uint64_t unknown;              /* marks whose visit is not known (any more) */
} attribution_late_tokens;

/* Whether `e` opens the range of a fused block, named at `index`. */
bool attribution_late_tokens_is_visit(const names_table *names, uint32_t index, const trace_host_event *e);
void attribution_late_tokens_remember(attribution_late_tokens *late, attribution_fused_visit visit);

/* Takes a mark. True when it says the tokens of an expert: *visit is where, its node being the expert's now; *first is whether
 * it is the first mark of the visit. */
bool attribution_late_tokens_mark(attribution_late_tokens *late, attribution_tree *tree,
                                  const trace_host_event *e, attribution_fused_visit *visit, bool *first);

void attribution_late_tokens_free(attribution_late_tokens *late);

#endif
