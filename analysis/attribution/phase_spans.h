/* The spans that ranges.h describes, for the files that keep them. */
#ifndef ATTRIBUTION_PHASE_SPANS_H
#define ATTRIBUTION_PHASE_SPANS_H

#include "analysis/attribution/range_stack.h"

/* The span that the range with the name at `index`, opened on `t` now as node `node`, belongs to when
 * `around` is the span around it, or BASE_NONE. */
uint32_t attribution_span_enter(attribution_ranges *r, const attribution_thread *t, uint32_t around,
                                uint32_t index, uint32_t node, uint64_t time);

/* The span of the phase that `span`, which may be a step or BASE_NONE, belongs to. */
uint32_t attribution_span_of_phase(const attribution_ranges *r, uint32_t span);

/* A range of `node` in `span` (or in none) was closed; it took so long on the host, without the ranges
 * inside. `closed` is the span that closes with it, or BASE_NONE. */
void attribution_span_left(attribution_ranges *r, uint32_t span, uint32_t node, uint64_t ns, uint32_t closed,
                           uint64_t time);

#endif
