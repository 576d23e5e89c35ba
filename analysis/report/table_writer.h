/* Where tables go: a terminal, or a format that programs read. Every output is made from the same tables
 * (text_table.h); a number keeps its full precision for programs. */
#ifndef REPORT_TABLE_WRITER_H
#define REPORT_TABLE_WRITER_H

#include "analysis/report/text_table.h"

#include <cjson/cJSON.h>

typedef enum {
    REPORT_TEXT,
    REPORT_JSON,
    REPORT_CSV,
    REPORT_MARKDOWN,
    REPORT_LATEX,
    REPORT_PAGE, /* JSON with what the HTML page needs, kept in `reports`; no user names it */
} report_format;

/* Their names, in this order, as values of --format. */
#define REPORT_FORMATS "text|json|csv|markdown|latex"

typedef struct {
    report_format format;
    FILE *file;
    size_t count;   /* reports so far */
    bool begun;     /* the report has something in it */
    cJSON *reports; /* JSON: what report_output_end prints */
} report_output;

void report_output_begin(report_output *out, report_format format, FILE *file);

/* Begins the report of one trace; all tables up to the next belong to it. */
void report_output_report(report_output *out, const char *trace);

/* Writes a line that belongs to no table. */
void report_output_line(report_output *out, const char *text);

/* Writes the table, in its format, and frees it. */
void report_output_table(report_output *out, report_table *t);

/* Writes what is still to be written. */
void report_output_end(report_output *out);

/* Instead of report_output_end: forgets it. */
void report_output_drop(report_output *out);

#endif
