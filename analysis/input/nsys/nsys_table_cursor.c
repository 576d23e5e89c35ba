/* Reads tables of an SQLite export row by row: through the feed if possible, else by a statement. */
#include "analysis/input/nsys/nsys_table_cursor.h"

#include "trace/trace.h"

#include <inttypes.h>
#include <stdio.h>

/* The smallest size of an event's row in bytes: more row ids than would fit into the file are too sparse for slices. */
#define ROW_BYTES 8

/* Whether the table has a column of exactly this name. */
static bool has_column_named(input_nsys_connection *c, const char *table, const char *column) {
    char sql[300];
    bool found = false;
    snprintf(sql, sizeof sql, "SELECT * FROM \"%s\" LIMIT 0", table);
    sqlite3_stmt *s = input_nsys_query(c, sql);
    for (int i = 0; s && i < sqlite3_column_count(s); i++) {
        found |= sqlite3_stricmp(sqlite3_column_name(s, i), column) == 0;
    }
    sqlite3_finalize(s);
    return found;
}

void input_nsys_find_ids(input_nsys_cursors *cs, input_nsys_table *t) {
    input_nsys_connection *c = cs->connection;
    char sql[300];
    t->has_ids = false;
    /* A table WITHOUT ROWID has no row ids, and a column of that name hides them. */
    if (!input_nsys_has_column(c, t->name, "rowid") || has_column_named(c, t->name, "rowid")) {
        return;
    }
    snprintf(sql, sizeof sql, "SELECT (SELECT min(rowid) FROM \"%s\"), (SELECT max(rowid) FROM \"%s\")",
             t->name, t->name);
    sqlite3_stmt *s = input_nsys_query(c, sql);
    if (input_nsys_step(c, s)) {
        t->first_id = input_nsys_int(s, 0, 1);
        t->last_id = input_nsys_int(s, 1, 0);
        uint64_t ids = t->first_id > t->last_id ? 0 : (uint64_t)t->last_id - (uint64_t)t->first_id;
        t->has_ids = ids < cs->bytes / ROW_BYTES + 1;
    }
    sqlite3_finalize(s);
}

/* Lists a table's first `count` columns for a statement, separated by commas, with NULL for a missing one. Sets the error
 * if there is no column for the start. */
static void list_columns(input_nsys_connection *c, const input_nsys_table *t, int count,
                         char list[INPUT_NSYS_COLUMNS_BYTES]) {
    size_t n = 0;
    for (int i = 0; i < count && t->columns[i]; i++) {
        bool has = input_nsys_has_column(c, t->name, t->columns[i]);
        n += (size_t)snprintf(list + n, INPUT_NSYS_COLUMNS_BYTES - n, has ? "%s\"%s\"" : "%sNULL",
                              i ? ", " : "", t->columns[i]);
    }
    if (!input_nsys_has_column(c, t->name, "start") && c->stop == 0) {
        c->stop = -1;
        snprintf(c->error, TRACE_ERROR_BYTES,
                 "%s: table %s has no column start: this is not an export of Nsight Systems", c->path,
                 t->name);
    }
}

void input_nsys_where(input_nsys_cursors *cs, const input_nsys_table *t, char where[INPUT_NSYS_WHERE_BYTES]) {
    *where = '\0';
    if (cs->one_process && input_nsys_has_column(cs->connection, t->name, t->process)) {
        snprintf(where, INPUT_NSYS_WHERE_BYTES, "(\"%s\" >> 24) & 1099511627775 = %" PRIu64, t->process,
                 cs->pid24);
    }
}

static void prepare_statement(input_nsys_connection *c, input_nsys_table *t, bool in_order) {
    char sql[INPUT_NSYS_COLUMNS_BYTES + 300];
    snprintf(sql, sizeof sql, "SELECT %s FROM \"%s\"%s%s%s%s", t->list, t->name,
             in_order ? "" : " NOT INDEXED", *t->where ? " WHERE " : "", t->where,
             in_order ? " ORDER BY start" : "");
    t->statement = input_nsys_query(c, sql);
}

