/* Tables of an SQLite export, row by row: through the feed where that is possible, else by a cursor. */
#include "analysis/import_nsys.h"

#include "analysis/memory.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Fewer bytes no row of an event takes; row ids that would be more than so are too sparse for slices. */
#define ROW_BYTES 8

/* Whether the table has a column of that very name. */
static bool names_column(analysis_nsys_file *f, const char *table, const char *column) {
    char sql[300];
    bool found = false;
    snprintf(sql, sizeof sql, "SELECT * FROM \"%s\" LIMIT 0", table);
    sqlite3_stmt *s = analysis_nsys_query(f, sql);
    for (int i = 0; s && i < sqlite3_column_count(s); i++) {
        found |= sqlite3_stricmp(sqlite3_column_name(s, i), column) == 0;
    }
    sqlite3_finalize(s);
    return found;
}

void analysis_nsys_find_ids(analysis_nsys_file *f, analysis_nsys_table *t) {
    char sql[300];
    t->has_ids = false;
    /* A table WITHOUT ROWID has none, and one with a column of that name hides them. */
    if (!analysis_nsys_has_column(f, t->name, "rowid") || names_column(f, t->name, "rowid")) {
        return;
    }
    snprintf(sql, sizeof sql, "SELECT (SELECT min(rowid) FROM \"%s\"), (SELECT max(rowid) FROM \"%s\")",
             t->name, t->name);
    sqlite3_stmt *s = analysis_nsys_query(f, sql);
    if (analysis_nsys_row(f, s)) {
        t->first_id = analysis_nsys_int(s, 0, 1);
        t->last_id = analysis_nsys_int(s, 1, 0);
        uint64_t ids = t->first_id > t->last_id ? 0 : (uint64_t)t->last_id - (uint64_t)t->first_id;
        t->has_ids = ids < f->bytes / ROW_BYTES + 1;
    }
    sqlite3_finalize(s);
}

static void begin_cursor(analysis_nsys_file *f, analysis_nsys_table *t, bool in_order) {
    char sql[ANALYSIS_NSYS_COLUMNS_BYTES + 300];
    snprintf(sql, sizeof sql, "SELECT %s FROM \"%s\"%s%s%s%s", t->list, t->name,
             in_order ? "" : " NOT INDEXED", *t->where ? " WHERE " : "", t->where,
             in_order ? " ORDER BY start" : "");
    t->cursor = analysis_nsys_query(f, sql);
}

void analysis_nsys_begin(analysis_nsys_file *f, analysis_nsys_table *tables, size_t count, bool scan) {
    analysis_nsys_request requests[ANALYSIS_NSYS_REQUESTS];
    size_t asked = 0;
    if (f->feed && f->keep) {
        analysis_nsys_feed_rewind(f->feed);
    } else {
        analysis_nsys_feed_close(f->feed);
        f->feed = NULL;
    }
    for (size_t i = 0; i < count; i++) {
        analysis_nsys_table *t = &tables[i];
        t->fed = false;
        if (!t->present || f->stop != 0) {
            continue;
        }
        int columns = f->on_slice ? t->reported : scan && !f->keep ? t->scanned : ANALYSIS_NSYS_CELLS;
        analysis_nsys_columns(f, t, columns, t->list);
        analysis_nsys_where(f, t, t->where);
        t->fed = t->has_ids && (scan || t->sorted || f->on_slice);
        if (!t->fed) {
            begin_cursor(f, t, !scan);
        }
        if (t->has_ids && (t->fed || f->keep)) {
            t->request = asked;
            requests[asked++] = (analysis_nsys_request){.table = t->name,
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
        analysis_nsys_purpose purpose = f->on_slice ? ANALYSIS_NSYS_ALONG
                                        : !scan     ? ANALYSIS_NSYS_USE
                                        : f->keep   ? ANALYSIS_NSYS_KEEP
                                                    : ANALYSIS_NSYS_SUM_UP;
        f->feed = analysis_nsys_feed_open(f->path, f->jobs, purpose, requests, asked);
    }
}

void analysis_nsys_check_feed(analysis_nsys_file *f) {
    const char *error = analysis_nsys_feed_error(f->feed);
    if (error && f->stop == 0) {
        f->stop = -1;
        snprintf(f->error, TRACE_ERROR_BYTES, "%s", error);
    }
}

/* The next row, after the summary of its slice was told. */
static const analysis_nsys_cells *next_along(analysis_nsys_file *f, analysis_nsys_table *t) {
    const analysis_nsys_cells *row;
    while ((row = analysis_nsys_feed_next_of_slice(f->feed, t->request, &t->held)) == NULL) {
        const analysis_nsys_summary *s = analysis_nsys_feed_summary(f->feed, t->request);
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

bool analysis_nsys_next_row(analysis_nsys_file *f, analysis_nsys_table *t) {
    t->row = NULL;
    if (f->stop != 0) {
        return false;
    }
    if (t->fed) {
        t->row = f->on_slice ? next_along(f, t) : analysis_nsys_feed_next(f->feed, t->request, &t->held);
        if (!t->row) {
            analysis_nsys_check_feed(f);
        }
    } else if (analysis_nsys_row(f, t->cursor)) {
        t->row = analysis_nsys_rows_take(&t->one, t->cursor, t->layout);
        t->held = &t->one;
    } else {
        sqlite3_finalize(t->cursor);
        t->cursor = NULL;
    }
    return t->row != NULL;
}

bool analysis_nsys_next(analysis_nsys_file *f, analysis_nsys_table *t) {
    while (analysis_nsys_next_row(f, t)) {
        if (!analysis_nsys_time(t->row, 0, &t->start)) {
            continue;
        }
        t->has_end = analysis_nsys_time(t->row, 1, &t->end);
        if (!t->has_end || t->end < t->start) {
            t->end = t->start;
        }
        return true;
    }
    return false;
}
