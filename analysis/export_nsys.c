/* The event tables of Nsight Systems' SQLite layout, row by row in order of their start, in one transaction.
 */
#include "analysis/export_nsys.h"

#include "analysis/export_names.h"
#include "analysis/memory.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- SQLite ---- */

static void fail(analysis_nsys *w) {
    if (!*w->error) {
        snprintf(w->error, TRACE_ERROR_BYTES,
                 "%s: cannot be written: %s; make room there, or choose another place", w->path,
                 sqlite3_errmsg(w->db));
    }
}

void analysis_nsys_run(analysis_nsys *w, const char *sql) {
    if (!*w->error && sqlite3_exec(w->db, sql, NULL, NULL, NULL) != SQLITE_OK) {
        fail(w);
    }
}

sqlite3_stmt *analysis_nsys_prepare(analysis_nsys *w, const char *sql) {
    sqlite3_stmt *statement = NULL;
    if (!*w->error &&
        sqlite3_prepare_v3(w->db, sql, -1, SQLITE_PREPARE_PERSISTENT, &statement, NULL) != SQLITE_OK) {
        fail(w);
    }
    return statement;
}

void analysis_nsys_step(analysis_nsys *w, sqlite3_stmt *statement) {
    if (*w->error || !statement) {
        return;
    }
    if (sqlite3_step(statement) != SQLITE_DONE) {
        fail(w);
    }
    sqlite3_reset(statement);
}

void analysis_nsys_bind_text(sqlite3_stmt *statement, int column, const char *text) {
    if (!text) {
        sqlite3_bind_null(statement, column);
        return;
    }
    size_t len = strlen(text);
    char *copy = analysis_export_utf8(text, &len);
    sqlite3_bind_text(statement, column, copy, (int)len, free);
}

int64_t analysis_nsys_string(analysis_nsys *w, uint32_t index) {
    w->string_ids = analysis_grow(w->string_ids, &w->string_cap, (size_t)index + 1, sizeof *w->string_ids);
    if (w->string_ids[index] == 0) {
        analysis_nsys_bind(w->strings, 1, w->string_count);
        analysis_nsys_bind_text(w->strings, 2, analysis_events_name(w->rows, index));
        analysis_nsys_step(w, w->strings);
        w->string_ids[index] = ++w->string_count;
    }
    return w->string_ids[index] - 1;
}

int64_t analysis_nsys_text(analysis_nsys *w, const char *text) {
    size_t len = strlen(text);
    char *clean = analysis_export_utf8(text, &len); /* so that two texts never become one */
    uint32_t index = analysis_names_intern(&w->rows->names, clean, len);
    free(clean);
    return analysis_nsys_string(w, index);
}

/* ---- Rows ---- */

int64_t analysis_nsys_thread(const analysis_nsys *w, uint32_t thread) {
    const analysis_event_thread *t = &w->rows->threads[thread];
    return (int64_t)(w->processes[t->source].global | (t->tid & 0xffffff));
}

int64_t analysis_nsys_since(const analysis_nsys *w, uint64_t time) {
    return (int64_t)(time - w->rows->zero);
}

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

