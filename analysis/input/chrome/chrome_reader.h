/* A Chrome trace of torch.profiler, given to a visitor as if it were a trace. */
#ifndef INPUT_CHROME_CHROME_READER_H
#define INPUT_CHROME_CHROME_READER_H

#include "trace/trace.h"

/* As input_read (analysis/input/capture_reader.h), for a file that is not compressed. */
int input_chrome_read(const char *path, const trace_visitor *v, trace_status *status,
                      char error[TRACE_ERROR_BYTES]);

#endif
