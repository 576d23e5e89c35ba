/* Ranges: what each thread has open, the tree of distinct range paths, and the spans of the phases.
 *
 * A node of the tree is a path of names (top_k=8 / sample.* / decode / decode.* / layer.3 / moe / expert.17);
 * all ranges with that path share it, so the tree stays small however long the run is. A span is one
 * occurrence of a phase (vision, prefill, decode): each is one sample of its latency. A step of decode is a
 * span inside that of its decode.
 *
 * Push/pop ranges of the default domain nest per thread. Those of another domain are counted per (thread,
 * domain) and do nothing else. A start/end range is open on the thread that started it until its END is read,
 * and takes its place in that thread's nesting where it started. */
#ifndef ATTRIBUTION_RANGE_STACK_H
#define ATTRIBUTION_RANGE_STACK_H

#include "analysis/attribution/profiling_windows.h"
#include "analysis/attribution/span_accumulator.h"
#include "analysis/names/name_table.h"
#include "trace/trace.h"

/* What separates requests that must not be mixed. */
typedef struct {
    uint32_t k; /* of top_k=K; BASE_NONE outside of any */
    bool warm;  /* under a warm-up range */
    attribution_profiling
        profiling; /* when the range was opened; attribution_windows_settled makes it final */
} attribution_group;

#define ATTRIBUTION_ROOT 0 /* the node outside every range */

typedef struct {
    uint32_t parent; /* always a lower index; the root is its own */
    uint32_t name;   /* name index, of the family for numbered requests and steps */
    uint32_t origin; /* name index of the first such range: sample.3 where name is sample.* */
    uint32_t group;
    uint32_t layer, expert;  /* inherited from the ranges around; BASE_NONE outside of any */
    attribution_phase phase; /* the innermost around, or ATTRIBUTION_PHASES */
    names_part part;
    attribution_profiling profiling; /* when it was opened */
    uint32_t child, after; /* the child opened last, and the sibling opened after this when last looked at */
    bool opens_expert;     /* an expert's range that lies in no other expert's */
    uint64_t calls;        /* ranges that were opened */
    uint64_t tokens, with_tokens;    /* sum of the integer payloads, and how many ranges had one */
    uint64_t host_ns;                /* from open to close, of those that closed */
    uint64_t kernels, kernel_ns;     /* exclusive: launched while this was the innermost range; at the end */
    uint64_t transfers, transfer_ns; /* copies and fills, exclusive */
} attribution_node;

typedef struct {
    attribution_phase phase;
    bool step; /* a range decode.N, whose parent is the span of its decode */
    bool closed;
    uint32_t parent; /* the span around it, or BASE_NONE */
    uint32_t group;
    uint32_t request;    /* number of the range sample.N or warmup.N around, or BASE_NONE */
    uint32_t number;     /* of a step: N; else BASE_NONE */
    uint32_t thread;     /* index in threads */
    uint32_t steps;      /* DECODE: ranges decode.N inside */
    uint32_t visits;     /* times that work came to a layer's experts */
    uint64_t active;     /* over all visits: experts with at least one token, or with none told */
    uint64_t start, end; /* ns; end only when closed */
    /* From attribution_ranges_settle on, as in its attribution_span_work: */
    uint64_t gpu_end, kernels, gpu_sum;
    uint32_t part;
    attribution_busy busy;
} attribution_span;

typedef struct {
    uint32_t node, span;
    uint32_t name; /* name index */
    bool started;  /* by a START, with this id; else by a push */
    bool closed;   /* ended below the top of the stack; leaves when it gets there */
    uint64_t id, start;
    uint64_t inner;     /* ns of the ranges right inside that closed */
    uint64_t closes_at; /* a START whose END was read first, from another thread: that END's time; else 0 */
} attribution_open;

typedef struct {
    uint32_t domain;
    uint64_t depth;
} attribution_foreign;

