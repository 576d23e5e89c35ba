/* The traces that go into one export. */
#ifndef ANALYSIS_EXPORT_SOURCES_H
#define ANALYSIS_EXPORT_SOURCES_H

#include "analysis/export_rows.h"

/* Adds the trace at `path`: reads what stands before its first event, and finds its machine and its clock
 * among the sources before it. 0, or -1 with one line in `error`. */
int analysis_source_add(analysis_events *rows, const char *path, char error[TRACE_ERROR_BYTES]);

/* Sets META `key`; a value that it had is gone. */
void analysis_source_set_meta(analysis_event_source *source, const char *key, size_t key_len,
                              const char *value, size_t value_len);

/* The number over all sources of the device that is `ordinal` in the process of `source`. */
uint32_t analysis_source_device(analysis_events *rows, uint32_t source, uint32_t ordinal);

#endif
