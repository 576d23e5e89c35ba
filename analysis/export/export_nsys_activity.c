/* The calls of CUDA and the work on the GPU in Nsight Systems' layout, row by row in order of their start. */
#include "analysis/export/export_nsys_internal.h"

#include "analysis/base/alloc.h"
#include "analysis/names/demangle_nsys.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Of an API's calls, "cu" and a capital are the driver's. */
static bool is_driver_call(const char *name) {
    return name[0] == 'c' && name[1] == 'u' && name[2] >= 'A' && name[2] <= 'Z';
}

/* The name with the suffix that the imported capture had, if any. */
static int64_t call_name_with_suffix(export_nsys_file *w, const events_call *row) {
    char key[300], full[400];
    const char *name = export_name(w->rows, row->name);
    snprintf(key, sizeof key, "nsys.suffix.%s", name);
    const char *suffix = events_source_meta(&w->rows->sources[w->rows->threads[row->thread].source], key);
    if (!suffix) {
        return export_nsys_text(w, name);
    }
    snprintf(full, sizeof full, "%s%s", name, suffix);
    return export_nsys_text(w, full);
}

void export_nsys_write_calls(export_nsys_file *w) {
    const events_call *row;
    sqlite3_stmt *s = export_nsys_prepare(
        w, "INSERT INTO CUPTI_ACTIVITY_KIND_RUNTIME VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, NULL)");
    int64_t *names = NULL; /* by name index: id + 1 */
    size_t cap = 0;
    /* Every call has an id there; an id of its own links it to nothing. */
    uint64_t unused = w->rows->correlation_last;
    while (!*w->error && (row = base_sorter_next(w->rows->calls)) != NULL) {
        names = base_grow(names, &cap, (size_t)row->name + 1, sizeof *names);
        if (names[row->name] == 0) {
            names[row->name] = call_name_with_suffix(w, row) + 1;
        }
        export_nsys_bind(s, 1, export_nsys_since(w, row->start));
        export_nsys_bind(s, 2, export_nsys_since(w, row->start + row->duration));
        export_nsys_bind(s, 3, is_driver_call(export_name(w->rows, row->name)));
        export_nsys_bind(s, 4, export_nsys_thread(w, row->thread));
        export_nsys_bind(s, 5, (int64_t)(row->correlation ? row->correlation : ++unused));
        export_nsys_bind(s, 6, names[row->name] - 1);
        if (row->no_result) {
            sqlite3_bind_null(s, 7);
        } else {
            export_nsys_bind(s, 7, row->result);
        }
        export_nsys_step(w, s);
    }
    free(names);
    sqlite3_finalize(s);
}

/* CUPTI's numbers of memory kinds to the schema's. */
static int64_t schema_memory_kind(uint8_t kind) {
    return kind >= 1 && kind <= 7 ? kind - 1 : 7;
}

/* What all three tables of GPU work begin with. */
static void bind_gpu_row(const export_nsys_file *w, sqlite3_stmt *s, const events_gpu *row) {
    const events_queue *queue = &w->rows->queues[row->queue];
    export_nsys_bind(s, 1, export_nsys_since(w, row->start));
    export_nsys_bind(s, 2, export_nsys_since(w, row->start + row->duration));
    export_nsys_bind(s, 3, queue->device);
    export_nsys_bind(s, 4, queue->context);
    export_nsys_bind(s, 5, queue->stream);
    export_nsys_bind_unless_0(s, 6, row->correlation);
    export_nsys_bind(s, 7, (int64_t)w->processes[queue->source].global);
    export_nsys_bind_unless_0(s, 8, row->graph_node);
}

/* The kernel's names as the imported capture had them, else as Nsight Systems would make them. */
static void store_kernel_names(export_nsys_file *w, const events_shape *shape, export_nsys_kernel *kernel) {
    const events_source *source = &w->rows->sources[shape->source];
    if (shape->shape.name == BASE_NONE) {
        kernel->demangled = kernel->base = export_nsys_text(w, "(no name)");
        return;
    }
    char *mangled =
        base_copy(export_name(w->rows, shape->shape.name), w->rows->names.list[shape->shape.name].len);
    char *names[2] = {names_kernel_demangled(mangled), names_kernel_short(mangled)};
    static const char *const keys[2] = {"nsys.demangled.", "nsys.short."};
    int64_t ids[2];
    for (int i = 0; i < 2; i++) {
        size_t len = strlen(keys[i]) + strlen(mangled) + 1;
        char *key = base_alloc(len, 1);
        snprintf(key, len, "%s%s", keys[i], mangled);
        const char *given = events_source_meta(source, key);
        ids[i] = export_nsys_text(w, given ? given : names[i]);
        free(key);
        free(names[i]);
    }
    kernel->demangled = ids[0];
    kernel->base = ids[1];
    kernel->mangled = export_nsys_text(w, mangled);
    free(mangled);
}

