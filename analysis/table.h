/* What people read on a terminal: tables and labelled lines that fit a width, safe to print whatever bytes
 * the trace's names hold. */
#ifndef ANALYSIS_TABLE_H
#define ANALYSIS_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

/* Columns of every output for people. */
#define ANALYSIS_WIDTH 100

typedef struct {
    size_t columns;
    const char *alignment; /* one letter a column: l or r */
    char **cells;          /* row by row, the headers first */
    size_t count, cap;
    size_t flexible; /* the column that is shortened when the table is too wide */
} analysis_table;

/* Starts a table: `alignment` has one letter for each column, `headers` one text. Column `flexible` gives way
 * when the rows are wider than ANALYSIS_WIDTH. */
void analysis_table_begin(analysis_table *t, const char *alignment, size_t flexible,
                          const char *const *headers);

/* Fills the next cell, row by row. */
void analysis_table_cell(analysis_table *t, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Prints the table and frees it. */
void analysis_table_end(analysis_table *t, FILE *out);

/* Prints a label and its value; long values go on below, indented. A NULL value is missing: "-". */
void analysis_field(FILE *out, const char *label, const char *value);

/* The same, formatted. */
void analysis_fieldf(FILE *out, const char *label, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Prints len bytes with control characters as "?": a name can then neither move the cursor nor end the line.
 */
void analysis_put_text(FILE *out, const char *text, size_t len);

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
