/* Rows of an SQLite export, read ahead of their use.
 *
 * SQLite takes most of the time that a capture takes, so several threads ask it, each through a connection of
 * its own: a table is cut into slices of row ids, and the rows of a slice are kept as plain numbers until the
 * importer, which takes the slices in order, wants them. Memory is bounded: of each table only some slices
 * are read ahead, unless all of them are to be kept. What must be known of all rows before the first is used
 * is summed up by the threads that read. */
#ifndef INPUT_NSYS_NSYS_PREFETCH_H
#define INPUT_NSYS_NSYS_PREFETCH_H

#include "analysis/base/u64_set.h"
#include "analysis/input/nsys/nsys_table_stats.h"

/* What is read of one table. `columns` stands between SELECT and FROM; rows are those with row ids from
 * `first` to `last` for which `where`, if it is not empty, holds. */
typedef struct {
    const char *table, *columns, *where;
    /* Rows that hold one of these in column `skipped` are summed up and not used; or NULL. For tables whose
     * rows have no text. */
    const base_set *skip;
    int skipped;
    input_nsys_places places; /* for the summary */
    input_nsys_layout layout;
    int64_t first, last;
} input_nsys_request;

enum { INPUT_NSYS_REQUESTS = 16 };

typedef struct input_nsys_feed input_nsys_feed;

/* What becomes of the rows of a slice. */
typedef enum {
    INPUT_NSYS_USE,    /* they are used once */
    INPUT_NSYS_SUM_UP, /* only their summary is made */
    INPUT_NSYS_ALONG,  /* it is made, and they are used once, slice by slice */
    INPUT_NSYS_KEEP,   /* it is made, and they are kept, to be used after input_nsys_feed_rewind */
} input_nsys_purpose;

/* For `count` requests, whose texts must live as long as the feed. With jobs > 1 as many threads read, or
 * fewer where there is little to read; else, and where none can be started, rows are read when they are
 * wanted. */
input_nsys_feed *input_nsys_feed_open(const char *path, unsigned jobs, input_nsys_purpose purpose,
                                      const input_nsys_request *requests, size_t count);

/* The summary of the next slice of a request, valid until the next call for the same one; NULL at the end, or
 * after an error, which is then the feed's. */
const input_nsys_summary *input_nsys_feed_summary(input_nsys_feed *feed, size_t request);

/* The same for its rows one by one; *rows is where the row's shape is. */
const input_nsys_cells *input_nsys_feed_next(input_nsys_feed *feed, size_t request, input_nsys_rows **rows);

/* The same for the slice whose summary was asked for last: NULL at its end, too. */
const input_nsys_cells *input_nsys_feed_next_of_slice(input_nsys_feed *feed, size_t request,
                                                      input_nsys_rows **rows);

/* What went wrong first; NULL when nothing did. */
const char *input_nsys_feed_error(const input_nsys_feed *feed);

/* Goes back to the first row of each request. */
void input_nsys_feed_rewind(input_nsys_feed *feed);

void input_nsys_feed_close(input_nsys_feed *feed);

#endif
