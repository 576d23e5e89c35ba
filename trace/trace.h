/* The trace format, which the recorder writes and the analyser reads; docs/trace-format.md is its specification.
 *
 * A trace is one file per process: a file header, then chunks. Each chunk has a header with its type, length and checksum,
 * and decodes without any other chunk's state, so a truncated file is readable up to the truncation. Names are interned: a
 * definition precedes its first use in the file. All times, of host and GPU, are nanoseconds of the recorded host's
 * CLOCK_MONOTONIC; 0 is never a valid time.
 *
 * The recorder and the analyser share this format and the settings in trace/settings.h, nothing else. */
#ifndef TRACE_TRACE_H
#define TRACE_TRACE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define TRACE_MAGIC         "MOETRACE" /* 8 bytes, no terminator */
#define TRACE_VERSION_MAJOR 1          /* a reader refuses another major version */
#define TRACE_VERSION_MINOR                                                                                  \
    0 /* a higher minor version only adds chunk types, definition fields and counters */
#define TRACE_HEADER_BYTES      64
#define TRACE_CHUNK_MAGIC       0x4b43544du /* "MTCK" */
#define TRACE_CHUNK_BYTES       32          /* the chunk header */
#define TRACE_CHUNK_MAX_PAYLOAD (1u << 20)  /* a reader refuses a longer chunk, so its memory is bounded */
#define TRACE_STRING_MAX        65535 /* longest interned name in bytes; the recorder truncates longer ones */

typedef enum {
    TRACE_CHUNK_META = 1,     /* key and value strings about the run */
    TRACE_CHUNK_STRINGS = 2,  /* id -> bytes */
    TRACE_CHUNK_THREADS = 3,  /* thread index -> operating system thread id and name */
    TRACE_CHUNK_QUEUES = 4,   /* queue id -> device, context, stream */
    TRACE_CHUNK_SHAPES = 5,   /* kernel shape id -> name, grid, block, resources */
    TRACE_CHUNK_HOST = 6,     /* events of one host thread, in the order in which they ended */
    TRACE_CHUNK_GPU = 7,      /* kernels, copies, memsets, in the order in which CUPTI delivered them */
    TRACE_CHUNK_COUNTERS = 8, /* cumulative counts; the last value of each name is valid */
    TRACE_CHUNK_END = 9,      /* the recorder stopped in order; absent when the run ended abruptly */
} trace_chunk_type;

/* The file header, decoded. */
typedef struct {
    uint16_t major, minor;
    uint64_t realtime_ns;  /* CLOCK_REALTIME when the recording began */
    uint64_t monotonic_ns; /* CLOCK_MONOTONIC at the same moment */
    uint32_t pid;
} trace_header;

typedef struct {
    uint32_t index; /* of the thread in this file, from 0 */
    uint32_t tid;   /* the operating system's */
    const char *name;
    size_t name_len;
} trace_thread;

typedef struct {
    uint32_t id; /* from 0 */
    uint32_t device, context, stream;
} trace_queue;

/* The properties that all launches of one kernel in one configuration share. */
typedef struct {
    uint32_t id;   /* from 0 */
    uint32_t name; /* string id of the mangled kernel name; 0 when it is unknown */
    uint32_t grid[3], block[3], cluster[3];
    uint32_t registers_per_thread;
    uint32_t static_shared_bytes, dynamic_shared_bytes, shared_executed_bytes;
    uint32_t local_bytes_per_thread;
    uint64_t local_bytes_total;
    uint32_t cache_config, launch_type, shared_limit_config; /* as CUPTI reports them */
} trace_shape;

typedef enum {
    TRACE_HOST_PUSH = 1,  /* an NVTX push: name, domain, payload */
    TRACE_HOST_POP = 2,   /* an NVTX pop in domain */
    TRACE_HOST_START = 3, /* an NVTX start/end range opens: id, name, ... */
    TRACE_HOST_END = 4,   /* ... and closes, perhaps on another thread: id */
    TRACE_HOST_MARK = 5,  /* an NVTX mark */
    TRACE_HOST_API = 6,   /* a CUDA call: name, duration, correlation id of its GPU work */
    TRACE_HOST_GRAPH =
        7, /* the creation of a CUDA graph (begin of a stream capture, or cudaGraphCreate): id */
    TRACE_HOST_NODE =
        8, /* the creation of a CUDA graph's node: id, graph, payload: the node it is a copy of */
    TRACE_HOST_NAME = 9, /* an NVTX name of a resource: type, id, name */
} trace_host_kind;

