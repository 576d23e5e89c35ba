/* Reading ahead: one thread reads and decodes while the caller's thread attributes. */
#ifndef INPUT_ASYNC_READER_H
#define INPUT_ASYNC_READER_H

#include "trace/trace.h"

/* As input_read, or with `once` as input_read_once; the visitor is called on the caller's thread with
 * the same records in the same order. With jobs > 1 another thread reads the file. */
int input_read_async(const char *path, const trace_visitor *v, unsigned jobs, bool once, trace_status *status,
                     char error[TRACE_ERROR_BYTES]);

#endif
