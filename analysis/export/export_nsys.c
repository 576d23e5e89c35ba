/* A file of Nsight Systems' SQLite layout: which tables it has, and all of them in one transaction. */
#include "analysis/export/export_nsys.h"

#include "analysis/base/alloc.h"
#include "analysis/export/export_nsys_internal.h"

#include <stdlib.h>
#include <string.h>

/* Ids of processes and of their domains. Two processes never get one id, also when their pids are equal. */
static void number_nsys_processes(export_nsys_file *w) {
    const events_store *rows = w->rows;
    for (size_t i = 0; i < rows->source_count; i++) {
        export_nsys_process *p = &w->processes[i];
        p->machine = rows->sources[i].machine & 0xff;
        p->global =
            p->machine << 56 | EXPORT_NSYS_VM | (uint64_t)(rows->sources[i].header.pid & 0xffffff) << 24;
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