/* The type of resource that an NVTX name belongs to. */
typedef enum {
    TRACE_NAMED_THREAD = 1,   /* id: the operating system's thread id */
    TRACE_NAMED_CATEGORY = 2, /* id: the category, of the event's domain */
    TRACE_NAMED_DEVICE = 3,   /* id: CUDA device ordinal */
    TRACE_NAMED_CONTEXT = 4,  /* id: the handle's value */
    TRACE_NAMED_STREAM = 5,   /* id: the handle's value */
    TRACE_NAMED_EVENT = 6,    /* id: the handle's value */
    TRACE_NAMED_OTHER = 7,    /* id: the identifier's value */
} trace_named;

/* The type of an NVTX event's payload; the values of nvtxPayloadType_t. */
typedef enum {
    TRACE_PAYLOAD_NONE = 0,
    TRACE_PAYLOAD_U64 = 1,
    TRACE_PAYLOAD_I64 = 2,
    TRACE_PAYLOAD_F64 = 3,
    TRACE_PAYLOAD_U32 = 4,
    TRACE_PAYLOAD_I32 = 5,
    TRACE_PAYLOAD_F32 = 6,
} trace_payload_type;

/* An event of a host thread. Correlation ids ascend within a process (32 bits, so they may wrap), and at most one API event
 * has each. Ids of start/end ranges are unique in a process. */
typedef struct {
    uint8_t kind;         /* trace_host_kind */
    uint8_t payload_type; /* trace_payload_type */
    bool no_result;       /* API: the call's return value is unknown */
    uint32_t thread;      /* thread index, from the chunk header */
    uint64_t time;        /* ns; an API call's start */
    uint64_t duration;    /* ns; API only */
    uint32_t name;        /* string id; 0 is none */
    uint32_t domain;      /* string id of the NVTX domain's name; 0 is the default domain */
    uint32_t category;    /* 0 is none */
    uint32_t color;       /* ARGB; 0 is none */
    uint32_t correlation; /* API: correlation id of its GPU records; 0 is none */
    int32_t result;       /* API: return value; 0 is success */
    uint64_t id; /* START and END: pairs them; GRAPH: the graph's; NODE: the node's, as GPU records have it */
    uint32_t named;   /* NAME: trace_named */
    uint32_t graph;   /* NODE: id of the graph that it belongs to */
    uint64_t payload; /* the bits, as payload_type says; NODE: the node it was copied from, or 0 */
} trace_host_event;

typedef enum {
    TRACE_GPU_KERNEL = 1,
    TRACE_GPU_MEMCPY = 2,
    TRACE_GPU_MEMSET = 3,
} trace_gpu_kind;

typedef struct {
    uint8_t kind;          /* trace_gpu_kind */
    bool timed;            /* false: CUPTI reported no usable times; start and end are 0 and undefined */
    uint64_t start, end;   /* ns */
    uint32_t correlation;  /* of the call that issued it; 0 is none */
    uint32_t queue;        /* queue id */
    uint32_t shape;        /* KERNEL: shape id */
    uint32_t graph;        /* CUDA graph id; 0 outside graphs */
    uint64_t graph_node;   /* 0 outside graphs */
    uint64_t bytes;        /* MEMCPY and MEMSET */
    uint32_t value;        /* MEMSET */
    uint8_t copy_kind;     /* MEMCPY: CUpti_ActivityMemcpyKind */
    uint8_t src_mem_kind;  /* MEMCPY: CUpti_ActivityMemoryKind */
    uint8_t dst_mem_kind;  /* MEMCPY; MEMSET: the memory that was set */
    uint8_t copy_is_async; /* MEMCPY, MEMSET: 1 when the call was asynchronous */
} trace_gpu_event;

/* ---- Writing: encodes one chunk into the caller's buffer; no allocation, no system calls. ---- */

typedef struct {
    uint8_t *buf;    /* header and payload */
    size_t cap, len; /* bytes */
    uint32_t records;
    uint64_t base_time, cursor_time; /* times are stored as differences from the cursor */
    uint32_t cursor_correlation, cursor_queue;
} trace_chunk;

