/* Names in tables: whole for programs; shortened for people only where they can still be told apart. */
#ifndef REPORT_TABLE_NAMES_H
#define REPORT_TABLE_NAMES_H

#include "analysis/report/text_table.h"

/* Fills the next cell with a kernel's name: for people in some `width` columns. */
void report_table_kernel(report_table *t, const char *mangled, size_t width);

/* Of the cells of a whole table: kernels whose names came out alike get longer ones. */
void report_table_distinguish_kernels(report_cell *cells, size_t count);

#endif
