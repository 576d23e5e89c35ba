/* A connection to an SQLite file: read-only, never trusting the schema, with its first error. */
#ifndef INPUT_NSYS_NSYS_SQLITE_H
#define INPUT_NSYS_NSYS_SQLITE_H

#include <sqlite3.h>
#include <stdbool.h>
#include <stdint.h>

typedef struct {
    const char *path;
    char *error; /* TRACE_ERROR_BYTES */
    sqlite3 *handle;
    int stop;               /* 0 while all is well, -1 after an error, or what its user stopped with */
    sqlite3_stmt *table_of; /* type and root page by name */
} input_nsys_connection;

/* The size of a file; 0 when there is none. */
uint64_t input_nsys_file_bytes(const char *path);

/* Opens the file at c->path; false with the error set. */
bool input_nsys_open(input_nsys_connection *c);
void input_nsys_close(input_nsys_connection *c);

/* Sets the error to SQLite's message; always false. */
bool input_nsys_fail(input_nsys_connection *c);

/* Whether `table` is an ordinary table of the file; sets the error when it is something else. */
bool input_nsys_has_table(input_nsys_connection *c, const char *table);

bool input_nsys_has_column(input_nsys_connection *c, const char *table, const char *column);

/* A statement; NULL with the error set. */
sqlite3_stmt *input_nsys_query(input_nsys_connection *c, const char *sql);

/* Steps; true for a row, false at the end or with the error set. */
bool input_nsys_step(input_nsys_connection *c, sqlite3_stmt *s);

/* A statement's column as a number, `missing` when it is NULL or no number. */
int64_t input_nsys_int(sqlite3_stmt *s, int column, int64_t missing);

#endif
