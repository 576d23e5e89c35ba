/* A buffer of rows of an SQLite export as plain numbers, which one thread can fill and another use. */
#ifndef INPUT_NSYS_NSYS_ROW_BUFFER_H
#define INPUT_NSYS_NSYS_ROW_BUFFER_H

#include <sqlite3.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { INPUT_NSYS_CELLS = 32 }; /* largest number of columns of a row */

/* A row: the values of its columns, in the order of the request. The next row follows `size` bytes after its beginning. */
typedef struct {
    uint32_t size, columns;
    uint32_t ints, reals; /* bit c: column c is an integer; is a real number, whose bits are in its cell */
    uint32_t text_len;    /* bytes of the text column; UINT32_MAX when it holds no text */
    uint32_t shape;       /* index into the buffer's shapes */
    int64_t cells[];      /* followed by the text, not terminated */
} input_nsys_cells;

/* The columns that are not stored as cells. The last columns of a kernel, its launch configuration or shape, are equal for many
 * kernels: each distinct shape is stored once, with -1 for a value that is not an integer. */
typedef struct {
    int text;   /* index of the text column, or -1 */
    int shaped; /* index of the first column of the shape; rows with fewer columns have no shape */
} input_nsys_layout;

enum { INPUT_NSYS_SHAPE_COLUMNS = 18 };
typedef struct {
    int64_t columns[INPUT_NSYS_SHAPE_COLUMNS];
} input_nsys_shape;

/* Rows in contiguous memory. Empty when zeroed. */
typedef struct {
    unsigned char *bytes;
    size_t len, cap;
    input_nsys_shape *shapes;
    uint32_t *ids; /* for each shape, an id that the user of the rows sets; BASE_NONE at first */
    size_t shape_count, shape_cap, id_cap;
    uint32_t *by_hash; /* index of a shape + 1, in a table of a fixed size; 0 is free */
} input_nsys_rows;

/* Appends a row of `count` columns and returns it, valid until the next call. Texts are truncated to TRACE_STRING_MAX bytes. */
const input_nsys_cells *input_nsys_rows_add(input_nsys_rows *rows, int count, sqlite3_value **values,
                                            input_nsys_layout layout);

/* Replaces the content of `rows` by the current row of a statement, and returns it. */
const input_nsys_cells *input_nsys_rows_take(input_nsys_rows *rows, sqlite3_stmt *s,
                                             input_nsys_layout layout);

/* input_nsys_rows_clear removes all rows and keeps the memory; input_nsys_rows_free frees it as well. */
void input_nsys_rows_clear(input_nsys_rows *rows);
void input_nsys_rows_free(input_nsys_rows *rows);

/* Return a column's value: an integer, or `missing` when it is not one; an integer in [0, UINT32_MAX], or `missing`; a number as
 * double, or 0 when it is not one. */
static inline int64_t input_nsys_cell(const input_nsys_cells *row, int column, int64_t missing) {
    return row->ints >> column & 1 ? row->cells[column] : missing;
}

static inline uint32_t input_nsys_cell_u32(const input_nsys_cells *row, int column, uint32_t missing) {
    int64_t value = input_nsys_cell(row, column, -1);
    return value < 0 || value > UINT32_MAX ? missing : (uint32_t)value;
}

double input_nsys_cell_real(const input_nsys_cells *row, int column);

/* Returns the text of a row, text_len bytes, not terminated; NULL when it has none. */
const char *input_nsys_cell_text(const input_nsys_cells *row);

/* Times of a larger absolute value, in ns (146 years), are invalid. */
#define INPUT_NSYS_TIME_MAX ((int64_t)1 << 62)

/* Stores a column's value as a time in ns; returns false when it is not a valid time. */
static inline bool input_nsys_time(const input_nsys_cells *row, int column, int64_t *time) {
    *time = input_nsys_cell(row, column, INT64_MAX);
    return *time > -INPUT_NSYS_TIME_MAX && *time < INPUT_NSYS_TIME_MAX;
}

#endif
