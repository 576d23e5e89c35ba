/* Reads traces into an event store (event_types.h). */
#ifndef EVENTS_EVENT_STORE_H
#define EVENTS_EVENT_STORE_H

#include "analysis/events/event_types.h"
#include "trace/trace.h"

/* Reads `count` traces into *rows, zeroed, which events_store_free frees, also after an error. `progress` may be
 * NULL. Returns 0, or -1 with one line in `error`. */
int events_store_read(events_store *rows, char *const *paths, size_t count, const events_store_filter *filter,
                      events_store_progress *progress, void *progress_ctx, char error[TRACE_ERROR_BYTES]);

void events_store_free(events_store *rows);

#endif
