/* The event tables of Nsight Systems' SQLite layout, row by row in order of their start, in one transaction.
 */
#include "analysis/export_nsys.h"

#include "analysis/export_names.h"
#include "analysis/memory.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Event types of NVTX_EVENTS. */
enum { TYPE_CATEGORY = 33, TYPE_MARK = 34, TYPE_PUSH_POP = 59, TYPE_START_END = 60, TYPE_DOMAIN = 75 };

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

static void bind(sqlite3_stmt *statement, int column, int64_t value) {
    sqlite3_bind_int64(statement, column, value);
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
        bind(w->strings, 1, w->string_count);
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

/* NULL for 0. */
static void bind_unless_0(sqlite3_stmt *statement, int column, uint64_t value) {
    if (value == 0) {
        sqlite3_bind_null(statement, column);
    } else {
        bind(statement, column, (int64_t)value);
    }
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
        bind(s, 1, analysis_nsys_since(w, row->start));
        bind(s, 2, analysis_nsys_since(w, row->start + row->duration));
        bind(s, 3, is_driver(analysis_events_name(w->rows, row->name)));
        bind(s, 4, analysis_nsys_thread(w, row->thread));
        bind(s, 5, (int64_t)(row->correlation ? row->correlation : ++unused));
        bind(s, 6, names[row->name] - 1);
        if (row->no_result) {
            sqlite3_bind_null(s, 7);
        } else {
            bind(s, 7, row->result);
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
    bind(s, 1, analysis_nsys_since(w, row->start));
    bind(s, 2, analysis_nsys_since(w, row->start + row->duration));
    bind(s, 3, queue->device);
    bind(s, 4, queue->context);
    bind(s, 5, queue->stream);
    bind_unless_0(s, 6, row->correlation);
    bind(s, 7, (int64_t)w->processes[queue->source].global);
    bind_unless_0(s, 8, row->graph_node);
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
    bind(s, 9, kernel->demangled);
    bind(s, 10, kernel->base);
    if (kernel->mangled < 0) {
        sqlite3_bind_null(s, 11);
    } else {
        bind(s, 11, kernel->mangled);
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
            bind(s, 12 + i, values[i]);
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
            bind(s, 13 + i, values[i]);
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
            bind(s, 9, (int64_t)row->bytes);
            bind(s, 10, copy ? row->copy_kind : (int64_t)row->value);
            bind(s, 11, mem_kind(copy ? row->src_mem_kind : row->dst_mem_kind));
            if (copy) {
                bind(s, 12, mem_kind(row->dst_mem_kind));
                bind_place(w, s, row->place);
            }
        }
        analysis_nsys_step(w, s);
    }
    sqlite3_finalize(kernels);
    sqlite3_finalize(copies);
    sqlite3_finalize(fills);
}

/* ---- Ranges ---- */

/* A row of NVTX_EVENTS that is no range: a domain is made, or a category named. */
typedef struct {
    int64_t start;
    uint32_t index; /* into domains, or into categories */
    bool category;
} creation;

static int by_start(const void *a, const void *b) {
    const creation *x = a, *y = b;
    int order = (x->start > y->start) - (x->start < y->start);
    order = order ? order : (x->category > y->category) - (x->category < y->category);
    return order ? order : (x->index > y->index) - (x->index < y->index);
}

/* When the domain was made, as an imported capture says; else the start of the file, since nobody recorded
 * it. */
static int64_t created(const analysis_nsys *w, const analysis_event_domain *domain) {
    char key[300];
    snprintf(key, sizeof key, "nsys.domain.%s", analysis_events_name(w->rows, domain->name));
    const char *text = analysis_events_meta(&w->rows->sources[domain->source], key);
    return text ? strtoll(text, NULL, 10) : 0;
}

/* A thread of the process: the domain's row needs one. */
static uint32_t any_thread(const analysis_nsys *w, uint32_t source) {
    for (size_t i = 0; i < w->rows->thread_count; i++) {
        if (w->rows->threads[i].source == source) {
            return (uint32_t)i;
        }
    }
    return ANALYSIS_NONE;
}

static void write_category(analysis_nsys *w, sqlite3_stmt *s, const creation *c) {
    const analysis_event_category *category = &w->rows->categories[c->index];
    bind(s, 1, c->start);
    bind(s, 3, TYPE_CATEGORY);
    bind(s, 5, category->category);
    analysis_nsys_bind_text(s, 7, analysis_events_name(w->rows, category->name));
    bind(s, 8, analysis_nsys_thread(w, category->thread));
    bind(s, 11, category->domain == ANALYSIS_NONE ? 0 : w->domain_ids[category->domain]);
}

static void write_domain(analysis_nsys *w, sqlite3_stmt *s, const creation *c) {
    const analysis_event_domain *domain = &w->rows->domains[c->index];
    uint32_t thread = any_thread(w, domain->source);
    bind(s, 1, c->start);
    bind(s, 3, TYPE_DOMAIN);
    analysis_nsys_bind_text(s, 7, analysis_events_name(w->rows, domain->name));
    if (thread != ANALYSIS_NONE) {
        bind(s, 8, analysis_nsys_thread(w, thread));
    }
    bind(s, 11, w->domain_ids[c->index]);
}

static void write_creation(analysis_nsys *w, sqlite3_stmt *s, const creation *c) {
    sqlite3_clear_bindings(s);
    if (c->category) {
        write_category(w, s, c);
    } else {
        write_domain(w, s, c);
    }
    analysis_nsys_step(w, s);
    sqlite3_clear_bindings(s);
}

static void bind_payload(sqlite3_stmt *s, const analysis_event_range *row) {
    double f64;
    float f32;
    uint32_t low = (uint32_t)row->payload;
    for (int column = 12; column <= 17; column++) {
        sqlite3_bind_null(s, column);
    }
    switch (row->payload_type) {
    case TRACE_PAYLOAD_U64:
    case TRACE_PAYLOAD_I64:
        bind(s, row->payload_type == TRACE_PAYLOAD_U64 ? 12 : 13, (int64_t)row->payload);
        break;
    case TRACE_PAYLOAD_F64:
        memcpy(&f64, &row->payload, sizeof f64);
        sqlite3_bind_double(s, 14, f64);
        break;
    case TRACE_PAYLOAD_U32:
        bind(s, 15, low);
        break;
    case TRACE_PAYLOAD_I32:
        bind(s, 16, (int32_t)low);
        break;
    case TRACE_PAYLOAD_F32:
        memcpy(&f32, &low, sizeof f32);
        sqlite3_bind_double(s, 17, (double)f32);
        break;
    default:
        break;
    }
}

static void write_range(analysis_nsys *w, sqlite3_stmt *s, const analysis_event_range *row) {
    static const int types[] = {TYPE_PUSH_POP, TYPE_START_END, TYPE_MARK};
    const analysis_name *name = &w->rows->names.list[row->name];
    int64_t text = analysis_nsys_string(w, row->name);
    bind(s, 1, analysis_nsys_since(w, row->start));
    /* One that was open at the end of its trace ends with the file, as one that nsys finds open does. */
    uint64_t later =
        row->left_open ? w->rows->last - w->rows->sources[w->rows->threads[row->thread].source].last : 0;
    bind(s, 2, analysis_nsys_since(w, row->end + later));
    if (row->style == ANALYSIS_EVENT_MARK) {
        sqlite3_bind_null(s, 2);
    }
    bind(s, 3, types[row->style]);
    /* Ids from 2 to the power of 62 on are an import's own. */
    bind_unless_0(s, 4, row->style == ANALYSIS_EVENT_START_END && row->id >> 62 == 0 ? row->id : 0);
    bind_unless_0(s, 5, row->category);
    bind_unless_0(s, 6, row->color);
    size_t len = name->len;
    char *clean = analysis_export_utf8(name->text, &len);
    sqlite3_bind_text(s, 7, clean, (int)len, free);
    bind(s, 8, analysis_nsys_thread(w, row->thread));
    if (row->end_thread == row->thread) {
        sqlite3_bind_null(s, 9);
    } else {
        bind(s, 9, analysis_nsys_thread(w, row->end_thread));
    }
    bind(s, 10, text);
    bind(s, 11, row->domain == ANALYSIS_NONE ? 0 : w->domain_ids[row->domain]);
    bind_payload(s, row);
    analysis_nsys_step(w, s);
}

static void write_ranges(analysis_nsys *w) {
    const analysis_event_range *row;
    size_t domains = w->rows->domain_count, count = domains + w->rows->category_count, next = 0;
    creation *made = analysis_alloc(count, sizeof *made);
    for (size_t i = 0; i < domains; i++) {
        made[i] = (creation){.start = created(w, &w->rows->domains[i]), .index = (uint32_t)i};
    }
    for (size_t i = domains; i < count; i++) {
        const analysis_event_category *category = &w->rows->categories[i - domains];
        made[i] = (creation){.start = analysis_nsys_since(w, category->time),
                             .index = (uint32_t)(i - domains),
                             .category = true};
    }
    qsort(made, count, sizeof *made, by_start);
    sqlite3_stmt *s =
        analysis_nsys_prepare(w, "INSERT INTO NVTX_EVENTS VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, "
                                 "?11, ?12, ?13, ?14, ?15, ?16, ?17, NULL, NULL, NULL)");
    while (!*w->error && (row = analysis_sorter_next(w->rows->ranges)) != NULL) {
        for (; next < count && made[next].start <= analysis_nsys_since(w, row->start); next++) {
            write_creation(w, s, &made[next]);
        }
        write_range(w, s, row);
    }
    for (; next < count; next++) {
        write_creation(w, s, &made[next]);
    }
    sqlite3_finalize(s);
    free(made);
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
        write_ranges(w);
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
