/* The reading of a Chrome trace: its events, sorted, and what the visitor was told of them. */
#ifndef INPUT_CHROME_CHROME_INTERNAL_H
#define INPUT_CHROME_CHROME_INTERNAL_H

#include "analysis/base/external_sort.h"
#include "analysis/base/json_reader.h"
#include "analysis/base/u64_set.h"
#include "analysis/names/name_table.h"
#include "trace/trace.h"

/* Makes signed times sort as unsigned ones. */
#define INPUT_CHROME_SHIFT ((uint64_t)1 << 62)

enum {
    INPUT_CHROME_RANGE = 1,
    INPUT_CHROME_CALL,
    INPUT_CHROME_KERNEL,
    INPUT_CHROME_COPY,
    INPUT_CHROME_MEMSET
};

/* One event of the file, or the like of it in the making. */
typedef struct {
    uint64_t key;      /* start in ns, plus TIME_SHIFT */
    uint64_t duration; /* the longer one comes first */
    int64_t payload;
    uint64_t bytes, graph_node;
    uint32_t name;   /* index into names */
    uint32_t domain; /* index into names + 1; 0 is the default domain */
    uint32_t thread, correlation;
    uint32_t device, context, stream;
    uint32_t grid[3], block[3], registers, shared;
    uint8_t kind, has_payload, copy_kind, src, dst, async;
    uint8_t unused[6];
} input_chrome_item;

typedef struct {
    int64_t end;
    uint32_t domain;
} input_chrome_range;

typedef struct {
    input_chrome_range *list; /* outermost first */
    size_t depth, cap;
} input_chrome_ranges;

/* A process, and the correlation ids of its calls: each process counts from 1. */
typedef struct {
    int64_t pid;
    base_set calls;
} input_chrome_process;

typedef struct {
    const char *path;
    const trace_visitor *v;
    trace_status *status;
    char *error;
    int stop;
    base_json *json;
    names_table names;
    size_t said;
    base_sorter *sorter;
    base_map threads; /* pid and tid -> thread */
    uint64_t *thread_keys;
    uint32_t *thread_names; /* index into names + 1 */
    size_t thread_count, thread_cap, thread_name_cap;
    input_chrome_ranges *open;
    size_t open_cap;
    base_map queues, shapes;
    uint32_t queue_count, shape_count;
    input_chrome_item *shape_list;
    size_t shape_cap;
    base_set calls;
    int64_t base_ns, first, last, pid;
    bool any, cut;
    input_chrome_process
        *processes; /* with ranges or calls; at most INPUT_CHROME_PROCESSES_MAX are told apart */
    size_t process_count, process_cap;
    char device[8][200]; /* names of devices */
} input_chrome_reading;

#define INPUT_CHROME_PROCESSES_MAX 4096

/* chrome_parse.c */

/* Sets the error, unless there was one. */
void input_chrome_fail(input_chrome_reading *rd, const char *what);

/* Reads all events of the open file into the sorter. */
void input_chrome_parse(input_chrome_reading *rd);

/* chrome_emit.c: gives the visitor all that was read. */
void input_chrome_emit(input_chrome_reading *rd);

#endif
