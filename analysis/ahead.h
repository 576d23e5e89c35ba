/* Reading ahead: one thread reads and decodes while the caller's thread attributes. */
#ifndef ANALYSIS_AHEAD_H
#define ANALYSIS_AHEAD_H

#include "trace/trace.h"

/* The cores that this process may use, at least 1. */
unsigned analysis_cores(void);

/* As analysis_read, or with `once` as analysis_read_once; the visitor is called on the caller's thread with
 * the same records in the same order. With jobs > 1 another thread reads the file. */
int analysis_read_ahead(const char *path, const trace_visitor *v, unsigned jobs, bool once,
                        trace_status *status, char error[TRACE_ERROR_BYTES]);

#endif
