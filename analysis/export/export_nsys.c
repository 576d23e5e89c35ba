/* A file of Nsight Systems' SQLite layout: which tables it has, and all of them in one transaction. */
#include "analysis/export/export_nsys.h"

#include "analysis/base/alloc.h"
#include "analysis/base/u64_set.h"
#include "analysis/export/export_nsys_internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Values of the bits of hardware and of virtual machine; 0 of the latter is not used. */
enum { MACHINES = 256, VMS = 255 };

/* Gives process `i` an id that no process before it has, also when their pids are equal: its own machine's if that is free,
 * else those of the next machines, then of other virtual machines. *tried is how many its pid and machine have used. */
static bool number_nsys_process(export_nsys_file *w, size_t i, base_set *used, uint32_t *tried) {
    export_nsys_process *p = &w->processes[i];
    const events_source *source = &w->rows->sources[i];
    while (*tried < MACHINES * VMS) {
        p->machine = (source->machine + (uint64_t)*tried) % MACHINES;
        p->global = p->machine << 56 | (1 + *tried / MACHINES) * EXPORT_NSYS_VM |
                    (uint64_t)(source->header.pid & 0xffffff) << 24;
        ++*tried;
        if (base_set_add(used, p->global)) {
            return true;
        }
    }
    return false;
}

/* Ids of processes and of their domains. */
static void number_nsys_processes(export_nsys_file *w) {
    const events_store *rows = w->rows;
    base_set used = {0};
    base_map tried = {0};
    for (size_t i = 0; i < rows->source_count && !*w->error; i++) {
        uint64_t key = (uint64_t)rows->sources[i].machine << 32 | rows->sources[i].header.pid;
        uint32_t count = base_map_get(&tried, key);
        count = count == BASE_NONE ? 0 : count;
        if (!number_nsys_process(w, i, &used, &count)) {
            snprintf(w->error, TRACE_ERROR_BYTES,
                     "%s: more than %d traces are of process %u: export fewer at a time", w->path,
                     MACHINES * VMS, rows->sources[i].header.pid);
        }
        base_map_put(&tried, key, count);
    }
    base_set_free(&used);
    base_map_free(&tried);
    for (size_t i = 0; i < rows->domain_count; i++) {
        w->domain_ids[i] = ++w->processes[rows->domains[i].source].domains;
    }
    for (size_t i = 0; i < rows->shape_count; i++) {
        w->kernels[i] = (export_nsys_kernel){-1, -1, -1};
    }
}

/* A table of events without rows means that there were none; a missing table, that none were recorded. */
static unsigned tables_to_create(const events_store *rows) {
    unsigned which = base_sorter_count(rows->nodes) > 0 ? EXPORT_NSYS_NODES : 0;
    which |= base_sorter_count(rows->syncs) > 0 ? EXPORT_NSYS_SYNC_TABLE : 0;
    which |= base_sorter_count(rows->overheads) > 0 ? EXPORT_NSYS_OVERHEAD_TABLE : 0;
    for (size_t i = 0; i < rows->source_count; i++) {
        const char *level = events_source_meta(&rows->sources[i], "level");
        if (level && (strcmp(level, "kernels") == 0 || strcmp(level, "full") == 0)) {
            return which | EXPORT_NSYS_GPU | EXPORT_NSYS_CALLS | EXPORT_NSYS_RANGES;
        }
        which |= level ? EXPORT_NSYS_RANGES : 0;
    }
    which |= rows->kernels + rows->copies + rows->memsets > 0 ? EXPORT_NSYS_GPU : 0;
    which |= base_sorter_count(rows->calls) > 0 ? EXPORT_NSYS_CALLS : 0;
    return which | (base_sorter_count(rows->ranges) > 0 ? EXPORT_NSYS_RANGES : 0);
}

static void write_nsys_tables(export_nsys_file *w) {
    unsigned which = tables_to_create(w->rows);
    export_nsys_run(w, "PRAGMA page_size=4096; PRAGMA journal_mode=OFF; PRAGMA synchronous=OFF; "
                       "PRAGMA locking_mode=EXCLUSIVE; BEGIN");
    export_nsys_create(w, which);
    w->strings = export_nsys_prepare(w, "INSERT INTO StringIds VALUES(?1, ?2)");
    number_nsys_processes(w);
    export_nsys_describe(w);
    if (which & EXPORT_NSYS_RANGES) {
        export_nsys_write_ranges(w);
    }
    if (which & EXPORT_NSYS_CALLS) {
        export_nsys_write_calls(w);
    }
    if (which & EXPORT_NSYS_GPU) {
        export_nsys_write_gpu(w);
    }
    if (which & EXPORT_NSYS_NODES) {
        export_nsys_write_nodes(w);
    }
    if (which & EXPORT_NSYS_SYNC_TABLE) {
        export_nsys_write_syncs(w);
    }
    if (which & EXPORT_NSYS_OVERHEAD_TABLE) {
        export_nsys_write_overheads(w);
    }
    export_nsys_run(w, "COMMIT; PRAGMA locking_mode=NORMAL; PRAGMA journal_mode=DELETE");
    sqlite3_finalize(w->strings);
}

int export_nsys(events_store *rows, const char *path, char error[TRACE_ERROR_BYTES]) {
    export_nsys_file w = {.rows = rows,
                          .path = path,
                          .error = error,
                          .processes = base_alloc(rows->source_count, sizeof *w.processes),
                          .domain_ids = base_alloc(rows->domain_count, sizeof *w.domain_ids),
                          .kernels = base_alloc(rows->shape_count, sizeof *w.kernels)};
    *error = '\0';
    export_nsys_open_output(&w);
    if (!*error) {
        write_nsys_tables(&w);
    }
    sqlite3_close(w.db);
    free(w.processes);
    free(w.domain_ids);
    free(w.kernels);
    free(w.string_ids);
    return *error ? -1 : 0;
}
