/* An SQLite export of Nsight Systems, given to a visitor as if it were a trace.
 *
 * The tables are read side by side in order of their start. A call stands behind the ranges that begin before
 * it and before the ends of the ranges that it lies in, which is how Nsight's reports attribute GPU work to
 * ranges; a GPU row stands behind its call, which began earlier. Of a small file all rows are kept; else
 * memory grows with distinct names, threads, kernel shapes, and with the ranges that are open at one time. */
#include "analysis/input/nsys/nsys_emit.h"

#include "analysis/base/alloc.h"
#include "trace/settings.h"

#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Rows between two calls of the visitor's progress. */
#define PROGRESS_ROWS 65536

static const char *const kernel_columns[] = {"start",
                                             "end",
                                             "deviceId",
                                             "contextId",
                                             "streamId",
                                             "correlationId",
                                             "globalPid",
                                             "graphNodeId",
                                             "mangledName",
                                             "demangledName",
                                             "shortName",
                                             "gridX",
                                             "gridY",
                                             "gridZ",
                                             "blockX",
                                             "blockY",
                                             "blockZ",
                                             "registersPerThread",
                                             "staticSharedMemory",
                                             "dynamicSharedMemory",
                                             "sharedMemoryExecuted",
                                             "localMemoryPerThread",
                                             "cacheConfig",
                                             "launchType",
                                             "sharedMemoryLimitConfig",
                                             "localMemoryTotal",
                                             NULL};
static const char *const copy_columns[] = {
    "start",       "end",          "deviceId",    "contextId",    "streamId", "correlationId",
    "globalPid",   "graphNodeId",  "bytes",       "copyKind",     "srcKind",  "dstKind",
    "srcDeviceId", "srcContextId", "dstDeviceId", "dstContextId", NULL};
static const char *const fill_columns[] = {"start",    "end",           "deviceId",  "contextId",
                                           "streamId", "correlationId", "globalPid", "graphNodeId",
                                           "bytes",    "value",         "memKind",   NULL};
static const char *const call_columns[] = {"start",  "end",         "globalTid", "correlationId",
                                           "nameId", "returnValue", NULL};
static const char *const sync_columns[] = {"start",    "end",           "deviceId",           "contextId",
                                           "streamId", "correlationId", "globalPid",          "syncType",
                                           "eventId",  "eventSyncId",   "deprecatedSyncType", NULL};
static const char *const overhead_columns[] = {"start", "end", "globalTid", "nameId", "returnValue", NULL};
static const char *const node_columns[] = {"start", "end", "globalTid", "graphNodeId", "originalGraphNodeId",
                                           NULL};
static const char *const graph_columns[] = {"start",           "end",         "globalTid", "graphId",
                                            "originalGraphId", "graphExecId", NULL};
static const char *const range_columns[] = {
    "start",      "end",         "globalTid",   "eventType",    "text",       "textId",
    "domainId",   "rangeId",     "category",    "endGlobalTid", "color",      "uint64Value",
    "int64Value", "doubleValue", "uint32Value", "int32Value",   "floatValue", NULL};

/* Says when domains were made: a trace has no room for it. */
static void say_creations(input_nsys_reading *rd) {
    char key[300], value[32];
    for (size_t i = 0; i < rd->creation_count; i++) {
        snprintf(key, sizeof key, "nsys.domain.%s", input_nsys_name(&rd->file, rd->creations[i].name));
        snprintf(value, sizeof value, "%" PRId64, rd->creations[i].start);
        input_nsys_detail(&rd->file, key, value);
    }
}

/* Says which columns the file's tables lack, and to an export which parts of kernels' shapes. */
static void say_absent(input_nsys_reading *rd) {
    input_nsys_file *f = &rd->file;
    for (int i = 0; i < INPUT_NSYS_TABLES && f->stop == 0; i++) {
        const input_nsys_table *t = &rd->tables[i];
        char key[64], list[1000] = " ", text[1200];
        size_t n = 1;
        for (int c = 0; t->present && t->columns[c]; c++) {
            if (!input_nsys_has_column(f, t->name, t->columns[c])) {
                n += (size_t)snprintf(list + n, sizeof list - n, "%s ", t->columns[c]);
            }
        }
        if (n > 1) {
            snprintf(key, sizeof key, "note.nsys.columns.%d", i);
            snprintf(text, sizeof text, "table %s has no column%.*s: what they would say is missing", t->name,
                     (int)n - 1, list);
            input_nsys_meta(f, key, text);
        }
        if (i == INPUT_NSYS_KERNELS) {
            input_nsys_detail(f, "import.absent", list);
        }
    }
    if (f->stop == 0 && input_nsys_has(f, "CUPTI_ACTIVITY_KIND_GRAPH_TRACE")) {
        input_nsys_meta(
            f, "note.nsys.graphs",
            "CUDA graphs were traced as wholes: the kernels, copies and fills in them are missing (nsys "
            "profile --cuda-graph-trace=node records them)");
    }
}

