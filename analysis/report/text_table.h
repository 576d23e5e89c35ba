/* Tables and labelled lines: built once, printed for people (here) or for programs (table_writer.h). What people
 * read fits a terminal's width and is safe to print whatever bytes the trace's names hold.
 *
 * Programs find a table by its id and a column by its name: both are part of the format (REPORT_SCHEMA) and stay.
 * Titles are for people and may change. */
#ifndef REPORT_TEXT_TABLE_H
#define REPORT_TEXT_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

/* Columns of every output for people. */
#define REPORT_WIDTH 100

/* Goes up when an id, a column's name or the meaning of a value changes. */
#define REPORT_SCHEMA 1

typedef struct {
    const char *name;  /* for programs, with its unit: "p50_ms" */
    const char *title; /* for people; NULL: the column is for programs only */
    char alignment;    /* 'l' or 'r' */
} report_column;

/* A static array of columns, for report_table_begin. */
#define REPORT_COLUMNS(array) (array), sizeof(array) / sizeof *(array)

/* A cell is a text, a number, or missing ("-"). */
typedef struct {
    char *text;       /* as people read it */
    char *whole_text; /* for programs, where that is another; else NULL */
    char *mangled;    /* of a kernel's name; else NULL */
    bool number;      /* then value is the whole of it */
    bool whole;       /* a number that is a count */
    bool missing;
    double value;
} report_cell;

typedef struct {
    const char *id;
    char *title; /* NULL: none */
    char *notes; /* lines below it; NULL: none */
    bool fields; /* a key, a label and a value in each row: printed as labelled lines */
    const report_column *columns;
    size_t column_count;
    report_cell *cells; /* row by row */
    size_t count, cap;
    size_t flexible; /* the column that is shortened when the table is too wide */
} report_table;

/* Starts a table. Column `flexible` is shortened when the rows are wider than REPORT_WIDTH. */
void report_table_begin(report_table *t, const char *id, const report_column *columns, size_t column_count,
                        size_t flexible);

/* Starts a table of labelled values; its rows are report_table_field's. */
void report_table_begin_fields(report_table *t, const char *id, const char *title);

void report_table_title(report_table *t, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Adds a sentence below the table. */
void report_table_note(report_table *t, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Each fills the next cell, row by row. */
void report_table_cell(report_table *t, const char *format, ...) __attribute__((format(printf, 2, 3)));
void report_table_missing(report_table *t);
void report_table_count(report_table *t, uint64_t n);
/* A number with as many digits as report_format_ms prints, for people; NaN is missing. */
void report_table_ms(report_table *t, double value);
/* A number with `digits` behind the point, for people; NaN is missing. */
void report_table_number(report_table *t, double value, int digits);
/* A p-value: for people with three digits behind the point, and never as 0. */
void report_table_p(report_table *t, double p);
/* An index of which BASE_NONE means that there is none. */
void report_table_index(report_table *t, uint32_t index);
/* part / whole in percent; missing when whole is 0. */
void report_table_share(report_table *t, uint64_t part, uint64_t whole);

/* A row of a table of labelled values: its name for programs, its label for people, and its value, NULL when it
 * is missing. */
void report_table_field(report_table *t, const char *key, const char *label, const char *value);
void report_table_fieldf(report_table *t, const char *key, const char *label, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

/* Whether people see the column. */
bool report_table_shown(const report_table *t, size_t column);

/* How many rows it has, the headers not counted. */
size_t report_table_rows(const report_table *t);

/* Prints the table for people and frees it. */
void report_table_end(report_table *t, FILE *out);
void report_table_free(report_table *t);

/* Prints a label and its value; long values go on below, indented. A NULL value is missing: "-". */
void report_field(FILE *out, const char *label, const char *value);

/* Prints len bytes with control characters as "?": a name can then neither move the cursor nor end the
 * line. */
void report_put_text(FILE *out, const char *text, size_t len);

/* Prints a text in lines of at most REPORT_WIDTH columns, broken at spaces. */
void report_put_paragraph(FILE *out, const char *text);

/* A number of milliseconds in at most 8 columns, with the digits that fit. */
const char *report_format_ms(char buf[32], double value);

#endif
