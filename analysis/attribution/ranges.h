/* The ranges of a trace: open ranges of each thread (range_stack.h), the tree of range paths (range_tree.h) and the spans of
 * phases (phase_spans.h). Other modules use these through this interface. */
#ifndef ATTRIBUTION_RANGES_H
#define ATTRIBUTION_RANGES_H

#include "analysis/attribution/range_stack.h"

typedef struct attribution_ranges attribution_ranges;

/* Options; all members may be 0 or NULL. */
typedef struct {
    bool steps;                       /* steps of decode have spans of their own */
    attribution_on_sample *on_sample; /* called with each complete sample, see span_accumulator.h */
    void *on_sample_ctx;
    bool threaded;                    /* sums of spans are made on another thread, which calls on_sample */
    attribution_on_expert *on_expert; /* called with each range of an expert, see range_stack.h */
    void *on_expert_ctx;
    attribution_domain_choice domains; /* whose ranges own work, as those of the default domain do */
} attribution_ranges_options;

/* Returns the ranges of one trace, empty; `names` must outlive them, `options` may be NULL. attribution_ranges_free frees
 * them. Memory, here and below: as base_alloc. */
attribution_ranges *attribution_ranges_new(names_table *names, const attribution_ranges_options *options);

void attribution_ranges_free(attribution_ranges *r);

/* ---- While the trace is read ---- */

/* Adds a PUSH, POP, START, END or MARK event; others are ignored. */
void attribution_ranges_event(attribution_ranges *r, const trace_host_event *e);

/* Set that CUPTI's records were first enabled at a time (ns), and that the marks of the trace are not the recorder's. */
void attribution_ranges_set_first_profiled(attribution_ranges *r, uint64_t time_ns);
void attribution_ranges_ignore_marks(attribution_ranges *r);

/* Stores the node (ATTRIBUTION_ROOT outside all ranges) and the span (or BASE_NONE) of the innermost range that is open on
 * `thread`, the trace's index, at the current position of its stream; `time` (ns) is that of the event there. */
void attribution_ranges_owner(attribution_ranges *r, uint32_t thread, uint64_t time, uint32_t *node,
                              uint32_t *span);

/* Returns whether a range of a domain that owns no work is open on `thread`, the trace's index. */
bool attribution_ranges_in_other_domain(attribution_ranges *r, uint32_t thread);

/* Stores the name indices of the innermost open request and step of a thread, given as in attribution_expert_event;
 * BASE_NONE without one. */
void attribution_ranges_open_request(const attribution_ranges *r, uint32_t thread, uint32_t *request,
                                     uint32_t *step);

/* Returns the node, added if it is new, below `parent` with the name of node `like`. */
uint32_t attribution_ranges_child(attribution_ranges *r, uint32_t parent, uint32_t like);

/* Adds a CUDA call of kind ENQUEUE or SYNC over [start_ns, end_ns), on the thread of `span`, to it and to the enclosing
 * spans. */
void attribution_ranges_call(attribution_ranges *r, uint32_t span, names_call_kind kind, uint64_t start_ns,
                             uint64_t end_ns);

/* Returns the span of the phase that closed last on `thread`, for a call made after it, which attribution_ranges_call_behind adds;
 * BASE_NONE: no phase closed, or many calls were made since then. */
uint32_t attribution_ranges_span_behind(attribution_ranges *r, uint32_t thread);
void attribution_ranges_call_behind(attribution_ranges *r, uint32_t span, names_call_kind kind,
                                    uint64_t start_ns, uint64_t end_ns);

/* Adds GPU work over [start_ns, end_ns) that was launched in `span` to it and to the enclosing spans, and to the range
 * `node`; BASE_NONE: that range is not known yet (attribution_ranges_add_total adds it later). `name` is the kernel's name
 * index, BASE_NONE for copies and memsets. Without `timed`, the times are undefined. */
void attribution_ranges_gpu(attribution_ranges *r, uint32_t span, uint32_t node, uint32_t name, bool timed,
                            uint64_t start_ns, uint64_t end_ns);

/* Adds an unattributed kernel of `ns`. */
void attribution_ranges_unattributed(attribution_ranges *r, uint32_t name, uint64_t ns);

/* ---- At the end of the file, in this order ---- */

/* Closes the ranges whose END, from another thread, was read before their START. */
void attribution_ranges_close_ended(attribution_ranges *r);

/* Returns whether there are ranges inside of top_k=K. */
bool attribution_ranges_have_k(const attribution_ranges *r);

/* Gives k to all ranges outside of top_k=K: those of a run with a k of its own. */
void attribution_ranges_assume_k(attribution_ranges *r, uint32_t k);

/* Completes the spans, on at most `jobs` threads. After it, only attribution_ranges_add_total adds work. */
void attribution_ranges_settle(attribution_ranges *r, unsigned jobs);

/* Adds GPU work to the total of `node`; `name` as above. */
void attribution_ranges_add_total(attribution_ranges *r, uint32_t node, uint32_t name,
                                  attribution_amount amount);

/* Adds the totals of kernels, copies and memsets to the nodes of the range tree. */
void attribution_ranges_sum_nodes(attribution_ranges *r);

/* ---- Results; pointers are valid until the next event or node is added ---- */

const names_table *attribution_ranges_names(const attribution_ranges *r);
const attribution_windows *attribution_ranges_windows(const attribution_ranges *r);

size_t attribution_ranges_node_count(const attribution_ranges *r);
const attribution_node *attribution_ranges_node(const attribution_ranges *r, size_t node);

size_t attribution_ranges_span_count(const attribution_ranges *r);
const attribution_span *attribution_ranges_span(const attribution_ranges *r, size_t span);

/* Returns the lowest common ancestor of two nodes; a node is its own ancestor. */
uint32_t attribution_ranges_common(const attribution_ranges *r, uint32_t x, uint32_t y);

/* Returns the group with index `group`, a member of nodes and spans. */
const attribution_group *attribution_ranges_group(const attribution_ranges *r, uint32_t group);

/* Returns true if all requests of the trace are of warm-up: then they count as measured ones. After
 * attribution_ranges_settle. */
bool attribution_ranges_only_warmup(const attribution_ranges *r);

/* Returns GPU busy time and host calls of a span; after attribution_ranges_settle. */
const attribution_busy_sums *attribution_ranges_busy(const attribution_ranges *r,
                                                     const attribution_span *span);

/* Returns the totals of kernels by range and name, including unattributed ones, and stores their number; after
 * attribution_ranges_settle. */
const attribution_total *attribution_ranges_kernels(const attribution_ranges *r, size_t *count);

/* Returns the name indices of the NVTX domains that have ranges which own no work, and stores their number. */
const uint32_t *attribution_ranges_other_domains(const attribution_ranges *r, size_t *count);

/* Returns the number of threads with events of ranges. */
size_t attribution_ranges_thread_count(const attribution_ranges *r);

/* Returns whether the ranges of this group were profiled; after the end of the trace. */
bool attribution_ranges_profiled(const attribution_ranges *r, uint32_t group);

/* Counts of defects. */
typedef struct {
    uint64_t left_open; /* ranges without an end, of all threads and domains */
    uint64_t pops_without_push, ends_without_start;
    uint64_t late; /* GPU records that were too late in the file to be counted exactly in the busy time */
} attribution_ranges_defects;

attribution_ranges_defects attribution_ranges_defects_of(const attribution_ranges *r);

#endif
