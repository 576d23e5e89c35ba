/* Tables of an SQLite export, row by row: through the feed where that is possible, else by a cursor. */
#include "analysis/input/nsys/nsys_reader.h"

#include "analysis/base/alloc.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Fewer bytes no row of an event takes; row ids that would be more than so are too sparse for slices. */
#define ROW_BYTES 8

/* Whether the table has a column of that very name. */
static bool names_column(input_nsys_file *f, const char *table, const char *column) {
    char sql[300];
    bool found = false;
    snprintf(sql, sizeof sql, "SELECT * FROM \"%s\" LIMIT 0", table);
    sqlite3_stmt *s = input_nsys_query(f, sql);
    for (int i = 0; s && i < sqlite3_column_count(s); i++) {
        found |= sqlite3_stricmp(sqlite3_column_name(s, i), column) == 0;
    }
    sqlite3_finalize(s);
    return found;
}

void input_nsys_find_ids(input_nsys_file *f, input_nsys_table *t) {
    char sql[300];
    t->has_ids = false;
    /* A table WITHOUT ROWID has none, and one with a column of that name hides them. */
    if (!input_nsys_has_column(f, t->name, "rowid") || names_column(f, t->name, "rowid")) {
        return;
    }
    snprintf(sql, sizeof sql, "SELECT (SELECT min(rowid) FROM \"%s\"), (SELECT max(rowid) FROM \"%s\")",
             t->name, t->name);
    sqlite3_stmt *s = input_nsys_query(f, sql);
    if (input_nsys_row(f, s)) {
        t->first_id = input_nsys_int(s, 0, 1);
        t->last_id = input_nsys_int(s, 1, 0);
        uint64_t ids = t->first_id > t->last_id ? 0 : (uint64_t)t->last_id - (uint64_t)t->first_id;
        t->has_ids = ids < f->bytes / ROW_BYTES + 1;
    }
    sqlite3_finalize(s);
}

static void begin_cursor(input_nsys_file *f, input_nsys_table *t, bool in_order) {
    char sql[INPUT_NSYS_COLUMNS_BYTES + 300];
    snprintf(sql, sizeof sql, "SELECT %s FROM \"%s\"%s%s%s%s", t->list, t->name,
             in_order ? "" : " NOT INDEXED", *t->where ? " WHERE " : "", t->where,
             in_order ? " ORDER BY start" : "");
    t->cursor = input_nsys_query(f, sql);
}

void input_nsys_begin(input_nsys_file *f, input_nsys_table *tables, size_t count, bool scan) {
    input_nsys_request requests[INPUT_NSYS_REQUESTS];
    size_t asked = 0;
    if (f->feed && f->keep) {
        input_nsys_feed_rewind(f->feed);
    } else {
        input_nsys_feed_close(f->feed);
        f->feed = NULL;
    }
    for (size_t i = 0; i < count; i++) {
        input_nsys_table *t = &tables[i];
        t->fed = false;
        if (!t->present || f->stop != 0) {
            continue;
        }
        int columns = f->on_slice ? t->reported : scan && !f->keep ? t->scanned : INPUT_NSYS_CELLS;
        input_nsys_columns(f, t, columns, t->list);
        input_nsys_where(f, t, t->where);
        t->fed = t->has_ids && (scan || t->sorted || f->on_slice);
        if (!t->fed) {
            begin_cursor(f, t, !scan);
        }
        if (t->has_ids && (t->fed || f->keep)) {
            t->request = asked;
            requests[asked++] = (input_nsys_request){.table = t->name,
                                                     .columns = t->list,
                                                     .where = t->where,
                                                     .layout = t->layout,
                                                     .places = t->places,
                                                     .first = t->first_id,
                                                     .last = t->last_id,
                                                     .skip = f->on_slice ? t->skip : NULL,
                                                     .skipped = 4};
        }
    }
    if (!f->feed && f->stop == 0) {
        input_nsys_purpose purpose = f->on_slice ? INPUT_NSYS_ALONG
                                     : !scan     ? INPUT_NSYS_USE
                                     : f->keep   ? INPUT_NSYS_KEEP
                                                 : INPUT_NSYS_SUM_UP;
        f->feed = input_nsys_feed_open(f->path, f->jobs, purpose, requests, asked);
    }
}

void input_nsys_check_feed(input_nsys_file *f) {
    const char *error = input_nsys_feed_error(f->feed);
    if (error && f->stop == 0) {
        f->stop = -1;
        snprintf(f->error, TRACE_ERROR_BYTES, "%s", error);
    }
}

/* The next row, after the summary of its slice was told. */
static const input_nsys_cells *next_along(input_nsys_file *f, input_nsys_table *t) {
    const input_nsys_cells *row;
    while ((row = input_nsys_feed_next_of_slice(f->feed, t->request, &t->held)) == NULL) {
        const input_nsys_summary *s = input_nsys_feed_summary(f->feed, t->request);
        if (!s) {
            return NULL;
        }
        f->on_slice(f->on_slice_ctx, t, s);
        if (f->stop != 0) {
            return NULL;
        }
    }
    return row;
}

bool input_nsys_next_row(input_nsys_file *f, input_nsys_table *t) {
    t->row = NULL;
    if (f->stop != 0) {
        return false;
    }
    if (t->fed) {
        t->row = f->on_slice ? next_along(f, t) : input_nsys_feed_next(f->feed, t->request, &t->held);
        if (!t->row) {
            input_nsys_check_feed(f);
        }
    } else if (input_nsys_row(f, t->cursor)) {
        t->row = input_nsys_rows_take(&t->one, t->cursor, t->layout);
        t->held = &t->one;
    } else {
        sqlite3_finalize(t->cursor);
        t->cursor = NULL;
    }
    return t->row != NULL;
}

bool input_nsys_next(input_nsys_file *f, input_nsys_table *t) {
    while (input_nsys_next_row(f, t)) {
        if (!input_nsys_time(t->row, 0, &t->start)) {
            continue;
        }
        t->has_end = input_nsys_time(t->row, 1, &t->end);
        if (!t->has_end || t->end < t->start) {
            t->end = t->start;
        }
        return true;
    }
    return false;
}
