/* Where tables go: a terminal, or a format that programs read. Every output is made from the same tables
 * (table.h); a number keeps its full precision for programs. */
#ifndef ANALYSIS_OUTPUT_H
#define ANALYSIS_OUTPUT_H

#include "analysis/table.h"

#include <cjson/cJSON.h>

typedef enum {
    ANALYSIS_TEXT,
    ANALYSIS_JSON,
    ANALYSIS_CSV,
    ANALYSIS_MARKDOWN,
    ANALYSIS_LATEX,
    ANALYSIS_PAGE, /* JSON with what the HTML page needs, kept in `reports`; no user names it */
} analysis_format;

/* Their names, in this order, as --format takes them. */
#define ANALYSIS_FORMATS "text|json|csv|markdown|latex"

typedef struct {
    analysis_format format;
    FILE *file;
    size_t count;   /* reports so far */
    bool begun;     /* the report has something in it */
    cJSON *reports; /* JSON: what analysis_output_end prints */
} analysis_output;

void analysis_output_begin(analysis_output *out, analysis_format format, FILE *file);

/* Begins the report of one trace; all tables up to the next belong to it. */
void analysis_output_report(analysis_output *out, const char *trace);

/* Writes a line that belongs to no table. */
void analysis_output_line(analysis_output *out, const char *text);

/* Writes the table, in its format, and frees it. */
void analysis_output_table(analysis_output *out, analysis_table *t);

/* Writes what is still to be written. */
void analysis_output_end(analysis_output *out);

/* Instead of analysis_output_end: forgets it. */
void analysis_output_drop(analysis_output *out);

#endif
