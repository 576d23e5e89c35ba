/* The ranges of a trace: what each thread has open (range_stack.h), and what that leaves: the tree of range paths
 * (range_tree.h) and the spans of phases (phase_spans.h). This is what other modules see of all of it. */
#ifndef ATTRIBUTION_RANGES_H
#define ATTRIBUTION_RANGES_H

#include "analysis/attribution/range_stack.h"

typedef struct attribution_ranges attribution_ranges;

/* All members may be 0 or NULL. */
typedef struct {
    bool steps;                       /* steps of decode are spans, too */
    attribution_on_sample *on_sample; /* is called with each complete sample, see span_accumulator.h */
    void *on_sample_ctx;
    bool threaded;                    /* another thread adds up what spans do, and calls on_sample */
    attribution_on_expert *on_expert; /* is called with each range of an expert */
    void *on_expert_ctx;
} attribution_ranges_options;

/* `options` may be NULL. */
attribution_ranges *attribution_ranges_new(names_table *names, const attribution_ranges_options *options);

void attribution_ranges_free(attribution_ranges *r);

/* ---- While the trace is read ---- */

/* Adds a PUSH, POP, START, END or MARK event; others are ignored. */
void attribution_ranges_event(attribution_ranges *r, const trace_host_event *e);

/* CUPTI's records were first switched on at this time (ns); the marks of the trace are not the recorder's. */
void attribution_ranges_set_first_profiled(attribution_ranges *r, uint64_t time_ns);
void attribution_ranges_ignore_marks(attribution_ranges *r);

/* The innermost range that is open on `thread` at this place of its stream of events, `time` being the time
 * of the event there: its node (ATTRIBUTION_ROOT outside every range) and its span (or BASE_NONE). */
void attribution_ranges_owner(attribution_ranges *r, uint32_t thread, uint64_t time, uint32_t *node,
                              uint32_t *span);

/* The name indices of the innermost request and the innermost step that are open on a thread, which is given as
 * attribution_expert_event has it; BASE_NONE outside of any. */
void attribution_ranges_open_request(const attribution_ranges *r, uint32_t thread, uint32_t *request,
                                     uint32_t *step);

/* The node of a range named as that of `like`, opened below `parent`; made when there is none. */
uint32_t attribution_ranges_child(attribution_ranges *r, uint32_t parent, uint32_t like);

/* A call that enqueues or waits ran over [start_ns, end_ns) on the thread of `span`: counts for it and for the
 * spans around it. */
void attribution_ranges_call(attribution_ranges *r, uint32_t span, names_call_kind kind, uint64_t start_ns,
                             uint64_t end_ns);

/* GPU work launched in `span` ran over [start_ns, end_ns): counts for it and for the spans around it. It
 * belongs to the range `node`, or BASE_NONE: to which is not known so far. `name` is the kernel's name
 * index, BASE_NONE of copies and memsets. */
void attribution_ranges_gpu(attribution_ranges *r, uint32_t span, uint32_t node, uint32_t name, bool timed,
                            uint64_t start_ns, uint64_t end_ns);

/* A kernel is unattributed. */
void attribution_ranges_unattributed(attribution_ranges *r, uint32_t name, uint64_t ns);

/* ---- At the end of the file, in this order ---- */

/* Closes the ranges whose END, from another thread, was read before their START. */
void attribution_ranges_close_ended(attribution_ranges *r);

/* All was attributed but what attribution_ranges_add_total adds: completes the spans, on at most `jobs`
 * threads. */
void attribution_ranges_settle(attribution_ranges *r, unsigned jobs);

/* More GPU work of `node`, `name` as above. */
void attribution_ranges_add_total(attribution_ranges *r, uint32_t node, uint32_t name,
                                  attribution_amount amount);

/* The sums of kernels, copies and memsets become their nodes'. */
void attribution_ranges_sum_nodes(attribution_ranges *r);

/* ---- What there is; pointers hold until ranges are taken or made again ---- */

const names_table *attribution_ranges_names(const attribution_ranges *r);
const attribution_windows *attribution_ranges_windows(const attribution_ranges *r);

size_t attribution_ranges_node_count(const attribution_ranges *r);
const attribution_node *attribution_ranges_node(const attribution_ranges *r, size_t node);

size_t attribution_ranges_span_count(const attribution_ranges *r);
const attribution_span *attribution_ranges_span(const attribution_ranges *r, size_t span);

/* The innermost range that is around both nodes, each being around itself. */
uint32_t attribution_ranges_common(const attribution_ranges *r, uint32_t x, uint32_t y);

/* Of a node or span, by its `group`. */
const attribution_group *attribution_ranges_group(const attribution_ranges *r, uint32_t group);

/* What the GPU and the host did in a span; after attribution_ranges_settle. */
const attribution_busy_sums *attribution_ranges_busy(const attribution_ranges *r,
                                                     const attribution_span *span);

/* Kernels by range and name, the unattributed among them; after attribution_ranges_settle. */
const attribution_total *attribution_ranges_kernels(const attribution_ranges *r, size_t *count);

size_t attribution_ranges_thread_count(const attribution_ranges *r);

/* Whether what was opened in this group was profiled, all marks being known. */
bool attribution_ranges_profiled(const attribution_ranges *r, uint32_t group);

typedef struct {
    uint64_t left_open; /* ranges that are open now, of every thread and domain */
    uint64_t pops_without_push, ends_without_start;
    uint64_t late; /* GPU records that came too late to be counted exactly in the busy time */
} attribution_ranges_defects;

attribution_ranges_defects attribution_ranges_defects_of(const attribution_ranges *r);

#endif
