/* Read-only use of SQLite that does not trust the file's schema. */
#include "analysis/input/nsys/nsys_sqlite.h"

#include "analysis/base/alloc.h"
#include "trace/trace.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

/* Limit of the length of texts and blobs. */
#define LENGTH_MAX (64 << 20)

bool input_nsys_fail(input_nsys_connection *c) {
    if (c->stop == 0) {
        c->stop = -1;
        snprintf(c->error, TRACE_ERROR_BYTES,
                 "%s: this SQLite file cannot be read: %s; make it again with `nsys export --type sqlite`",
                 c->path, c->handle ? sqlite3_errmsg(c->handle) : "no memory");
    }
    return false;
}

/* Formats the path as a URI that disables writing, locking and journals. An empty host precedes an absolute path, which
 * may begin with two slashes. */
static char *uri_of(const char *path) {
    char *uri = base_alloc(strlen(path) * 3 + 40, 1), *p = uri + sprintf(uri, "file:");
    p += sprintf(p, "%s", *path == '/' ? "//" : "");
    for (; *path; path++) {
        p += sprintf(p, strchr("%?#", *path) ? "%%%02x" : "%c", (unsigned char)*path);
    }
    sprintf(p, "?mode=ro&immutable=1");
    return uri;
}

/* Memory statistics would make the reading threads wait for each other. */
static void disable_memory_statistics(void) {
    sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
}

uint64_t input_nsys_file_bytes(const char *path) {
    struct stat st;
    return stat(path, &st) == 0 ? (uint64_t)st.st_size : 0;
}

bool input_nsys_open(input_nsys_connection *c) {
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, disable_memory_statistics);
    char *uri = uri_of(c->path);
    /* A connection is used by one thread, so that locks would only cost time; values can then be used without copying them
     * from the row. */
    int rc =
        sqlite3_open_v2(uri, &c->handle, SQLITE_OPEN_READONLY | SQLITE_OPEN_URI | SQLITE_OPEN_NOMUTEX, NULL);
    free(uri);
    if (rc != SQLITE_OK) {
        return input_nsys_fail(c);
    }
    sqlite3_limit(c->handle, SQLITE_LIMIT_LENGTH, LENGTH_MAX);
    sqlite3_db_config(c->handle, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
    sqlite3_db_config(c->handle, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
    if (sqlite3_exec(c->handle, "PRAGMA cell_size_check=ON; PRAGMA query_only=ON", NULL, NULL, NULL) !=
        SQLITE_OK) {
        return input_nsys_fail(c);
    }
    return true;
}

void input_nsys_close(input_nsys_connection *c) {
    sqlite3_finalize(c->table_of);
    sqlite3_close(c->handle);
}

sqlite3_stmt *input_nsys_query(input_nsys_connection *c, const char *sql) {
    sqlite3_stmt *s = NULL;
    if (c->stop == 0 && sqlite3_prepare_v2(c->handle, sql, -1, &s, NULL) != SQLITE_OK) {
        input_nsys_fail(c);
    }
    return s;
}

bool input_nsys_step(input_nsys_connection *c, sqlite3_stmt *s) {
    if (c->stop != 0 || !s) {
        return false;
    }
    int rc = sqlite3_step(s);
    return rc == SQLITE_ROW || (rc != SQLITE_DONE && input_nsys_fail(c));
}

/* Whether the table has a column that is computed when it is read. */
static bool has_generated_column(input_nsys_connection *c, const char *table) {
    sqlite3_stmt *s = input_nsys_query(c, "SELECT 1 FROM pragma_table_xinfo(?1) WHERE hidden IN (2, 3)");
    if (!s) {
        return true;
    }
    sqlite3_bind_text(s, 1, table, -1, SQLITE_STATIC);
    bool found = input_nsys_step(c, s);
    sqlite3_finalize(s);
    return found;
}

/* Views, virtual tables and generated columns run SQL from the file, which may never end. The first two have no root page. */
bool input_nsys_has_table(input_nsys_connection *c, const char *table) {
    if (!c->table_of) {
        c->table_of =
            input_nsys_query(c, "SELECT type, rootpage FROM sqlite_master WHERE name = ?1 COLLATE NOCASE");
    }
    sqlite3_stmt *s = c->table_of;
    if (!s) {
        return false;
    }
    sqlite3_bind_text(s, 1, table, -1, SQLITE_STATIC);
    bool found = input_nsys_step(c, s);
    const char *type = found ? (const char *)sqlite3_column_text(s, 0) : NULL;
    bool stored = found && type && strcmp(type, "table") == 0 && sqlite3_column_int64(s, 1) > 0;
    if (found && (!stored || has_generated_column(c, table)) && c->stop == 0) {
        c->stop = -1;
        snprintf(c->error, TRACE_ERROR_BYTES,
                 "%s: %s is not an ordinary table in this SQLite file; make it again with `nsys export "
                 "--type sqlite`",
                 c->path, table);
        found = false;
    }
    sqlite3_reset(s);
    return found;
}

bool input_nsys_has_column(input_nsys_connection *c, const char *table, const char *column) {
    return sqlite3_table_column_metadata(c->handle, "main", table, column, NULL, NULL, NULL, NULL, NULL) ==
           SQLITE_OK;
}

int64_t input_nsys_int(sqlite3_stmt *s, int column, int64_t missing) {
    sqlite3_value *value = sqlite3_column_value(s, column);
    return sqlite3_value_type(value) == SQLITE_INTEGER ? sqlite3_value_int64(value) : missing;
}
