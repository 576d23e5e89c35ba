/* What must be known of an export of Nsight Systems before its first event: one pass over each table, inside
 * SQLite, which hands the rows of an aggregate over faster than those of a query. */
#include "analysis/import_nsys_rows.h"

#include "analysis/memory.h"

#include <stdio.h>

/* An NVTX event that tells of the making of a domain. */
#define DOMAIN_CREATE 75

/* The columns that the pass asks for, and where each stands. */
static const char *const gpu_columns[] = {"start", "end", "globalPid", "correlationId", NULL};
static const char *const call_columns[] = {"start", "end", "globalTid", "correlationId", NULL};
static const char *const node_columns[] = {"start", "end", "globalTid", NULL};
static const char *const range_columns[] = {"start",     "end",  "globalTid", "domainId",
                                            "eventType", "text", "textId",    NULL};
enum { START, END, GLOBAL, NUMBER, TYPE, TEXT, TEXT_ID };

typedef struct {
    analysis_nsys_reading *rd;
    analysis_nsys_table *table;
    bool ranges, extra; /* extra: rows that only an export wants, which say nothing of the run */
    int64_t before;     /* the start of the row before */
} pass;

static void make_domain(analysis_nsys_reading *rd, int64_t start, sqlite3_value **row) {
    uint64_t process = (uint64_t)analysis_nsys_number(row[GLOBAL], 0) >> 24;
    uint64_t domain = (uint64_t)analysis_nsys_number(row[NUMBER], 0);
    uint32_t name = analysis_nsys_range_name(rd, row[TEXT], row[TEXT_ID]);
    analysis_map_put(&rd->domains, analysis_nsys_mix(process, domain), name);
    rd->creations =
        analysis_grow(rd->creations, &rd->creation_cap, rd->creation_count + 1, sizeof *rd->creations);
    rd->creations[rd->creation_count++] = (analysis_nsys_creation){start, name};
}

/* Takes one row: whether the table is sorted, the first and last time, the processes and their highest
 * correlation ids, and the names of domains. */
static void step(sqlite3_context *context, int count, sqlite3_value **row) {
    pass *p = sqlite3_user_data(context);
    analysis_nsys_reading *rd = p->rd;
    analysis_nsys_file *f = &rd->file;
    analysis_nsys_table *t = p->table;
    int64_t start, end;
    if (f->stop != 0) {
        sqlite3_interrupt(f->db);
        return;
    }
    if (!analysis_nsys_time(row[START], &start)) {
        t->unusable++;
        return;
    }
    if (!analysis_nsys_time(row[END], &end) || end < start) {
        end = start;
    }
    t->rows++;
    t->sorted &= start >= p->before;
    p->before = start;
    if (p->extra) {
        return;
    }
    int64_t global = analysis_nsys_number(row[GLOBAL], 0);
    if (!p->ranges) {
        analysis_nsys_process_ids *process = analysis_nsys_process_of(rd, global);
        uint64_t number = count > NUMBER ? (uint64_t)analysis_nsys_number(row[NUMBER], 0) : 0;
        if (number <= UINT32_MAX && number > process->correlation_max) {
            process->correlation_max = number;
        }
    } else {
        if (global != 0) {
            analysis_nsys_process_of(rd, global);
        }
        if (analysis_nsys_number(row[TYPE], 0) == DOMAIN_CREATE) {
            make_domain(rd, start, row);
            return;
        }
    }
    f->first = start < f->first ? start : f->first;
    f->last = end > f->last ? end : f->last;
}

static void finish(sqlite3_context *context) {
    sqlite3_result_null(context);
}

void analysis_nsys_scan(analysis_nsys_reading *rd, int table) {
    analysis_nsys_file *f = &rd->file;
    pass p = {.rd = rd,
              .table = &rd->tables[table],
              .ranges = table == ANALYSIS_NSYS_RANGES,
              .extra = table < ANALYSIS_NSYS_KERNELS,
              .before = INT64_MIN};
    char columns[ANALYSIS_NSYS_COLUMNS_BYTES], sql[ANALYSIS_NSYS_COLUMNS_BYTES + 300];
    char where[ANALYSIS_NSYS_WHERE_BYTES];
    analysis_nsys_columns(f, p.table->name,
                          p.ranges                       ? range_columns
                          : table == ANALYSIS_NSYS_CALLS ? call_columns
                          : table == ANALYSIS_NSYS_OVERHEADS || table == ANALYSIS_NSYS_NODES ||
                                  table == ANALYSIS_NSYS_GRAPHS
                              ? node_columns
                              : gpu_columns,
                          columns);
    if (sqlite3_create_function_v2(f->db, "moetrace_scan", -1, SQLITE_UTF8 | SQLITE_DIRECTONLY, &p, NULL,
                                   step, finish, NULL) != SQLITE_OK) {
        analysis_nsys_fail(f);
    }
    p.table->sorted = true;
    /* Not by an index: the rows are wanted as the table has them. */
    analysis_nsys_where(f, p.table, where);
    snprintf(sql, sizeof sql, "SELECT moetrace_scan(%s) FROM \"%s\" NOT INDEXED%s", columns, p.table->name,
             where);
    sqlite3_stmt *s = analysis_nsys_query(f, sql);
    analysis_nsys_row(f, s);
    sqlite3_finalize(s);
    rd->rows_total += p.table->rows;
}
