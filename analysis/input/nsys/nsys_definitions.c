/* Definitions that rows of an export of Nsight Systems refer to: processes, threads, queues, kernel shapes. */
#include "analysis/input/nsys/nsys_internal.h"

#include "analysis/base/alloc.h"
#include "analysis/names/demangle_nsys.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Mixes the hash before each value, so that small numbers in different positions do not collide. */
uint64_t input_nsys_mix(uint64_t hash, uint64_t value) {
    hash = (hash + 1) * 0x9fb21c651e98df25u + value;
    hash = (hash ^ hash >> 32) * 0x9e3779b97f4a7c15u;
    return hash ^ hash >> 29;
}

input_nsys_process_ids *input_nsys_process_of(input_nsys_reading *rd, int64_t global) {
    uint64_t pid24 = (uint64_t)global >> 24;
    for (size_t i = rd->process_count; i-- > 0;) {
        if (rd->processes[i].pid24 == pid24) {
            return &rd->processes[i];
        }
    }
    if (rd->process_count >= 4096) { /* more processes than any capture has: all further ones are one */
        return &rd->processes[0];
    }
    rd->processes = base_grow(rd->processes, &rd->process_cap, rd->process_count + 1, sizeof *rd->processes);
    rd->processes[rd->process_count] = (input_nsys_process_ids){.pid24 = pid24};
    return &rd->processes[rd->process_count++];
}

uint32_t input_nsys_thread_of(input_nsys_reading *rd, int64_t global, uint32_t name) {
    input_nsys_capture *cap = &rd->capture;
    if (rd->thread_count > 0 && global == rd->last_global) {
        return rd->last_thread;
    }
    uint32_t index = base_map_get(&rd->threads, (uint64_t)global);
    rd->last_global = global;
    rd->last_thread = index != BASE_NONE ? index : (uint32_t)rd->thread_count;
    if (index != BASE_NONE) {
        return index;
    }
    index = (uint32_t)rd->thread_count++;
    base_map_put(&rd->threads, (uint64_t)global, index);
    rd->open = base_grow(rd->open, &rd->open_cap, rd->thread_count, sizeof *rd->open);
    const char *text = input_nsys_name(cap, name);
    trace_thread t = {
        .index = index, .tid = (uint32_t)global & 0xffffff, .name = text, .name_len = strlen(text)};
    if (cap->db.stop == 0 && cap->v->thread) {
        cap->db.stop = cap->v->thread(cap->v->ctx, &t);
    }
    return index;
}

void input_nsys_read_threads(input_nsys_reading *rd) {
    input_nsys_capture *cap = &rd->capture;
    char key[64], value[32];
    if (cap->db.stop != 0 || !input_nsys_has_table(&cap->db, "ThreadNames")) {
        return;
    }
    bool priorities = input_nsys_has_column(&cap->db, "ThreadNames", "priority");
    sqlite3_stmt *s =
        input_nsys_query(&cap->db, priorities ? "SELECT nameId, globalTid, priority FROM ThreadNames"
                                              : "SELECT nameId, globalTid, NULL FROM ThreadNames");
    while (input_nsys_step(&cap->db, s)) {
        if (sqlite3_column_type(s, 1) != SQLITE_INTEGER) {
            continue;
        }
        int64_t global = sqlite3_column_int64(s, 1);
        input_nsys_thread_of(rd, global, input_nsys_string_id(cap, input_nsys_int(s, 0, -1)));
        if (sqlite3_column_type(s, 2) == SQLITE_INTEGER) {
            snprintf(key, sizeof key, "nsys.priority.%" PRIu64, (uint64_t)global & 0xffffff);
            snprintf(value, sizeof value, "%" PRId64, (int64_t)sqlite3_column_int64(s, 2));
            input_nsys_detail(cap, key, value);
        }
    }
    sqlite3_finalize(s);
}

uint32_t input_nsys_queue_of(input_nsys_reading *rd, const input_nsys_cells *row) {
    input_nsys_capture *cap = &rd->capture;
    trace_queue q = {.device = input_nsys_cell_u32(row, 2, 0),
                     .context = input_nsys_cell_u32(row, 3, 0),
                     .stream = input_nsys_cell_u32(row, 4, 0)};
    /* Processes number their contexts and streams independently. */
    uint64_t key = input_nsys_mix((uint64_t)input_nsys_cell(row, 6, 0) >> 24, q.device);
    key = input_nsys_mix(input_nsys_mix(key, q.context), q.stream);
    if (rd->queue_count > 0 && key == rd->last_key) {
        return rd->last_queue;
    }
    uint32_t id = base_map_get(&rd->queues, key);
    rd->last_key = key;
    rd->last_queue = id != BASE_NONE ? id : rd->queue_count;
    if (id == BASE_NONE) {
        q.id = id = rd->queue_count++;
        base_map_put(&rd->queues, key, id);
        if (cap->db.stop == 0 && cap->v->queue) {
            cap->db.stop = cap->v->queue(cap->v->ctx, &q);
        }
    }
    return id;
}

