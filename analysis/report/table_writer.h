/* Writes tables (text_table.h) as text for people or in a format for programs, in which numbers keep their full
 * precision. */
#ifndef REPORT_TABLE_WRITER_H
#define REPORT_TABLE_WRITER_H

#include "analysis/report/table_catalog.h"
#include "analysis/report/text_table.h"

#include <cjson/cJSON.h>

typedef enum {
    REPORT_TEXT,
    REPORT_JSON,
    REPORT_CSV,
    REPORT_MARKDOWN,
    REPORT_LATEX,
    REPORT_PAGE, /* internal: JSON for the HTML page, kept in `reports` */
} report_format;

/* The values of --format, in this order. */
#define REPORT_FORMATS "text|json|csv|markdown|latex"

typedef struct {
    report_format format;
    FILE *file;
    report_style style;                /* of text; REPORT_WIDTH columns without colour unless set */
    const report_selection *selection; /* the tables to write; NULL: all */
    bool
        single; /* of one table: csv has its columns and rows alone, and begins with the trace if `several` */
    bool several;      /* traces may be reported */
    size_t tables;     /* written so far */
    const char *trace; /* of the current report */
    size_t count;      /* reports so far */
    bool begun;        /* the current report is not empty */
    cJSON *reports;    /* JSON: collected for report_output_end */
} report_output;

/* Returns the unit of a column by its name, or NULL. */
const char *report_column_unit(const char *name);

/* Begins the output to `file`, which the caller owns. */
void report_output_begin(report_output *out, report_format format, FILE *file);

/* Begins the report of the trace with path `trace`; following tables belong to it. */
void report_output_report(report_output *out, const char *trace);

/* Writes a line outside of tables. */
void report_output_line(report_output *out, const char *text);

/* Writes the table in the output's format if it is selected, and frees it. */
void report_output_table(report_output *out, report_table *t);

/* Writes what was collected and frees it. Write errors are left to ferror(file). */
void report_output_end(report_output *out);

/* Frees what was collected without writing it; instead of report_output_end. */
void report_output_drop(report_output *out);

#endif
