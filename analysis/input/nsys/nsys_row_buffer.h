/* Rows of an SQLite export as plain numbers, so that one thread can read them and another use them. */
#ifndef INPUT_NSYS_NSYS_ROW_BUFFER_H
#define INPUT_NSYS_NSYS_ROW_BUFFER_H

#include <sqlite3.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { INPUT_NSYS_CELLS = 32 }; /* columns that a row can have */

/* A row: what its columns hold, each at its place in the list that was asked for. The next one stands `size`
 * bytes behind it. */
typedef struct {
    uint32_t size, columns;
    uint32_t ints, reals; /* bit c: column c is an integer; a real number, whose bits are in its cell */
    uint32_t text_len;    /* of the one column that is read as text; UINT32_MAX when that holds none */
    uint32_t shape;       /* index of the shape: see below */
    int64_t cells[];      /* then the text, without a terminator */
} input_nsys_cells;

/* What of a row is not kept as a cell. A kernel's last columns are the same for many kernels: each such shape
 * is kept once, -1 standing for what is no integer. */
typedef struct {
    int text;   /* index of the column that is read as text, or -1 */
    int shaped; /* from this column on a row has a shape; rows with fewer columns have none */
} input_nsys_layout;

enum { INPUT_NSYS_SHAPE_COLUMNS = 18 };
typedef struct {
    int64_t columns[INPUT_NSYS_SHAPE_COLUMNS];
} input_nsys_shape;

/* Rows in one piece of memory. A zeroed one is empty. */
typedef struct {
    unsigned char *bytes;
    size_t len, cap;
    input_nsys_shape *shapes;
    uint32_t *ids; /* of each shape what the user of the rows gave it; BASE_NONE at first */
    size_t shape_count, shape_cap, id_cap;
    uint32_t *by_hash; /* index of a shape + 1, in a table of a fixed size; 0 is free */
} input_nsys_rows;

/* Appends a row. Longer texts than a trace takes are cut. */
const input_nsys_cells *input_nsys_rows_add(input_nsys_rows *rows, int count, sqlite3_value **values,
                                            input_nsys_layout layout);

/* The row that a statement is at, alone in `rows`. */
const input_nsys_cells *input_nsys_rows_take(input_nsys_rows *rows, sqlite3_stmt *s,
                                             input_nsys_layout layout);

/* Forgets the rows, and keeps the memory; frees it too. */
void input_nsys_rows_clear(input_nsys_rows *rows);
void input_nsys_rows_free(input_nsys_rows *rows);

/* A column as a number, `missing` when it holds none; the same where it must fit into 32 bits; and as a real
 * number. */
static inline int64_t input_nsys_cell(const input_nsys_cells *row, int column, int64_t missing) {
    return row->ints >> column & 1 ? row->cells[column] : missing;
}

static inline uint32_t input_nsys_cell_u32(const input_nsys_cells *row, int column, uint32_t missing) {
    int64_t value = input_nsys_cell(row, column, -1);
    return value < 0 || value > UINT32_MAX ? missing : (uint32_t)value;
}

double input_nsys_cell_real(const input_nsys_cells *row, int column);

/* The text of a row, NULL when it has none. */
const char *input_nsys_cell_text(const input_nsys_cells *row);

/* Times beyond this many ns either side of 0 (146 years) are none. */
#define INPUT_NSYS_TIME_MAX ((int64_t)1 << 62)

/* A column as a time; false when it is none that can be. */
static inline bool input_nsys_time(const input_nsys_cells *row, int column, int64_t *time) {
    *time = input_nsys_cell(row, column, INT64_MAX);
    return *time > -INPUT_NSYS_TIME_MAX && *time < INPUT_NSYS_TIME_MAX;
}

#endif
