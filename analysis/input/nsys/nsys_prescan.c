/* Properties of an export of Nsight Systems that must be known before its first event: summaries of its tables. A file of
 * one process with sorted tables can be read in a single pass: the summaries are made along the way, and confirm that it
 * is such a file. */
#include "analysis/input/nsys/nsys_internal.h"

#include "analysis/base/alloc.h"

#include <stdio.h>

/* Files up to this size, and up to this number of rows, are kept in memory (about three times the size of the file) for
 * the second pass. */
#define KEEP_BYTES (16 << 20)
#define KEEP_ROWS  (1 << 19)

static void add_domain_creation(input_nsys_reading *rd, const input_nsys_making *m) {
    input_nsys_capture *cap = &rd->capture;
    uint32_t name = m->name_id < 0 ? 0 : input_nsys_string_id(cap, m->name_id);
    if (name == 0 && m->text) {
        name = input_nsys_text_id(cap, m->text, m->text_len);
    }
    uint64_t key = input_nsys_mix(m->process, m->domain);
    uint32_t before = base_map_get(&rd->domains, key);
    if (cap->cursors.on_slice && before != BASE_NONE && before != name && cap->db.stop == 0) {
        cap->db.stop = INPUT_READ_AGAIN; /* the last creation names the domain in all rows */
    }
    base_map_put(&rd->domains, key, name);
    rd->creations =
        base_grow(rd->creations, &rd->creation_cap, rd->creation_count + 1, sizeof *rd->creations);
    rd->creations[rd->creation_count++] = (input_nsys_creation){m->start, name};
}

/* Adds the summary of a slice, which follows the preceding slices. */
static void add_table_summary(input_nsys_reading *rd, input_nsys_table *t, const input_nsys_summary *s) {
    input_nsys_capture *cap = &rd->capture;
    t->unusable += s->unusable;
    if (s->rows == 0) {
        return;
    }
    t->sorted &= !s->unsorted && (t->rows == 0 || s->first_start >= t->last_start);
    t->last_start = s->last_start;
    t->rows += s->rows;
    for (size_t i = 0; i < s->process_count; i++) {
        const input_nsys_summary_process *from = &s->processes[i];
        input_nsys_process_ids *to = input_nsys_process_of(rd, (int64_t)(from->pid24 << 24));
        to->correlation_max =
            from->correlation_max > to->correlation_max ? from->correlation_max : to->correlation_max;
    }
    for (size_t i = 0; i < s->making_count; i++) {
        add_domain_creation(rd, &s->makings[i]);
    }
    cap->first = s->first < cap->first ? s->first : cap->first;
    cap->last = s->last > cap->last ? s->last : cap->last;
}

static void sum_up_table(input_nsys_reading *rd, input_nsys_table *t) {
    input_nsys_capture *cap = &rd->capture;
    const input_nsys_summary *part;
    t->sorted = true;
    if (t->fed) {
        while ((part = input_nsys_feed_summary(cap->cursors.feed, t->request)) != NULL && cap->db.stop == 0) {
            add_table_summary(rd, t, part);
        }
        input_nsys_check_feed(&cap->cursors);
        return;
    }
    input_nsys_summary whole = {0};
    while (input_nsys_next_row(&cap->cursors, t)) {
        input_nsys_summary_take(&whole, t->row, &t->places);
    }
    add_table_summary(rd, t, &whole);
    input_nsys_summary_free(&whole);
}

/* Determines the tables' row ids; returns their number. */
static uint64_t find_row_ids(input_nsys_reading *rd) {
    input_nsys_capture *cap = &rd->capture;
    uint64_t rows = 0;
    for (int i = 0; i < INPUT_NSYS_TABLES; i++) {
        input_nsys_table *t = &rd->tables[i];
        if (t->present && cap->db.stop == 0) {
            input_nsys_find_ids(&cap->cursors, t);
            rows += t->has_ids && t->first_id <= t->last_id ? (uint64_t)(t->last_id - t->first_id) + 1 : 0;
        }
    }
    return rows;
}

