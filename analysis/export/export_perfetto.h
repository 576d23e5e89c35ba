/* Perfetto's protobuf. */
#ifndef EXPORT_EXPORT_PERFETTO_H
#define EXPORT_EXPORT_PERFETTO_H

#include "analysis/export/export_common.h"

/* Writes the rows to `path`, an empty file that exists. 0, or -1 with one line in `error`. */
int export_perfetto(events_store *rows, const char *path, char error[TRACE_ERROR_BYTES]);

#endif
