/* SQLite as the importer uses it: read-only, never trusting the schema, tables by the columns that they have.
 */
#include "analysis/input/nsys/nsys_reader.h"

#include "analysis/base/alloc.h"

#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

/* Longest text or blob that is read. */
#define LENGTH_MAX (64 << 20)

bool input_nsys_fail(input_nsys_file *f) {
    if (f->stop == 0) {
        f->stop = -1;
        snprintf(f->error, TRACE_ERROR_BYTES,
                 "%s: this SQLite file cannot be read: %s; make it again with `nsys export --type sqlite`",
                 f->path, f->db ? sqlite3_errmsg(f->db) : "no memory");
    }
    return false;
}

/* The path as a URI that forbids all writing, locking and journals. */
static char *uri_of(const char *path) {
    char *uri = base_alloc(strlen(path) * 3 + 40, 1), *p = uri + sprintf(uri, "file:");
    for (; *path; path++) {
        p += sprintf(p, strchr("%?#", *path) ? "%%%02x" : "%c", (unsigned char)*path);
    }
    sprintf(p, "?mode=ro&immutable=1");
    return uri;
}

/* Statistics of memory would make the threads that read wait for each other. */
static void configure(void) {
    sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
}

uint64_t input_nsys_bytes(const char *path) {
    struct stat st;
    return stat(path, &st) == 0 ? (uint64_t)st.st_size : 0;
}

