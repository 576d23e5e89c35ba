/* What must be known of a table before the first event is given to a visitor; made of parts of it. */
#ifndef INPUT_NSYS_NSYS_TABLE_STATS_H
#define INPUT_NSYS_NSYS_TABLE_STATS_H

#include "analysis/input/nsys/nsys_row_buffer.h"

/* Where a table's rows hold what is looked at; -1: nowhere. */
typedef struct {
    int process;     /* globalPid or globalTid; -1: rows say nothing of the run but their number and order */
    int correlation; /* correlation id */
    int type;        /* event type: rows are NVTX's, and columns 4 to 6 are text, textId, domainId */
} input_nsys_places;

typedef struct {
    uint64_t pid24, correlation_max;
} input_nsys_summary_process;

/* A domain is made. */
typedef struct {
    int64_t start, name_id; /* -1: the name is the text */
    uint64_t process, domain;
    char *text; /* NULL: none */
    uint32_t text_len;
} input_nsys_making;

/* A zeroed one is of no rows. */
typedef struct {
    uint64_t rows, unusable; /* unusable: without times that could be */
    bool unsorted;
    int64_t first_start, last_start;       /* of the first and last row */
    int64_t first, last;                   /* times that the run spans, 0 among them */
    input_nsys_summary_process *processes; /* in the order in which they came */
    size_t process_count, process_cap;
    input_nsys_making *makings;
    size_t making_count, making_cap;
} input_nsys_summary;

void input_nsys_summary_take(input_nsys_summary *s, const input_nsys_cells *row,
                             const input_nsys_places *places);

void input_nsys_summary_free(input_nsys_summary *s);

#endif
