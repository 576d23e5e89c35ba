/* What must be known of an export of Nsight Systems before its first event: summaries of its tables. In a
 * file of one process whose tables are sorted nothing need be known beforehand: there the summaries are made
 * along the way, and only show that it is such a file. */
#include "analysis/input/nsys/nsys_emit.h"

#include "analysis/base/alloc.h"

#include <stdio.h>

/* Rows of a file up to this size, and so many at most, are kept in memory, where they take some three times
 * as much, to be gone through twice. */
#define KEEP_BYTES (16 << 20)
#define KEEP_ROWS  (1 << 19)

static void add_making(input_nsys_reading *rd, const input_nsys_making *m) {
    input_nsys_file *f = &rd->file;
    uint32_t name = m->name_id < 0 ? 0 : input_nsys_string_id(f, m->name_id);
    if (name == 0 && m->text) {
        name = input_nsys_text_id(f, m->text, m->text_len);
    }
    uint64_t key = input_nsys_mix(m->process, m->domain);
    uint32_t before = base_map_get(&rd->domains, key);
    if (f->on_slice && before != BASE_NONE && before != name && f->stop == 0) {
        f->stop = INPUT_READ_AGAIN; /* the last one's name is that of all */
    }
    base_map_put(&rd->domains, key, name);
    rd->creations =
        base_grow(rd->creations, &rd->creation_cap, rd->creation_count + 1, sizeof *rd->creations);
    rd->creations[rd->creation_count++] = (input_nsys_creation){m->start, name};
}

/* Adds what a part of a table says, behind the parts before it. */
static void add(input_nsys_reading *rd, input_nsys_table *t, const input_nsys_summary *s) {
    input_nsys_file *f = &rd->file;
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
        add_making(rd, &s->makings[i]);
    }
    f->first = s->first < f->first ? s->first : f->first;
    f->last = s->last > f->last ? s->last : f->last;
}

static void scan_table(input_nsys_reading *rd, input_nsys_table *t) {
    input_nsys_file *f = &rd->file;
    const input_nsys_summary *part;
    t->sorted = true;
    if (t->fed) {
        while ((part = input_nsys_feed_summary(f->feed, t->request)) != NULL && f->stop == 0) {
            add(rd, t, part);
        }
        input_nsys_check_feed(f);
        return;
    }
    input_nsys_summary whole = {0};
    while (input_nsys_next_row(f, t)) {
        input_nsys_summary_take(&whole, t->row, &t->places);
    }
    add(rd, t, &whole);
    input_nsys_summary_free(&whole);
}

/* Finds the tables' row ids; returns how many there are. */
static uint64_t find_ids(input_nsys_reading *rd) {
    input_nsys_file *f = &rd->file;
    uint64_t rows = 0;
    for (int i = 0; i < INPUT_NSYS_TABLES; i++) {
        input_nsys_table *t = &rd->tables[i];
        if (t->present && f->stop == 0) {
            input_nsys_find_ids(f, t);
            rows += t->has_ids && t->first_id <= t->last_id ? (uint64_t)(t->last_id - t->first_id) + 1 : 0;
        }
    }
    return rows;
}

/* Adds the summary of a slice before its rows are used. */
static void add_slice(void *ctx, input_nsys_table *t, const input_nsys_summary *s) {
    input_nsys_reading *rd = ctx;
    input_nsys_file *f = &rd->file;
    size_t makings = rd->creation_count;
    add(rd, t, s);
    if (f->stop == 0 && (t->unusable > 0 || !t->sorted || rd->process_count > 1 || f->first < 0)) {
        f->stop = INPUT_READ_AGAIN;
    }
    if (rd->creation_count > makings) {
        input_nsys_say_marks(rd);
    }
}

/* The process of the first row that has one; it is what the file's number of the process is made of. */
static void find_process(input_nsys_reading *rd, const input_nsys_table *t) {
    input_nsys_file *f = &rd->file;
    char sql[INPUT_NSYS_WHERE_BYTES + 300];
    if (!input_nsys_has_column(f, t->name, t->process)) {
        return;
    }
    snprintf(sql, sizeof sql, "SELECT \"%s\" FROM \"%s\" NOT INDEXED%s%s LIMIT 1", t->process, t->name,
             *t->where ? " WHERE " : "", t->where);
    sqlite3_stmt *s = input_nsys_query(f, sql);
    if (input_nsys_row(f, s) && input_nsys_int(s, 0, 0) != 0) {
        input_nsys_process_of(rd, input_nsys_int(s, 0, 0));
    }
    sqlite3_finalize(s);
}

/* Calls that only ask are half of a capture, and change nothing that a report says. */
static void find_asking(input_nsys_reading *rd) {
    input_nsys_file *f = &rd->file;
    if (!input_nsys_has(f, "StringIds")) {
        return;
    }
    sqlite3_stmt *s = input_nsys_query(f, "SELECT id, value FROM StringIds WHERE id BETWEEN 0 AND 65535 AND "
                                          "value >= 'cu' AND value < 'cv'");
    while (input_nsys_row(f, s)) {
        const char *text = (const char *)sqlite3_column_text(s, 1);
        if (text && names_call_kind_of(text) == NAMES_CALL_QUERY) {
            base_set_add(&rd->asking, (uint64_t)sqlite3_column_int64(s, 0));
        }
    }
    sqlite3_finalize(s);
    rd->tables[EXPORT_NSYS_CALLS].skip = &rd->asking;
}

void input_nsys_scan_along(input_nsys_reading *rd) {
    input_nsys_file *f = &rd->file;
    find_asking(rd);
    rd->rows_total = find_ids(rd);
    f->on_slice = add_slice;
    f->on_slice_ctx = rd;
    for (int i = 0; i < INPUT_NSYS_TABLES && f->stop == 0; i++) {
        input_nsys_table *t = &rd->tables[i];
        if (!t->present) {
            continue;
        }
        t->sorted = true;
        input_nsys_where(f, t, t->where);
        if (!t->has_ids) {
            f->stop = INPUT_READ_AGAIN;
        } else if (rd->process_count == 0 && t->places.process >= 0) {
            find_process(rd, t);
        }
    }
}

void input_nsys_scan(input_nsys_reading *rd) {
    input_nsys_file *f = &rd->file;
    uint64_t rows = find_ids(rd);
    f->keep = f->bytes <= KEEP_BYTES && rows <= KEEP_ROWS;
    input_nsys_begin(f, rd->tables, INPUT_NSYS_TABLES, true);
    for (int i = 0; i < INPUT_NSYS_TABLES; i++) {
        if (rd->tables[i].present && f->stop == 0) {
            scan_table(rd, &rd->tables[i]);
            rd->rows_total += rd->tables[i].rows;
        }
    }
}