void input_nsys_say_marks(input_nsys_reading *rd) {
    input_nsys_file *f = &rd->file;
    for (size_t i = 0; f->marks_of_program && !rd->said_marks && i < rd->creation_count; i++) {
        if (strcmp(input_nsys_name(f, rd->creations[i].name), TRACE_WATCH_DOMAIN) == 0) {
            rd->said_marks = true;
            input_nsys_meta(
                f, INPUT_MARKS,
                "the program's marks `watch on` and `watch off` were for moetrace's recorder; here "
                "all of the run was watched");
        }
    }
}

/* Says what the file lacks. */
static void say_missing(input_nsys_reading *rd) {
    static const char *const what[] = {NULL, NULL, "kernels",    "copies",     "fills",
                                       NULL, NULL, "CUDA calls", "NVTX ranges"};
    char key[64], text[300];
    for (int i = 0; i < INPUT_NSYS_TABLES; i++) {
        const input_nsys_table *t = &rd->tables[i];
        if (!what[i]) { /* of graphs there need not be any */
            continue;
        }
        if (!t->present) {
            snprintf(key, sizeof key, "note.nsys.%d", i);
            snprintf(text, sizeof text, "%s: the file has no table %s: none ran, or they were not captured",
                     what[i], t->name);
            input_nsys_meta(&rd->file, key, text);
        } else if (t->unusable > 0) {
            snprintf(key, sizeof key, "note.nsys.%d", i);
            snprintf(text, sizeof text,
                     "%s: %" PRIu64 " rows of table %s have no usable time and were left out", what[i],
                     t->unusable, t->name);
            input_nsys_meta(&rd->file, key, text);
        }
    }
    say_absent(rd);
    input_nsys_say_marks(rd);
    if (rd->process_count > 1) {
        snprintf(text, sizeof text,
                 "the file holds %zu processes; they are shown as one here (FILE#PID is one alone)",
                 rd->process_count);
        input_nsys_meta(&rd->file, INPUT_SEVERAL, text);
    }
}

/* The table whose next row comes first; at equal times ranges, then calls, graphs, nodes, then GPU work.
 * INPUT_NSYS_TABLES at the end.
 */
static int earliest(const int64_t starts[INPUT_NSYS_TABLES]) {
    int best = INPUT_NSYS_TABLES - 1;
    for (int i = best; i-- > 0;) {
        best = starts[i] < starts[best] ? i : best;
    }
    return starts[best] == INT64_MAX ? INPUT_NSYS_TABLES : best;
}

/* The start of a table's next row, which is then at hand; INT64_MAX, which no time is, at the end. */
static int64_t next_start(input_nsys_reading *rd, int table) {
    input_nsys_table *t = &rd->tables[table];
    return t->present && input_nsys_next(&rd->file, t) ? t->start : INT64_MAX;
}

static void progress(input_nsys_reading *rd) {
    input_nsys_file *f = &rd->file;
    if (++rd->rows_done % PROGRESS_ROWS == 0 && f->stop == 0 && f->v->progress) {
        f->stop = f->v->progress(f->v->ctx, rd->rows_done, rd->rows_total);
    }
}

static void read_events(input_nsys_reading *rd) {
    input_nsys_file *f = &rd->file;
    input_nsys_begin(f, rd->tables, INPUT_NSYS_TABLES, false);
    int64_t starts[INPUT_NSYS_TABLES];
    for (int i = 0; i < INPUT_NSYS_TABLES; i++) {
        starts[i] = next_start(rd, i);
    }
    for (int i; f->stop == 0 && (i = earliest(starts)) != INPUT_NSYS_TABLES; progress(rd)) {
        if (i == EXPORT_NSYS_RANGES) {
            input_nsys_range_row(rd);
        } else if (i == EXPORT_NSYS_CALLS) {
            input_nsys_call_row(rd);
        } else if (i == INPUT_NSYS_SYNCS || i == INPUT_NSYS_OVERHEADS) {
            input_nsys_extra_row(rd, i);
        } else if (i == EXPORT_NSYS_NODES || i == INPUT_NSYS_GRAPHS) {
            input_nsys_node_row(rd, i);
        } else {
            input_nsys_gpu_row(rd, i);
        }
        starts[i] = next_start(rd, i);
    }
    for (uint32_t i = 0; i < rd->thread_count; i++) {
        input_nsys_close_before(rd, i, INT64_MAX);
    }
}

