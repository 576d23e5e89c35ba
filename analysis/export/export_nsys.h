/* The layout of Nsight Systems' SQLite export, schema 3.20.3. */
#ifndef EXPORT_EXPORT_NSYS_H
#define EXPORT_EXPORT_NSYS_H

#include "analysis/export/export_common.h"

/* Writes the rows to `path`, an empty file that exists. 0, or -1 with one line in `error`. */
int export_nsys(events_store *rows, const char *path, char error[TRACE_ERROR_BYTES]);

#endif
