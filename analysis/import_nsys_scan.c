/* What must be known of an export of Nsight Systems before its first event: summaries of its tables. */
#include "analysis/import_nsys_rows.h"

#include "analysis/memory.h"

/* Rows of a file up to this size, and so many at most, are kept in memory, where they take some three times
 * as much, to be gone through twice. */
#define KEEP_BYTES (16 << 20)
#define KEEP_ROWS  (1 << 19)

static void add_making(analysis_nsys_reading *rd, const analysis_nsys_making *m) {
    analysis_nsys_file *f = &rd->file;
    uint32_t name = m->name_id < 0 ? 0 : analysis_nsys_string_id(f, m->name_id);
    if (name == 0 && m->text) {
        name = analysis_nsys_text_id(f, m->text, m->text_len);
    }
    analysis_map_put(&rd->domains, analysis_nsys_mix(m->process, m->domain), name);
    rd->creations =
        analysis_grow(rd->creations, &rd->creation_cap, rd->creation_count + 1, sizeof *rd->creations);
    rd->creations[rd->creation_count++] = (analysis_nsys_creation){m->start, name};
}

/* Adds what a part of a table says, behind the parts before it; `last_start` is theirs. */
static void add(analysis_nsys_reading *rd, analysis_nsys_table *t, const analysis_nsys_summary *s,
                int64_t *last_start) {
    analysis_nsys_file *f = &rd->file;
    t->unusable += s->unusable;
    if (s->rows == 0) {
        return;
    }
    t->sorted &= !s->unsorted && (t->rows == 0 || s->first_start >= *last_start);
    *last_start = s->last_start;
    t->rows += s->rows;
    for (size_t i = 0; i < s->process_count; i++) {
        const analysis_nsys_summary_process *from = &s->processes[i];
        analysis_nsys_process_ids *to = analysis_nsys_process_of(rd, (int64_t)(from->pid24 << 24));
        to->correlation_max =
            from->correlation_max > to->correlation_max ? from->correlation_max : to->correlation_max;
    }
    for (size_t i = 0; i < s->making_count; i++) {
        add_making(rd, &s->makings[i]);
    }
    f->first = s->first < f->first ? s->first : f->first;
    f->last = s->last > f->last ? s->last : f->last;
}

static void scan_table(analysis_nsys_reading *rd, analysis_nsys_table *t) {
    analysis_nsys_file *f = &rd->file;
    const analysis_nsys_summary *part;
    int64_t last_start = 0;
    t->sorted = true;
    if (t->fed) {
        while ((part = analysis_nsys_feed_summary(f->feed, t->request)) != NULL && f->stop == 0) {
            add(rd, t, part, &last_start);
        }
        analysis_nsys_check_feed(f);
        return;
    }
    analysis_nsys_summary whole = {0};
    while (analysis_nsys_next_row(f, t)) {
        analysis_nsys_summary_take(&whole, t->row, &t->places);
    }
    add(rd, t, &whole, &last_start);
    analysis_nsys_summary_free(&whole);
}

void analysis_nsys_scan(analysis_nsys_reading *rd) {
    analysis_nsys_file *f = &rd->file;
    uint64_t rows = 0;
    for (int i = 0; i < ANALYSIS_NSYS_TABLES; i++) {
        analysis_nsys_table *t = &rd->tables[i];
        if (t->present && f->stop == 0) {
            analysis_nsys_find_ids(f, t);
            rows += t->has_ids && t->first_id <= t->last_id ? (uint64_t)(t->last_id - t->first_id) + 1 : 0;
        }
    }
    f->keep = f->bytes <= KEEP_BYTES && rows <= KEEP_ROWS;
    analysis_nsys_begin(f, rd->tables, ANALYSIS_NSYS_TABLES, true);
    for (int i = 0; i < ANALYSIS_NSYS_TABLES; i++) {
        if (rd->tables[i].present && f->stop == 0) {
            scan_table(rd, &rd->tables[i]);
            rd->rows_total += rd->tables[i].rows;
        }
    }
}
