/* What must be known of an export of Nsight Systems before its first event: one pass over each table. */
#include "analysis/import_nsys_rows.h"

#include "analysis/memory.h"

#include <stdio.h>

static void make_domain(analysis_nsys_reading *rd, const analysis_nsys_table *t) {
    uint64_t process = (uint64_t)analysis_nsys_cell(t->row, 2, 0) >> 24;
    uint64_t domain = (uint64_t)analysis_nsys_cell(t->row, 6, 0);
    uint32_t name = analysis_nsys_range_name(rd, t->row);
    analysis_map_put(&rd->domains, analysis_nsys_mix(process, domain), name);
    rd->creations =
        analysis_grow(rd->creations, &rd->creation_cap, rd->creation_count + 1, sizeof *rd->creations);
    rd->creations[rd->creation_count++] = (analysis_nsys_creation){t->start, name};
}

/* Notes the process of a row and its correlation id; whether the row counts for the times of the run. */
static bool take_process(analysis_nsys_reading *rd, const analysis_nsys_table *t, int table) {
    bool gpu = table >= ANALYSIS_NSYS_KERNELS && table <= ANALYSIS_NSYS_FILLS;
    int64_t global = analysis_nsys_cell(t->row, gpu ? 6 : 2, 0);
    if (table == ANALYSIS_NSYS_RANGES) {
        if (global != 0) {
            analysis_nsys_process_of(rd, global);
        }
        if (analysis_nsys_cell(t->row, 3, 0) == ANALYSIS_IMPORT_DOMAIN_MADE) {
            make_domain(rd, t);
            return false;
        }
        return true;
    }
    analysis_nsys_process_ids *process = analysis_nsys_process_of(rd, global);
    if (gpu || table == ANALYSIS_NSYS_CALLS) {
        uint64_t number = (uint64_t)analysis_nsys_cell(t->row, gpu ? 5 : 3, 0);
        if (number <= UINT32_MAX && number > process->correlation_max) {
            process->correlation_max = number;
        }
    }
    return true;
}

static void scan_table(analysis_nsys_reading *rd, int table) {
    analysis_nsys_file *f = &rd->file;
    analysis_nsys_table *t = &rd->tables[table];
    bool extra = table < ANALYSIS_NSYS_KERNELS; /* only an export wants these; they say nothing of the run */
    int64_t before = INT64_MIN;
    t->sorted = true;
    while (analysis_nsys_next(f, t)) {
        t->rows++;
        t->sorted &= t->start >= before;
        before = t->start;
        if (!extra && take_process(rd, t, table)) {
            f->first = t->start < f->first ? t->start : f->first;
            f->last = t->end > f->last ? t->end : f->last;
        }
    }
    rd->rows_total += t->rows;
}

void analysis_nsys_scan(analysis_nsys_reading *rd) {
    analysis_nsys_file *f = &rd->file;
    for (int i = 0; i < ANALYSIS_NSYS_TABLES; i++) {
        if (rd->tables[i].present && f->stop == 0) {
            analysis_nsys_find_ids(f, &rd->tables[i]);
        }
    }
    analysis_nsys_begin(f, rd->tables, ANALYSIS_NSYS_TABLES, true);
    for (int i = 0; i < ANALYSIS_NSYS_TABLES; i++) {
        if (rd->tables[i].present && f->stop == 0) {
            scan_table(rd, i);
        }
    }
}
