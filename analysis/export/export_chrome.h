/* Chrome trace JSON with the events and arguments of torch.profiler. */
#ifndef EXPORT_EXPORT_CHROME_H
#define EXPORT_EXPORT_CHROME_H

#include "analysis/export/export_common.h"

/* Writes the rows to `path`, an empty file that exists. 0, or -1 with one line in `error`. */
int export_chrome(events_store *rows, const char *path, char error[TRACE_ERROR_BYTES]);

#endif