static void read_file(input_nsys_reading *rd, bool once, trace_status *status) {
    input_nsys_file *f = &rd->file;
    if (input_nsys_has(f, "StringIds")) {
        f->string = input_nsys_query(f, "SELECT value FROM StringIds WHERE id = ?1");
    }
    bool any = false;
    for (int i = 0; i < INPUT_NSYS_TABLES; i++) {
        bool extra = i == INPUT_NSYS_SYNCS || i == INPUT_NSYS_OVERHEADS;
        bool wanted = f->stop == 0 && (!extra || (f->extras && f->extras->sync && f->extras->overhead));
        rd->tables[i].present = wanted && input_nsys_has(f, rd->tables[i].name);
        any |= rd->tables[i].present && !extra;
    }
    if (!any && f->stop == 0) {
        f->stop = -1;
        snprintf(f->error, TRACE_ERROR_BYTES,
                 "%s: an SQLite file, but no export of Nsight Systems: none of its tables is there", f->path);
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
    f->pid = rd->process_count > 0 ? rd->processes[0].pid24 & 0xffffff : 0;
    input_nsys_read_info(f, status);
    f->quiet = false;
    say_creations(rd);
    say_missing(rd);
    input_nsys_say(f);
    input_nsys_read_threads(rd);
    read_events(rd);
    uint64_t end = (uint64_t)(f->last + f->base);
    if (f->stop == 0 && f->v->end) {
        f->stop = f->v->end(f->v->ctx, end, "capture", strlen("capture"));
    }
}

static void free_reading(input_nsys_reading *rd) {
    input_nsys_feed_close(rd->file.feed);
    for (int i = 0; i < INPUT_NSYS_TABLES; i++) {
        sqlite3_finalize(rd->tables[i].cursor);
        input_nsys_rows_free(&rd->tables[i].one);
    }
    for (size_t i = 0; i < rd->thread_count; i++) {
        free(rd->open[i].list);
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
    base_set_free(&rd->asking);
    input_nsys_close(&rd->file);
}

void input_nsys_tables(input_nsys_table tables[INPUT_NSYS_TABLES]) {
/* How many columns are scanned, and how many a report needs; where rows hold the process, the correlation id,
 * and the event's type. */
#define TABLE(n, p, c, s, r, ...)                                                                            \
    {                                                                                                        \
        .name = n, .process = p, .columns = c, .scanned = s, .reported = r, .places = {__VA_ARGS__},         \
        .layout = {                                                                                          \
            -1,                                                                                              \
            INT_MAX                                                                                          \
        }                                                                                                    \
    }
    enum { ALL = INPUT_NSYS_CELLS };
    static const input_nsys_table all[INPUT_NSYS_TABLES] = {
        TABLE("CUPTI_ACTIVITY_KIND_SYNCHRONIZATION", "globalPid", sync_columns, 2, ALL, -1, -1, -1),
        TABLE("PROFILER_OVERHEAD", "globalTid", overhead_columns, 2, ALL, -1, -1, -1),
        TABLE("CUPTI_ACTIVITY_KIND_KERNEL", "globalPid", kernel_columns, 7, 11, 6, 5, -1),
        TABLE("CUPTI_ACTIVITY_KIND_MEMCPY", "globalPid", copy_columns, 7, 8, 6, 5, -1),
        TABLE("CUPTI_ACTIVITY_KIND_MEMSET", "globalPid", fill_columns, 7, 8, 6, 5, -1),
        TABLE("CUDA_GRAPH_NODE_EVENTS", "globalTid", node_columns, 3, ALL, 2, -1, -1),
        TABLE("CUDA_GRAPH_EVENTS", "globalTid", graph_columns, 3, ALL, 2, -1, -1),
        TABLE("CUPTI_ACTIVITY_KIND_RUNTIME", "globalTid", call_columns, 4, 5, 2, 3, -1),
        TABLE("NVTX_EVENTS", "globalTid", range_columns, 7, ALL, 2, -1, 3)};
#undef TABLE
    memcpy(tables, all, sizeof all);
    tables[EXPORT_NSYS_RANGES].layout.text = 4;
    tables[INPUT_NSYS_KERNELS].layout.shaped = 8;
}

int input_nsys_read(const char *path, unsigned jobs, bool once, const trace_visitor *v,
                    const input_extras *extras, trace_status *status, char error[TRACE_ERROR_BYTES]) {
    uint64_t process;
    size_t len = input_capture_file(path, &process);
    char *file = base_copy(path, len);
    input_nsys_reading rd = {
        .file = {.path = file, .v = v, .error = error, .quiet = true, .extras = extras, .jobs = jobs}};
    memset(status, 0, sizeof *status);
    status->bytes_total = input_nsys_bytes(file);
    status->ended = true;
    rd.file.bytes = status->bytes_total;
    input_nsys_tables(rd.tables);
    if (input_nsys_open(&rd.file)) {
        if (path[len] != '\0') {
            input_nsys_choose(&rd, process);
        }
        read_file(&rd, once, status);
    }
    int rc = rd.file.stop;
    if (rc == -1 && once) { /* a part that is damaged may not be needed */
        rc = INPUT_READ_AGAIN;
        *error = '\0';
    }
    for (char *c = error; rc == -1 && *c; c++) {
        *c = (unsigned char)*c < ' ' ? ' ' : *c; /* SQLite quotes names of the file, whatever is in them */
    }
    free_reading(&rd);
    free(file);
    return rc;
}
