/* The importer of SQLite exports of Nsight Systems: its state, and its functions by the file that defines them. They leave
 * errors in rd->capture.db. */
#ifndef INPUT_NSYS_NSYS_INTERNAL_H
#define INPUT_NSYS_NSYS_INTERNAL_H

#include "analysis/base/u64_set.h"
#include "analysis/input/nsys/nsys_capture.h"
#include "analysis/input/nsys/nsys_tables.h"
#include "analysis/input/open_ranges.h"

typedef struct {
    uint32_t name; /* string id */
    bool async;
} input_nsys_call;

typedef struct {
    uint64_t pid24, correlation_max, correlation_base;
} input_nsys_process_ids;

typedef struct {
    int64_t start;
    uint32_t name; /* string id */
} input_nsys_creation;

enum { INPUT_NSYS_DIRECT_CALLS = 4096 };

typedef struct {
    input_nsys_capture capture;
    input_nsys_table tables[INPUT_NSYS_TABLES];
    input_nsys_process_ids *processes;
    size_t process_count, process_cap;
    base_map threads;    /* globalTid -> thread index */
    int64_t last_global; /* the globalTid of the last look-up, and its index */
    uint32_t last_thread;
    input_open_ranges *open; /* by thread index */
    size_t open_cap, thread_count;
    base_map queues, domains; /* device, context, stream -> id; process and domain -> string id */
    uint32_t queue_count;
    uint64_t last_key; /* of the last look-up of a queue, and its id */
    uint32_t last_queue;
    input_nsys_shape *shapes;
    size_t shape_count, shape_cap;
    /* nameId of a call -> index in `calls` + 1; 0: not known */
    uint32_t direct_call[INPUT_NSYS_DIRECT_CALLS];
    base_map by_call; /* larger nameId -> index in `calls` */
    input_nsys_call *calls;
    size_t call_count, call_cap;
    base_map by_shape, suffixes;    /* suffixes: string id -> name index of the version suffix that it had */
    base_set async;                 /* correlation ids of asynchronous calls */
    base_set queries;               /* name ids of calls of kind NAMES_CALL_QUERY */
    input_nsys_creation *creations; /* of domains */
    size_t creation_count, creation_cap;
    uint64_t range_ids, rows_done, rows_total, lost;
    int64_t range_id_max;
    bool noted_nodes, noted_marks;
    uint64_t whole_graphs; /* number of graph launches with one record for the whole graph */
    uint32_t graph_shape;  /* shape id of the first such record */
} input_nsys_reading;

/* nsys_definitions.c */

/* Returns the hash of a sequence whose hash without its last value is `hash`. */
uint64_t input_nsys_mix(uint64_t hash, uint64_t value);

/* Returns the process, added if it is new, of a globalPid or globalTid. The pointer is valid until the next call. */
input_nsys_process_ids *input_nsys_process_of(input_nsys_reading *rd, int64_t global);

/* Returns the index of the thread with this globalTid. A new thread is passed to the visitor, with the name `name` (a string
 * id, or 0). May move rd->open. */
uint32_t input_nsys_thread_of(input_nsys_reading *rd, int64_t global, uint32_t name);

/* Passes all threads that have a name to the visitor. */
void input_nsys_read_threads(input_nsys_reading *rd);

/* Returns the queue id of a row of GPU work (columns as in nsys_tables.c); a new queue is passed to the visitor. */
uint32_t input_nsys_queue_of(input_nsys_reading *rd, const input_nsys_cells *row);

/* Returns the shape id of the table's current kernel; a new shape is passed to the visitor. */
uint32_t input_nsys_shape_of(input_nsys_reading *rd, const input_nsys_table *t);

/* Returns a new shape id for a kernel of this name without a launch configuration. */
uint32_t input_nsys_named_shape(input_nsys_reading *rd, const char *name);

/* Returns the string id of the name of a row of NVTX_EVENTS, from its column textId or text. */
uint32_t input_nsys_range_name(input_nsys_reading *rd, const input_nsys_cells *row);

/* nsys_prescan.c */

/* The first pass over the tables: determines their numbers of rows, whether they are sorted, the first and last time, the
 * processes and the domains. */
void input_nsys_scan(input_nsys_reading *rd);

/* Replaces the first pass in a single pass: determines the same from slices, as their rows are read. Stops the reading with
 * INPUT_READ_AGAIN when a first pass turns out to be necessary. */
void input_nsys_scan_along(input_nsys_reading *rd);

/* nsys_notes.c: META entries about what the file lacks. */

/* Emits INPUT_MARKS once, when the recorder's domain has been created and its marks are the program's. */
void input_nsys_note_marks(input_nsys_reading *rd);

/* Emits all other notes; must precede the first event. */
void input_nsys_emit_notes(input_nsys_reading *rd);

/* nsys_emit.c */

/* Closes the open ranges of a thread (an index) that end before `limit` (ns), the earliest end first. */
void input_nsys_close_before(input_nsys_reading *rd, uint32_t thread, int64_t limit);

/* Pass the current row of a table (INPUT_NSYS_KERNELS, ...) to the visitor. */
void input_nsys_gpu_row(input_nsys_reading *rd, int table);
void input_nsys_extra_row(input_nsys_reading *rd, int table);
void input_nsys_node_row(input_nsys_reading *rd, int table);
void input_nsys_call_row(input_nsys_reading *rd);
void input_nsys_range_row(input_nsys_reading *rd);

#endif
