/* Passes an SQLite export of Nsight Systems to a visitor as the records of a trace.
 *
 * The tables are merged in the order of their starts. A call follows the ranges that begin before it and precedes the ends
 * of the ranges that contain it, which is how reports of Nsight Systems attribute GPU work to ranges; a GPU row follows
 * its call, which began earlier. All rows of a small file are kept in memory; otherwise memory grows with distinct names,
 * threads and kernel shapes, and with the ranges that are open at one time. */
#include "analysis/input/nsys/nsys_reader.h"

#include "analysis/base/alloc.h"
#include "analysis/input/capture_path.h"
#include "analysis/input/nsys/nsys_internal.h"
#include "analysis/input/nsys/nsys_metadata.h"
#include "analysis/input/nsys/nsys_processes.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Number of rows between two calls of the visitor's progress. */
#define PROGRESS_ROWS 65536

/* Returns the table whose next row is first, or INPUT_NSYS_TABLES at the end. At equal times ranges precede calls, then
 * graphs, nodes, and GPU work. */
static int earliest_table(const int64_t starts[INPUT_NSYS_TABLES]) {
    int best = INPUT_NSYS_TABLES - 1;
    for (int i = best; i-- > 0;) {
        best = starts[i] < starts[best] ? i : best;
    }
    return starts[best] == INT64_MAX ? INPUT_NSYS_TABLES : best;
}

/* Moves to a table's next row and returns its start; INT64_MAX, which is not a valid time, at the end. */
static int64_t next_row_start(input_nsys_reading *rd, int table) {
    input_nsys_table *t = &rd->tables[table];
    return t->present && input_nsys_next_timed_row(&rd->capture.cursors, t) ? t->start : INT64_MAX;
}

static void count_row(input_nsys_reading *rd) {
    input_nsys_capture *cap = &rd->capture;
    if (++rd->rows_done % PROGRESS_ROWS == 0 && cap->db.stop == 0 && cap->v->progress) {
        cap->db.stop = cap->v->progress(cap->v->ctx, rd->rows_done, rd->rows_total);
    }
}

static void emit_rows_in_order(input_nsys_reading *rd) {
    input_nsys_capture *cap = &rd->capture;
    input_nsys_begin(&cap->cursors, rd->tables, INPUT_NSYS_TABLES, false);
    int64_t starts[INPUT_NSYS_TABLES];
    for (int i = 0; i < INPUT_NSYS_TABLES; i++) {
        starts[i] = next_row_start(rd, i);
    }
    for (int i; cap->db.stop == 0 && (i = earliest_table(starts)) != INPUT_NSYS_TABLES; count_row(rd)) {
        if (i == INPUT_NSYS_RANGES) {
            input_nsys_range_row(rd);
        } else if (i == INPUT_NSYS_CALLS) {
            input_nsys_call_row(rd);
        } else if (i == INPUT_NSYS_SYNCS || i == INPUT_NSYS_OVERHEADS) {
            input_nsys_extra_row(rd, i);
        } else if (i == INPUT_NSYS_NODES || i == INPUT_NSYS_GRAPHS) {
            input_nsys_node_row(rd, i);
        } else {
            input_nsys_gpu_row(rd, i);
        }
        starts[i] = next_row_start(rd, i);
    }
    for (uint32_t i = 0; i < rd->thread_count; i++) {
        input_nsys_close_before(rd, i, INT64_MAX);
    }
}

