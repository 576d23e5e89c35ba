/* Attribution: which range owns each kernel, copy and fill.
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

#include "analysis/attribution/cuda_graphs.h"
#include "analysis/attribution/range_stack.h"

#define ATTRIBUTION_CALLS   (1u << 22)
#define ATTRIBUTION_WAITING (1u << 20)
/* A call so many ids old that waits for no GPU record gives way to a younger one. */
#define ATTRIBUTION_DONE (1u << 16)
/* Sums of graph nodes that wait for the record of their making; work beyond them stays with the launch. */
#define ATTRIBUTION_REPLAYS (1u << 20)

/* Work of one graph node, whose making was not read yet when it was launched. */
typedef struct {
    uint32_t launch; /* node of the range tree */
    uint32_t name;   /* of kernels */
    uint32_t other;  /* the next for the same launch and graph node, or BASE_NONE */
    bool kernel;
    uint64_t graph_node;
    uint64_t count, ns;
    double squares;
} attribution_replay;

typedef struct {
    uint32_t correlation; /* 0: free */
    uint32_t node;        /* or BASE_NONE: GPU records wait for this call, the newest being number `span` */
    uint32_t span;
    bool done; /* its GPU record came, and it was no graph: no other will come; or none is expected */
} attribution_call_slot;

typedef struct {
    uint64_t start, end;
    uint64_t graph_node;
    uint32_t name;    /* of kernels */
    uint32_t earlier; /* number of the record that waits for the same call, when it still waits */
    bool chained;     /* `earlier` means something */
    bool waits, kernel, timed;
} attribution_waiting;

typedef struct {
    names_table *names;
    attribution_ranges *ranges;
    attribution_graphs graphs;
    uint32_t *shapes; /* shape id -> name index + 1; 0 where none is known */
    size_t shape_cap;
    base_map great_shapes; /* the same for ids that no recorder hands out, without the 1 */
    attribution_replay *replays;
    size_t replay_count, replay_cap;
    base_map by_replay;           /* launch and graph node -> replays */
    attribution_call_slot *calls; /* by the correlation id's low bits */
    size_t call_cap;              /* a power of two, at most ATTRIBUTION_CALLS */
    attribution_waiting *queue;   /* a ring, by the record's number */
    size_t queue_cap;
    uint32_t head, tail; /* numbers of the next record and of the earliest that may still wait */
    attribution_work all_kernels, lost_kernels;     /* lost: without the record of their launch */
    attribution_work all_transfers, lost_transfers; /* copies and fills */
    uint64_t untimed_kernels, untimed_transfers;
    uint64_t unknown_nodes; /* work of graphs that stays with the launch, its node's making being unknown */
} attribution_state;

void attribution_init(attribution_state *a, names_table *names, attribution_ranges *ranges);

/* Takes the definition of a kernel shape. */
void attribution_shape(attribution_state *a, const trace_shape *s);

/* Takes an API, GRAPH or NODE event, after all earlier events of its thread went to attribution_ranges_event.
 */
void attribution_call(attribution_state *a, const trace_host_event *e);

/* Takes a GPU record. */
void attribution_gpu(attribution_state *a, const trace_gpu_event *e);

/* The file is at its end: what still waits is unattributed, or belongs to its graph's launch. Settles the
 * ranges, and makes the sums of kernels, copies and fills their nodes'. */
void attribution_finish(attribution_state *a);

void attribution_free(attribution_state *a);

#endif
