/* The reading of a Chrome trace: its events, sorted, and what the visitor was told of them. */
#ifndef ANALYSIS_IMPORT_CHROME_H
#define ANALYSIS_IMPORT_CHROME_H

#include "analysis/export_bits.h"
#include "analysis/export_sort.h"
#include "analysis/import.h"
#include "analysis/import_json.h"
#include "analysis/names.h"

/* Makes signed times sort as unsigned ones. */
#define ANALYSIS_CHROME_SHIFT ((uint64_t)1 << 62)

enum {
    ANALYSIS_CHROME_RANGE = 1,
    ANALYSIS_CHROME_CALL,
    ANALYSIS_CHROME_KERNEL,
    ANALYSIS_CHROME_COPY,
    ANALYSIS_CHROME_FILL
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
} analysis_chrome_item;

typedef struct {
    int64_t end;
    uint32_t domain;
} analysis_chrome_range;

typedef struct {
    analysis_chrome_range *list; /* outermost first */
    size_t depth, cap;
} analysis_chrome_ranges;

/* A process, and the correlation ids of its calls: each process counts from 1. */
typedef struct {
    int64_t pid;
    analysis_bits calls;
} analysis_chrome_process;

typedef struct {
    const char *path;
    const trace_visitor *v;
    trace_status *status;
    char *error;
    int stop;
    analysis_json *json;
    analysis_names names;
    size_t said;
    analysis_sorter *sorter;
    analysis_map threads; /* pid and tid -> thread */
    uint64_t *thread_keys;
    uint32_t *thread_names; /* index into names + 1 */
    size_t thread_count, thread_cap, thread_name_cap;
    analysis_chrome_ranges *open;
    size_t open_cap;
    analysis_map queues, shapes;
    uint32_t queue_count, shape_count;
    analysis_chrome_item *shape_list;
    size_t shape_cap;
    analysis_bits calls;
    int64_t base_ns, first, last, pid;
    bool any, cut;
    analysis_chrome_process
        *processes; /* with ranges or calls; at most ANALYSIS_CHROME_PROCESSES_MAX are told apart */
    size_t process_count, process_cap;
    char device[8][200]; /* names of devices */
} analysis_chrome_reading;

/* Sets the error, unless there was one. */
void analysis_chrome_fail(analysis_chrome_reading *rd, const char *what);

#define ANALYSIS_CHROME_PROCESSES_MAX 4096

/* Gives the visitor all that was read. */
void analysis_chrome_say(analysis_chrome_reading *rd);

#endif
