/* A read-only connection to an SQLite file that does not trust the file's schema, and the first error. */
#ifndef INPUT_NSYS_NSYS_SQLITE_H
#define INPUT_NSYS_NSYS_SQLITE_H

#include <sqlite3.h>
#include <stdbool.h>
#include <stdint.h>

typedef struct {
    const char *path;
    char *error; /* TRACE_ERROR_BYTES */
    sqlite3 *handle;
    int stop;               /* 0; -1 after an error; or the result by which the visitor stopped the reading */
    sqlite3_stmt *table_of; /* type and root page of a table, by its name */
} input_nsys_connection;

/* Returns the size of a file in bytes; 0 when it cannot be determined. */
uint64_t input_nsys_file_bytes(const char *path);

/* Opens the file at c->path; the other members but `error` are zeroed. False with the error set. */
bool input_nsys_open(input_nsys_connection *c);
/* Closes the connection; also after a failed open. */
void input_nsys_close(input_nsys_connection *c);

/* Sets the error to "PATH: " and SQLite's message, unless there is an error already, and `stop` to -1. Returns false. */
bool input_nsys_fail(input_nsys_connection *c);

/* Returns whether the file has an ordinary table of this name. A view or virtual table of this name sets the error. */
bool input_nsys_has_table(input_nsys_connection *c, const char *table);

/* Returns whether the table has a column of this name. */
bool input_nsys_has_column(input_nsys_connection *c, const char *table, const char *column);

/* Prepares a statement, which the caller finalises. NULL with the error set. */
sqlite3_stmt *input_nsys_query(input_nsys_connection *c, const char *sql);

/* Executes a step of a statement. True when it has a row; false at the end, or with the error set. */
bool input_nsys_step(input_nsys_connection *c, sqlite3_stmt *s);

/* Returns a column of the current row as an integer; `missing` when it is not one. */
int64_t input_nsys_int(sqlite3_stmt *s, int column, int64_t missing);

#endif