/* Adds the summary of a slice before its rows are used. */
static void add_slice_summary(void *ctx, input_nsys_table *t, const input_nsys_summary *s) {
    input_nsys_reading *rd = ctx;
    input_nsys_capture *cap = &rd->capture;
    size_t makings = rd->creation_count;
    add_table_summary(rd, t, s);
    if (cap->db.stop == 0 && (t->unusable > 0 || !t->sorted || rd->process_count > 1 || cap->first < 0)) {
        cap->db.stop = INPUT_READ_AGAIN;
    }
    if (rd->creation_count > makings) {
        input_nsys_note_marks(rd);
    }
}

/* Returns the process of the first row that has one; the number of the file's process is derived from it. */
static void find_first_process(input_nsys_reading *rd, const input_nsys_table *t) {
    input_nsys_capture *cap = &rd->capture;
    char sql[INPUT_NSYS_WHERE_BYTES + 300];
    if (!input_nsys_has_column(&cap->db, t->name, t->process)) {
        return;
    }
    snprintf(sql, sizeof sql, "SELECT \"%s\" FROM \"%s\" NOT INDEXED%s%s LIMIT 1", t->process, t->name,
             *t->where ? " WHERE " : "", t->where);
    sqlite3_stmt *s = input_nsys_query(&cap->db, sql);
    if (input_nsys_step(&cap->db, s) && input_nsys_int(s, 0, 0) != 0) {
        input_nsys_process_of(rd, input_nsys_int(s, 0, 0));
    }
    sqlite3_finalize(s);
}

/* Calls that only query are half of a capture, and do not affect a report. */
static void find_query_calls(input_nsys_reading *rd) {
    input_nsys_capture *cap = &rd->capture;
    if (!input_nsys_has_table(&cap->db, "StringIds")) {
        return;
    }
    sqlite3_stmt *s =
        input_nsys_query(&cap->db, "SELECT id, value FROM StringIds WHERE id BETWEEN 0 AND 65535 AND "
                                   "value >= 'cu' AND value < 'cv'");
    while (input_nsys_step(&cap->db, s)) {
        const char *text = (const char *)sqlite3_column_text(s, 1);
        if (text && names_call_kind_of(text) == NAMES_CALL_QUERY) {
            base_set_add(&rd->queries, (uint64_t)sqlite3_column_int64(s, 0));
        }
    }
    sqlite3_finalize(s);
    rd->tables[INPUT_NSYS_CALLS].skip = &rd->queries;
}

void input_nsys_scan_along(input_nsys_reading *rd) {
    input_nsys_capture *cap = &rd->capture;
    find_query_calls(rd);
    rd->rows_total = find_row_ids(rd);
    cap->cursors.on_slice = add_slice_summary;
    cap->cursors.on_slice_ctx = rd;
    for (int i = 0; i < INPUT_NSYS_TABLES && cap->db.stop == 0; i++) {
        input_nsys_table *t = &rd->tables[i];
        if (!t->present) {
            continue;
        }
        t->sorted = true;
        input_nsys_where(&cap->cursors, t, t->where);
        if (!t->has_ids) {
            cap->db.stop = INPUT_READ_AGAIN;
        } else if (rd->process_count == 0 && t->places.process >= 0) {
            find_first_process(rd, t);
        }
    }
}

void input_nsys_scan(input_nsys_reading *rd) {
    input_nsys_capture *cap = &rd->capture;
    uint64_t rows = find_row_ids(rd);
    cap->cursors.keep = cap->cursors.bytes <= KEEP_BYTES && rows <= KEEP_ROWS;
    input_nsys_begin(&cap->cursors, rd->tables, INPUT_NSYS_TABLES, true);
    for (int i = 0; i < INPUT_NSYS_TABLES; i++) {
        if (rd->tables[i].present && cap->db.stop == 0) {
            sum_up_table(rd, &rd->tables[i]);
            rd->rows_total += rd->tables[i].rows;
        }
    }
}
