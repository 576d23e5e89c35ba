/* Captures of several processes: lists the processes, and selects one. */
#include "analysis/input/nsys/nsys_processes.h"

#include "analysis/base/alloc.h"
#include "analysis/base/parallel_for.h"
#include "trace/trace.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* More processes than any capture has; further ones are ignored. */
#define PROCESSES_MAX 4096
/* Number of rows of a table in the sample. */
#define PROBES 8

/* Sorted and unique. */
typedef struct {
    uint64_t *list;
    size_t count, cap;
} processes;

static void add_process(processes *p, uint64_t process) {
    size_t at = 0;
    while (at < p->count && p->list[at] < process) {
        at++;
    }
    if ((at == p->count || p->list[at] != process) && p->count < PROCESSES_MAX) {
        p->list = base_grow(p->list, &p->cap, p->count + 1, sizeof *p->list);
        memmove(p->list + at + 1, p->list + at, (p->count++ - at) * sizeof *p->list);
        p->list[at] = process;
    }
}

/* Processes of a table without row ids. */
static void find_distinct_processes(input_nsys_connection *c, const input_nsys_table *t, processes *found) {
    char sql[300];
    snprintf(sql, sizeof sql,
             "SELECT DISTINCT (\"%s\" >> 24) & 1099511627775 FROM \"%s\" WHERE %s LIMIT 4096", t->process,
             t->name, t->where);
    sqlite3_stmt *s = input_nsys_query(c, sql);
    while (input_nsys_step(c, s)) {
        add_process(found, (uint64_t)sqlite3_column_int64(s, 0));
    }
    sqlite3_finalize(s);
}

/* Stores the processes that have rows (their globalPids above the lowest 24 bits), sorted, and returns their number; 0
 * after an error. Several threads examine all rows. */
static size_t find_all_processes(input_nsys_cursors *cs, input_nsys_table tables[INPUT_NSYS_TABLES],
                                 uint64_t **list) {
    input_nsys_connection *c = cs->connection;
    input_nsys_request requests[INPUT_NSYS_REQUESTS];
    const input_nsys_summary *part;
    processes found = {0};
    size_t asked = 0;
    for (size_t i = INPUT_NSYS_KERNELS; i < INPUT_NSYS_TABLES; i++) {
        input_nsys_table *t = &tables[i];
        if (!input_nsys_has_table(c, t->name) || !input_nsys_has_column(c, t->name, t->process)) {
            continue;
        }
        snprintf(t->where, sizeof t->where, "typeof(\"%s\") = 'integer'", t->process);
        input_nsys_find_ids(cs, t);
        if (!t->has_ids) {
            find_distinct_processes(c, t, &found);
            continue;
        }
        snprintf(t->list, sizeof t->list, "0, 0, \"%s\"", t->process); /* valid times */
        requests[asked++] = (input_nsys_request){.table = t->name,
                                                 .columns = t->list,
                                                 .where = t->where,
                                                 .layout = t->layout,
                                                 .places = {.process = 2, .correlation = -1, .type = -1},
                                                 .first = t->first_id,
                                                 .last = t->last_id};
    }
    if (c->stop == 0) {
        cs->feed = input_nsys_feed_open(c->path, cs->jobs, INPUT_NSYS_SUM_UP, requests, asked);
    }
    for (size_t i = 0; c->stop == 0 && i < asked; i++) {
        while ((part = input_nsys_feed_summary(cs->feed, i)) != NULL) {
            for (size_t p = 0; p < part->process_count; p++) {
                add_process(&found, part->processes[p].pid24);
            }
        }
        input_nsys_check_feed(cs);
    }
    input_nsys_cursors_close(cs);
    *list = found.list;
    return c->stop == 0 ? found.count : 0;
}

/* Whether the file describes at most one process, so that no search is needed. */
static bool lists_one_process(input_nsys_connection *c) {
    bool one = false;
    if (input_nsys_has_table(c, "PROCESSES")) {
        sqlite3_stmt *s = input_nsys_query(c, "SELECT 1 FROM PROCESSES LIMIT 2");
        bool first = input_nsys_step(c, s);
        one = first && !input_nsys_step(c, s);
        sqlite3_finalize(s);
    }
    return one;
}

/* Returns the process (above the lowest 24 bits) of the first row with a row id of at least `id`, or UINT64_MAX. */
static uint64_t process_of_row(input_nsys_connection *c, sqlite3_stmt *s, int64_t id) {
    sqlite3_bind_int64(s, 1, id);
    int64_t global = input_nsys_step(c, s) ? input_nsys_int(s, 0, -1) : -1;
    sqlite3_reset(s);
    return global == -1 ? UINT64_MAX : (uint64_t)global >> 24;
}

