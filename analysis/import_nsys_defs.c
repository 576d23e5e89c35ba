/* What rows of an export of Nsight Systems refer to: processes, threads, queues, kernel shapes. */
#include "analysis/import_nsys_rows.h"

#include "analysis/export_names.h"
#include "analysis/memory.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

uint64_t analysis_nsys_mix(uint64_t hash, uint64_t value) {
    hash = (hash ^ value) * 0x9fb21c651e98df25u;
    return hash ^ hash >> 32;
}

analysis_nsys_process_ids *analysis_nsys_process_of(analysis_nsys_reading *rd, int64_t global) {
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
    rd->processes[rd->process_count] = (analysis_nsys_process_ids){.pid24 = pid24};
    return &rd->processes[rd->process_count++];
}

uint32_t analysis_nsys_thread_of(analysis_nsys_reading *rd, int64_t global, uint32_t name) {
    analysis_nsys_file *f = &rd->file;
    if (rd->thread_count > 0 && global == rd->last_global) {
        return rd->last_thread;
    }
    uint32_t index = analysis_map_get(&rd->threads, (uint64_t)global);
    rd->last_global = global;
    rd->last_thread = index != ANALYSIS_NONE ? index : (uint32_t)rd->thread_count;
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

void analysis_nsys_read_threads(analysis_nsys_reading *rd) {
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
        analysis_nsys_thread_of(rd, global, analysis_nsys_string_id(f, analysis_nsys_int(s, 0, -1)));
        if (sqlite3_column_type(s, 2) == SQLITE_INTEGER) {
            snprintf(key, sizeof key, "nsys.priority.%" PRIu64, (uint64_t)global & 0xffffff);
            snprintf(value, sizeof value, "%" PRId64, (int64_t)sqlite3_column_int64(s, 2));
            analysis_nsys_detail(f, key, value);
        }
    }
    sqlite3_finalize(s);
}

uint32_t analysis_nsys_queue_of(analysis_nsys_reading *rd, const analysis_nsys_cells *row) {
    analysis_nsys_file *f = &rd->file;
    trace_queue q = {.device = analysis_nsys_cell_u32(row, 2, 0),
                     .context = analysis_nsys_cell_u32(row, 3, 0),
                     .stream = analysis_nsys_cell_u32(row, 4, 0)};
    uint64_t key =
        (uint64_t)(q.device & 0xffff) << 48 | (uint64_t)(q.context & 0xffffff) << 24 | (q.stream & 0xffffff);
    if (rd->queue_count > 0 && key == rd->last_key) {
        return rd->last_queue;
    }
    uint32_t id = analysis_map_get(&rd->queues, key);
    rd->last_key = key;
    rd->last_queue = id != ANALYSIS_NONE ? id : rd->queue_count;
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

static uint32_t new_shape(analysis_nsys_reading *rd, const analysis_nsys_shape *key, trace_shape *shape) {
    analysis_nsys_file *f = &rd->file;
    size_t at = rd->shape_count++;
    rd->shapes = analysis_grow(rd->shapes, &rd->shape_cap, at + 1, sizeof *rd->shapes);
    rd->shapes[at] = *key;
    uint32_t ids[3];
    for (int i = 0; i < 3; i++) {
        ids[i] = key->columns[i] < 0 ? 0 : analysis_nsys_string_id(f, key->columns[i]);
    }
    shape->id = (uint32_t)at;
    shape->name = ids[0] ? ids[0] : ids[1] ? ids[1] : ids[2];
    if (shape->name != 0 && f->extras) {
        const char *name = analysis_nsys_name(f, shape->name);
        keep_name(f, "nsys.demangled.", name, analysis_kernel_demangled(name), ids[1]);
        keep_name(f, "nsys.short.", name, analysis_kernel_short(name), ids[2]);
    }
    if (f->stop == 0 && f->v->shape) {
        f->stop = f->v->shape(f->v->ctx, shape);
    }
    return (uint32_t)at;
}

static uint32_t u32(int64_t value) {
    return value < 0 || value > UINT32_MAX ? 0 : (uint32_t)value;
}

/* The shape with these values over all of the file. */
static uint32_t whole_shape(analysis_nsys_reading *rd, const analysis_nsys_shape *key) {
    const int64_t *c = key->columns;
    uint64_t hash = 0;
    for (int i = 0; i < ANALYSIS_NSYS_SHAPE_COLUMNS; i++) {
        hash = analysis_nsys_mix(hash, (uint64_t)c[i]);
    }
    uint32_t at;
    while ((at = analysis_map_get(&rd->by_shape, hash)) != ANALYSIS_NONE) {
        if (memcmp(rd->shapes[at].columns, c, sizeof key->columns) == 0) {
            return at;
        }
        hash++;
    }
    trace_shape shape = {.grid = {u32(c[3]), u32(c[4]), u32(c[5])},
                         .block = {u32(c[6]), u32(c[7]), u32(c[8])},
                         .registers_per_thread = u32(c[9]),
                         .static_shared_bytes = u32(c[10]),
                         .dynamic_shared_bytes = u32(c[11]),
                         .shared_executed_bytes = u32(c[12]),
                         .local_bytes_per_thread = u32(c[13]),
                         .cache_config = u32(c[14]),
                         /* The schema's are CUPTI's plus 1; its unknown, 0, becomes the highest number. */
                         .launch_type = u32(c[15]) - 1,
                         .shared_limit_config = u32(c[16]),
                         .local_bytes_total = c[17] < 0 ? 0 : (uint64_t)c[17]};
    at = new_shape(rd, key, &shape);
    analysis_map_put(&rd->by_shape, hash, at);
    return at;
}

uint32_t analysis_nsys_shape_of(analysis_nsys_reading *rd, const analysis_nsys_table *t) {
    uint32_t *id = &t->held->ids[t->row->shape];
    if (*id == ANALYSIS_NONE) {
        *id = whole_shape(rd, &t->held->shapes[t->row->shape]);
    }
    return *id;
}
