/* The sources of an export: its input traces, with their machines, clocks and devices. */
#ifndef EVENTS_EVENT_SOURCES_H
#define EVENTS_EVENT_SOURCES_H

#include "analysis/events/event_types.h"

/* Adds the trace at `path`: reads its records up to the first event, and determines its machine and the offset of its clock
 * against earlier sources. Returns 0, or -1 with one line in `error`. */
int events_source_add(events_store *rows, const char *path, char error[TRACE_ERROR_BYTES]);

/* Sets META entry `key`, replacing an earlier value. */
void events_source_set_meta(events_source *source, const char *key, size_t key_len, const char *value,
                            size_t value_len);

/* Returns the value of META entry `key`, or NULL. */
const char *events_source_meta(const events_source *source, const char *key);

/* Frees the memory of a source. */
void events_source_free(events_source *source);

/* Returns the device number, unique over all sources, of device `ordinal` of the process of `source`. */
uint32_t events_source_device(events_store *rows, uint32_t source, uint32_t ordinal);

#endif
