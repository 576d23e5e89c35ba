/* Tables and labelled lines: built once, printed for people (here) or for programs (output.h). What people
 * read fits a terminal's width and is safe to print whatever bytes the trace's names hold. */
#ifndef ANALYSIS_TABLE_H
#define ANALYSIS_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

/* Columns of every output for people. */
#define ANALYSIS_WIDTH 100

/* A cell is a text, a number, or missing ("-"). */
typedef struct {
    char *text;  /* as people read it */
    bool number; /* then value is the whole of it */
    bool whole;  /* a number that is a count */
    bool missing;
    double value;
} analysis_cell;

typedef struct {
    char *title; /* NULL: none */
    char *notes; /* lines below it; NULL: none */
    bool fields; /* two columns, what and value: printed as labelled lines */
    size_t columns;
    const char *alignment; /* one letter a column: l or r */
    analysis_cell *cells;  /* row by row, the headers first */
    size_t count, cap;
    size_t flexible; /* the column that is shortened when the table is too wide */
} analysis_table;

/* Starts a table: `alignment` has one letter for each column, `headers` one text. Column `flexible` gives way
 * when the rows are wider than ANALYSIS_WIDTH. */
void analysis_table_begin(analysis_table *t, const char *alignment, size_t flexible,
                          const char *const *headers);

/* Starts a table of labelled values; its rows are analysis_table_field's. */
void analysis_table_begin_fields(analysis_table *t, const char *title);

void analysis_table_title(analysis_table *t, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Adds a sentence below the table. */
void analysis_table_note(analysis_table *t, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Each fills the next cell, row by row. */
void analysis_table_cell(analysis_table *t, const char *format, ...) __attribute__((format(printf, 2, 3)));
void analysis_table_missing(analysis_table *t);
void analysis_table_count(analysis_table *t, uint64_t n);
/* A number with as many digits as analysis_format_ms gives, for people; NaN is missing. */
void analysis_table_ms(analysis_table *t, double value);
/* A number with `digits` behind the point, for people; NaN is missing. */
void analysis_table_number(analysis_table *t, double value, int digits);
/* A p-value: for people with three digits behind the point, and never as 0. */
void analysis_table_p(analysis_table *t, double p);
/* An index of which ANALYSIS_NONE means that there is none. */
void analysis_table_index(analysis_table *t, uint32_t index);
/* part / whole in percent; missing when whole is 0. */
void analysis_table_share(analysis_table *t, uint64_t part, uint64_t whole);

/* A row of a table of labelled values: a label and its value, NULL when it is missing. */
void analysis_table_field(analysis_table *t, const char *label, const char *value);
void analysis_table_fieldf(analysis_table *t, const char *label, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* How many rows it has, the headers not counted. */
size_t analysis_table_rows(const analysis_table *t);

/* Prints the table for people and frees it. */
void analysis_table_end(analysis_table *t, FILE *out);
void analysis_table_free(analysis_table *t);

/* Prints a label and its value; long values go on below, indented. A NULL value is missing: "-". */
void analysis_field(FILE *out, const char *label, const char *value);

/* Prints len bytes with control characters as "?": a name can then neither move the cursor nor end the line.
 */
void analysis_put_text(FILE *out, const char *text, size_t len);

/* Prints a text in lines of at most ANALYSIS_WIDTH columns, broken at spaces. */
void analysis_put_paragraph(FILE *out, const char *text);

/* Columns that the text takes, one a UTF-8 character. */
size_t analysis_text_width(const char *text);

/* The text shortened to `width` columns with "..." in its middle; the caller frees it. */
char *analysis_shorten(const char *text, size_t width);

/* A number of milliseconds in at most 8 columns, with the digits that fit. */
const char *analysis_format_ms(char buf[32], double value);

/* A kernel's mangled name as people know it, without its parameters. While it takes more than `width`
 * columns, the names of namespaces go first and then what stands in parentheses; it may still be longer. "(no
 * name)" when it has none. The caller frees it. */
char *analysis_kernel_name(const char *mangled, size_t width);

#endif