/* Returns the number of processes with a CUDA context; 0 if the file lists none. */
static int64_t count_processes_with_context(input_nsys_connection *c) {
    static const char table[] = "TARGET_INFO_CUDA_CONTEXT_INFO";
    if (!input_nsys_has_table(c, table) || !input_nsys_has_column(c, table, "processId")) {
        return 0;
    }
    sqlite3_stmt *s =
        input_nsys_query(c, "SELECT count(DISTINCT processId) FROM TARGET_INFO_CUDA_CONTEXT_INFO");
    int64_t count = input_nsys_step(c, s) ? input_nsys_int(s, 0, 0) : 0;
    sqlite3_finalize(s);
    return count;
}

/* Whether one process has a context, or a sample of each table, with its first and last row, is of one process. */
static bool seems_one_process(input_nsys_cursors *cs, input_nsys_table tables[INPUT_NSYS_TABLES]) {
    input_nsys_connection *c = cs->connection;
    uint64_t first = UINT64_MAX;
    int64_t contexts = count_processes_with_context(c);
    bool one = contexts < 2 && c->stop == 0;
    if (contexts == 1) {
        return one;
    }
    for (size_t i = INPUT_NSYS_KERNELS; one && i < INPUT_NSYS_TABLES; i++) {
        input_nsys_table *t = &tables[i];
        char sql[300];
        if (!input_nsys_has_table(c, t->name) || !input_nsys_has_column(c, t->name, t->process)) {
            continue;
        }
        input_nsys_find_ids(cs, t);
        if (!t->has_ids || c->stop != 0) {
            return false;
        }
        snprintf(sql, sizeof sql, "SELECT \"%s\" FROM \"%s\" WHERE rowid >= ?1 ORDER BY rowid LIMIT 1",
                 t->process, t->name);
        sqlite3_stmt *s = input_nsys_query(c, sql);
        for (int k = 0; one && k <= PROBES && t->first_id <= t->last_id; k++) {
            int64_t id = t->first_id + (t->last_id - t->first_id) / PROBES * k;
            uint64_t process = process_of_row(c, s, k == PROBES ? t->last_id : id);
            first = first == UINT64_MAX ? process : first;
            one = process == UINT64_MAX || process == first;
        }
        sqlite3_finalize(s);
    }
    return one && c->stop == 0;
}

/* Returns the process id, or the whole number if another process has the same id. */
static uint64_t number_of_process(const uint64_t *list, size_t count, size_t at) {
    for (size_t i = 0; i < count; i++) {
        if (i != at && (list[i] & 0xffffff) == (list[at] & 0xffffff)) {
            return list[at];
        }
    }
    return list[at] & 0xffffff;
}

size_t input_nsys_processes(const char *path, bool guess, uint64_t **list) {
    char error[TRACE_ERROR_BYTES];
    input_nsys_table tables[INPUT_NSYS_TABLES];
    input_nsys_connection c = {.path = path, .error = error};
    input_nsys_cursors cs = {.connection = &c, .jobs = base_cores(), .bytes = input_nsys_file_bytes(path)};
    size_t count = 0;
    *list = NULL;
    input_nsys_tables(tables);
    if (input_nsys_open(&c) && !lists_one_process(&c) && !(guess && seems_one_process(&cs, tables)) &&
        c.stop == 0) {
        count = find_all_processes(&cs, tables, list);
    }
    input_nsys_close(&c);
    if (count < 2) {
        free(*list);
        *list = NULL;
        return 0;
    }
    uint64_t *numbers = base_alloc(count, sizeof *numbers);
    for (size_t i = 0; i < count; i++) {
        numbers[i] = number_of_process(*list, count, i);
    }
    free(*list);
    *list = numbers;
    return count;
}

void input_nsys_select_process(input_nsys_cursors *cs, input_nsys_table tables[INPUT_NSYS_TABLES],
                               uint64_t number) {
    input_nsys_connection *c = cs->connection;
    uint64_t *list;
    size_t count = find_all_processes(cs, tables, &list);
    cs->one_process = false;
    for (size_t i = 0; i < count; i++) {
        if (number_of_process(list, count, i) == number) {
            cs->one_process = true;
            cs->pid24 = list[i];
        }
    }
    if (c->stop == 0 && !cs->one_process) {
        c->stop = -1;
        int n = snprintf(c->error, TRACE_ERROR_BYTES,
                         "%s: the file has no event of process %" PRIu64 "; it has", c->path, number);
        for (size_t i = 0; i < count && n > 0 && n < TRACE_ERROR_BYTES; i++) {
            n += snprintf(c->error + n, (size_t)(TRACE_ERROR_BYTES - n), " %" PRIu64,
                          number_of_process(list, count, i));
        }
    }
    free(list);
}
