/* Tables and labelled values: built once, printed for people (here) or for programs (table_writer.h). Text for people fits
 * the width of a terminal and contains no control characters, whatever the names in the trace are.
 *
 * Programs identify a table by its id and a column by its name: both are part of the format (REPORT_SCHEMA) and stable.
 * Titles are for people and may change. */
#ifndef REPORT_TEXT_TABLE_H
#define REPORT_TEXT_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

/* How text output looks. */
#define REPORT_WIDTH 100 /* columns, where no terminal and no COLUMNS give another width */
typedef struct {
    size_t width; /* columns of a line */
    bool colour;  /* titles and labels stand out, by the escape sequences of terminals */
} report_style;

/* Version of the format: incremented when an id, a column's name or the meaning of a value changes. */
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
    char *text;       /* for people */
    char *whole_text; /* for programs, if it differs; else NULL */
    char *mangled;    /* of a kernel's name; else NULL */
    bool number;      /* a number: `value`, in full precision */
    bool whole;       /* a number that is an integer */
    bool missing;
    double value;
} report_cell;

typedef struct {
    const char *id;
    char *title; /* NULL: none */
    char *notes; /* lines below it; NULL: none */
    bool fields; /* rows of key, label and value, printed as labelled lines */
    const report_column *columns;
    size_t column_count;
    report_cell *cells; /* row by row */
    size_t count, cap;
    size_t flexible; /* index of the column that is shortened if the table is too wide */
} report_table;

/* Begins a table; report_table_end, report_table_free or report_output_table frees it. Column `flexible` is shortened if
 * the rows are wider than the output. */
void report_table_begin(report_table *t, const char *id, const report_column *columns, size_t column_count,
                        size_t flexible);

/* Begins a table of labelled values; report_table_field adds its rows. */
void report_table_begin_fields(report_table *t, const char *id, const char *title);

/* Sets the title. */
void report_table_title(report_table *t, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Adds a sentence below the table. */
void report_table_note(report_table *t, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Each fills the next cell, row by row. */
void report_table_cell(report_table *t, const char *format, ...) __attribute__((format(printf, 2, 3)));
void report_table_missing(report_table *t);
void report_table_count(report_table *t, uint64_t n);
/* A number, formatted for people as by report_format_ms; NaN: missing. */
void report_table_ms(report_table *t, double value);
/* A number, for people with `digits` decimals; NaN: missing. */
void report_table_number(report_table *t, double value, int digits);
/* A p-value, for people with three decimals or as "<0.001"; NaN: missing. */
void report_table_p(report_table *t, double p);
/* An index; BASE_NONE: missing. */
void report_table_index(report_table *t, uint32_t index);
/* part / whole in percent; missing if whole is 0. */
void report_table_share(report_table *t, uint64_t part, uint64_t whole);

/* Add a row to a table of labelled values: key for programs, label for people, and value; NULL: missing. */
void report_table_field(report_table *t, const char *key, const char *label, const char *value);
void report_table_fieldf(report_table *t, const char *key, const char *label, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

/* Returns whether the column is printed for people. */
bool report_table_shown(const report_table *t, size_t column);

/* Returns the number of rows, without the header. */
size_t report_table_rows(const report_table *t);

/* Prints the table for people and frees it. */
void report_table_end(report_table *t, FILE *out, report_style style);
void report_table_free(report_table *t);

/* Prints a label, in `indent` columns, and its value, with continuation lines indented. NULL: missing, printed as "-". */
void report_field(FILE *out, report_style style, size_t indent, const char *label, const char *value);

/* Prints a title, or a label that begins a line, so that it stands out. */
void report_put_title(FILE *out, report_style style, const char *text);

/* Prints `len` bytes with C0 control characters and DEL replaced by "?", so that a name cannot control the terminal. */
void report_put_text(FILE *out, const char *text, size_t len);

/* Prints a text, wrapped at spaces to `width` columns. */
void report_put_paragraph(FILE *out, size_t width, const char *text);

/* Formats a number, usually of milliseconds, in at most 8 columns, with as many decimals as fit; returns `buf`. */
const char *report_format_ms(char buf[32], double value);

#endif
