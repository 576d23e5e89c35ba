/* The calls of CUDA and the work on the GPU in Nsight Systems' layout, row by row in order of their start. */
#include "analysis/export_nsys.h"

#include "analysis/export_names.h"
#include "analysis/memory.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Of an API's calls, "cu" and a capital are the driver's. */
static bool is_driver(const char *name) {
    return name[0] == 'c' && name[1] == 'u' && name[2] >= 'A' && name[2] <= 'Z';
}

/* The name with the suffix that the imported capture had, if any. */
static int64_t call_name(analysis_nsys *w, const analysis_event_call *row) {
    char key[300], full[400];
    const char *name = analysis_events_name(w->rows, row->name);
    snprintf(key, sizeof key, "nsys.suffix.%s", name);
    const char *suffix = analysis_events_meta(&w->rows->sources[w->rows->threads[row->thread].source], key);
    if (!suffix) {
        return analysis_nsys_text(w, name);
    }
    snprintf(full, sizeof full, "%s%s", name, suffix);
    return analysis_nsys_text(w, full);
}

void analysis_nsys_write_calls(analysis_nsys *w) {
    const analysis_event_call *row;
    sqlite3_stmt *s = analysis_nsys_prepare(
        w, "INSERT INTO CUPTI_ACTIVITY_KIND_RUNTIME VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, NULL)");
    int64_t *names = NULL; /* by name index: id + 1 */
    size_t cap = 0;
    /* Every call has an id there; one that is nobody's else links it to nothing. */
    uint64_t unused = w->rows->correlation_last;
    while (!*w->error && (row = analysis_sorter_next(w->rows->calls)) != NULL) {
        names = analysis_grow(names, &cap, (size_t)row->name + 1, sizeof *names);
        if (names[row->name] == 0) {
            names[row->name] = call_name(w, row) + 1;
        }
        analysis_nsys_bind(s, 1, analysis_nsys_since(w, row->start));
        analysis_nsys_bind(s, 2, analysis_nsys_since(w, row->start + row->duration));
        analysis_nsys_bind(s, 3, is_driver(analysis_events_name(w->rows, row->name)));
        analysis_nsys_bind(s, 4, analysis_nsys_thread(w, row->thread));
        analysis_nsys_bind(s, 5, (int64_t)(row->correlation ? row->correlation : ++unused));
        analysis_nsys_bind(s, 6, names[row->name] - 1);
        if (row->no_result) {
            sqlite3_bind_null(s, 7);
        } else {
            analysis_nsys_bind(s, 7, row->result);
        }
        analysis_nsys_step(w, s);
    }
    free(names);
    sqlite3_finalize(s);
}

/* CUPTI's numbers of memory kinds to the schema's. */
static int64_t mem_kind(uint8_t kind) {
    return kind >= 1 && kind <= 7 ? kind - 1 : 7;
}

/* What all three tables of GPU work begin with. */
static void bind_gpu(const analysis_nsys *w, sqlite3_stmt *s, const analysis_event_gpu *row) {
    const analysis_event_queue *queue = &w->rows->queues[row->queue];
    analysis_nsys_bind(s, 1, analysis_nsys_since(w, row->start));
    analysis_nsys_bind(s, 2, analysis_nsys_since(w, row->start + row->duration));
    analysis_nsys_bind(s, 3, queue->device);
    analysis_nsys_bind(s, 4, queue->context);
    analysis_nsys_bind(s, 5, queue->stream);
    analysis_nsys_bind_unless_0(s, 6, row->correlation);
    analysis_nsys_bind(s, 7, (int64_t)w->processes[queue->source].global);
    analysis_nsys_bind_unless_0(s, 8, row->graph_node);
}

/* The kernel's names as the imported capture had them, else as Nsight Systems would make them. */
static void name_kernel(analysis_nsys *w, const analysis_event_shape *shape, analysis_nsys_kernel *kernel) {
    const analysis_event_source *source = &w->rows->sources[shape->source];
    if (shape->shape.name == ANALYSIS_NONE) {
        kernel->demangled = kernel->base = analysis_nsys_text(w, "(no name)");
        return;
    }
    char *mangled = analysis_copy(analysis_events_name(w->rows, shape->shape.name),
                                  w->rows->names.list[shape->shape.name].len);
    char *names[2] = {analysis_kernel_demangled(mangled), analysis_kernel_short(mangled)};
    static const char *const keys[2] = {"nsys.demangled.", "nsys.short."};
    int64_t ids[2];
    for (int i = 0; i < 2; i++) {
        size_t len = strlen(keys[i]) + strlen(mangled) + 1;
        char *key = analysis_alloc(len, 1);
        snprintf(key, len, "%s%s", keys[i], mangled);
        const char *given = analysis_events_meta(source, key);
        ids[i] = analysis_nsys_text(w, given ? given : names[i]);
        free(key);
        free(names[i]);
    }
    kernel->demangled = ids[0];
    kernel->base = ids[1];
    kernel->mangled = analysis_nsys_text(w, mangled);
    free(mangled);
}

