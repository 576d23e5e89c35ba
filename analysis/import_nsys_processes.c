/* Captures that hold several processes: which ones, and one of them alone. */
#include "analysis/import_nsys_rows.h"

#include "analysis/memory.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The processes that have rows: their globalPids above the lowest 24 bits, ascending. How many; 0 after an
 * error. */
static size_t all_of(analysis_nsys_file *f, const analysis_nsys_table tables[ANALYSIS_NSYS_TABLES],
                     uint64_t **list) {
    char sql[300];
    size_t n = 0, cap = 0;
    *list = NULL;
    for (size_t i = ANALYSIS_NSYS_KERNELS; i < ANALYSIS_NSYS_TABLES; i++) {
        if (!analysis_nsys_has(f, tables[i].name) ||
            !analysis_nsys_has_column(f, tables[i].name, tables[i].process)) {
            continue;
        }
        snprintf(
            sql, sizeof sql,
            "SELECT DISTINCT (\"%s\" >> 24) & 1099511627775 FROM \"%s\" WHERE typeof(\"%s\") = 'integer' "
            "LIMIT 4096",
            tables[i].process, tables[i].name, tables[i].process);
        sqlite3_stmt *s = analysis_nsys_query(f, sql);
        while (analysis_nsys_row(f, s)) {
            uint64_t process = (uint64_t)sqlite3_column_int64(s, 0);
            size_t at = 0;
            while (at < n && (*list)[at] < process) {
                at++;
            }
            if (at == n || (*list)[at] != process) {
                *list = analysis_grow(*list, &cap, n + 1, sizeof **list);
                memmove(*list + at + 1, *list + at, (n++ - at) * sizeof **list);
                (*list)[at] = process;
            }
        }
        sqlite3_finalize(s);
    }
    return f->stop == 0 ? n : 0;
}

/* Whether the file describes one process at most, so that nothing need be searched. */
static bool one_process(analysis_nsys_file *f) {
    bool one = false;
    if (analysis_nsys_has(f, "PROCESSES")) {
        sqlite3_stmt *s = analysis_nsys_query(f, "SELECT 1 FROM PROCESSES LIMIT 2");
        bool first = analysis_nsys_row(f, s);
        one = first && !analysis_nsys_row(f, s);
        sqlite3_finalize(s);
    }
    return one;
}

/* Those that begin with another number than their process id: two have that one. */
static uint64_t number_of(const uint64_t *list, size_t count, size_t at) {
    for (size_t i = 0; i < count; i++) {
        if (i != at && (list[i] & 0xffffff) == (list[at] & 0xffffff)) {
            return list[at];
        }
    }
    return list[at] & 0xffffff;
}

size_t analysis_import_nsys_processes(const char *path, uint64_t **list) {
    char error[TRACE_ERROR_BYTES];
    analysis_nsys_table tables[ANALYSIS_NSYS_TABLES];
    analysis_nsys_file f = {.path = path, .error = error};
    size_t count = 0;
    *list = NULL;
    analysis_nsys_tables(tables);
    if (analysis_nsys_open(&f) && !one_process(&f) && f.stop == 0) {
        count = all_of(&f, tables, list);
    }
    analysis_nsys_close(&f);
    if (count < 2) {
        free(*list);
        *list = NULL;
        return 0;
    }
    uint64_t *numbers = analysis_alloc(count, sizeof *numbers);
    for (size_t i = 0; i < count; i++) {
        numbers[i] = number_of(*list, count, i);
    }
    free(*list);
    *list = numbers;
    return count;
}

void analysis_nsys_choose(analysis_nsys_reading *rd, uint64_t number) {
    analysis_nsys_file *f = &rd->file;
    uint64_t *list;
    size_t count = all_of(f, rd->tables, &list);
    f->one = true;
    f->pid24 = UINT64_MAX;
    for (size_t i = 0; i < count; i++) {
        if (number_of(list, count, i) == number) {
            f->pid24 = list[i];
        }
    }
    if (f->stop == 0 && f->pid24 == UINT64_MAX) {
        f->stop = -1;
        int n = snprintf(f->error, TRACE_ERROR_BYTES,
                         "%s: the file holds nothing of process %" PRIu64 "; it has", f->path, number);
        for (size_t i = 0; i < count && n > 0 && n < TRACE_ERROR_BYTES; i++) {
            n += snprintf(f->error + n, (size_t)(TRACE_ERROR_BYTES - n), " %" PRIu64,
                          number_of(list, count, i));
        }
    }
    free(list);
}
