/* The reading of an SQLite export of Nsight Systems: its state, and the parts that turn rows into a trace's
 * records, each with the file that it is in. */
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
    int64_t last_global; /* the one that was looked up last, and its index */
    uint32_t last_thread;
    input_open_ranges *open; /* by thread index */
    size_t open_cap, thread_count;
    base_map queues, domains; /* device, context, stream -> id; process and domain -> string id */
    uint32_t queue_count;
    uint64_t last_key; /* likewise of queues */
    uint32_t last_queue;
    input_nsys_shape *shapes;
    size_t shape_count, shape_cap;
    uint32_t direct_call[INPUT_NSYS_DIRECT_CALLS]; /* nameId of a call -> index + 1; 0: not known */
    base_map by_call;                              /* the same, without the 1, for greater ones */
    input_nsys_call *calls;
    size_t call_count, call_cap;
    base_map by_shape, suffixes;    /* suffixes: string id -> index in names of the suffix that it had */
    base_set async;                 /* correlation ids of asynchronous calls */
    base_set queries;               /* ids of names of calls that only query something */
    input_nsys_creation *creations; /* of domains */
    size_t creation_count, creation_cap;
    uint64_t range_ids, rows_done, rows_total, lost;
    int64_t range_id_max;
    bool noted_nodes, noted_marks;
    uint64_t whole_graphs; /* launches of graphs that were traced as wholes */
    uint32_t graph_shape;  /* that of the first one's record */
} input_nsys_reading;

/* nsys_definitions.c */

/* Mixes a value into a hash. */
uint64_t input_nsys_mix(uint64_t hash, uint64_t value);

/* The process of a globalPid or globalTid. The pointer is valid until the next call. */
input_nsys_process_ids *input_nsys_process_of(input_nsys_reading *rd, int64_t global);

/* The index of the thread with this globalTid; a new one gets the name with this string id. May move
 * rd->open. */
uint32_t input_nsys_thread_of(input_nsys_reading *rd, int64_t global, uint32_t name);

/* Gives the visitor all threads that have a name. */
void input_nsys_read_threads(input_nsys_reading *rd);

/* The queue of a row; columns as in nsys_tables.c. */
uint32_t input_nsys_queue_of(input_nsys_reading *rd, const input_nsys_cells *row);

/* The shape of the kernel that the table is at. */
uint32_t input_nsys_shape_of(input_nsys_reading *rd, const input_nsys_table *t);

/* A shape of its own for this name. */
uint32_t input_nsys_named_shape(input_nsys_reading *rd, const char *name);

/* The string id of the name of a row of NVTX_EVENTS: registered, or inline. */
uint32_t input_nsys_range_name(input_nsys_reading *rd, const input_nsys_cells *row);

/* nsys_prescan.c */

/* Reads what must be known of the tables before the first event: their rows, whether they are sorted, the
 * first and last time, processes, domains. */
void input_nsys_scan(input_nsys_reading *rd);

/* In place of that: the tables are taken to need no scan, and are summed up while their rows are used. Where
 * one shows that it does, the reading stops with INPUT_READ_AGAIN. */
void input_nsys_scan_along(input_nsys_reading *rd);

/* nsys_notes.c: META that tells what the file lacks. */

/* A note that marks in the recorder's domain, if that was made so far, are not the recorder's. */
void input_nsys_note_marks(input_nsys_reading *rd);

/* All other notes; call it before the first event. */
void input_nsys_emit_notes(input_nsys_reading *rd);

/* nsys_emit.c */

/* Ends the thread's ranges that end before `limit`, the innermost first. */
void input_nsys_close_before(input_nsys_reading *rd, uint32_t thread, int64_t limit);

/* Give the visitor the table's current row. */
void input_nsys_gpu_row(input_nsys_reading *rd, int table);
void input_nsys_extra_row(input_nsys_reading *rd, int table);
void input_nsys_node_row(input_nsys_reading *rd, int table);
void input_nsys_call_row(input_nsys_reading *rd);
void input_nsys_range_row(input_nsys_reading *rd);

#endif