/* Emits the capture's demangled or short name where it differs from the derived one. */
static void emit_capture_name(input_nsys_capture *cap, const char *kind, const char *mangled, char *ours,
                              uint32_t theirs) {
    const char *text = input_nsys_name(cap, theirs);
    if (theirs != 0 && strcmp(ours, text) != 0) {
        size_t len = strlen(kind) + strlen(mangled) + 1;
        char *key = base_alloc(len, 1);
        snprintf(key, len, "%s%s", kind, mangled);
        input_nsys_detail(cap, key, text);
        free(key);
    }
    free(ours);
}

static uint32_t emit_new_shape(input_nsys_reading *rd, const input_nsys_shape *key, trace_shape *shape) {
    input_nsys_capture *cap = &rd->capture;
    size_t at = rd->shape_count++;
    rd->shapes = base_grow(rd->shapes, &rd->shape_cap, at + 1, sizeof *rd->shapes);
    rd->shapes[at] = *key;
    uint32_t ids[3];
    for (int i = 0; i < 3; i++) {
        ids[i] = key->columns[i] < 0 ? 0 : input_nsys_string_id(cap, key->columns[i]);
    }
    shape->id = (uint32_t)at;
    shape->name = ids[0];
    for (int i = 1; i < 3 && shape->name == 0; i++) {
        shape->name = ids[i];
    }
    if (shape->name != 0 && cap->extras) {
        const char *name = input_nsys_name(cap, shape->name);
        emit_capture_name(cap, "nsys.demangled.", name, names_kernel_demangled(name), ids[1]);
        emit_capture_name(cap, "nsys.short.", name, names_kernel_short(name), ids[2]);
    }
    if (cap->db.stop == 0 && cap->v->shape) {
        cap->db.stop = cap->v->shape(cap->v->ctx, shape);
    }
    return (uint32_t)at;
}

static uint32_t column_u32(int64_t value) {
    return value < 0 || value > UINT32_MAX ? 0 : (uint32_t)value;
}

/* Returns the shape with these values, unique over the whole file. */
static uint32_t shape_of_columns(input_nsys_reading *rd, const input_nsys_shape *key) {
    const int64_t *c = key->columns;
    uint64_t hash = 0;
    for (int i = 0; i < INPUT_NSYS_SHAPE_COLUMNS; i++) {
        hash = input_nsys_mix(hash, (uint64_t)c[i]);
    }
    uint32_t at;
    while ((at = base_map_get(&rd->by_shape, hash)) != BASE_NONE) {
        if (memcmp(rd->shapes[at].columns, c, sizeof key->columns) == 0) {
            return at;
        }
        hash++;
    }
    trace_shape shape = {
        .grid = {column_u32(c[3]), column_u32(c[4]), column_u32(c[5])},
        .block = {column_u32(c[6]), column_u32(c[7]), column_u32(c[8])},
        .registers_per_thread = column_u32(c[9]),
        .static_shared_bytes = column_u32(c[10]),
        .dynamic_shared_bytes = column_u32(c[11]),
        .shared_executed_bytes = column_u32(c[12]),
        .local_bytes_per_thread = column_u32(c[13]),
        .cache_config = column_u32(c[14]),
        /* The schema's numbers are CUPTI's plus 1; its 0, unknown, becomes the highest number. */
        .launch_type = column_u32(c[15]) - 1,
        .shared_limit_config = column_u32(c[16]),
        .local_bytes_total = c[17] < 0 ? 0 : (uint64_t)c[17]};
    at = emit_new_shape(rd, key, &shape);
    base_map_put(&rd->by_shape, hash, at);
    return at;
}

uint32_t input_nsys_named_shape(input_nsys_reading *rd, const char *name) {
    input_nsys_capture *cap = &rd->capture;
    trace_shape shape = {.id = (uint32_t)rd->shape_count++,
                         .name = input_nsys_text_id(cap, name, strlen(name))};
    rd->shapes = base_grow(rd->shapes, &rd->shape_cap, rd->shape_count, sizeof *rd->shapes);
    memset(&rd->shapes[shape.id], 0xff, sizeof *rd->shapes); /* as for a file without these columns */
    if (cap->db.stop == 0 && cap->v->shape) {
        cap->db.stop = cap->v->shape(cap->v->ctx, &shape);
    }
    return shape.id;
}

uint32_t input_nsys_shape_of(input_nsys_reading *rd, const input_nsys_table *t) {
    uint32_t *id = &t->held->ids[t->row->shape];
    if (*id == BASE_NONE) {
        *id = shape_of_columns(rd, &t->held->shapes[t->row->shape]);
    }
    return *id;
}
