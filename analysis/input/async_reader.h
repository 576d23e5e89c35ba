/* Reads a trace or capture on a thread of its own, while the caller's thread processes the records. */
#ifndef INPUT_ASYNC_READER_H
#define INPUT_ASYNC_READER_H

#include "trace/trace.h"

/* Reads the file as input_read does, or, with `once`, as input_read_once does, with the same results and errors. The
 * visitor is called on the caller's thread, with the same records in the same order. With jobs > 1, another thread
 * reads and decodes the file. */
int input_read_async(const char *path, const trace_visitor *v, unsigned jobs, bool once, trace_status *status,
                     char error[TRACE_ERROR_BYTES]);

#endif
