/* The parts of the reader of Nsight Systems' SQLite export. */
#ifndef INPUT_NSYS_NSYS_READER_H
#define INPUT_NSYS_NSYS_READER_H

#include "analysis/input/capture_reader.h"
#include "analysis/input/nsys/nsys_prefetch.h"
#include "analysis/names/name_table.h"

#include <sqlite3.h>

enum { INPUT_NSYS_COLUMNS_BYTES = 2000, INPUT_NSYS_WHERE_BYTES = 100 };

/* A table that is read row by row. `columns` are asked for in this order; a column that the file lacks reads
 * as NULL.
 */
typedef struct {
    const char *name;
    const char *const *columns;  /* the first two are the start and the end */
    const char *process;         /* the column that holds the process */
    uint64_t rows, unusable;     /* unusable: without times that could be; as far as summed up */
    int64_t last_start;          /* of the last row summed up */
    int64_t first_id, last_id;   /* row ids; none when the first is greater than the last */
    size_t request;              /* in the feed, when rows come from there */
    sqlite3_stmt *cursor;        /* when they do not */
    const input_nsys_cells *row; /* the row that is at hand, NULL at the end */
    input_nsys_rows *held;       /* where it is */
    int64_t start, end;          /* of it; end is the start when there is none */
    const base_set *skip;        /* in one go: rows with one of these in column 4 are left out; or NULL */
    input_nsys_rows one;         /* the row that a cursor is at */
    input_nsys_layout layout;
    input_nsys_places places;
    int scanned;          /* so many columns are looked at before the first event */
    int reported;         /* so many when all is read in one go */
    bool present, sorted; /* sorted: its rows ascend by start */
    bool has_ids, fed;    /* it can be read by row ids; it is */
    bool has_end;
    char list[INPUT_NSYS_COLUMNS_BYTES], where[INPUT_NSYS_WHERE_BYTES]; /* of the statement */
} input_nsys_table;

typedef struct input_nsys_file input_nsys_file;
struct input_nsys_file {
    const char *path;
    uint64_t bytes;
    bool one;       /* only rows of one process are read: */
    uint64_t pid24; /* of this one, the bits of its globalPid above the lowest 24 */
    const trace_visitor *v;
    char *error;
    sqlite3 *db;
    int stop;              /* what a visitor function returned, or -1 after an error; 0 while all is well */
    names_table names;     /* string id of the trace = index + 1 */
    bool marks_of_program; /* its marks `watch on` and `watch off` are not the recorder's */
    unsigned jobs;
    bool keep; /* the file is small: its rows are kept */
    input_nsys_feed *feed;
    /* When not NULL: is told the summary of each slice before its first row is used. */
    void (*on_slice)(void *ctx, input_nsys_table *t, const input_nsys_summary *s);
    void *on_slice_ctx;
    size_t said;          /* names whose definitions the visitor has */
    base_map by_id;       /* id in StringIds -> string id of the trace */
    sqlite3_stmt *string; /* value by id */
    sqlite3_stmt *table;  /* type and root page by name */
    int64_t base;         /* what makes a time of the file a time of the trace */
    int64_t duration; /* of the capture: ranges that were open get this end; INT64_MAX when it is not said */
    int64_t first, last; /* times in the file */
    uint64_t pid;
    const input_extras *extras; /* NULL: what only an export needs is not wanted */
    bool quiet;                 /* the visitor is not to be called so far */
};

/* The size of a file; 0 when there is none. */
uint64_t input_nsys_bytes(const char *path);

/* Opens the file read-only; false with the error set. */
bool input_nsys_open(input_nsys_file *f);
void input_nsys_close(input_nsys_file *f);

/* Sets the error to what SQLite says; always false. */
bool input_nsys_fail(input_nsys_file *f);

/* Whether `table` is an ordinary table of the file; sets the error when it is something else. */
bool input_nsys_has(input_nsys_file *f, const char *table);

bool input_nsys_has_column(input_nsys_file *f, const char *table, const char *column);

/* A statement; NULL with the error set. */
sqlite3_stmt *input_nsys_query(input_nsys_file *f, const char *sql);

/* Steps; true for a row, false at the end or with the error set. */
bool input_nsys_row(input_nsys_file *f, sqlite3_stmt *s);

/* What holds for the rows of the process that is wanted; empty when all are. */
void input_nsys_where(input_nsys_file *f, const input_nsys_table *t, char where[INPUT_NSYS_WHERE_BYTES]);

/* The names of a table's first `count` columns as a statement asks for them: separated by commas, NULL for
 * one that it lacks. The error is set when it has no start. */
void input_nsys_columns(input_nsys_file *f, const input_nsys_table *t, int count,
                        char list[INPUT_NSYS_COLUMNS_BYTES]);

/* Learns which row ids the table has. */
void input_nsys_find_ids(input_nsys_file *f, input_nsys_table *t);

/* Begins to read tables, all columns or those that are scanned: by slices of row ids where a table has ids,
 * and else, or when it is not sorted, by a cursor of its own in order of its start. With on_slice all tables
 * must have ids, and are taken to be sorted. */
void input_nsys_begin(input_nsys_file *f, input_nsys_table *tables, size_t count, bool scan);

/* Goes to the next row; false at the end. */
bool input_nsys_next_row(input_nsys_file *f, input_nsys_table *t);

/* The same for rows with usable times, which become start, end and has_end. */
bool input_nsys_next(input_nsys_file *f, input_nsys_table *t);

/* Gives the visitor the definitions that were made while `quiet` was set. */
void input_nsys_say(input_nsys_file *f);

/* The trace's string id of a text, or of an id in StringIds (0 when there is none such); the visitor has its
 * definition, unless `quiet` is set. */
uint32_t input_nsys_text_id(input_nsys_file *f, const char *text, size_t len);
uint32_t input_nsys_string_id(input_nsys_file *f, int64_t id);

/* The text of a trace's string id. */
const char *input_nsys_name(const input_nsys_file *f, uint32_t id);

/* Gives the visitor META. */
void input_nsys_meta(input_nsys_file *f, const char *key, const char *value);

/* The same, when details are wanted. */
void input_nsys_detail(input_nsys_file *f, const char *key, const char *value);

/* Makes an error of the feed the file's. */
void input_nsys_check_feed(input_nsys_file *f);

/* A statement's column as a number, `missing` when it is NULL or none. */
int64_t input_nsys_int(sqlite3_stmt *s, int column, int64_t missing);

/* The row of META_DATA_EXPORT by which an export of moetrace says that its marks are the program's. */
#define INPUT_NSYS_MARKS "MOETRACE_MARKS_OF_PROGRAM"

/* Reads what describes the capture: META of the run and its devices, and the session's start into
 * status->header. Call it once the times are known. */
void input_nsys_read_info(input_nsys_file *f, trace_status *status);

#endif
