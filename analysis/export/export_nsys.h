/* Export to the SQLite layout of Nsight Systems, schema 3.20.3. */
#ifndef EXPORT_EXPORT_NSYS_H
#define EXPORT_EXPORT_NSYS_H

#include "analysis/export/export_common.h"

/* An export_writer. */
int export_nsys(events_store *rows, const char *path, char error[TRACE_ERROR_BYTES]);

#endif
