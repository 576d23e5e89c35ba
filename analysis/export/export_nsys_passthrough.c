/* Tables of an imported capture of Nsight Systems that go back as they came. */
#include "analysis/export/export_nsys_internal.h"

/* The schema's number of an event that is none. */
#define NO_EVENT 4294967295

void export_nsys_write_syncs(export_nsys_file *w) {
    const events_sync *row;
    sqlite3_stmt *s = export_nsys_prepare(w, "INSERT INTO CUPTI_ACTIVITY_KIND_SYNCHRONIZATION VALUES(?1, "
                                             "?2, ?3, ?4, NULL, ?5, ?6, ?7, NULL, ?8, ?9, ?10)");
    while (!*w->error && (row = base_sorter_next(w->rows->syncs)) != NULL) {
        const events_queue *queue = &w->rows->queues[row->queue];
        sqlite3_bind_int64(s, 1, export_nsys_since(w, row->start));
        sqlite3_bind_int64(s, 2, export_nsys_since(w, row->start + row->duration));
        sqlite3_bind_int64(s, 3, queue->device);
        sqlite3_bind_int64(s, 4, queue->context);
        sqlite3_bind_int64(s, 5, queue->stream);
        export_nsys_bind_unless_0(s, 6, row->correlation);
        sqlite3_bind_int64(s, 7, (int64_t)w->processes[queue->source].global);
        sqlite3_bind_int64(s, 8, row->type < 0 ? 0 : row->type);
        sqlite3_bind_int64(s, 9, row->event < 0 ? NO_EVENT : row->event);
        export_nsys_bind_unless_negative(s, 10, row->event_sync);
        export_nsys_step(w, s);
    }
    sqlite3_finalize(s);
}

void export_nsys_write_overheads(export_nsys_file *w) {
    const events_overhead *row;
    sqlite3_stmt *s = export_nsys_prepare(w, "INSERT INTO PROFILER_OVERHEAD VALUES(?1, ?2, ?3, ?4, ?5)");
    while (!*w->error && (row = base_sorter_next(w->rows->overheads)) != NULL) {
        sqlite3_bind_int64(s, 1, export_nsys_since(w, row->start));
        sqlite3_bind_int64(s, 2, export_nsys_since(w, row->start + row->duration));
        sqlite3_bind_int64(s, 3, export_nsys_thread(w, row->thread));
        sqlite3_bind_int64(s, 4, export_nsys_string(w, row->name));
        export_nsys_bind_unless_negative(s, 5, row->result);
        export_nsys_step(w, s);
    }
    sqlite3_finalize(s);
}
