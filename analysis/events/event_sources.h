/* The traces that go into one export. */
#ifndef EVENTS_EVENT_SOURCES_H
#define EVENTS_EVENT_SOURCES_H

#include "analysis/events/event_types.h"

/* Adds the trace at `path`: reads what stands before its first event, and finds its machine and its clock
 * among the sources before it. 0, or -1 with one line in `error`. */
int events_source_add(events_store *rows, const char *path, char error[TRACE_ERROR_BYTES]);

/* Sets META `key`; a value that it had is gone. */
void events_source_set_meta(events_source *source, const char *key, size_t key_len, const char *value,
                            size_t value_len);

/* The value of META `key`, or NULL. */
const char *events_source_meta(const events_source *source, const char *key);

/* Frees what the source holds. */
void events_source_free(events_source *source);

/* The number over all sources of the device that is `ordinal` in the process of `source`. */
uint32_t events_source_device(events_store *rows, uint32_t source, uint32_t ordinal);

#endif
