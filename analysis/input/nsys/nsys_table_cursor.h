/* Tables of an SQLite export, row by row: through the feed where that is possible, else by a statement. */
#ifndef INPUT_NSYS_NSYS_TABLE_CURSOR_H
#define INPUT_NSYS_NSYS_TABLE_CURSOR_H

#include "analysis/input/nsys/nsys_prefetch.h"
#include "analysis/input/nsys/nsys_sqlite.h"

enum { INPUT_NSYS_COLUMNS_BYTES = 2000, INPUT_NSYS_WHERE_BYTES = 100 };

/* A table that is read row by row. `columns` are selected in this order; a column that the file lacks reads
 * as NULL. */
typedef struct {
    const char *name;
    const char *const *columns;  /* the first two are the start and the end */
    const char *process;         /* the column that holds the process */
    uint64_t rows, unusable;     /* summed up so far; unusable: without a valid start */
    int64_t last_start;          /* of the last row summed up */
    int64_t first_id, last_id;   /* row ids; none when the first is greater than the last */
    size_t request;              /* in the feed, when rows come from there */
    sqlite3_stmt *statement;     /* when they do not */
    const input_nsys_cells *row; /* the current row, NULL at the end */
    input_nsys_rows *held;       /* where it is */
    int64_t start, end;          /* of it; end is the start when there is none */
    const base_set *skip;        /* in one go: rows with one of these in column 4 are left out; or NULL */
    input_nsys_rows one;         /* the row of a statement */
    input_nsys_layout layout;
    input_nsys_places places;
    int scanned;          /* so many columns are looked at before the first event */
    int reported;         /* so many when all is read in one go */
    bool present, sorted; /* sorted: its rows ascend by start */
    bool has_ids, fed;    /* it can be read by row ids; it is */
    bool has_end;
    char list[INPUT_NSYS_COLUMNS_BYTES], where[INPUT_NSYS_WHERE_BYTES]; /* of the statement */
} input_nsys_table;

/* How the tables of one file are read. */
typedef struct {
    input_nsys_connection *connection;
    uint64_t bytes; /* of the file */
    unsigned jobs;
    bool one_process; /* only rows of one process are read: */
    uint64_t pid24;   /* of this one, the bits of its globalPid above the lowest 24 */
    bool keep;        /* the file is small: its rows are kept */
    input_nsys_feed *feed;
    /* When not NULL: called with the summary of each slice before its first row is used. */
    void (*on_slice)(void *ctx, input_nsys_table *t, const input_nsys_summary *s);
    void *on_slice_ctx;
} input_nsys_cursors;

/* The condition for the rows of the wanted process; empty when all are wanted. */
void input_nsys_where(input_nsys_cursors *cs, const input_nsys_table *t, char where[INPUT_NSYS_WHERE_BYTES]);

/* Learns which row ids the table has. */
void input_nsys_find_ids(input_nsys_cursors *cs, input_nsys_table *t);

/* Begins to read tables, all columns or those that are scanned: by slices of row ids where a table has ids,
 * and else, or when it is not sorted, by a statement of its own in order of its start. With on_slice all
 * tables must have ids, and are taken to be sorted. */
void input_nsys_begin(input_nsys_cursors *cs, input_nsys_table *tables, size_t count, bool scan);

/* Goes to the next row; false at the end. */
bool input_nsys_next_row(input_nsys_cursors *cs, input_nsys_table *t);

/* The same for rows with usable times, which become start, end and has_end. */
bool input_nsys_next_timed_row(input_nsys_cursors *cs, input_nsys_table *t);

/* Makes an error of the feed the connection's. */
void input_nsys_check_feed(input_nsys_cursors *cs);

/* Closes the feed. */
void input_nsys_cursors_close(input_nsys_cursors *cs);

#endif