static void bind_shape(analysis_nsys *w, sqlite3_stmt *s, uint32_t index) {
    const analysis_event_shape *row = &w->rows->shapes[index];
    const trace_shape *shape = &row->shape;
    analysis_nsys_kernel *kernel = &w->kernels[index];
    if (kernel->demangled < 0) {
        name_kernel(w, row, kernel);
    }
    analysis_nsys_bind(s, 9, kernel->demangled);
    analysis_nsys_bind(s, 10, kernel->base);
    if (kernel->mangled < 0) {
        sqlite3_bind_null(s, 11);
    } else {
        analysis_nsys_bind(s, 11, kernel->mangled);
    }
    /* The schema's launch types are CUPTI's plus 1; a capture's unknown one wraps around to 0. */
    int64_t values[ANALYSIS_SHAPE_COLUMNS] = {shape->launch_type + 1u,
                                              shape->cache_config,
                                              shape->registers_per_thread,
                                              shape->grid[0],
                                              shape->grid[1],
                                              shape->grid[2],
                                              shape->block[0],
                                              shape->block[1],
                                              shape->block[2],
                                              shape->static_shared_bytes,
                                              shape->dynamic_shared_bytes,
                                              shape->local_bytes_per_thread,
                                              (int64_t)shape->local_bytes_total,
                                              shape->shared_executed_bytes,
                                              shape->shared_limit_config};
    for (int i = 0; i < (int)(sizeof values / sizeof *values); i++) {
        if (row->known && !(row->absent >> i & 1)) {
            analysis_nsys_bind(s, 12 + i, values[i]);
        } else {
            sqlite3_bind_null(s, 12 + i);
        }
    }
}

static void bind_place(const analysis_nsys *w, sqlite3_stmt *s, uint32_t place) {
    static const analysis_event_place none = {-1, -1, -1, -1};
    const analysis_event_place *p = place ? &w->rows->places[place - 1] : &none;
    int64_t values[] = {p->from_device, p->from_context, p->to_device, p->to_context};
    for (int i = 0; i < 4; i++) {
        if (values[i] < 0) {
            sqlite3_bind_null(s, 13 + i);
        } else {
            analysis_nsys_bind(s, 13 + i, values[i]);
        }
    }
}

void analysis_nsys_write_gpu(analysis_nsys *w) {
    const analysis_event_gpu *row;
    uint32_t bound = ANALYSIS_NONE;
    sqlite3_stmt *kernels =
        analysis_nsys_prepare(w, "INSERT INTO CUPTI_ACTIVITY_KIND_KERNEL VALUES(?1, ?2, ?3, ?4, 0, ?5, ?6, "
                                 "?7, ?9, ?10, ?11, ?12, ?13, ?14, "
                                 "?15, ?16, ?17, ?18, ?19, ?20, ?21, ?22, ?23, ?24, NULL, ?25, ?8, ?26)");
    sqlite3_stmt *copies = analysis_nsys_prepare(w, "INSERT INTO CUPTI_ACTIVITY_KIND_MEMCPY VALUES(?1, ?2, "
                                                    "?3, ?4, 0, ?5, ?6, ?7, ?9, ?10, NULL, ?11, ?12, ?13, "
                                                    "?14, ?15, ?16, NULL, ?8, NULL, NULL)");
    sqlite3_stmt *fills = analysis_nsys_prepare(
        w, "INSERT INTO CUPTI_ACTIVITY_KIND_MEMSET VALUES(?1, ?2, ?3, ?4, 0, ?5, ?6, ?7, ?10, ?9, ?8, ?11)");
    while (!*w->error && (row = analysis_sorter_next(w->rows->gpu)) != NULL) {
        sqlite3_stmt *s = row->kind == TRACE_GPU_KERNEL   ? kernels
                          : row->kind == TRACE_GPU_MEMCPY ? copies
                                                          : fills;
        bind_gpu(w, s, row);
        if (row->kind == TRACE_GPU_KERNEL) {
            if (row->shape != bound) {
                bind_shape(w, s, row->shape);
                bound = row->shape;
            }
        } else {
            bool copy = row->kind == TRACE_GPU_MEMCPY;
            analysis_nsys_bind(s, 9, (int64_t)row->bytes);
            analysis_nsys_bind(s, 10, copy ? row->copy_kind : (int64_t)row->value);
            analysis_nsys_bind(s, 11, mem_kind(copy ? row->src_mem_kind : row->dst_mem_kind));
            if (copy) {
                analysis_nsys_bind(s, 12, mem_kind(row->dst_mem_kind));
                bind_place(w, s, row->place);
            }
        }
        analysis_nsys_step(w, s);
    }
    sqlite3_finalize(kernels);
    sqlite3_finalize(copies);
    sqlite3_finalize(fills);
}
