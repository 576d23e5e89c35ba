/* The reading of an SQLite export of Nsight Systems: its state, and the parts that turn rows into a trace's
 * records. */
#ifndef INPUT_NSYS_NSYS_EMIT_H
#define INPUT_NSYS_NSYS_EMIT_H

#include "analysis/base/u64_set.h"
#include "analysis/input/nsys/nsys_reader.h"

enum {
    INPUT_NSYS_SYNCS, /* these two only for an export */
    INPUT_NSYS_OVERHEADS,
    INPUT_NSYS_KERNELS,
    INPUT_NSYS_COPIES,
    INPUT_NSYS_MEMSETS,
    EXPORT_NSYS_NODES,
    INPUT_NSYS_GRAPHS,
    EXPORT_NSYS_CALLS,
    EXPORT_NSYS_RANGES,
    INPUT_NSYS_TABLES
};

typedef struct {
    int64_t end;
    uint32_t domain; /* string id of its name */
    uint64_t id;     /* of a start/end range; 0 of a push/pop one */
    uint32_t end_thread;
} input_nsys_open_range;

typedef struct {
    input_nsys_open_range *list; /* outermost first; ends descend unless ranges overlap */
    size_t depth, cap;
    int64_t first_end; /* no range ends earlier, when there is one */
} input_nsys_open_ranges;

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
    input_nsys_file file;
    input_nsys_table tables[INPUT_NSYS_TABLES];
    input_nsys_process_ids *processes;
    size_t process_count, process_cap;
    base_map threads;    /* globalTid -> thread index */
    int64_t last_global; /* the one that was asked for last, and its index */
    uint32_t last_thread;
    input_nsys_open_ranges *open; /* by thread index */
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
    base_set asking;                /* ids of names of calls that only ask for something */
    input_nsys_creation *creations; /* of domains */
    size_t creation_count, creation_cap;
    uint64_t range_ids, rows_done, rows_total, lost;
    int64_t range_id_max;
    bool said_nodes, said_marks;
} input_nsys_reading;

/* The tables that events are read from. */
void input_nsys_tables(input_nsys_table tables[INPUT_NSYS_TABLES]);

/* From now on only rows of this process are read; its number is as input_processes has it. The
 * error is set when there is none such. */
void input_nsys_choose(input_nsys_reading *rd, uint64_t number);

/* Mixes a value into a hash. */
uint64_t input_nsys_mix(uint64_t hash, uint64_t value);

/* The process of a globalPid or globalTid. The pointer is valid until the next call. */
input_nsys_process_ids *input_nsys_process_of(input_nsys_reading *rd, int64_t global);

/* The index of the thread with this globalTid; a new one gets the name with this string id. May move
 * rd->open. */
uint32_t input_nsys_thread_of(input_nsys_reading *rd, int64_t global, uint32_t name);

/* Gives the visitor all threads that have a name. */
void input_nsys_read_threads(input_nsys_reading *rd);

/* The queue of a row; columns as in the tables of import_nsys.c. */
uint32_t input_nsys_queue_of(input_nsys_reading *rd, const input_nsys_cells *row);

/* The shape of the kernel that the table is at. */
uint32_t input_nsys_shape_of(input_nsys_reading *rd, const input_nsys_table *t);

/* The string id of the name of a row of NVTX_EVENTS: registered, or inline. */
uint32_t input_nsys_range_name(input_nsys_reading *rd, const input_nsys_cells *row);

/* Reads what must be known of the tables before the first event: their rows, whether they are sorted, the
 * first and last time, processes, domains. */
void input_nsys_scan(input_nsys_reading *rd);

/* In place of that: the tables are taken to need no scan, and are summed up while their rows are used. Where
 * one shows that it does, f->stop becomes INPUT_READ_AGAIN. */
void input_nsys_scan_along(input_nsys_reading *rd);

/* Says that marks in the recorder's domain, if that was made so far, are not its own. */
void input_nsys_say_marks(input_nsys_reading *rd);

/* Ends the thread's ranges that end before `limit`, the innermost first. */
void input_nsys_close_before(input_nsys_reading *rd, uint32_t thread, int64_t limit);

/* Give the visitor the table's row that is at hand. */
void input_nsys_gpu_row(input_nsys_reading *rd, int table);
void input_nsys_extra_row(input_nsys_reading *rd, int table);
void input_nsys_node_row(input_nsys_reading *rd, int table);
void input_nsys_call_row(input_nsys_reading *rd);
void input_nsys_range_row(input_nsys_reading *rd);

#endif
