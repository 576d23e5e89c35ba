/* Ranges: what each thread has open, the tree of distinct range paths, and the spans of the phases.
 *
 * A node of the tree is a path of names (top_k=8 / sample.* / decode / decode.* / layer.3 / moe / expert.17);
 * all ranges with that path share it, so the tree stays small however long the run is. A span is one
 * occurrence of a phase (vision, prefill, decode): each is one sample of its latency.
 *
 * Push/pop ranges of the default domain nest per thread. Those of another domain are counted per (thread,
 * domain) and do nothing else. A start/end range is open on the thread that started it until its END is read,
 * and takes its place in that thread's nesting where it started. */
#ifndef ANALYSIS_RANGES_H
#define ANALYSIS_RANGES_H

#include "analysis/busy.h"
#include "analysis/names.h"
#include "trace/trace.h"

typedef enum { ANALYSIS_VISION, ANALYSIS_PREFILL, ANALYSIS_DECODE, ANALYSIS_PHASES } analysis_phase;

/* What separates requests that must not be mixed. */
typedef struct {
    uint32_t k; /* of top_k=K; ANALYSIS_NONE outside of any */
    bool warm;  /* under a warm-up range */
} analysis_group;

#define ANALYSIS_ROOT 0 /* the node outside every range */

typedef struct {
    uint32_t parent; /* always a lower index; the root is its own */
    uint32_t name;   /* name index, of the family for numbered requests and steps */
    uint32_t group;
    uint32_t layer, expert;          /* inherited from the ranges around; ANALYSIS_NONE outside of any */
    bool opens_expert;               /* an expert's range that lies in no other expert's */
    uint64_t calls;                  /* ranges that were opened */
    uint64_t tokens, with_tokens;    /* sum of the integer payloads, and how many ranges had one */
    uint64_t host_ns;                /* from open to close, of those that closed */
    uint64_t kernels, kernel_ns;     /* exclusive: launched while this was the innermost range */
    uint64_t transfers, transfer_ns; /* copies and fills, exclusive */
} analysis_node;

typedef struct {
    analysis_phase phase;
    bool closed;
    uint32_t parent; /* the span around it, or ANALYSIS_NONE */
    uint32_t group;
    uint32_t steps;      /* DECODE: ranges decode.N inside */
    uint64_t start, end; /* ns; end only when closed */
    uint64_t gpu_end;    /* when the last GPU work launched inside ended; 0 without any */
    uint64_t kernels;    /* launched inside */
    analysis_busy busy;  /* of kernels, copies and fills launched inside */
    uint64_t touched;    /* gpu_records when busy last grew */
} analysis_span;

typedef struct {
    uint32_t node, span;
    bool started; /* by a START, with this id; else by a push */
    bool closed;  /* ended below the top of the stack; leaves when it gets there */
    uint64_t id, start;
    uint64_t closes_at; /* a START whose END was read first, from another thread: that END's time; else 0 */
} analysis_open;

typedef struct {
    uint32_t domain;
    uint64_t depth;
} analysis_foreign;

typedef struct {
    analysis_open *stack;
    size_t depth, cap;
    uint64_t too_deep; /* pushes beyond ANALYSIS_DEPTH_MAX that are still open */
    uint32_t timed;    /* entries with closes_at */
    analysis_foreign *foreign;
    size_t foreign_count, foreign_cap;
} analysis_thread;

/* Deepest nesting that is followed; pushes beyond it are counted only. */
#define ANALYSIS_DEPTH_MAX 65536

/* A zeroed one must be given to analysis_ranges_init. */
typedef struct {
    analysis_names *names;
    analysis_node *nodes;
    size_t node_count, node_cap;
    analysis_map by_path; /* parent and name -> node */
    analysis_group *groups;
    size_t group_count, group_cap;
    analysis_span *spans;
    size_t span_count, span_cap;
    uint64_t gpu_records; /* that analysis_ranges_gpu took */
    analysis_thread *threads;
    size_t thread_count, thread_cap;
    analysis_map by_thread; /* the trace's thread index -> threads */
    uint32_t last_index, last_thread;
    analysis_map by_start;   /* id of an open start/end range -> threads */
    analysis_map early_ends; /* id of an END whose START was not read so far -> early_times */
    uint64_t *early_times;
    size_t early_count, early_cap;
    uint64_t pops_without_push, ends_without_start;
} analysis_ranges;

void analysis_ranges_init(analysis_ranges *r, analysis_names *names);

/* Takes a PUSH, POP, START or END event; others are ignored. */
void analysis_ranges_event(analysis_ranges *r, const trace_host_event *e);

/* The innermost range that is open on `thread` at this place of its stream of events, `time` being the time
 * of the event there: its node (ANALYSIS_ROOT outside every range) and its span (or ANALYSIS_NONE). */
void analysis_ranges_owner(analysis_ranges *r, uint32_t thread, uint64_t time, uint32_t *node,
                           uint32_t *span);

/* GPU work launched in `span` ran over [start_ns, end_ns): counts for it and for the spans around it. */
void analysis_ranges_gpu(analysis_ranges *r, uint32_t span, bool kernel, bool timed, uint64_t start_ns,
                         uint64_t end_ns);

/* The file is at its end: closes the ranges whose END, from another thread, was read before their START. */
void analysis_ranges_close_ended(analysis_ranges *r);

/* Ranges that are open now, of every thread and domain. */
uint64_t analysis_ranges_left_open(const analysis_ranges *r);

void analysis_ranges_free(analysis_ranges *r);

#endif