static void read_capture(input_nsys_reading *rd, bool once, trace_status *status) {
    input_nsys_capture *cap = &rd->capture;
    if (input_nsys_has_table(&cap->db, "StringIds")) {
        cap->string_of = input_nsys_query(&cap->db, "SELECT value FROM StringIds WHERE id = ?1");
    }
    bool any = false;
    for (int i = 0; i < INPUT_NSYS_TABLES; i++) {
        bool extra = i == INPUT_NSYS_SYNCS || i == INPUT_NSYS_OVERHEADS;
        bool wanted =
            cap->db.stop == 0 && (!extra || (cap->extras && cap->extras->sync && cap->extras->overhead));
        rd->tables[i].present = wanted && input_nsys_has_table(&cap->db, rd->tables[i].name);
        any |= rd->tables[i].present && !extra;
    }
    if (!any && cap->db.stop == 0) {
        bool nsys = input_nsys_has_table(&cap->db, "META_DATA_EXPORT");
        snprintf(cap->db.error, TRACE_ERROR_BYTES,
                 nsys ? "%s: an export of Nsight Systems without CUDA or NVTX events: profile with "
                        "`nsys profile -t cuda,nvtx`"
                      : "%s: an SQLite file, but not an export of Nsight Systems: it has none of its tables",
                 cap->db.path);
        cap->db.stop = -1;
    }
    if (once) {
        input_nsys_scan_along(rd);
    } else {
        input_nsys_scan(rd);
    }
    uint64_t base = 0;
    for (size_t i = 0; i < rd->process_count; i++) {
        rd->processes[i].correlation_base = base;
        base += rd->processes[i].correlation_max;
    }
    cap->pid = rd->process_count > 0 ? rd->processes[0].pid24 & 0xffffff : 0;
    input_nsys_read_metadata(cap, status);
    cap->quiet = false;
    input_nsys_emit_notes(rd);
    input_nsys_emit_names(cap);
    input_nsys_read_threads(rd);
    emit_rows_in_order(rd);
    if (rd->whole_graphs > 0 && cap->db.stop == 0 && cap->v->counter) {
        static const char name[] = "graphs.whole";
        cap->db.stop = cap->v->counter(cap->v->ctx, name, strlen(name), rd->whole_graphs);
    }
    uint64_t end = (uint64_t)(cap->last + cap->base);
    if (cap->db.stop == 0 && cap->v->end) {
        cap->db.stop = cap->v->end(cap->v->ctx, end, "capture", strlen("capture"));
    }
}

static void free_nsys_reading(input_nsys_reading *rd) {
    input_nsys_cursors_close(&rd->capture.cursors); /* its threads use memory that is freed below */
    for (int i = 0; i < INPUT_NSYS_TABLES; i++) {
        sqlite3_finalize(rd->tables[i].statement);
        input_nsys_rows_free(&rd->tables[i].one);
    }
    for (size_t i = 0; i < rd->thread_count; i++) {
        input_ranges_free(&rd->open[i]);
    }
    free(rd->open);
    free(rd->processes);
    free(rd->creations);
    free(rd->shapes);
    base_map_free(&rd->threads);
    base_map_free(&rd->queues);
    base_map_free(&rd->domains);
    base_map_free(&rd->by_shape);
    base_map_free(&rd->suffixes);
    base_map_free(&rd->by_call);
    free(rd->calls);
    base_set_free(&rd->async);
    base_set_free(&rd->queries);
    input_nsys_capture_close(&rd->capture);
}

int input_nsys_read(const char *path, unsigned jobs, bool once, const trace_visitor *v,
                    const input_extras *extras, trace_status *status, char error[TRACE_ERROR_BYTES]) {
    uint64_t process;
    size_t len = input_capture_file(path, &process);
    char *file = base_copy(path, len);
    input_nsys_reading rd = {.capture = {.v = v, .extras = extras}};
    input_nsys_connection *db = &rd.capture.db;
    memset(status, 0, sizeof *status);
    input_nsys_tables(rd.tables);
    bool open = input_nsys_capture_open(&rd.capture, file, jobs, error);
    status->bytes_total = rd.capture.cursors.bytes;
    status->ended = true;
    if (open && path[len] != '\0') {
        input_nsys_select_process(&rd.capture.cursors, rd.tables, process);
    }
    if (open) {
        read_capture(&rd, once, status);
    }
    int rc = db->stop;
    if (rc == -1 && once) { /* a damaged part may not be needed */
        rc = INPUT_READ_AGAIN;
        *error = '\0';
    }
    for (char *c = error; rc == -1 && *c; c++) {
        *c = (unsigned char)*c < ' '
                 ? ' '
                 : *c; /* SQLite may quote names from the file, which can contain any characters */
    }
    free_nsys_reading(&rd);
    free(file);
    return rc;
}
