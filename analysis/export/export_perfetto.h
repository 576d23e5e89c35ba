/* Export to Perfetto's protobuf trace format. */
#ifndef EXPORT_EXPORT_PERFETTO_H
#define EXPORT_EXPORT_PERFETTO_H

#include "analysis/export/export_common.h"

/* An export_writer. */
int export_perfetto(events_store *rows, const char *path, char error[TRACE_ERROR_BYTES]);

#endif
