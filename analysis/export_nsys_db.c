/* How a file of Nsight Systems' layout is written: statements, values as the layout has them, and texts, each
 * once.
 */
#include "analysis/export_nsys.h"

#include "analysis/memory.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void fail(analysis_nsys *w) {
    if (!*w->error) {
        snprintf(w->error, TRACE_ERROR_BYTES,
                 "%s: cannot be written: %s; make room there, or choose another place", w->path,
                 sqlite3_errmsg(w->db));
    }
}

void analysis_nsys_open_output(analysis_nsys *w) {
    if (sqlite3_open_v2(w->path, &w->db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL) != SQLITE_OK) {
        fail(w);
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

int64_t analysis_nsys_thread(const analysis_nsys *w, uint32_t thread) {
    const analysis_event_thread *t = &w->rows->threads[thread];
    return (int64_t)(w->processes[t->source].global | (t->tid & 0xffffff));
}

int64_t analysis_nsys_since(const analysis_nsys *w, uint64_t time) {
    return (int64_t)(time - w->rows->zero);
}
