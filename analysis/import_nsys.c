/* An SQLite export of Nsight Systems, given to a visitor as if it were a trace.
 *
 * The tables are read side by side in order of their start. A call stands behind the ranges that begin before
 * it and before the ends of the ranges that it lies in, which is how Nsight's reports attribute GPU work to
 * ranges; a GPU row stands behind its call, which began earlier. Memory grows with distinct names, threads,
 * kernel shapes, and with the ranges that are open at one time. */
#include "analysis/import_nsys.h"

#include "analysis/export_bits.h"
#include "analysis/export_names.h"
#include "analysis/memory.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

/* Ranges that one thread may have open. */
#define DEPTH_MAX 65536
/* Rows between two calls of the visitor's progress. */
#define PROGRESS_ROWS 65536

enum { KERNELS, COPIES, FILLS, CALLS, RANGES, TABLES };

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
    "start", "end",      "deviceId", "contextId", "streamId", "correlationId", "globalPid", "graphNodeId",
    "bytes", "copyKind", "srcKind",  "dstKind",   NULL};
static const char *const fill_columns[] = {"start",    "end",           "deviceId",  "contextId",
                                           "streamId", "correlationId", "globalPid", "graphNodeId",
                                           "bytes",    "value",         "memKind",   NULL};
static const char *const call_columns[] = {"start",  "end",         "globalTid", "correlationId",
                                           "nameId", "returnValue", NULL};
static const char *const range_columns[] = {
    "start",      "end",         "globalTid",   "eventType",    "text",       "textId",
    "domainId",   "rangeId",     "category",    "endGlobalTid", "color",      "uint64Value",
    "int64Value", "doubleValue", "uint32Value", "int32Value",   "floatValue", NULL};

typedef struct {
    int64_t end;
    uint32_t domain; /* string id of its name */
    uint64_t id;     /* of a start/end range; 0 of a push/pop one */
    uint32_t end_thread;
} open_range;

typedef struct {
    open_range *list; /* outermost first; ends descend unless ranges overlap */
    size_t depth, cap;
} open_ranges;

typedef struct {
    uint64_t pid24, correlation_max, correlation_base;
} process;

typedef struct {
    int64_t start;
    uint32_t name; /* string id */
} creation;

typedef struct {
    analysis_nsys_file file;
    analysis_nsys_table tables[TABLES];
    process *processes;
    size_t process_count, process_cap;
    analysis_map threads; /* globalTid -> thread index */
    open_ranges *open;    /* by thread index */
    size_t open_cap, thread_count;
    analysis_map queues, domains; /* device, context, stream -> id; process and domain -> string id */
    uint32_t queue_count;
    trace_shape *shapes;
    uint64_t *shape_names; /* what stood in the three columns of names, mixed */
    size_t shape_count, shape_cap, shape_name_cap;
    analysis_map by_shape, suffixes; /* suffixes: string id -> index in names of the suffix that it had */
    analysis_bits async;             /* correlation ids of asynchronous calls */
    creation *creations;             /* of domains */
    size_t creation_count, creation_cap;
    uint64_t range_ids, rows_done, rows_total, lost;
} reading;

static process *process_of(reading *rd, int64_t global) {
    uint64_t pid24 = (uint64_t)global >> 24;
    for (size_t i = rd->process_count; i-- > 0;) {
        if (rd->processes[i].pid24 == pid24) {
            return &rd->processes[i];
        }
    }
    if (rd->process_count >= 4096) { /* no capture has so many: all others are one */
        return &rd->processes[0];
    }
    rd->processes =
        analysis_grow(rd->processes, &rd->process_cap, rd->process_count + 1, sizeof *rd->processes);
    rd->processes[rd->process_count] = (process){.pid24 = pid24};
    return &rd->processes[rd->process_count++];
}

/* ---- Definitions ---- */

static uint32_t thread_of(reading *rd, int64_t global, uint32_t name) {
    analysis_nsys_file *f = &rd->file;
    uint32_t index = analysis_map_get(&rd->threads, (uint64_t)global);
    if (index != ANALYSIS_NONE) {
        return index;
    }
    index = (uint32_t)rd->thread_count++;
    analysis_map_put(&rd->threads, (uint64_t)global, index);
    rd->open = analysis_grow(rd->open, &rd->open_cap, rd->thread_count, sizeof *rd->open);
    const char *text = analysis_nsys_name(f, name);
    trace_thread t = {
        .index = index, .tid = (uint32_t)global & 0xffffff, .name = text, .name_len = strlen(text)};
    if (f->stop == 0 && f->v->thread) {
        f->stop = f->v->thread(f->v->ctx, &t);
    }
    return index;
}