static void write_calls(analysis_nsys *w) {
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

static void write_gpu(analysis_nsys *w) {
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

/* ---- The file ---- */

/* Ids of processes and of their domains. Two processes never get one id, also when their pids are equal. */
static void number_processes(analysis_nsys *w) {
    const analysis_events *rows = w->rows;
    for (size_t i = 0; i < rows->source_count; i++) {
        analysis_nsys_process *p = &w->processes[i];
        p->machine = rows->sources[i].machine & 0xff;
        p->global =
            p->machine << 56 | ANALYSIS_NSYS_VM | (uint64_t)(rows->sources[i].header.pid & 0xffffff) << 24;
        for (size_t j = 0; j < i; j++) {
            if (w->processes[j].global == p->global) {
                p->machine = (p->machine + 1) & 0xff;
                p->global = p->machine << 56 | (p->global & 0xffffffffffffffu);
                j = (size_t)-1;
            }
        }
    }
    for (size_t i = 0; i < rows->domain_count; i++) {
        w->domain_ids[i] = ++w->processes[rows->domains[i].source].domains;
    }
    for (size_t i = 0; i < rows->shape_count; i++) {
        w->kernels[i] = (analysis_nsys_kernel){-1, -1, -1};
    }
}

/* A table of events without rows says that there were none; a missing one, that nobody looked. */
static unsigned tables_of(const analysis_events *rows) {
    unsigned which = analysis_sorter_count(rows->nodes) > 0 ? ANALYSIS_NSYS_NODES : 0;
    which |= analysis_sorter_count(rows->syncs) > 0 ? ANALYSIS_NSYS_SYNC_TABLE : 0;
    which |= analysis_sorter_count(rows->overheads) > 0 ? ANALYSIS_NSYS_OVERHEAD_TABLE : 0;
    for (size_t i = 0; i < rows->source_count; i++) {
        const char *level = analysis_events_meta(&rows->sources[i], "level");
        if (level && (strcmp(level, "kernels") == 0 || strcmp(level, "full") == 0)) {
            return which | ANALYSIS_NSYS_GPU | ANALYSIS_NSYS_CALLS | ANALYSIS_NSYS_RANGES;
        }
        which |= level ? ANALYSIS_NSYS_RANGES : 0;
    }
    which |= rows->kernels + rows->copies + rows->fills > 0 ? ANALYSIS_NSYS_GPU : 0;
    which |= analysis_sorter_count(rows->calls) > 0 ? ANALYSIS_NSYS_CALLS : 0;
    return which | (analysis_sorter_count(rows->ranges) > 0 ? ANALYSIS_NSYS_RANGES : 0);
}

static void write_all(analysis_nsys *w) {
    unsigned which = tables_of(w->rows);
    analysis_nsys_run(w, "PRAGMA page_size=4096; PRAGMA journal_mode=OFF; PRAGMA synchronous=OFF; "
                         "PRAGMA locking_mode=EXCLUSIVE; BEGIN");
    analysis_nsys_create(w, which);
    w->strings = analysis_nsys_prepare(w, "INSERT INTO StringIds VALUES(?1, ?2)");
    number_processes(w);
    analysis_nsys_describe(w);
    if (which & ANALYSIS_NSYS_RANGES) {
        analysis_nsys_write_ranges(w);
    }
    if (which & ANALYSIS_NSYS_CALLS) {
        write_calls(w);
    }
    if (which & ANALYSIS_NSYS_GPU) {
        write_gpu(w);
    }
    if (which & ANALYSIS_NSYS_NODES) {
        analysis_nsys_write_nodes(w);
    }
    if (which & ANALYSIS_NSYS_SYNC_TABLE) {
        analysis_nsys_write_syncs(w);
    }
    if (which & ANALYSIS_NSYS_OVERHEAD_TABLE) {
        analysis_nsys_write_overheads(w);
    }
    analysis_nsys_run(w, "COMMIT; PRAGMA locking_mode=NORMAL; PRAGMA journal_mode=DELETE");
    sqlite3_finalize(w->strings);
}

int analysis_export_nsys(analysis_events *rows, const char *path, char error[TRACE_ERROR_BYTES]) {
    analysis_nsys w = {.rows = rows,
                       .path = path,
                       .error = error,
                       .processes = analysis_alloc(rows->source_count, sizeof *w.processes),
                       .domain_ids = analysis_alloc(rows->domain_count, sizeof *w.domain_ids),
                       .kernels = analysis_alloc(rows->shape_count, sizeof *w.kernels)};
    *error = '\0';
    if (sqlite3_open_v2(path, &w.db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL) != SQLITE_OK) {
        fail(&w);
    } else {
        write_all(&w);
    }
    sqlite3_close(w.db);
    free(w.processes);
    free(w.domain_ids);
    free(w.kernels);
    free(w.string_ids);
    return *error ? -1 : 0;
}
