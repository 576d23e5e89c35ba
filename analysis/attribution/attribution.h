/* Attribution: which range owns each kernel, copy and memset.
 *
 * A GPU record has the correlation id of the CUDA call that issued it. The call's own record is in its thread's stream of
 * events, and the innermost range open there owns the work; see docs/report.md. A GPU record may precede its call's record
 * in the file; it then waits. Memory is bounded: calls are kept for the last ATTRIBUTION_CALLS correlation ids, and at most
 * ATTRIBUTION_WAITING records wait.
 *
 * Every kernel's time is counted exactly once: in one node (the root for kernels launched outside all ranges), or as
 * unattributed when the call's record is not in the trace. */
#ifndef ATTRIBUTION_ATTRIBUTION_H
#define ATTRIBUTION_ATTRIBUTION_H

#include "analysis/attribution/device_busy.h"
#include "analysis/attribution/ranges.h"

#define ATTRIBUTION_CALLS   (1u << 22) /* correlation ids */
#define ATTRIBUTION_WAITING (1u << 20) /* GPU records */
/* A call that no GPU record waits for may be evicted when its correlation id is this much older than the newest. */
#define ATTRIBUTION_DONE (1u << 16)
/* Most sums of graph nodes that wait for the node's creation record; work beyond them is attributed to the launch. */
#define ATTRIBUTION_REPLAYS (1u << 20)

typedef struct attribution_state attribution_state;

/* Returns the attribution of one trace, which adds its results to `ranges`; both arguments must outlive it.
 * attribution_free frees it. Memory, here and below: as base_alloc. */
attribution_state *attribution_new(names_table *names, attribution_ranges *ranges);

/* Adds the definition of a kernel shape. */
void attribution_shape(attribution_state *a, const trace_shape *s);

/* Adds the definition of a queue. */
void attribution_queue(attribution_state *a, const trace_queue *q);

/* Adds an API, GRAPH or NODE event. All earlier events of its thread must have been passed to
 * attribution_ranges_event. */
void attribution_call(attribution_state *a, const trace_host_event *e);

/* Adds a GPU record, in the order of the file. */
void attribution_gpu(attribution_state *a, const trace_gpu_event *e);

/* Ends the trace: waiting work becomes unattributed, or is attributed to its graph's launch. Then it settles the ranges on
 * at most `jobs` threads, and adds the sums of kernels, copies and memsets to the nodes of the range tree. */
void attribution_finish(attribution_state *a, unsigned jobs);

/* Counts of GPU records. Transfers are copies and memsets. */
typedef struct {
    attribution_work kernels, transfers;
    attribution_work unattributed_kernels, unattributed_transfers; /* the record of their launch is missing */
    attribution_work other_domain_kernels,
        other_domain_transfers; /* of those launched outside all ranges that own work: in
                                                                      a range of another NVTX domain */
    uint64_t untimed_kernels, untimed_transfers;
    uint64_t impossible_kernels, impossible_transfers; /* of the untimed: with impossible times */
    uint64_t early_kernels,
        early_transfers;  /* start before their call, by no more than clocks may differ: timed */
    uint64_t earliest_ns; /* the largest of these differences */
    attribution_work before_kernels,
        before_transfers; /* of the unattributed: start before the first call of the trace,
                                                          so they were launched before it was recorded */
    uint64_t last_end;    /* ns, the latest end of a timed record */
    uint64_t
        unknown_nodes; /* GPU work attributed to a graph's launch because its node's creation is unknown */
} attribution_counts;

/* Returns the counts so far. */
attribution_counts attribution_counts_of(const attribution_state *a);

/* Moves the GPU work by device to *devices, which attribution_devices_free frees; after attribution_finish. */
void attribution_take_devices(attribution_state *a, attribution_devices *devices);

/* Returns the capacity, in calls, of the table of calls: for tests of its growth. */
size_t attribution_call_room(const attribution_state *a);

void attribution_free(attribution_state *a);

#endif
