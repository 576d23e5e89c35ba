/* Reads the rows of an SQLite export ahead of their use.
 *
 * Most of the time of an import is spent in SQLite, so several threads read, each with a connection of its own: a table is
 * divided into slices of row ids, and a slice's rows are stored as plain numbers until the importer, which processes the
 * slices in order, needs them. Memory is bounded: only a few slices of each table are read ahead, unless all are to be kept.
 * The reading threads also compute the summaries that are needed before the first row is used. */
#ifndef INPUT_NSYS_NSYS_PREFETCH_H
#define INPUT_NSYS_NSYS_PREFETCH_H

#include "analysis/base/u64_set.h"
#include "analysis/input/nsys/nsys_table_stats.h"

/* A request for rows of one table: SELECT `columns` FROM `table`, with row ids from `first` to `last`, and for which the
 * condition `where` holds unless it is empty. */
typedef struct {
    const char *table, *columns, *where;
    /* Rows with one of these values in column `skipped` are counted in the summary, but not returned; NULL: all rows are
     * returned. Only for tables without a text column. */
    const base_set *skip;
    int skipped;
    input_nsys_places places; /* for the summary */
    input_nsys_layout layout;
    int64_t first, last;
} input_nsys_request;

enum { INPUT_NSYS_REQUESTS = 16 };

typedef struct input_nsys_feed input_nsys_feed;

/* The use of a slice's rows. */
typedef enum {
    INPUT_NSYS_USE,    /* rows, each returned once */
    INPUT_NSYS_SUM_UP, /* summaries alone */
    INPUT_NSYS_ALONG,  /* summaries, and each slice's rows once, after its summary */
    INPUT_NSYS_KEEP,   /* summaries; the rows are kept and returned after input_nsys_feed_rewind */
} input_nsys_purpose;

/* Opens a feed for `count` (at most INPUT_NSYS_REQUESTS) requests, whose texts must outlive it. With jobs > 1 at most `jobs`
 * threads read ahead, fewer when there is little to read. With jobs = 1, or when no thread can be started, rows are read when
 * they are requested. Errors are reported by input_nsys_feed_error. The caller closes the feed. */
input_nsys_feed *input_nsys_feed_open(const char *path, unsigned jobs, input_nsys_purpose purpose,
                                      const input_nsys_request *requests, size_t count);

/* Returns the summary of the next slice of a request (an index), valid until the next call for the same request; NULL at the
 * end, or after an error. */
const input_nsys_summary *input_nsys_feed_summary(input_nsys_feed *feed, size_t request);

/* Returns the next row of a request, valid until the next call for the same request, and stores in *rows the buffer that holds
 * its launch configuration; NULL at the end, or after an error. */
const input_nsys_cells *input_nsys_feed_next(input_nsys_feed *feed, size_t request, input_nsys_rows **rows);

/* As input_nsys_feed_next, within the slice whose summary was returned last: NULL at the end of that slice. */
const input_nsys_cells *input_nsys_feed_next_of_slice(input_nsys_feed *feed, size_t request,
                                                      input_nsys_rows **rows);

/* Returns the message of the first error, which lives as long as the feed; NULL without one. */
const char *input_nsys_feed_error(const input_nsys_feed *feed);

/* Returns to the first row of each request; for INPUT_NSYS_KEEP. */
void input_nsys_feed_rewind(input_nsys_feed *feed);

/* Stops the threads and frees the feed, which may be NULL. */
void input_nsys_feed_close(input_nsys_feed *feed);

#endif
