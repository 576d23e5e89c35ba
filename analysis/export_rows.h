/* What every export format is made from: the events of one or several traces as rows in order of their start,
 * with ranges closed, names resolved, and correlation ids that are unique over all traces. Rows are kept in
 * bounded memory; names, kernel shapes, threads and queues in the order of distinct ones. */
#ifndef ANALYSIS_EXPORT_ROWS_H
#define ANALYSIS_EXPORT_ROWS_H

#include "analysis/export_sort.h"
#include "analysis/names.h"
#include "trace/trace.h"

typedef enum { ANALYSIS_EVENT_PUSH_POP, ANALYSIS_EVENT_START_END, ANALYSIS_EVENT_MARK } analysis_range_style;

/* Times in rows are ns of the first trace's clock; subtract analysis_events.zero for times from the start. */
typedef struct {
    uint64_t start, end; /* of marks: both the same */
    uint64_t id;         /* START_END: the range's */
    uint64_t payload;    /* the bits, as payload_type says */
    uint32_t name;       /* index into names */
    uint32_t domain;     /* index into domains; ANALYSIS_NONE is the default domain */
    uint32_t thread,
        end_thread;           /* indices into threads; end_thread differs when another one ended the range */
    uint32_t category, color; /* 0: none */
    uint8_t style, payload_type; /* analysis_range_style, trace_payload_type */
    uint8_t left_open;           /* 1: still open at the end of its trace, which is its end then */
    uint8_t unused[5];
} analysis_event_range;

typedef struct {
    uint64_t start, duration;
    uint64_t correlation; /* 0: none */
    uint32_t name, thread;
    int32_t result;
    uint32_t no_result; /* 1: not known */
} analysis_event_call;

typedef struct {
    uint64_t start, duration;
    uint64_t correlation; /* 0: none */
    uint64_t bytes, graph_node;
    uint32_t place; /* of a copy in an imported capture: index into places + 1; 0 where it does not say */
    uint32_t unused_place;
    uint32_t queue; /* index into queues */
    uint32_t shape; /* index into shapes */
    uint32_t value, graph;
    uint8_t kind; /* trace_gpu_kind */
    uint8_t copy_kind, src_mem_kind, dst_mem_kind, copy_is_async;
    uint8_t unused[3];
} analysis_event_gpu;

/* What only a capture of Nsight Systems holds; see import.h. */
typedef struct {
    uint64_t start, duration;
    uint64_t correlation;
    int64_t type, event, event_sync;
    uint32_t queue, unused;
} analysis_event_sync;

typedef struct {
    uint64_t start, duration;
    int64_t result;
    uint32_t thread, name;
} analysis_event_overhead;

/* An NVTX event that is no range: a category gets a name, or, of an imported capture, a thread gets one, a
 * domain is destroyed. */
typedef struct {
    uint64_t time;
    int64_t type;              /* as Nsight Systems numbers them */
    uint32_t name, domain;     /* name: ANALYSIS_NONE when it has none */
    uint32_t thread, category; /* 0: none */
} analysis_event_definition;
enum { ANALYSIS_EVENT_CATEGORY = 33 };

/* A CUDA graph is begun, or a node of one is made. */
typedef struct {
    uint64_t time;
    uint64_t id;       /* the node's, as GPU work has it; of a graph: the graph's */
    uint64_t original; /* the node that it was copied from; 0: none */
    uint32_t graph;    /* that it belongs to */
    uint32_t thread;
    uint8_t is_node;
    uint8_t unused[7];
} analysis_event_node;

/* From where to where a copy went: device and context, -1 where it is not said. */
typedef struct {
    int64_t from_device, from_context, to_device, to_context;
} analysis_event_place;

typedef struct {
    uint32_t source, tid;
    uint32_t name; /* index into names */
} analysis_event_thread;

typedef struct {
    uint32_t source;
    uint32_t device; /* unique over the sources: one physical device, one number */
    uint32_t context, stream;
} analysis_event_queue;

typedef struct {
    bool known;        /* false: the definition was lost, and all but the id is missing */
    trace_shape shape; /* its `name` is an index into names, ANALYSIS_NONE when the trace has none */
    uint32_t source;
    uint32_t absent; /* bit i: an imported capture does not hold analysis_shape_columns[i], which is 0 here */
} analysis_event_shape;

/* The columns of nsys's table of kernels that are a kernel's shape; those of the grid and the block stand
 * together. */
enum { ANALYSIS_SHAPE_GRID = 3, ANALYSIS_SHAPE_REGISTERS = 2, ANALYSIS_SHAPE_COLUMNS = 15 };
extern const char *const analysis_shape_columns[ANALYSIS_SHAPE_COLUMNS];

typedef struct {
    uint32_t source, name; /* index into names */
} analysis_event_domain;

typedef struct {
    char *key, *value;
} analysis_event_meta;

/* One trace. */
typedef struct {
    char *path;
    trace_header header;
    uint32_t machine;          /* 0 for the first machine; traces of one machine share a clock */
    int64_t shift;             /* what is added to its times to make them the first trace's */
    uint64_t last;             /* latest time, shifted; 0 without events */
    analysis_event_meta *meta; /* of each key the last value holds */
    size_t meta_count, meta_cap;
    uint64_t correlation_base, correlation_max;
    uint64_t untimed;         /* GPU records without a time: they have no row */
    uint64_t twice;           /* calls whose correlation id another call had before */
    uint64_t events, damaged; /* damaged: bytes of the file that could not be read */
    bool cut, ended;
} analysis_event_source;

typedef struct {
    uint32_t number;          /* in rows */
    uint32_t source, ordinal; /* one of the processes that used it, and its number there */
} analysis_event_device;

/* Which rows are wanted; zeroed for all. */
typedef struct {
    const char *range; /* glob: only what lies in such ranges, and the ranges around them; NULL for all */
    uint64_t from, to; /* ns from the start of the first trace: only what overlaps; to 0 is the end */
} analysis_events_filter;

typedef struct {
    analysis_names names;
    analysis_event_source *sources;
    size_t source_count, source_cap;
    analysis_event_thread *threads;
    size_t thread_count, thread_cap;
    analysis_event_queue *queues;
    size_t queue_count, queue_cap;
    analysis_event_shape *shapes;
    size_t shape_count, shape_cap;
    analysis_event_domain *domains;
    size_t domain_count, domain_cap;
    analysis_event_place *places;
    size_t place_count, place_cap;
    analysis_event_device *devices;
    size_t device_count, device_cap;
    uint64_t zero, last;       /* ns: the start and the end of all traces */
    uint64_t correlation_last; /* no correlation id is higher */
    analysis_sorter *ranges, *calls, *gpu;
    analysis_sorter *syncs, *overheads;
    analysis_event_definition *definitions;
    size_t definition_count, definition_cap;
    analysis_sorter *nodes;          /* whatever is wanted: the GPU work of later replays refers to them */
    uint64_t kernels, copies, fills; /* rows in gpu */
} analysis_events;

/* Called with the bytes read so far and in all; NULL is allowed. */
typedef void analysis_events_progress(void *ctx, uint64_t done, uint64_t total);

/* Reads the traces into *rows, which analysis_events_free frees also after an error. 0, or -1 with one line
 * in `error`. */
int analysis_events_read(analysis_events *rows, char *const *paths, size_t count,
                         const analysis_events_filter *filter, analysis_events_progress *progress,
                         void *progress_ctx, char error[TRACE_ERROR_BYTES]);

/* The value of META `key` of a source, or NULL. */
const char *analysis_events_meta(const analysis_event_source *source, const char *key);

void analysis_events_free(analysis_events *rows);

#endif