static void read_threads(reading *rd) {
    analysis_nsys_file *f = &rd->file;
    char key[64], value[32];
    if (f->stop != 0 || !analysis_nsys_has(f, "ThreadNames")) {
        return;
    }
    bool priorities = sqlite3_table_column_metadata(f->db, "main", "ThreadNames", "priority", NULL, NULL,
                                                    NULL, NULL, NULL) == SQLITE_OK;
    sqlite3_stmt *s =
        analysis_nsys_query(f, priorities ? "SELECT nameId, globalTid, priority FROM ThreadNames"
                                          : "SELECT nameId, globalTid, NULL FROM ThreadNames");
    while (analysis_nsys_row(f, s)) {
        if (sqlite3_column_type(s, 1) != SQLITE_INTEGER) {
            continue;
        }
        int64_t global = sqlite3_column_int64(s, 1);
        thread_of(rd, global, analysis_nsys_string_id(f, analysis_nsys_int(s, 0, -1)));
        if (sqlite3_column_type(s, 2) == SQLITE_INTEGER) {
            snprintf(key, sizeof key, "nsys.priority.%" PRIu64, (uint64_t)global & 0xffffff);
            snprintf(value, sizeof value, "%" PRId64, (int64_t)sqlite3_column_int64(s, 2));
            analysis_nsys_detail(f, key, value);
        }
    }
    sqlite3_finalize(s);
}

static uint32_t queue_of(reading *rd, sqlite3_stmt *s) {
    analysis_nsys_file *f = &rd->file;
    trace_queue q = {.device = analysis_nsys_u32(s, 2, 0),
                     .context = analysis_nsys_u32(s, 3, 0),
                     .stream = analysis_nsys_u32(s, 4, 0)};
    uint64_t key =
        (uint64_t)(q.device & 0xffff) << 48 | (uint64_t)(q.context & 0xffffff) << 24 | (q.stream & 0xffffff);
    uint32_t id = analysis_map_get(&rd->queues, key);
    if (id == ANALYSIS_NONE) {
        q.id = id = rd->queue_count++;
        analysis_map_put(&rd->queues, key, id);
        if (f->stop == 0 && f->v->queue) {
            f->stop = f->v->queue(f->v->ctx, &q);
        }
    }
    return id;
}

/* Says the capture's demangled or short name where ours would be another. */
static void keep_name(analysis_nsys_file *f, const char *kind, const char *mangled, char *ours,
                      uint32_t theirs) {
    const char *text = analysis_nsys_name(f, theirs);
    if (theirs != 0 && strcmp(ours, text) != 0) {
        size_t len = strlen(kind) + strlen(mangled) + 1;
        char *key = analysis_alloc(len, 1);
        snprintf(key, len, "%s%s", kind, mangled);
        analysis_nsys_detail(f, key, text);
        free(key);
    }
    free(ours);
}

static uint32_t new_shape(reading *rd, const trace_shape *shape, sqlite3_stmt *s, uint64_t names) {
    analysis_nsys_file *f = &rd->file;
    size_t at = rd->shape_count++;
    rd->shapes = analysis_grow(rd->shapes, &rd->shape_cap, at + 1, sizeof *rd->shapes);
    rd->shape_names = analysis_grow(rd->shape_names, &rd->shape_name_cap, at + 1, sizeof *rd->shape_names);
    rd->shapes[at] = *shape;
    rd->shape_names[at] = names;
    uint32_t ids[3];
    for (int i = 0; i < 3; i++) {
        int64_t id = analysis_nsys_int(s, 8 + i, -1);
        ids[i] = id < 0 ? 0 : analysis_nsys_string_id(f, id);
    }
    trace_shape said = *shape;
    said.id = (uint32_t)at;
    said.name = ids[0] ? ids[0] : ids[1] ? ids[1] : ids[2];
    if (said.name != 0) {
        const char *name = analysis_nsys_name(f, said.name);
        keep_name(f, "nsys.demangled.", name, analysis_kernel_demangled(name), ids[1]);
        keep_name(f, "nsys.short.", name, analysis_kernel_short(name), ids[2]);
    }
    if (f->stop == 0 && f->v->shape) {
        f->stop = f->v->shape(f->v->ctx, &said);
    }
    return (uint32_t)at;
}