/* Returns the number of columns of a table that are read. */
static int columns_of_pass(const input_nsys_cursors *cs, const input_nsys_table *t, bool scan) {
    if (cs->on_slice) {
        return t->reported;
    }
    return scan && !cs->keep ? t->scanned : INPUT_NSYS_CELLS;
}

/* How the rows that the feed reads are used. */
static input_nsys_purpose purpose_of_pass(const input_nsys_cursors *cs, bool scan) {
    if (cs->on_slice) {
        return INPUT_NSYS_ALONG;
    }
    if (!scan) {
        return INPUT_NSYS_USE;
    }
    return cs->keep ? INPUT_NSYS_KEEP : INPUT_NSYS_SUM_UP;
}

void input_nsys_cursors_close(input_nsys_cursors *cs) {
    input_nsys_feed_close(cs->feed);
    cs->feed = NULL;
}

void input_nsys_begin(input_nsys_cursors *cs, input_nsys_table *tables, size_t count, bool scan) {
    input_nsys_connection *c = cs->connection;
    input_nsys_request requests[INPUT_NSYS_REQUESTS];
    size_t asked = 0;
    if (cs->feed && cs->keep) {
        input_nsys_feed_rewind(cs->feed);
    } else {
        input_nsys_cursors_close(cs);
    }
    for (size_t i = 0; i < count; i++) {
        input_nsys_table *t = &tables[i];
        t->fed = false;
        if (!t->present || c->stop != 0) {
            continue;
        }
        int columns = columns_of_pass(cs, t, scan);
        list_columns(c, t, columns, t->list);
        input_nsys_where(cs, t, t->where);
        t->fed = t->has_ids && (scan || t->sorted || cs->on_slice);
        if (!t->fed) {
            prepare_statement(c, t, !scan);
        }
        if (t->has_ids && (t->fed || cs->keep)) {
            t->request = asked;
            requests[asked++] = (input_nsys_request){.table = t->name,
                                                     .columns = t->list,
                                                     .where = t->where,
                                                     .layout = t->layout,
                                                     .places = t->places,
                                                     .first = t->first_id,
                                                     .last = t->last_id,
                                                     .skip = cs->on_slice ? t->skip : NULL,
                                                     .skipped = 4};
        }
    }
    if (!cs->feed && c->stop == 0) {
        cs->feed = input_nsys_feed_open(c->path, cs->jobs, purpose_of_pass(cs, scan), requests, asked);
    }
}

void input_nsys_check_feed(input_nsys_cursors *cs) {
    input_nsys_connection *c = cs->connection;
    const char *error = input_nsys_feed_error(cs->feed);
    if (error && c->stop == 0) {
        c->stop = -1;
        snprintf(c->error, TRACE_ERROR_BYTES, "%s", error);
    }
}

/* Returns the next row, after its slice's summary was passed on. */
static const input_nsys_cells *next_row_along(input_nsys_cursors *cs, input_nsys_table *t) {
    const input_nsys_cells *row;
    while ((row = input_nsys_feed_next_of_slice(cs->feed, t->request, &t->held)) == NULL) {
        const input_nsys_summary *s = input_nsys_feed_summary(cs->feed, t->request);
        if (!s) {
            return NULL;
        }
        cs->on_slice(cs->on_slice_ctx, t, s);
        if (cs->connection->stop != 0) {
            return NULL;
        }
    }
    return row;
}

bool input_nsys_next_row(input_nsys_cursors *cs, input_nsys_table *t) {
    t->row = NULL;
    if (cs->connection->stop != 0) {
        return false;
    }
    if (t->fed) {
        t->row = cs->on_slice ? next_row_along(cs, t) : input_nsys_feed_next(cs->feed, t->request, &t->held);
        if (!t->row) {
            input_nsys_check_feed(cs);
        }
    } else if (input_nsys_step(cs->connection, t->statement)) {
        t->row = input_nsys_rows_take(&t->one, t->statement, t->layout);
        t->held = &t->one;
    } else {
        sqlite3_finalize(t->statement);
        t->statement = NULL;
    }
    return t->row != NULL;
}

bool input_nsys_next_timed_row(input_nsys_cursors *cs, input_nsys_table *t) {
    while (input_nsys_next_row(cs, t)) {
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
