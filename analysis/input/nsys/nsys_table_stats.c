/* Summaries of rows: their order, times, processes, and domains. */
#include "analysis/input/nsys/nsys_table_stats.h"

#include "analysis/base/alloc.h"
#include "analysis/input/capture_extras.h"

#include <stdlib.h>
#include <string.h>

/* More processes than any capture has; all further ones count as the first. */
#define PROCESSES_MAX 4096

static input_nsys_summary_process *summary_process_of(input_nsys_summary *s, int64_t global) {
    uint64_t pid24 = (uint64_t)global >> 24;
    for (size_t i = s->process_count; i-- > 0;) {
        if (s->processes[i].pid24 == pid24) {
            return &s->processes[i];
        }
    }
    if (s->process_count >= PROCESSES_MAX) {
        return &s->processes[0];
    }
    s->processes = base_grow(s->processes, &s->process_cap, s->process_count + 1, sizeof *s->processes);
    s->processes[s->process_count] = (input_nsys_summary_process){.pid24 = pid24};
    return &s->processes[s->process_count++];
}

static void add_made_domain(input_nsys_summary *s, const input_nsys_cells *row, int64_t start,
                            int64_t global) {
    const char *text = input_nsys_cell_text(row);
    s->makings = base_grow(s->makings, &s->making_cap, s->making_count + 1, sizeof *s->makings);
    s->makings[s->making_count++] = (input_nsys_making){.start = start,
                                                        .name_id = input_nsys_cell(row, 5, -1),
                                                        .process = (uint64_t)global >> 24,
                                                        .domain = (uint64_t)input_nsys_cell(row, 6, 0),
                                                        .text = text ? base_copy(text, row->text_len) : NULL,
                                                        .text_len = text ? row->text_len : 0};
}

/* Whether the row counts for the times of the run. */
static bool add_row_to_process(input_nsys_summary *s, const input_nsys_cells *row,
                               const input_nsys_places *places, int64_t start) {
    int64_t global = input_nsys_cell(row, places->process, 0);
    if (places->type < 0) {
        input_nsys_summary_process *process = summary_process_of(s, global);
        uint64_t number =
            places->correlation < 0 ? 0 : (uint64_t)input_nsys_cell(row, places->correlation, 0);
        if (number <= UINT32_MAX && number > process->correlation_max) {
            process->correlation_max = number;
        }
        return true;
    }
    if (global != 0) {
        summary_process_of(s, global);
    }
    if (input_nsys_cell(row, places->type, 0) != INPUT_DOMAIN_MADE) {
        return true;
    }
    add_made_domain(s, row, start, global);
    return false;
}

void input_nsys_summary_take(input_nsys_summary *s, const input_nsys_cells *row,
                             const input_nsys_places *places) {
    int64_t start, end;
    if (!input_nsys_time(row, 0, &start)) {
        s->unusable++;
        return;
    }
    if (!input_nsys_time(row, 1, &end) || end < start) {
        end = start;
    }
    s->first_start = s->rows == 0 ? start : s->first_start;
    s->unsorted |= s->rows > 0 && start < s->last_start;
    s->last_start = start;
    s->rows++;
    if (places->process >= 0 && add_row_to_process(s, row, places, start)) {
        s->first = start < s->first ? start : s->first;
        s->last = end > s->last ? end : s->last;
    }
}

void input_nsys_summary_free(input_nsys_summary *s) {
    for (size_t i = 0; i < s->making_count; i++) {
        free(s->makings[i].text);
    }
    free(s->makings);
    free(s->processes);
    memset(s, 0, sizeof *s);
}
