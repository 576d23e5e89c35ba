/* Reads a Chrome trace of torch.profiler and passes it to a visitor as the records of a trace. */
#ifndef INPUT_CHROME_CHROME_READER_H
#define INPUT_CHROME_CHROME_READER_H

#include "trace/trace.h"

/* Reads the file at `path`, which must not be compressed; results and errors as those of input_read
 * (analysis/input/capture_reader.h). Times in the file are microseconds; the visitor gets nanoseconds. */
int input_chrome_read(const char *path, const trace_visitor *v, trace_status *status,
                      char error[TRACE_ERROR_BYTES]);

#endif
