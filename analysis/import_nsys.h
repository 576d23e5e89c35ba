/* The parts of the reader of Nsight Systems' SQLite export. */
#ifndef ANALYSIS_IMPORT_NSYS_H
#define ANALYSIS_IMPORT_NSYS_H

#include "analysis/import.h"
#include "analysis/import_nsys_feed.h"
#include "analysis/names.h"

#include <sqlite3.h>

enum { ANALYSIS_NSYS_COLUMNS_BYTES = 2000, ANALYSIS_NSYS_WHERE_BYTES = 100 };

/* A table that is read row by row. `columns` are asked for in this order; a column that the file lacks reads
 * as NULL.
 */
typedef struct {
    const char *name;
    const char *const *columns;     /* the first two are the start and the end */
    const char *process;            /* the column that holds the process */
    uint64_t rows, unusable;        /* unusable: without times that could be; as far as summed up */
    int64_t last_start;             /* of the last row summed up */
    int64_t first_id, last_id;      /* row ids; none when the first is greater than the last */
    size_t request;                 /* in the feed, when rows come from there */
    sqlite3_stmt *cursor;           /* when they do not */
    const analysis_nsys_cells *row; /* the row that is at hand, NULL at the end */
    analysis_nsys_rows *held;       /* where it is */
    int64_t start, end;             /* of it; end is the start when there is none */
    const analysis_bits *skip;      /* in one go: rows with one of these in column 4 are left out; or NULL */
    analysis_nsys_rows one;         /* the row that a cursor is at */
    analysis_nsys_layout layout;
    analysis_nsys_places places;
    int scanned;          /* so many columns are looked at before the first event */
    int reported;         /* so many when all is read in one go */
    bool present, sorted; /* sorted: its rows ascend by start */
    bool has_ids, fed;    /* it can be read by row ids; it is */
    bool has_end;
    char list[ANALYSIS_NSYS_COLUMNS_BYTES], where[ANALYSIS_NSYS_WHERE_BYTES]; /* of the statement */
} analysis_nsys_table;

typedef struct analysis_nsys_file analysis_nsys_file;
struct analysis_nsys_file {
    const char *path;
    uint64_t bytes;
    bool one;       /* only rows of one process are read: */
    uint64_t pid24; /* of this one, the bits of its globalPid above the lowest 24 */
    const trace_visitor *v;
    char *error;
    sqlite3 *db;
    int stop;              /* what a visitor function returned, or -1 after an error; 0 while all is well */
    analysis_names names;  /* string id of the trace = index + 1 */
    bool marks_of_program; /* its marks `watch on` and `watch off` are not the recorder's */
    unsigned jobs;
    bool keep; /* the file is small: its rows are kept */
    analysis_nsys_feed *feed;
    /* When not NULL: is told the summary of each slice before its first row is used. */
    void (*on_slice)(void *ctx, analysis_nsys_table *t, const analysis_nsys_summary *s);
    void *on_slice_ctx;
    size_t said;          /* names whose definitions the visitor has */
    analysis_map by_id;   /* id in StringIds -> string id of the trace */
    sqlite3_stmt *string; /* value by id */
    sqlite3_stmt *table;  /* type and root page by name */
    int64_t base;         /* what makes a time of the file a time of the trace */
    int64_t duration; /* of the capture: ranges that were open get this end; INT64_MAX when it is not said */
    int64_t first, last; /* times in the file */
    uint64_t pid;
    const analysis_import_extras *extras; /* NULL: what only an export needs is not wanted */
    bool quiet;                           /* the visitor is not to be called so far */
};

/* The size of a file; 0 when there is none. */
uint64_t analysis_nsys_bytes(const char *path);

/* Opens the file read-only; false with the error set. */
bool analysis_nsys_open(analysis_nsys_file *f);
void analysis_nsys_close(analysis_nsys_file *f);

/* Sets the error to what SQLite says; always false. */
bool analysis_nsys_fail(analysis_nsys_file *f);

/* Whether `table` is an ordinary table of the file; sets the error when it is something else. */
bool analysis_nsys_has(analysis_nsys_file *f, const char *table);

bool analysis_nsys_has_column(analysis_nsys_file *f, const char *table, const char *column);

/* A statement; NULL with the error set. */
sqlite3_stmt *analysis_nsys_query(analysis_nsys_file *f, const char *sql);

/* Steps; true for a row, false at the end or with the error set. */
bool analysis_nsys_row(analysis_nsys_file *f, sqlite3_stmt *s);

/* What holds for the rows of the process that is wanted; empty when all are. */
void analysis_nsys_where(analysis_nsys_file *f, const analysis_nsys_table *t,
                         char where[ANALYSIS_NSYS_WHERE_BYTES]);

/* The names of a table's first `count` columns as a statement asks for them: separated by commas, NULL for
 * one that it lacks. The error is set when it has no start. */
void analysis_nsys_columns(analysis_nsys_file *f, const analysis_nsys_table *t, int count,
                           char list[ANALYSIS_NSYS_COLUMNS_BYTES]);

/* Learns which row ids the table has. */
void analysis_nsys_find_ids(analysis_nsys_file *f, analysis_nsys_table *t);

/* Begins to read tables, all columns or those that are scanned: by slices of row ids where a table has ids,
 * and else, or when it is not sorted, by a cursor of its own in order of its start. With on_slice all tables
 * must have ids, and are taken to be sorted. */
void analysis_nsys_begin(analysis_nsys_file *f, analysis_nsys_table *tables, size_t count, bool scan);

/* Goes to the next row; false at the end. */
bool analysis_nsys_next_row(analysis_nsys_file *f, analysis_nsys_table *t);

/* The same for rows with usable times, which become start, end and has_end. */
bool analysis_nsys_next(analysis_nsys_file *f, analysis_nsys_table *t);

/* Gives the visitor the definitions that were made while `quiet` was set. */
void analysis_nsys_say(analysis_nsys_file *f);

/* The trace's string id of a text, or of an id in StringIds (0 when there is none such); the visitor has its
 * definition, unless `quiet` is set. */
uint32_t analysis_nsys_text_id(analysis_nsys_file *f, const char *text, size_t len);
uint32_t analysis_nsys_string_id(analysis_nsys_file *f, int64_t id);

/* The text of a trace's string id. */
const char *analysis_nsys_name(const analysis_nsys_file *f, uint32_t id);

/* Gives the visitor META. */
void analysis_nsys_meta(analysis_nsys_file *f, const char *key, const char *value);

/* The same, when details are wanted. */
void analysis_nsys_detail(analysis_nsys_file *f, const char *key, const char *value);

/* Makes an error of the feed the file's. */
void analysis_nsys_check_feed(analysis_nsys_file *f);

/* A statement's column as a number, `missing` when it is NULL or none. */
int64_t analysis_nsys_int(sqlite3_stmt *s, int column, int64_t missing);

/* The row of META_DATA_EXPORT by which an export of moetrace says that its marks are the program's. */
#define ANALYSIS_NSYS_MARKS "MOETRACE_MARKS_OF_PROGRAM"

/* Reads what describes the capture: META of the run and its devices, and the session's start into
 * status->header. Call it once the times are known. */
void analysis_nsys_read_info(analysis_nsys_file *f, trace_status *status);

#endif
