/* Rows of an SQLite export, read ahead of their use.
 *
 * SQLite takes most of the time that a capture takes, so several threads ask it, each through a connection of
 * its own: a table is cut into slices of row ids, and the rows of a slice are kept as plain numbers until the
 * importer, which takes the slices in order, wants them. Memory is bounded: of each table only some slices
 * are read ahead, unless the file is so small that all of them are kept, to be gone through twice. */
#ifndef ANALYSIS_IMPORT_NSYS_FEED_H
#define ANALYSIS_IMPORT_NSYS_FEED_H

#include <sqlite3.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A row: what its columns hold, each at its place in the list that was asked for. The next one stands `size`
 * bytes behind it. */
typedef struct {
    uint32_t size, columns;
    uint32_t ints, reals; /* bit c: column c is an integer; a real number, whose bits are in its cell */
    uint32_t text_len;    /* of the one column that is read as text; UINT32_MAX when that holds none */
    int64_t cells[];      /* then the text, without a terminator */
} analysis_nsys_cells;

enum { ANALYSIS_NSYS_CELLS = 32 }; /* columns that a row can have */

/* Rows in one piece of memory. A zeroed one is empty. */
typedef struct {
    unsigned char *bytes;
    size_t len, cap;
} analysis_nsys_rows;

/* Appends a row; `text` is the index of the column that is read as text, or -1. Longer texts than a trace
 * takes are cut. */
void analysis_nsys_rows_add(analysis_nsys_rows *rows, int count, sqlite3_value **values, int text);

/* The row that a statement is at, alone in `rows`. */
const analysis_nsys_cells *analysis_nsys_rows_take(analysis_nsys_rows *rows, sqlite3_stmt *s, int text);

/* A column as a number, `missing` when it holds none; the same where it must fit into 32 bits; and as a real
 * number. */
static inline int64_t analysis_nsys_cell(const analysis_nsys_cells *row, int column, int64_t missing) {
    return row->ints >> column & 1 ? row->cells[column] : missing;
}

static inline uint32_t analysis_nsys_cell_u32(const analysis_nsys_cells *row, int column, uint32_t missing) {
    int64_t value = analysis_nsys_cell(row, column, -1);
    return value < 0 || value > UINT32_MAX ? missing : (uint32_t)value;
}

double analysis_nsys_cell_real(const analysis_nsys_cells *row, int column);

/* The text of a row, NULL when it has none. */
const char *analysis_nsys_cell_text(const analysis_nsys_cells *row);

/* What is read of one table. `columns` stands between SELECT and FROM; rows are those with row ids from
 * `first` to `last` for which `where`, if it is not empty, holds. */
typedef struct {
    const char *table, *columns, *where;
    int text;
    int64_t first, last;
} analysis_nsys_request;

enum { ANALYSIS_NSYS_REQUESTS = 16 };

typedef struct analysis_nsys_feed analysis_nsys_feed;

/* For `count` requests, whose texts must live as long as the feed. With jobs > 1 as many threads read, or
 * fewer where there is little to read; else, and where none can be started, rows are read when they are
 * wanted. `keep`: no slice is thrown away, so that analysis_nsys_feed_rewind is possible. */
analysis_nsys_feed *analysis_nsys_feed_open(const char *path, unsigned jobs, bool keep,
                                            const analysis_nsys_request *requests, size_t count);

/* The next row of a request, valid until the next call for the same one; NULL at the end, or after an error,
 * which is then in feed's error. */
const analysis_nsys_cells *analysis_nsys_feed_next(analysis_nsys_feed *feed, size_t request);

/* What went wrong first, of the requests that were asked for; NULL when nothing did. */
const char *analysis_nsys_feed_error(const analysis_nsys_feed *feed);

/* Goes back to the first row of each request. */
void analysis_nsys_feed_rewind(analysis_nsys_feed *feed);

void analysis_nsys_feed_close(analysis_nsys_feed *feed);

#endif