typedef struct {
    attribution_open *stack;
    size_t depth, cap;
    uint64_t too_deep; /* pushes beyond ATTRIBUTION_DEPTH_MAX that are still open */
    uint32_t timed;    /* entries with closes_at */
    uint32_t layers;   /* ranges of layers opened so far */
    struct {
        uint32_t span, layer, layers, steps;
    } visit; /* the last visit to a layer's experts */
    attribution_foreign *foreign;
    size_t foreign_count, foreign_cap;
} attribution_thread;

/* Deepest nesting that is followed; pushes beyond it are counted only. */
#define ATTRIBUTION_DEPTH_MAX 65536

/* An expert's range that lies in no other expert's was opened: for attribution_ranges.on_expert. */
typedef struct {
    uint32_t thread; /* index in attribution_ranges.threads */
    uint32_t node;
    uint32_t span; /* or BASE_NONE */
    bool first;    /* of a visit to its layer */
    bool counted;  /* the range said how many tokens */
    uint64_t tokens;
} attribution_expert_event;

/* A zeroed one must be given to attribution_ranges_init. */
typedef struct {
    names_table *names;
    attribution_node *nodes;
    size_t node_count, node_cap;
    base_map by_path; /* parent and name -> node */
    attribution_group *groups;
    size_t group_count, group_cap;
    attribution_span *spans;
    size_t span_count, span_cap;
    bool steps; /* steps of decode are spans, too */
    attribution_accumulator works;
    attribution_windows watch;
    void (*on_expert)(void *ctx, const attribution_expert_event *e); /* or NULL */
    void *on_expert_ctx;
    attribution_thread *threads;
    size_t thread_count, thread_cap;
    base_map by_thread; /* the trace's thread index -> threads */
    uint32_t last_index, last_thread;
    base_map by_start;   /* id of an open start/end range -> threads */
    base_map early_ends; /* id of an END whose START was not read so far -> early_times */
    uint64_t *early_times;
    size_t early_count, early_cap;
    uint64_t pops_without_push, ends_without_start;
} attribution_ranges;

void attribution_ranges_init(attribution_ranges *r, names_table *names);

/* Takes a PUSH, POP, START, END or MARK event; others are ignored. */
void attribution_ranges_event(attribution_ranges *r, const trace_host_event *e);

/* The innermost range that is open on `thread` at this place of its stream of events, `time` being the time
 * of the event there: its node (ATTRIBUTION_ROOT outside every range) and its span (or BASE_NONE). */
void attribution_ranges_owner(attribution_ranges *r, uint32_t thread, uint64_t time, uint32_t *node,
                              uint32_t *span);

/* The node of a range named as that of `like`, opened below `parent`; made when there is none. */
uint32_t attribution_ranges_child(attribution_ranges *r, uint32_t parent, uint32_t like);

/* A call that ISSUES or WAITS ran over [start_ns, end_ns) on the thread of `span`: counts for it and for the
 * spans around it. */
void attribution_ranges_call(attribution_ranges *r, uint32_t span, names_call_kind kind, uint64_t start_ns,
                             uint64_t end_ns);

/* GPU work launched in `span` ran over [start_ns, end_ns): counts for it and for the spans around it. It
 * belongs to the range `node`, or BASE_NONE: to which is not known so far. `name` is the kernel's name
 * index, BASE_NONE of copies and fills. */
void attribution_ranges_gpu(attribution_ranges *r, uint32_t span, uint32_t node, uint32_t name, bool timed,
                            uint64_t start_ns, uint64_t end_ns);

/* A kernel is unattributed. */
void attribution_ranges_lost(attribution_ranges *r, uint32_t name, uint64_t ns);

/* The file is at its end, and all was attributed: settles the works, and makes them the spans'. */
void attribution_ranges_settle(attribution_ranges *r);

/* The file is at its end: closes the ranges whose END, from another thread, was read before their START. */
void attribution_ranges_close_ended(attribution_ranges *r);

/* Ranges that are open now, of every thread and domain. */
uint64_t attribution_ranges_left_open(const attribution_ranges *r);

void attribution_ranges_free(attribution_ranges *r);

#endif
