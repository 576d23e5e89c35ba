/* Cursors over the tables of an SQLite export, which read rows through the feed where possible, else by a statement. */
#ifndef INPUT_NSYS_NSYS_TABLE_CURSOR_H
#define INPUT_NSYS_NSYS_TABLE_CURSOR_H

#include "analysis/input/nsys/nsys_prefetch.h"
#include "analysis/input/nsys/nsys_sqlite.h"

enum { INPUT_NSYS_COLUMNS_BYTES = 2000, INPUT_NSYS_WHERE_BYTES = 100 };

/* A table that is read row by row. `columns` are selected in this order; a column that the file lacks is NULL. */
typedef struct {
    const char *name;
    const char *const *columns;  /* the first two are the start and the end */
    const char *process;         /* name of the column with the process */
    uint64_t rows, unusable;     /* sums over the summaries so far */
    int64_t last_start;          /* start of the last of them */
    int64_t first_id, last_id;   /* row ids; the table is empty when first_id > last_id */
    size_t request;              /* index in the feed, if `fed` */
    sqlite3_stmt *statement;     /* otherwise */
    const input_nsys_cells *row; /* the current row, NULL at the end */
    input_nsys_rows *held;       /* the buffer that holds it */
    int64_t start, end;          /* its times, ns; end = start without `has_end` */
    const base_set
        *skip; /* in a single pass, rows with one of these values in column 4 are skipped; or NULL */
    input_nsys_rows one; /* buffer for the row of the statement */
    input_nsys_layout layout;
    input_nsys_places places;
    int scanned;          /* number of columns that the first pass reads */
    int reported;         /* number of columns that a single pass reads */
    bool present, sorted; /* the file has the table; its rows ascend by start */
    bool has_ids, fed;    /* it can be read by row ids; it is read through the feed */
    bool has_end;         /* the current row has an end */
    char list[INPUT_NSYS_COLUMNS_BYTES], where[INPUT_NSYS_WHERE_BYTES]; /* of the statement */
} input_nsys_table;

/* The state that the cursors of one file share. */
typedef struct {
    input_nsys_connection *connection;
    uint64_t bytes; /* size of the file */
    unsigned jobs;
    bool one_process; /* only rows of the process `pid24` are read */
    uint64_t pid24;   /* the bits of its globalPid above the lowest 24 */
    bool keep;        /* the file is small: the rows of the first pass are kept */
    input_nsys_feed *feed;
    /* Unless NULL, called with the summary of each slice before its first row is used. */
    void (*on_slice)(void *ctx, input_nsys_table *t, const input_nsys_summary *s);
    void *on_slice_ctx;
} input_nsys_cursors;

/* Stores the SQL condition that selects the rows of the selected process; "" without one. */
void input_nsys_where(input_nsys_cursors *cs, const input_nsys_table *t, char where[INPUT_NSYS_WHERE_BYTES]);

/* Sets has_ids, first_id and last_id of a table. */
void input_nsys_find_ids(input_nsys_cursors *cs, input_nsys_table *t);

/* Begins to read `count` tables: all columns, or with `scan` those of the first pass. A sorted table with row ids is read
 * through the feed, any other by a statement that sorts by start. With on_slice all tables must have ids and are assumed to be
 * sorted. An error is left in the connection. */
void input_nsys_begin(input_nsys_cursors *cs, input_nsys_table *tables, size_t count, bool scan);

/* Moves to the next row, t->row; false at the end, or after an error. */
bool input_nsys_next_row(input_nsys_cursors *cs, input_nsys_table *t);

/* Moves to the next row with a valid start and sets t->start, t->end and t->has_end; false as above. */
bool input_nsys_next_timed_row(input_nsys_cursors *cs, input_nsys_table *t);

/* Copies an error of the feed to the connection. */
void input_nsys_check_feed(input_nsys_cursors *cs);

/* Closes the feed. */
void input_nsys_cursors_close(input_nsys_cursors *cs);

#endif