static uint64_t mix(uint64_t hash, uint64_t value) {
    hash = (hash ^ value) * 0x9fb21c651e98df25u;
    return hash ^ hash >> 32;
}

/* The shape of the kernel that the cursor is at. */
static uint32_t shape_of(reading *rd, sqlite3_stmt *s) {
    trace_shape shape = {.local_bytes_total = (uint64_t)analysis_nsys_int(s, 25, 0)};
    uint32_t *fields[] = {&shape.grid[0],
                          &shape.grid[1],
                          &shape.grid[2],
                          &shape.block[0],
                          &shape.block[1],
                          &shape.block[2],
                          &shape.registers_per_thread,
                          &shape.static_shared_bytes,
                          &shape.dynamic_shared_bytes,
                          &shape.shared_executed_bytes,
                          &shape.local_bytes_per_thread,
                          &shape.cache_config,
                          &shape.launch_type,
                          &shape.shared_limit_config};
    uint64_t names = 0, hash = shape.local_bytes_total;
    for (int i = 0; i < 3; i++) {
        names = mix(names, (uint64_t)analysis_nsys_int(s, 8 + i, -1));
    }
    for (size_t i = 0; i < sizeof fields / sizeof *fields; i++) {
        *fields[i] = analysis_nsys_u32(s, 11 + (int)i, 0);
        hash = mix(hash, *fields[i]);
    }
    shape.launch_type--; /* the schema's are CUPTI's plus 1; its unknown, 0, becomes the highest number */
    hash = mix(hash, names);
    uint32_t at;
    while ((at = analysis_map_get(&rd->by_shape, hash)) != ANALYSIS_NONE) {
        if (rd->shape_names[at] == names && memcmp(&rd->shapes[at], &shape, sizeof shape) == 0) {
            return at;
        }
        hash++;
    }
    at = new_shape(rd, &shape, s, names);
    analysis_map_put(&rd->by_shape, hash, at);
    return at;
}

/* ---- Events ---- */

static uint64_t time_of(const reading *rd, int64_t time) {
    return (uint64_t)(time + rd->file.base);
}

static void host(reading *rd, const trace_host_event *e) {
    analysis_nsys_file *f = &rd->file;
    if (f->stop == 0 && f->v->host) {
        f->stop = f->v->host(f->v->ctx, e);
    }
}

static uint32_t correlation_of(reading *rd, int64_t global, sqlite3_stmt *s, int column) {
    int64_t id = analysis_nsys_int(s, column, 0);
    if (id <= 0 || id > UINT32_MAX) {
        return 0;
    }
    return (uint32_t)(process_of(rd, global)->correlation_base + (uint64_t)id);
}

static void gpu_row(reading *rd, int table) {
    analysis_nsys_table *t = &rd->tables[table];
    analysis_nsys_file *f = &rd->file;
    sqlite3_stmt *s = t->cursor;
    trace_gpu_event e = {.kind = table == KERNELS  ? TRACE_GPU_KERNEL
                                 : table == COPIES ? TRACE_GPU_MEMCPY
                                                   : TRACE_GPU_MEMSET,
                         .timed = t->has_end,
                         .correlation = correlation_of(rd, analysis_nsys_int(s, 6, 0), s, 5),
                         .queue = queue_of(rd, s),
                         .graph_node = (uint64_t)analysis_nsys_int(s, 7, 0)};
    if (e.timed) {
        e.start = time_of(rd, t->start);
        e.end = time_of(rd, t->end);
    }
    if (table == KERNELS) {
        e.shape = shape_of(rd, s);
    } else {
        e.bytes = (uint64_t)analysis_nsys_int(s, 8, 0);
        e.copy_is_async = analysis_bits_has(&rd->async, e.correlation);
        /* The schema's memory kinds are CUPTI's less 1, with 7 for the unknown one. */
        uint32_t first = analysis_nsys_u32(s, 10, 7), second = analysis_nsys_u32(s, 11, 7);
        uint8_t kinds[2] = {first < 7 ? (uint8_t)(first + 1) : 0, second < 7 ? (uint8_t)(second + 1) : 0};
        if (table == COPIES) {
            e.copy_kind = (uint8_t)analysis_nsys_u32(s, 9, 0);
            e.src_mem_kind = kinds[0];
            e.dst_mem_kind = kinds[1];
        } else {
            e.value = analysis_nsys_u32(s, 9, 0);
            e.dst_mem_kind = kinds[0];
        }
    }
    if (f->stop == 0 && f->v->gpu) {
        f->stop = f->v->gpu(f->v->ctx, &e);
    }
}

