/* Token counts of fused experts. A fused block runs all experts of a layer in a few kernels; the tokens of each expert are known
 * only when the device has returned them, possibly after the end of the block, its step and its request. The block's range
 * `experts` has a number as its category, and later marks with this category have the token counts (trace/settings.h). */
#ifndef ATTRIBUTION_LATE_TOKENS_H
#define ATTRIBUTION_LATE_TOKENS_H

#include "analysis/attribution/range_tree.h"
#include "trace/trace.h"

#include <stdbool.h>

/* An execution of a fused block, with the members of attribution_expert_event. */
typedef struct {
    uint32_t visit; /* its number; 0: none */
    uint32_t thread, node, span;
    int64_t step_tokens;
} attribution_fused_visit;

/* Empty when zeroed. */
typedef struct {
    attribution_fused_visit *ring; /* the latest visits, by number */
    uint32_t last;                 /* visit of the last mark */
    uint64_t unknown;              /* number of marks whose visit is not known (any more) */
} attribution_late_tokens;

/* Returns whether the event, whose name index is `index`, opens the range of a fused block. */
bool attribution_late_tokens_is_visit(const names_table *names, uint32_t index, const trace_host_event *e);
/* Stores a visit until many later ones have been stored. */
void attribution_late_tokens_remember(attribution_late_tokens *late, attribution_fused_visit visit);

/* Handles a mark. Returns true when the mark has the token count of an expert: stores its visit, with the expert's node in the
 * range tree (added if it is new), and whether it is the visit's first mark. */
bool attribution_late_tokens_mark(attribution_late_tokens *late, attribution_tree *tree,
                                  const trace_host_event *e, attribution_fused_visit *visit, bool *first);

/* Frees what *late holds and leaves it empty. */
void attribution_late_tokens_free(attribution_late_tokens *late);

#endif
