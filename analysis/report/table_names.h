/* Names in tables: complete for programs; shortened for people if they remain distinguishable. */
#ifndef REPORT_TABLE_NAMES_H
#define REPORT_TABLE_NAMES_H

#include "analysis/report/text_table.h"

/* Fills the next cell with a kernel's name, for people shortened to about `width` columns. */
void report_table_kernel(report_table *t, const char *mangled, size_t width);

/* Replaces equal shortened names of different kernels in the `count` cells of a table by longer ones. */
void report_table_distinguish_kernels(report_cell *cells, size_t count);

#endif
