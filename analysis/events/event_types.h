/* The rows from which all export formats are made, and the event store: events of one or several traces, sorted by start,
 * with complete ranges, resolved names and correlation ids that are unique over all traces. Memory for rows is bounded;
 * that for names, kernel shapes, threads and queues grows with their number. */
#ifndef EVENTS_EVENT_TYPES_H
#define EVENTS_EVENT_TYPES_H

#include "analysis/base/external_sort.h"
#include "analysis/names/name_table.h"
#include "trace/trace.h"

typedef enum { EVENTS_PUSH_POP, EVENTS_START_END, EVENTS_MARK } events_range_style;

/* Times in rows are ns of the first trace's clock; subtract events_store.zero for times from the start. */
typedef struct {
    uint64_t start, end;         /* equal for marks */
    uint64_t id;                 /* START_END: the range's id */
    uint64_t payload;            /* bits, of type payload_type */
    uint32_t name;               /* index into names */
    uint32_t domain;             /* index into domains; BASE_NONE is the default domain */
    uint32_t thread, end_thread; /* indices into threads; end_thread is the one that ended the range */
    uint32_t category, color;    /* 0: none */
    uint8_t style, payload_type; /* events_range_style, trace_payload_type */
    uint8_t left_open;           /* 1: open at the end of its trace, which is used as its end */
    uint8_t unused[5];
} events_range;

typedef struct {
    uint64_t start, duration;
    uint64_t correlation; /* 0: none */
    uint32_t name, thread;
    int32_t result;
    uint32_t no_result; /* 1: `result` is unknown */
} events_call;

typedef struct {
    uint64_t start, duration;
    uint64_t correlation; /* 0: none */
    uint64_t bytes, graph_node;
    uint32_t place; /* of a copy in an imported capture: index into places + 1; 0: unknown */
    uint32_t unused_place;
    uint32_t queue; /* index into queues */
    uint32_t shape; /* index into shapes */
    uint32_t value, graph;
    uint8_t kind; /* trace_gpu_kind */
    uint8_t copy_kind, src_mem_kind, dst_mem_kind, copy_is_async;
    uint8_t unused[3];
} events_gpu;

/* Records that only captures of Nsight Systems have; see analysis/input/capture_extras.h. */
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

/* An NVTX event other than ranges and marks: the naming of a category or, in an imported capture, of a thread, or the
 * destruction of a domain. */
typedef struct {
    uint64_t time;
    int64_t type;              /* Nsight Systems' event type */
    uint32_t name, domain;     /* name: BASE_NONE without one */
    uint32_t thread, category; /* 0: none */
} events_definition;
enum { EVENTS_CATEGORY = 33 };

/* The creation of a CUDA graph, or of a node of one. */
typedef struct {
    uint64_t time;
    uint64_t id;       /* of the node, as in GPU records; or of the graph */
    uint64_t original; /* of a copied node: the node it was copied from; 0: none */
    uint32_t graph;    /* id of the node's graph */
    uint32_t thread;
    uint8_t is_node;
    uint8_t unused[7];
} events_node;

/* Source and destination of a copy: device and context; -1: unknown. */
typedef struct {
    int64_t from_device, from_context, to_device, to_context;
} events_place;

typedef struct {
    uint32_t source, tid;
    uint32_t name; /* index into names */
} events_thread;

typedef struct {
    uint32_t source;
    uint32_t device; /* device number, unique over the sources: one per physical device */
    uint32_t context, stream;
} events_queue;

typedef struct {
    bool known;        /* false: the definition was lost, and all but the id is missing */
    trace_shape shape; /* `name` is an index into names, BASE_NONE without one */
    uint32_t source;
    uint32_t absent; /* bit i: the imported capture lacks column i of the shape, which is then 0 */
} events_shape;

/* Columns of Nsight Systems' table of kernels that belong to the shape: index of gridX (followed by the rest of grid and
 * block) and of registersPerThread, and their number. */
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
    uint32_t machine;  /* from 0; traces of one machine share a clock */
    int64_t shift;     /* ns, to be added to its times to convert them to the first trace's clock */
    uint64_t last;     /* latest time, converted; 0 without events */
    events_meta *meta; /* the last value of each key */
    size_t meta_count, meta_cap;
    names_table keys; /* of meta, in the same order */
    uint64_t correlation_base, correlation_max;
    uint64_t untimed;         /* GPU records without times, which have no row */
    uint64_t twice;           /* calls with the correlation id of an earlier call */
    uint64_t events, damaged; /* damaged: bytes of the file that could not be read */
    bool cut, ended;
} events_source;

typedef struct {
    uint32_t number;          /* in rows */
    uint32_t source, ordinal; /* one of the processes that used it, and its ordinal there */
} events_device;

/* A filter of rows; zeroed: all rows. */
typedef struct {
    const char
        *range; /* glob: only events in ranges whose names match, and the enclosing ranges; NULL: all */
    uint64_t from, to; /* ns from the start of the first trace: only events that overlap; to = 0: the end */
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
    names_table device_keys;   /* identities of devices: see event_sources.c */
    base_map device_by_key;    /* index of a key -> the first device with it */
    base_map device_numbers;   /* a used number -> the next candidate for a free one */
    uint64_t zero, last;       /* ns: start and end of all traces together */
    uint64_t correlation_last; /* the greatest correlation id */
    base_sorter *ranges, *calls, *gpu;
    base_sorter *syncs, *overheads;
    events_definition *definitions;
    size_t definition_count, definition_cap;
    base_sorter *nodes;                /* not filtered: GPU records of later replays refer to them */
    uint64_t kernels, copies, memsets; /* rows in gpu */
} events_store;

/* A callback with the bytes read so far and those of all files. */
typedef void events_store_progress(void *ctx, uint64_t done, uint64_t total);

#endif