static void bind_kernel_shape(export_nsys_file *w, sqlite3_stmt *s, uint32_t index) {
    const events_shape *row = &w->rows->shapes[index];
    const trace_shape *shape = &row->shape;
    export_nsys_kernel *kernel = &w->kernels[index];
    if (kernel->demangled < 0) {
        store_kernel_names(w, row, kernel);
    }
    export_nsys_bind(s, 9, kernel->demangled);
    export_nsys_bind(s, 10, kernel->base);
    if (kernel->mangled < 0) {
        sqlite3_bind_null(s, 11);
    } else {
        export_nsys_bind(s, 11, kernel->mangled);
    }
    /* The schema's launch types are CUPTI's plus 1; a capture's unknown one wraps around to 0. */
    int64_t values[EVENTS_SHAPE_COLUMNS] = {shape->launch_type + 1u,
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
            export_nsys_bind(s, 12 + i, values[i]);
        } else {
            sqlite3_bind_null(s, 12 + i);
        }
    }
}

static void bind_copy_place(const export_nsys_file *w, sqlite3_stmt *s, uint32_t place) {
    static const events_place none = {-1, -1, -1, -1};
    const events_place *p = place ? &w->rows->places[place - 1] : &none;
    int64_t values[] = {p->from_device, p->from_context, p->to_device, p->to_context};
    for (int i = 0; i < 4; i++) {
        if (values[i] < 0) {
            sqlite3_bind_null(s, 13 + i);
        } else {
            export_nsys_bind(s, 13 + i, values[i]);
        }
    }
}

void export_nsys_write_gpu(export_nsys_file *w) {
    const events_gpu *row;
    uint32_t bound = BASE_NONE;
    sqlite3_stmt *kernels =
        export_nsys_prepare(w, "INSERT INTO CUPTI_ACTIVITY_KIND_KERNEL VALUES(?1, ?2, ?3, ?4, 0, ?5, ?6, "
                               "?7, ?9, ?10, ?11, ?12, ?13, ?14, "
                               "?15, ?16, ?17, ?18, ?19, ?20, ?21, ?22, ?23, ?24, NULL, ?25, ?8, ?26)");
    sqlite3_stmt *copies = export_nsys_prepare(w, "INSERT INTO CUPTI_ACTIVITY_KIND_MEMCPY VALUES(?1, ?2, "
                                                  "?3, ?4, 0, ?5, ?6, ?7, ?9, ?10, NULL, ?11, ?12, ?13, "
                                                  "?14, ?15, ?16, NULL, ?8, NULL, NULL)");
    sqlite3_stmt *memsets = export_nsys_prepare(
        w, "INSERT INTO CUPTI_ACTIVITY_KIND_MEMSET VALUES(?1, ?2, ?3, ?4, 0, ?5, ?6, ?7, ?10, ?9, ?8, ?11)");
    while (!*w->error && (row = base_sorter_next(w->rows->gpu)) != NULL) {
        sqlite3_stmt *s = row->kind == TRACE_GPU_MEMCPY ? copies : memsets;
        if (row->kind == TRACE_GPU_KERNEL) {
            s = kernels;
        }
        bind_gpu_row(w, s, row);
        if (row->kind == TRACE_GPU_KERNEL) {
            if (row->shape != bound) {
                bind_kernel_shape(w, s, row->shape);
                bound = row->shape;
            }
        } else {
            bool copy = row->kind == TRACE_GPU_MEMCPY;
            export_nsys_bind(s, 9, (int64_t)row->bytes);
            export_nsys_bind(s, 10, copy ? row->copy_kind : (int64_t)row->value);
            export_nsys_bind(s, 11, schema_memory_kind(copy ? row->src_mem_kind : row->dst_mem_kind));
            if (copy) {
                export_nsys_bind(s, 12, schema_memory_kind(row->dst_mem_kind));
                bind_copy_place(w, s, row->place);
            }
        }
        export_nsys_step(w, s);
    }
    sqlite3_finalize(kernels);
    sqlite3_finalize(copies);
    sqlite3_finalize(memsets);
}
