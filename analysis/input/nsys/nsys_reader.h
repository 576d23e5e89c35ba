/* An SQLite export of Nsight Systems, given to a visitor as if it were a trace. */
#ifndef INPUT_NSYS_NSYS_READER_H
#define INPUT_NSYS_NSYS_READER_H

#include "analysis/input/capture_extras.h"
#include "trace/trace.h"

/* As input_read (analysis/input/capture_reader.h). The file is opened read-only and immutable. Times become
 * CLOCK_MONOTONIC-like by adding the capture's start. What the file does not hold stands in META
 * `note.nsys.*`; with `extras`, META is as input_read_details has it. The path may be FILE#PROCESS. */
int input_nsys_read(const char *path, unsigned jobs, bool once, const trace_visitor *v,
                    const input_extras *extras, trace_status *status, char error[TRACE_ERROR_BYTES]);

#endif