static void close_range(reading *rd, uint32_t thread, size_t i) {
    open_ranges *o = &rd->open[thread];
    open_range r = o->list[i];
    memmove(&o->list[i], &o->list[i + 1], (--o->depth - i) * sizeof *o->list);
    host(rd, &(trace_host_event){.kind = r.id ? TRACE_HOST_END : TRACE_HOST_POP,
                                 .thread = r.id ? r.end_thread : thread,
                                 .time = time_of(rd, r.end),
                                 .domain = r.domain,
                                 .id = r.id});
}

/* Ends the thread's ranges that end before `limit`, the innermost first. */
static void close_before(reading *rd, uint32_t thread, int64_t limit) {
    for (;;) {
        const open_ranges *o = &rd->open[thread];
        size_t least = o->depth;
        for (size_t i = o->depth; i-- > 0;) {
            if (least == o->depth || o->list[i].end < o->list[least].end) {
                least = i;
            }
        }
        if (least == o->depth || o->list[least].end >= limit) {
            return;
        }
        close_range(rd, thread, least);
    }
}

/* A runtime call's name without the version of its interface ("cudaLaunchKernel_v7000"). What was cut off is
 * said, so that an export can have it again. */
static uint32_t call_name(reading *rd, int64_t name_id) {
    analysis_nsys_file *f = &rd->file;
    uint32_t full = name_id < 0 ? 0 : analysis_nsys_string_id(f, name_id);
    uint32_t known = analysis_map_get(&rd->suffixes, full);
    if (known != ANALYSIS_NONE) {
        return known;
    }
    const char *text = analysis_nsys_name(f, full);
    size_t len = strlen(text), digits = len;
    while (digits > 0 && isdigit((unsigned char)text[digits - 1])) {
        digits--;
    }
    known = full;
    if (strncmp(text, "cuda", 4) == 0 && digits < len && digits > 6 &&
        memcmp(text + digits - 2, "_v", 2) == 0) {
        uint32_t cut = analysis_nsys_text_id(f, text, digits - 2);
        /* Two versions of one call: the second keeps its name. */
        if (analysis_map_get(&rd->suffixes, cut) == ANALYSIS_NONE) {
            char key[300];
            snprintf(key, sizeof key, "nsys.suffix.%s", analysis_nsys_name(f, cut));
            analysis_nsys_detail(f, key, analysis_nsys_name(f, full) + digits - 2);
            analysis_map_put(&rd->suffixes, cut, cut);
            known = cut;
        }
    }
    analysis_map_put(&rd->suffixes, full, known);
    return known;
}

static void call_row(reading *rd) {
    analysis_nsys_table *t = &rd->tables[CALLS];
    sqlite3_stmt *s = t->cursor;
    int64_t global = analysis_nsys_int(s, 2, 0);
    trace_host_event e = {.kind = TRACE_HOST_API,
                          .thread = thread_of(rd, global, 0),
                          .time = time_of(rd, t->start),
                          .duration = (uint64_t)(t->end - t->start),
                          .name = call_name(rd, analysis_nsys_int(s, 4, -1)),
                          .correlation = correlation_of(rd, global, s, 3),
                          .result = (int32_t)analysis_nsys_int(s, 5, 0)};
    if (e.correlation != 0 && strstr(analysis_nsys_name(&rd->file, e.name), "Async")) {
        analysis_bits_add(&rd->async, e.correlation);
    }
    close_before(rd, e.thread, t->end);
    host(rd, &e);
}

