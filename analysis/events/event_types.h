/* The rows that every export format is made from, and the store that holds them: events of one or several
 * traces in order of their start, with ranges closed, names resolved, and correlation ids that are unique over
 * all traces. Rows are kept in bounded memory; names, kernel shapes, threads and queues in the order of
 * distinct ones. */
#ifndef EVENTS_EVENT_TYPES_H
#define EVENTS_EVENT_TYPES_H

#include "analysis/base/external_sort.h"
#include "analysis/names/name_table.h"
#include "trace/trace.h"

typedef enum { EVENTS_PUSH_POP, EVENTS_START_END, EVENTS_MARK } events_range_style;

/* Times in rows are ns of the first trace's clock; subtract events_store.zero for times from the start. */
typedef struct {
    uint64_t start, end; /* of marks: both the same */
    uint64_t id;         /* START_END: the range's */
    uint64_t payload;    /* the bits, as payload_type says */
    uint32_t name;       /* index into names */
    uint32_t domain;     /* index into domains; BASE_NONE is the default domain */
    uint32_t thread,
        end_thread;           /* indices into threads; end_thread differs when another one ended the range */
    uint32_t category, color; /* 0: none */
    uint8_t style, payload_type; /* events_range_style, trace_payload_type */
    uint8_t left_open;           /* 1: still open at the end of its trace, which is its end then */
    uint8_t unused[5];
} events_range;

typedef struct {
    uint64_t start, duration;
    uint64_t correlation; /* 0: none */
    uint32_t name, thread;
    int32_t result;
    uint32_t no_result; /* 1: not known */
} events_call;

typedef struct {
    uint64_t start, duration;
    uint64_t correlation; /* 0: none */
    uint64_t bytes, graph_node;
    uint32_t place; /* of a copy in an imported capture: index into places + 1; 0 where that is not known */
    uint32_t unused_place;
    uint32_t queue; /* index into queues */
    uint32_t shape; /* index into shapes */
    uint32_t value, graph;
    uint8_t kind; /* trace_gpu_kind */
    uint8_t copy_kind, src_mem_kind, dst_mem_kind, copy_is_async;
    uint8_t unused[3];
} events_gpu;

/* What only a capture of Nsight Systems holds; see analysis/input/capture_extras.h. */
typedef struct {
    uint64_t start, duration;
    uint64_t correlation;
    int64_t type, event, event_sync;
    uint32_t queue, unused;
} events_sync;

typedef struct {
    uint64_t start, duration;
    int64_t result;
    uint32_t thread, name;
} events_overhead;

/* An NVTX event that is no range: a category gets a name, or, of an imported capture, a thread gets one, a
 * domain is destroyed. */
typedef struct {
    uint64_t time;
    int64_t type;              /* as Nsight Systems numbers them */
    uint32_t name, domain;     /* name: BASE_NONE when it has none */
    uint32_t thread, category; /* 0: none */
} events_definition;
enum { EVENTS_CATEGORY = 33 };

/* A CUDA graph is begun, or a node of one is made. */
typedef struct {
    uint64_t time;
    uint64_t id;       /* the node's, as GPU work has it; of a graph: the graph's */
    uint64_t original; /* the node that it was copied from; 0: none */
    uint32_t graph;    /* that it belongs to */
    uint32_t thread;
    uint8_t is_node;
    uint8_t unused[7];
} events_node;

/* From where to where a copy went: device and context, -1 where it is not known. */
typedef struct {
    int64_t from_device, from_context, to_device, to_context;
} events_place;

typedef struct {
    uint32_t source, tid;
    uint32_t name; /* index into names */
} events_thread;

typedef struct {
    uint32_t source;
    uint32_t device; /* unique over the sources: one physical device, one number */
    uint32_t context, stream;
} events_queue;

typedef struct {
    bool known;        /* false: the definition was lost, and all but the id is missing */
    trace_shape shape; /* its `name` is an index into names, BASE_NONE when the trace has none */
    uint32_t source;
    uint32_t absent; /* bit i: an imported capture lacks the shape's column i, which is 0 here */
} events_shape;

/* The columns of nsys's table of kernels that are a kernel's shape; those of the grid and the block stand
 * together. */
enum { EVENTS_SHAPE_GRID = 3, EVENTS_SHAPE_REGISTERS = 2, EVENTS_SHAPE_COLUMNS = 15 };

typedef struct {
    uint32_t source, name; /* index into names */
} events_domain;

typedef struct {
    char *key, *value;
} events_meta;

/* One trace. */
typedef struct {
    char *path;
    trace_header header;
    uint32_t machine;  /* 0 for the first machine; traces of one machine share a clock */
    int64_t shift;     /* what is added to its times to make them the first trace's */
    uint64_t last;     /* latest time, shifted; 0 without events */
    events_meta *meta; /* of each key the last value holds */
    size_t meta_count, meta_cap;
    names_table keys; /* those of meta, in its order */
    uint64_t correlation_base, correlation_max;
    uint64_t untimed;         /* GPU records without a time: they have no row */
    uint64_t twice;           /* calls whose correlation id another call had before */
    uint64_t events, damaged; /* damaged: bytes of the file that could not be read */
    bool cut, ended;
} events_source;

typedef struct {
    uint32_t number;          /* in rows */
    uint32_t source, ordinal; /* one of the processes that used it, and its number there */
} events_device;

/* Which rows are wanted; zeroed for all. */
typedef struct {
    const char *range; /* glob: only what lies in such ranges, and the ranges around them; NULL for all */
    uint64_t from, to; /* ns from the start of the first trace: only what overlaps; to 0 is the end */
} events_store_filter;

typedef struct {
    names_table names;
    events_source *sources;
    size_t source_count, source_cap;
    events_thread *threads;
    size_t thread_count, thread_cap;
    events_queue *queues;
    size_t queue_count, queue_cap;
    events_shape *shapes;
    size_t shape_count, shape_cap;
    events_domain *domains;
    size_t domain_count, domain_cap;
    events_place *places;
    size_t place_count, place_cap;
    events_device *devices;
    size_t device_count, device_cap;
    names_table device_keys;   /* what a device is known by: see event_sources.c */
    base_map device_by_key;    /* index of a key -> the first such of devices */
    base_map device_numbers;   /* a number that is taken -> where to look for one that is not */
    uint64_t zero, last;       /* ns: the start and the end of all traces */
    uint64_t correlation_last; /* no correlation id is higher */
    base_sorter *ranges, *calls, *gpu;
    base_sorter *syncs, *overheads;
    events_definition *definitions;
    size_t definition_count, definition_cap;
    base_sorter *nodes;                /* whatever is wanted: the GPU work of later replays refers to them */
    uint64_t kernels, copies, memsets; /* rows in gpu */
} events_store;

/* Called with the bytes read so far and in all; NULL is allowed. */
typedef void events_store_progress(void *ctx, uint64_t done, uint64_t total);

#endif
