/* Attribution: which range owns each kernel, copy and memset.
 *
 * A GPU record carries the correlation id of the CUDA call that issued it. The call's own record stands in
 * its thread's stream of events, and the innermost range open there owns the work; see docs/report.md. A GPU
 * record may stand before its call's record in the file; it waits. Both sides are bounded: the calls
 * remembered are those of the last ATTRIBUTION_CALLS correlation ids, and at most ATTRIBUTION_WAITING records
 * wait.
 *
 * Every kernel's time is counted once: in one node (the root for those launched outside every range), or as
 * unattributed because the call's record is not in the trace. */
#ifndef ATTRIBUTION_ATTRIBUTION_H
#define ATTRIBUTION_ATTRIBUTION_H

#include "analysis/attribution/ranges.h"

#define ATTRIBUTION_CALLS   (1u << 22)
#define ATTRIBUTION_WAITING (1u << 20)
/* A call so many ids old that waits for no GPU record is replaced by a younger one. */
#define ATTRIBUTION_DONE (1u << 16)
/* Sums of graph nodes that wait for the record of their making; work beyond them stays with the launch. */
#define ATTRIBUTION_REPLAYS (1u << 20)

typedef struct attribution_state attribution_state;

attribution_state *attribution_new(names_table *names, attribution_ranges *ranges);

/* Adds the definition of a kernel shape. */
void attribution_shape(attribution_state *a, const trace_shape *s);

/* Adds an API, GRAPH or NODE event, after all earlier events of its thread went to
 * attribution_ranges_event. */
void attribution_call(attribution_state *a, const trace_host_event *e);

/* Adds a GPU record. */
void attribution_gpu(attribution_state *a, const trace_gpu_event *e);

/* The file is at its end: what still waits is unattributed, or belongs to its graph's launch. Settles the
 * ranges, on at most `jobs` threads, and makes the sums of kernels, copies and memsets their nodes'. */
void attribution_finish(attribution_state *a, unsigned jobs);

/* What was taken so far. Transfers are copies and memsets. */
typedef struct {
    attribution_work kernels, transfers;
    attribution_work unattributed_kernels, unattributed_transfers; /* without the record of their launch */
    uint64_t untimed_kernels, untimed_transfers;
    uint64_t impossible_kernels, impossible_transfers; /* of those: with times that cannot be */
    uint64_t last_end;                                 /* ns, of the records with times */
    uint64_t unknown_nodes; /* work of graphs that stays with the launch, its node's making being unknown */
} attribution_counts;

attribution_counts attribution_counts_of(const attribution_state *a);

/* How many calls there is room for now. */
size_t attribution_call_room(const attribution_state *a);

void attribution_free(attribution_state *a);

#endif