static void payload_of(sqlite3_stmt *s, trace_host_event *e) {
    static const uint8_t types[] = {TRACE_PAYLOAD_U64, TRACE_PAYLOAD_I64, TRACE_PAYLOAD_F64,
                                    TRACE_PAYLOAD_U32, TRACE_PAYLOAD_I32, TRACE_PAYLOAD_F32};
    for (int i = 0; i < 6; i++) {
        if (sqlite3_column_type(s, 11 + i) == SQLITE_NULL) {
            continue;
        }
        double f64 = sqlite3_column_double(s, 11 + i);
        float f32 = f64 > -3.4e38 && f64 < 3.4e38 ? (float)f64 : 0;
        uint32_t low;
        memcpy(&low, &f32, sizeof low);
        e->payload_type = types[i];
        e->payload = (uint64_t)sqlite3_column_int64(s, 11 + i);
        if (types[i] == TRACE_PAYLOAD_F64) {
            memcpy(&e->payload, &f64, sizeof f64);
        } else if (types[i] == TRACE_PAYLOAD_F32) {
            e->payload = low;
        } else if (types[i] == TRACE_PAYLOAD_U32 || types[i] == TRACE_PAYLOAD_I32) {
            e->payload &= UINT32_MAX;
        }
        return;
    }
}

/* The string id of the name of a row of NVTX_EVENTS: registered, or inline. */
static uint32_t range_name(reading *rd, sqlite3_stmt *s, int text_column, int id_column) {
    int64_t registered = analysis_nsys_int(s, id_column, -1);
    uint32_t id = registered < 0 ? 0 : analysis_nsys_string_id(&rd->file, registered);
    if (id == 0 && sqlite3_column_type(s, text_column) == SQLITE_TEXT) {
        const char *text = (const char *)sqlite3_column_text(s, text_column);
        id = text ? analysis_nsys_text_id(&rd->file, text, (size_t)sqlite3_column_bytes(s, text_column)) : 0;
    }
    return id;
}

static uint32_t domain_of(reading *rd, int64_t global, int64_t domain) {
    if (domain <= 0) {
        return 0;
    }
    uint64_t key = mix((uint64_t)global >> 24, (uint64_t)domain);
    uint32_t id = analysis_map_get(&rd->domains, key);
    if (id == ANALYSIS_NONE) { /* its creation is not in the file */
        char text[40];
        snprintf(text, sizeof text, "domain %" PRId64, domain);
        id = analysis_nsys_text_id(&rd->file, text, strlen(text));
        analysis_map_put(&rd->domains, key, id);
    }
    return id;
}

/* Whether the new range lies across the end of one that is open, so that push and pop cannot say it. */
static bool overlaps(const open_ranges *o, uint32_t domain, int64_t start, int64_t end) {
    for (size_t i = 0; i < o->depth; i++) {
        if (o->list[i].id == 0 && o->list[i].domain == domain && o->list[i].end > start &&
            o->list[i].end < end) {
            return true;
        }
    }
    return false;
}

static void range_row(reading *rd) {
    analysis_nsys_table *t = &rd->tables[RANGES];
    sqlite3_stmt *s = t->cursor;
    int64_t type = analysis_nsys_int(s, 3, 0), global = analysis_nsys_int(s, 2, 0);
    bool push = type == 59 || type == 70, start = type == 60 || type == 71, mark = type == 34 || type == 65;
    if (!push && !start && !mark) {
        return;
    }
    uint32_t thread = thread_of(rd, global, 0);
    bool closes = t->has_end && t->end < rd->file.duration;
    /* One that is empty lies inside a range that ends where it begins. */
    close_before(rd, thread, t->end > t->start ? t->start + 1 : t->start);
    open_ranges *o = &rd->open[thread];
    trace_host_event e = {.thread = thread,
                          .time = time_of(rd, t->start),
                          .name = range_name(rd, s, 4, 5),
                          .domain = domain_of(rd, global, analysis_nsys_int(s, 6, 0)),
                          .category = analysis_nsys_u32(s, 8, 0),
                          .color = analysis_nsys_u32(s, 10, 0)};
    payload_of(s, &e);
    if (o->depth >= DEPTH_MAX) {
        rd->lost++;
        return;
    }
    if (push && closes && overlaps(o, e.domain, t->start, t->end)) {
        push = false;
    }
    e.kind = mark ? TRACE_HOST_MARK : push ? TRACE_HOST_PUSH : TRACE_HOST_START;
    e.id = push || mark ? 0 : ++rd->range_ids;
    host(rd, &e);
    if (!mark && closes) {
        int64_t end_global = analysis_nsys_int(s, 9, global);
        uint32_t end_thread = thread_of(rd, end_global, 0); /* may move the open ranges */
        o = &rd->open[thread];
        o->list = analysis_grow(o->list, &o->cap, o->depth + 1, sizeof *o->list);
        o->list[o->depth++] =
            (open_range){.end = t->end, .domain = e.domain, .id = e.id, .end_thread = end_thread};
    }
}

