/* Stores values of SQLite as cells. */
#include "analysis/input/nsys/nsys_row_buffer.h"

#include "analysis/base/alloc.h"
#include "trace/trace.h"

#include <stdlib.h>
#include <string.h>

/* Slots for the shapes of one buffer: a power of two. With more shapes, some may be stored twice. */
#define SHAPE_SLOTS 1024

/* Returns the index of the shape with these values. */
static uint32_t shape_of_row(input_nsys_rows *rows, int count, sqlite3_value **values) {
    input_nsys_shape shape;
    uint64_t hash = 0;
    for (int i = 0; i < INPUT_NSYS_SHAPE_COLUMNS; i++) {
        bool number = i < count && sqlite3_value_type(values[i]) == SQLITE_INTEGER;
        shape.columns[i] = number ? sqlite3_value_int64(values[i]) : -1;
        hash = (hash ^ (uint64_t)shape.columns[i]) * 0x9fb21c651e98df25u;
        hash ^= hash >> 32;
    }
    if (!rows->by_hash) {
        rows->by_hash = base_alloc(SHAPE_SLOTS, sizeof *rows->by_hash);
    }
    uint32_t *slot = &rows->by_hash[hash % SHAPE_SLOTS];
    for (size_t tried = 0; *slot != 0 && tried < 8; tried++) {
        if (memcmp(&rows->shapes[*slot - 1], &shape, sizeof shape) == 0) {
            return *slot - 1;
        }
        slot = &rows->by_hash[++hash % SHAPE_SLOTS];
    }
    size_t at = rows->shape_count++;
    rows->shapes = base_grow_fast(rows->shapes, &rows->shape_cap, at + 1, sizeof *rows->shapes);
    rows->ids = base_grow_fast(rows->ids, &rows->id_cap, at + 1, sizeof *rows->ids);
    rows->shapes[at] = shape;
    rows->ids[at] = BASE_NONE;
    *slot = (uint32_t)at + 1;
    return (uint32_t)at;
}

static void set_cell(input_nsys_cells *row, int i, sqlite3_value *value) {
    int type = sqlite3_value_type(value);
    row->cells[i] = 0;
    if (type == SQLITE_INTEGER) {
        row->ints |= 1u << i;
        row->cells[i] = sqlite3_value_int64(value);
    } else if (type == SQLITE_FLOAT) {
        double real = sqlite3_value_double(value);
        row->reals |= 1u << i;
        memcpy(&row->cells[i], &real, sizeof real);
    }
}

const input_nsys_cells *input_nsys_rows_add(input_nsys_rows *rows, int count, sqlite3_value **values,
                                            input_nsys_layout layout) {
    const char *bytes = NULL;
    uint32_t len = UINT32_MAX;
    if (layout.text >= 0 && layout.text < count && sqlite3_value_type(values[layout.text]) == SQLITE_TEXT) {
        bytes = (const char *)sqlite3_value_text(values[layout.text]);
        int all = sqlite3_value_bytes(values[layout.text]);
        len = bytes ? (uint32_t)(all > TRACE_STRING_MAX ? TRACE_STRING_MAX : all) : UINT32_MAX;
    }
    int columns = count < layout.shaped ? count : layout.shaped;
    size_t size = sizeof(input_nsys_cells) + (size_t)columns * sizeof(int64_t) + (bytes ? len : 0);
    size = (size + 7) & ~(size_t)7;
    rows->bytes = base_grow_fast(rows->bytes, &rows->cap, rows->len + size, 1);
    void *place = rows->bytes + rows->len;
    input_nsys_cells *row = place;
    rows->len += size;
    *row = (input_nsys_cells){.size = (uint32_t)size, .columns = (uint32_t)columns, .text_len = len};
    for (int i = 0; i < columns; i++) {
        set_cell(row, i, values[i]);
    }
    if (count > columns) {
        row->shape = shape_of_row(rows, count - columns, values + columns);
    }
    if (bytes) {
        memcpy(row->cells + columns, bytes, len);
    }
    return row;
}

const input_nsys_cells *input_nsys_rows_take(input_nsys_rows *rows, sqlite3_stmt *s,
                                             input_nsys_layout layout) {
    sqlite3_value *values[INPUT_NSYS_CELLS] = {NULL};
    int count = sqlite3_column_count(s);
    for (int i = 0; i < count; i++) {
        values[i] = sqlite3_column_value(s, i);
    }
    rows->len = 0;
    if (rows->shape_count > SHAPE_SLOTS) {
        input_nsys_rows_clear(rows);
    }
    return input_nsys_rows_add(rows, count, values, layout);
}

void input_nsys_rows_clear(input_nsys_rows *rows) {
    rows->len = 0;
    rows->shape_count = 0;
    if (rows->by_hash) {
        memset(rows->by_hash, 0, SHAPE_SLOTS * sizeof *rows->by_hash);
    }
}

void input_nsys_rows_free(input_nsys_rows *rows) {
    free(rows->bytes);
    free(rows->shapes);
    free(rows->ids);
    free(rows->by_hash);
    memset(rows, 0, sizeof *rows);
}

double input_nsys_cell_real(const input_nsys_cells *row, int column) {
    double real;
    memcpy(&real, &row->cells[column], sizeof real);
    return row->reals >> column & 1 ? real : (double)row->cells[column];
}

const char *input_nsys_cell_text(const input_nsys_cells *row) {
    return row->text_len == UINT32_MAX ? NULL : (const char *)(row->cells + row->columns);
}