bool input_nsys_open(input_nsys_file *f) {
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, configure);
    char *uri = uri_of(f->path);
    /* One thread uses the connection, so that locks would only cost time; values may then be used as they
     * stand in a row. */
    int rc = sqlite3_open_v2(uri, &f->db, SQLITE_OPEN_READONLY | SQLITE_OPEN_URI | SQLITE_OPEN_NOMUTEX, NULL);
    free(uri);
    if (rc != SQLITE_OK) {
        return input_nsys_fail(f);
    }
    sqlite3_limit(f->db, SQLITE_LIMIT_LENGTH, LENGTH_MAX);
    sqlite3_db_config(f->db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
    sqlite3_db_config(f->db, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
    if (sqlite3_exec(f->db, "PRAGMA cell_size_check=ON; PRAGMA query_only=ON", NULL, NULL, NULL) !=
        SQLITE_OK) {
        return input_nsys_fail(f);
    }
    return true;
}

void input_nsys_close(input_nsys_file *f) {
    sqlite3_finalize(f->string);
    sqlite3_finalize(f->table);
    sqlite3_close(f->db);
    names_free(&f->names);
    base_map_free(&f->by_id);
}

sqlite3_stmt *input_nsys_query(input_nsys_file *f, const char *sql) {
    sqlite3_stmt *s = NULL;
    if (f->stop == 0 && sqlite3_prepare_v2(f->db, sql, -1, &s, NULL) != SQLITE_OK) {
        input_nsys_fail(f);
    }
    return s;
}

bool input_nsys_row(input_nsys_file *f, sqlite3_stmt *s) {
    if (f->stop != 0 || !s) {
        return false;
    }
    int rc = sqlite3_step(s);
    return rc == SQLITE_ROW || (rc != SQLITE_DONE && input_nsys_fail(f));
}

/* Views and virtual tables have no page of their own: what they would run is not ours to run. */
bool input_nsys_has(input_nsys_file *f, const char *table) {
    if (!f->table) {
        f->table =
            input_nsys_query(f, "SELECT type, rootpage FROM sqlite_master WHERE name = ?1 COLLATE NOCASE");
    }
    sqlite3_stmt *s = f->table;
    if (!s) {
        return false;
    }
    sqlite3_bind_text(s, 1, table, -1, SQLITE_STATIC);
    bool found = input_nsys_row(f, s);
    const char *type = found ? (const char *)sqlite3_column_text(s, 0) : NULL;
    if (found && (!type || strcmp(type, "table") != 0 || sqlite3_column_int64(s, 1) <= 0)) {
        f->stop = -1;
        snprintf(
            f->error, TRACE_ERROR_BYTES,
            "%s: %s is no ordinary table in this SQLite file; make it again with `nsys export --type sqlite`",
            f->path, table);
        found = false;
    }
    sqlite3_reset(s);
    return found;
}

bool input_nsys_has_column(input_nsys_file *f, const char *table, const char *column) {
    return sqlite3_table_column_metadata(f->db, "main", table, column, NULL, NULL, NULL, NULL, NULL) ==
           SQLITE_OK;
}

void input_nsys_columns(input_nsys_file *f, const input_nsys_table *t, int count,
                        char list[INPUT_NSYS_COLUMNS_BYTES]) {
    size_t n = 0;
    for (int i = 0; i < count && t->columns[i]; i++) {
        bool has = input_nsys_has_column(f, t->name, t->columns[i]);
        n += (size_t)snprintf(list + n, INPUT_NSYS_COLUMNS_BYTES - n, has ? "%s\"%s\"" : "%sNULL",
                              i ? ", " : "", t->columns[i]);
    }
    if (!input_nsys_has_column(f, t->name, "start") && f->stop == 0) {
        f->stop = -1;
        snprintf(f->error, TRACE_ERROR_BYTES,
                 "%s: table %s has no column start: this is no export of Nsight Systems", f->path, t->name);
    }
}

void input_nsys_where(input_nsys_file *f, const input_nsys_table *t, char where[INPUT_NSYS_WHERE_BYTES]) {
    *where = '\0';
    if (f->one && input_nsys_has_column(f, t->name, t->process)) {
        snprintf(where, INPUT_NSYS_WHERE_BYTES, "(\"%s\" >> 24) & 1099511627775 = %" PRIu64, t->process,
                 f->pid24);
    }
}

uint32_t input_nsys_text_id(input_nsys_file *f, const char *text, size_t len) {
    len = len > TRACE_STRING_MAX ? TRACE_STRING_MAX : len;
    uint32_t id = names_intern(&f->names, text, len) + 1;
    input_nsys_say(f);
    return id;
}

void input_nsys_say(input_nsys_file *f) {
    /* Interning may make further names of its own. */
    for (; !f->quiet && f->said < f->names.count; f->said++) {
        const names_entry *name = &f->names.list[f->said];
        if (f->stop == 0 && f->v->string) {
            f->stop = f->v->string(f->v->ctx, (uint32_t)f->said + 1, name->text, name->len);
        }
    }
}

uint32_t input_nsys_string_id(input_nsys_file *f, int64_t id) {
    uint32_t known = base_map_get(&f->by_id, (uint64_t)id);
    if (known != BASE_NONE || !f->string) {
        return known == BASE_NONE ? 0 : known;
    }
    sqlite3_bind_int64(f->string, 1, id);
    known = 0;
    if (input_nsys_row(f, f->string)) {
        const char *text = (const char *)sqlite3_column_text(f->string, 0);
        known = text ? input_nsys_text_id(f, text, (size_t)sqlite3_column_bytes(f->string, 0)) : 0;
    }
    sqlite3_reset(f->string);
    base_map_put(&f->by_id, (uint64_t)id, known);
    return known;
}

const char *input_nsys_name(const input_nsys_file *f, uint32_t id) {
    return id == 0 ? "" : f->names.list[id - 1].text;
}

void input_nsys_meta(input_nsys_file *f, const char *key, const char *value) {
    if (f->stop == 0 && value && f->v->meta) {
        f->stop = f->v->meta(f->v->ctx, key, strlen(key), value, strlen(value));
    }
}

void input_nsys_detail(input_nsys_file *f, const char *key, const char *value) {
    if (f->extras) {
        input_nsys_meta(f, key, value);
    }
}

int64_t input_nsys_int(sqlite3_stmt *s, int column, int64_t missing) {
    sqlite3_value *value = sqlite3_column_value(s, column);
    return sqlite3_value_type(value) == SQLITE_INTEGER ? sqlite3_value_int64(value) : missing;
}