/* ---- The passes ---- */

/* One pass over a table for what must be known before the first event: whether it is sorted, the first and
 * last time, the processes and their highest correlation ids, and the names of domains. */
static void scan(reading *rd, int table) {
    static const char *const gpu[] = {"start", "end", "globalPid", "correlationId", NULL};
    static const char *const calls[] = {"start", "end", "globalTid", "correlationId", NULL};
    static const char *const ranges[] = {"start",     "end",  "globalTid", "domainId",
                                         "eventType", "text", "textId",    NULL};
    analysis_nsys_file *f = &rd->file;
    analysis_nsys_table *t = &rd->tables[table], look = *t;
    look.columns = table == RANGES ? ranges : table == CALLS ? calls : gpu;
    look.sorted = true; /* as it stands */
    t->sorted = true;
    int64_t before = INT64_MIN;
    for (analysis_nsys_begin(f, &look); analysis_nsys_next(f, &look); t->rows++) {
        sqlite3_stmt *s = look.cursor;
        t->sorted &= look.start >= before;
        before = look.start;
        int64_t global = analysis_nsys_int(s, 2, 0);
        process *p = table == RANGES && global == 0 ? NULL : process_of(rd, global);
        uint64_t number = (uint64_t)analysis_nsys_int(s, 3, 0);
        if (p && table != RANGES) {
            p->correlation_max =
                number <= UINT32_MAX && number > p->correlation_max ? number : p->correlation_max;
        } else if (table == RANGES && analysis_nsys_int(s, 4, 0) == 75) {
            uint32_t id = range_name(rd, s, 5, 6);
            analysis_map_put(&rd->domains, mix((uint64_t)global >> 24, number), id);
            rd->creations =
                analysis_grow(rd->creations, &rd->creation_cap, rd->creation_count + 1, sizeof(creation));
            rd->creations[rd->creation_count++] = (creation){look.start, id};
            continue;
        }
        f->first = look.start < f->first ? look.start : f->first;
        f->last = look.end > f->last ? look.end : f->last;
    }
    t->unusable = look.unusable;
    rd->rows_total += t->rows;
}

/* Says when domains were made: a trace has no room for it. */
static void say_creations(reading *rd) {
    char key[300], value[32];
    for (size_t i = 0; i < rd->creation_count; i++) {
        snprintf(key, sizeof key, "nsys.domain.%s", analysis_nsys_name(&rd->file, rd->creations[i].name));
        snprintf(value, sizeof value, "%" PRId64, rd->creations[i].start);
        analysis_nsys_detail(&rd->file, key, value);
    }
}

/* Says what the file lacks. */
static void say_missing(reading *rd) {
    static const char *const what[] = {"kernels", "copies", "fills", "CUDA calls", "NVTX ranges"};
    char key[64], text[300];
    for (int i = 0; i < TABLES; i++) {
        const analysis_nsys_table *t = &rd->tables[i];
        if (!t->present) {
            snprintf(key, sizeof key, "note.nsys.%d", i);
            snprintf(text, sizeof text, "%s: the file has no table %s: none ran, or they were not captured",
                     what[i], t->name);
            analysis_nsys_meta(&rd->file, key, text);
        } else if (t->unusable > 0) {
            snprintf(key, sizeof key, "note.nsys.%d", i);
            snprintf(text, sizeof text,
                     "%s: %" PRIu64 " rows of table %s have no usable time and were left out", what[i],
                     t->unusable, t->name);
            analysis_nsys_meta(&rd->file, key, text);
        }
    }
    if (rd->process_count > 1) {
        snprintf(text, sizeof text, "the file holds %zu processes; they are shown as one", rd->process_count);
        analysis_nsys_meta(&rd->file, "note.nsys.processes", text);
    }
}

/* The table whose next row comes first; at equal times ranges, then calls, then GPU work. TABLES at the end.
 */
static int earliest(const reading *rd) {
    int best = TABLES;
    for (int i = TABLES; i-- > 0;) {
        if (rd->tables[i].cursor && (best == TABLES || rd->tables[i].start < rd->tables[best].start)) {
            best = i;
        }
    }
    return best;
}

static void progress(reading *rd) {
    analysis_nsys_file *f = &rd->file;
    if (++rd->rows_done % PROGRESS_ROWS == 0 && f->stop == 0 && f->v->progress) {
        f->stop = f->v->progress(f->v->ctx, rd->rows_done, rd->rows_total);
    }
}

