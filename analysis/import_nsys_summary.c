/* Summaries of rows: their order, times, processes, and domains. */
#include "analysis/import_nsys_summary.h"

#include "analysis/import.h"
#include "analysis/memory.h"

#include <stdlib.h>
#include <string.h>

/* No capture has so many processes; all others are the first. */
#define PROCESSES_MAX 4096

static analysis_nsys_summary_process *process_of(analysis_nsys_summary *s, int64_t global) {
    uint64_t pid24 = (uint64_t)global >> 24;
    for (size_t i = s->process_count; i-- > 0;) {
        if (s->processes[i].pid24 == pid24) {
            return &s->processes[i];
        }
    }
    if (s->process_count >= PROCESSES_MAX) {
        return &s->processes[0];
    }
    s->processes = analysis_grow(s->processes, &s->process_cap, s->process_count + 1, sizeof *s->processes);
    s->processes[s->process_count] = (analysis_nsys_summary_process){.pid24 = pid24};
    return &s->processes[s->process_count++];
}

static void make_domain(analysis_nsys_summary *s, const analysis_nsys_cells *row, int64_t start,
                        int64_t global) {
    const char *text = analysis_nsys_cell_text(row);
    s->makings = analysis_grow(s->makings, &s->making_cap, s->making_count + 1, sizeof *s->makings);
    s->makings[s->making_count++] =
        (analysis_nsys_making){.start = start,
                               .name_id = analysis_nsys_cell(row, 5, -1),
                               .process = (uint64_t)global >> 24,
                               .domain = (uint64_t)analysis_nsys_cell(row, 6, 0),
                               .text = text ? analysis_copy(text, row->text_len) : NULL,
                               .text_len = text ? row->text_len : 0};
}

/* Whether the row counts for the times of the run. */
static bool take_process(analysis_nsys_summary *s, const analysis_nsys_cells *row,
                         const analysis_nsys_places *places, int64_t start) {
    int64_t global = analysis_nsys_cell(row, places->process, 0);
    if (places->type < 0) {
        analysis_nsys_summary_process *process = process_of(s, global);
        uint64_t number =
            places->correlation < 0 ? 0 : (uint64_t)analysis_nsys_cell(row, places->correlation, 0);
        if (number <= UINT32_MAX && number > process->correlation_max) {
            process->correlation_max = number;
        }
        return true;
    }
    if (global != 0) {
        process_of(s, global);
    }
    if (analysis_nsys_cell(row, places->type, 0) != ANALYSIS_IMPORT_DOMAIN_MADE) {
        return true;
    }
    make_domain(s, row, start, global);
    return false;
}

void analysis_nsys_summary_take(analysis_nsys_summary *s, const analysis_nsys_cells *row,
                                const analysis_nsys_places *places) {
    int64_t start, end;
    if (!analysis_nsys_time(row, 0, &start)) {
        s->unusable++;
        return;
    }
    if (!analysis_nsys_time(row, 1, &end) || end < start) {
        end = start;
    }
    s->first_start = s->rows == 0 ? start : s->first_start;
    s->unsorted |= s->rows > 0 && start < s->last_start;
    s->last_start = start;
    s->rows++;
    if (places->process >= 0 && take_process(s, row, places, start)) {
        s->first = start < s->first ? start : s->first;
        s->last = end > s->last ? end : s->last;
    }
}

void analysis_nsys_summary_free(analysis_nsys_summary *s) {
    for (size_t i = 0; i < s->making_count; i++) {
        free(s->makings[i].text);
    }
    free(s->makings);
    free(s->processes);
    memset(s, 0, sizeof *s);
}