/* Most bytes of one record, except strings and meta pairs. */
#define TRACE_RECORD_MAX 160

/* Encodes the file header into buf, which has TRACE_HEADER_BYTES bytes. */
void trace_encode_header(uint8_t *buf, const trace_header *header);

/* Begins a chunk in `buf` of `cap` >= TRACE_CHUNK_BYTES bytes. `stream` is the thread index of a HOST chunk, else 0. The
 * first record's time is stored relative to `base_time` (ns, any nearby time; 0 for chunks without times). */
void trace_chunk_begin(trace_chunk *c, uint8_t *buf, size_t cap, trace_chunk_type type, uint32_t stream,
                       uint64_t base_time);
/* Each appends one record of the chunk's type. False, with the chunk unchanged, when the record does not fit. */
bool trace_put_meta(trace_chunk *c, const char *key, const char *value, size_t value_len);
bool trace_put_string(trace_chunk *c, uint32_t id, const char *bytes, size_t len);
bool trace_put_thread(trace_chunk *c, const trace_thread *t);
bool trace_put_queue(trace_chunk *c, const trace_queue *q);
bool trace_put_shape(trace_chunk *c, const trace_shape *s);
bool trace_put_host(trace_chunk *c, const trace_host_event *e);
bool trace_put_gpu(trace_chunk *c, const trace_gpu_event *e);
bool trace_put_counter(trace_chunk *c, const char *name, uint64_t value);
bool trace_put_end(trace_chunk *c, uint64_t time, const char *reason);
/* Completes the chunk's header (length, number of records, checksum) and returns the chunk's size in bytes. */
size_t trace_chunk_end(trace_chunk *c);
/* Returns the size in bytes, from its header, of a complete chunk. */
size_t trace_chunk_length(const uint8_t *chunk);

/* Returns the CRC-32C (Castagnoli polynomial, 0x82f63b78 reflected; RFC 3720, appendix B.4) of `len` bytes, continued
 * from `crc`, which is 0 at the start. Uses the processor's instruction where it has one. */
uint32_t trace_crc32c(uint32_t crc, const void *data, size_t len);

/* ---- Reading: bounds-checked and streaming, with memory for one chunk. ---- */

/* Callbacks for the records of each type, in the order of the file; records whose callback is NULL are validated and
 * skipped. Pointers are valid during the call only. A return value other than 0 stops reading, and trace_read returns
 * it. */
typedef struct {
    void *ctx;
    int (*meta)(void *ctx, const char *key, size_t key_len, const char *value, size_t value_len);
    int (*string)(void *ctx, uint32_t id, const char *bytes, size_t len);
    int (*thread)(void *ctx, const trace_thread *t);
    int (*queue)(void *ctx, const trace_queue *q);
    int (*shape)(void *ctx, const trace_shape *s);
    int (*host)(void *ctx, const trace_host_event *e);
    int (*gpu)(void *ctx, const trace_gpu_event *e);
    int (*counter)(void *ctx, const char *name, size_t name_len, uint64_t value);
    int (*end)(void *ctx, uint64_t time, const char *reason, size_t reason_len);
    /* After each chunk: bytes read so far, and the size of the file. */
    int (*progress)(void *ctx, uint64_t bytes_done, uint64_t bytes_total);
} trace_visitor;

/* The outcome of reading. A damaged trace is read as far as possible; these count what was not read. */
typedef struct {
    trace_header header;
    uint64_t bytes_total, bytes_skipped; /* skipped: damaged, or after the last complete chunk */
    uint64_t chunks, chunks_unknown;     /* unknown: types of a later minor version */
    uint64_t chunks_damaged;             /* positions with a wrong checksum or an invalid record */
    bool cut;                            /* the file ends inside a chunk */
    bool ended;                          /* an END chunk was read: the run did not end abruptly */
} trace_status;

/* Size of the buffers for error messages. */
#define TRACE_ERROR_BYTES 512

/* Reads the trace at `path` from start to end. Returns 0 when it was read (*status reports damage); -1 when it is not a
 * readable trace, with one line in `error` (what, where, what to do); or the non-zero value that a callback returned. */
int trace_read(const char *path, const trace_visitor *v, trace_status *status, char error[TRACE_ERROR_BYTES]);

#endif
