/* How a file of Nsight Systems' layout is written: statements, values as the layout has them, and texts, each
 * once. */
#include "analysis/export/export_nsys_internal.h"

#include "analysis/base/alloc.h"
#include "analysis/base/utf8.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void set_output_error(export_nsys_file *w) {
    if (!*w->error) {
        snprintf(w->error, TRACE_ERROR_BYTES,
                 "%s: cannot be written: %s; make room there, or choose another place", w->path,
                 sqlite3_errmsg(w->db));
    }
}

void export_nsys_open_output(export_nsys_file *w) {
    if (sqlite3_open_v2(w->path, &w->db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL) != SQLITE_OK) {
        set_output_error(w);
    }
}

void export_nsys_run(export_nsys_file *w, const char *sql) {
    if (!*w->error && sqlite3_exec(w->db, sql, NULL, NULL, NULL) != SQLITE_OK) {
        set_output_error(w);
    }
}

sqlite3_stmt *export_nsys_prepare(export_nsys_file *w, const char *sql) {
    sqlite3_stmt *statement = NULL;
    if (!*w->error &&
        sqlite3_prepare_v3(w->db, sql, -1, SQLITE_PREPARE_PERSISTENT, &statement, NULL) != SQLITE_OK) {
        set_output_error(w);
    }
    return statement;
}

void export_nsys_step(export_nsys_file *w, sqlite3_stmt *statement) {
    if (*w->error || !statement) {
        return;
    }
    if (sqlite3_step(statement) != SQLITE_DONE) {
        set_output_error(w);
    }
    sqlite3_reset(statement);
}

void export_nsys_bind_text(sqlite3_stmt *statement, int column, const char *text) {
    if (!text) {
        sqlite3_bind_null(statement, column);
        return;
    }
    size_t len = strlen(text);
    char *copy = base_utf8_clean(text, &len);
    sqlite3_bind_text(statement, column, copy, (int)len, free);
}

int64_t export_nsys_string(export_nsys_file *w, uint32_t index) {
    w->string_ids = base_grow(w->string_ids, &w->string_cap, (size_t)index + 1, sizeof *w->string_ids);
    if (w->string_ids[index] == 0) {
        export_nsys_bind(w->strings, 1, w->string_count);
        export_nsys_bind_text(w->strings, 2, export_name(w->rows, index));
        export_nsys_step(w, w->strings);
        w->string_ids[index] = ++w->string_count;
    }
    return w->string_ids[index] - 1;
}

int64_t export_nsys_text(export_nsys_file *w, const char *text) {
    size_t len = strlen(text);
    char *clean = base_utf8_clean(text, &len); /* so that two texts never become one */
    uint32_t index = names_intern(&w->rows->names, clean, len);
    free(clean);
    return export_nsys_string(w, index);
}

int64_t export_nsys_thread(const export_nsys_file *w, uint32_t thread) {
    const events_thread *t = &w->rows->threads[thread];
    return (int64_t)(w->processes[t->source].global | (t->tid & 0xffffff));
}

int64_t export_nsys_since(const export_nsys_file *w, uint64_t time) {
    return (int64_t)(time - w->rows->zero);
}