static void read_events(reading *rd) {
    analysis_nsys_file *f = &rd->file;
    for (int i = 0; i < TABLES; i++) {
        if (rd->tables[i].present && f->stop == 0) {
            analysis_nsys_begin(f, &rd->tables[i]);
            analysis_nsys_next(f, &rd->tables[i]);
        }
    }
    for (int i; f->stop == 0 && (i = earliest(rd)) != TABLES; progress(rd)) {
        if (i == RANGES) {
            range_row(rd);
        } else if (i == CALLS) {
            call_row(rd);
        } else {
            gpu_row(rd, i);
        }
        analysis_nsys_next(f, &rd->tables[i]);
    }
    for (uint32_t i = 0; i < rd->thread_count; i++) {
        close_before(rd, i, INT64_MAX);
    }
}

static void read_file(reading *rd, trace_status *status) {
    analysis_nsys_file *f = &rd->file;
    if (analysis_nsys_has(f, "StringIds")) {
        f->string = analysis_nsys_query(f, "SELECT value FROM StringIds WHERE id = ?1");
    }
    bool any = false;
    for (int i = 0; i < TABLES; i++) {
        rd->tables[i].present = f->stop == 0 && analysis_nsys_has(f, rd->tables[i].name);
        any |= rd->tables[i].present;
    }
    if (!any && f->stop == 0) {
        f->stop = -1;
        snprintf(f->error, TRACE_ERROR_BYTES,
                 "%s: an SQLite file, but no export of Nsight Systems: none of its tables is there", f->path);
    }
    for (int i = 0; i < TABLES; i++) {
        if (rd->tables[i].present && f->stop == 0) {
            scan(rd, i);
        }
    }
    uint64_t base = 0;
    for (size_t i = 0; i < rd->process_count; i++) {
        rd->processes[i].correlation_base = base;
        base += rd->processes[i].correlation_max;
    }
    f->pid = rd->process_count > 0 ? rd->processes[0].pid24 & 0xffffff : 0;
    analysis_nsys_read_info(f, status);
    f->quiet = false;
    say_creations(rd);
    say_missing(rd);
    analysis_nsys_say(f);
    read_threads(rd);
    read_events(rd);
    uint64_t end = (uint64_t)(f->last + f->base);
    if (f->stop == 0 && f->v->end) {
        f->stop = f->v->end(f->v->ctx, end, "capture", strlen("capture"));
    }
}

static void free_reading(reading *rd) {
    for (int i = 0; i < TABLES; i++) {
        sqlite3_finalize(rd->tables[i].cursor);
    }
    for (size_t i = 0; i < rd->thread_count; i++) {
        free(rd->open[i].list);
    }
    free(rd->open);
    free(rd->processes);
    free(rd->creations);
    free(rd->shapes);
    free(rd->shape_names);
    analysis_map_free(&rd->threads);
    analysis_map_free(&rd->queues);
    analysis_map_free(&rd->domains);
    analysis_map_free(&rd->by_shape);
    analysis_map_free(&rd->suffixes);
    analysis_bits_free(&rd->async);
    analysis_nsys_close(&rd->file);
}

int analysis_import_nsys(const char *path, const trace_visitor *v, bool details, trace_status *status,
                         char error[TRACE_ERROR_BYTES]) {
    reading rd = {.file = {.path = path, .v = v, .error = error, .quiet = true, .details = details},
                  .tables = {{.name = "CUPTI_ACTIVITY_KIND_KERNEL", .columns = kernel_columns},
                             {.name = "CUPTI_ACTIVITY_KIND_MEMCPY", .columns = copy_columns},
                             {.name = "CUPTI_ACTIVITY_KIND_MEMSET", .columns = fill_columns},
                             {.name = "CUPTI_ACTIVITY_KIND_RUNTIME", .columns = call_columns},
                             {.name = "NVTX_EVENTS", .columns = range_columns}}};
    struct stat st;
    memset(status, 0, sizeof *status);
    status->bytes_total = stat(path, &st) == 0 ? (uint64_t)st.st_size : 0;
    status->ended = true;
    if (analysis_nsys_open(&rd.file)) {
        read_file(&rd, status);
    }
    int rc = rd.file.stop;
    free_reading(&rd);
    return rc;
}
