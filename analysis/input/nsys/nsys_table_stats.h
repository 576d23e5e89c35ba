/* The summary of a table, or of a slice of it, which is needed before the visitor gets the first event. */
#ifndef INPUT_NSYS_NSYS_TABLE_STATS_H
#define INPUT_NSYS_NSYS_TABLE_STATS_H

#include "analysis/input/nsys/nsys_row_buffer.h"

/* Indices of the columns that the summary reads; -1: the table has no such column. */
typedef struct {
    int process;     /* globalPid or globalTid; -1: only the number and order of rows are summarised */
    int correlation; /* correlation id */
    int type;        /* event type, of NVTX_EVENTS, where columns 4 to 6 are text, textId, domainId */
} input_nsys_places;

typedef struct {
    uint64_t pid24, correlation_max;
} input_nsys_summary_process;

/* The creation of an NVTX domain. */
typedef struct {
    int64_t start, name_id; /* ns; id in StringIds, -1: the name is `text` */
    uint64_t process, domain;
    char *text; /* or NULL */
    uint32_t text_len;
} input_nsys_making;

/* The summary of no rows when zeroed. */
typedef struct {
    uint64_t rows, unusable;               /* number of rows with a valid start; of rows without */
    bool unsorted;                         /* a start is earlier than the one before it */
    int64_t first_start, last_start;       /* starts of the first and last row, ns */
    int64_t first, last;                   /* the smallest interval with 0 and all times of the run, ns */
    input_nsys_summary_process *processes; /* in the order of their first rows */
    size_t process_count, process_cap;
    input_nsys_making *makings;
    size_t making_count, making_cap;
} input_nsys_summary;

/* Adds a row. */
void input_nsys_summary_take(input_nsys_summary *s, const input_nsys_cells *row,
                             const input_nsys_places *places);

/* Frees what the summary holds and zeroes it. */
void input_nsys_summary_free(input_nsys_summary *s);

#endif
