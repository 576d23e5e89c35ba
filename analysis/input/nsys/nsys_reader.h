/* Reads an SQLite export of Nsight Systems and passes it to a visitor as the records of a trace. */
#ifndef INPUT_NSYS_NSYS_READER_H
#define INPUT_NSYS_NSYS_READER_H

#include "analysis/input/capture_extras.h"
#include "trace/trace.h"

/* Reads the export at `path`, which may be FILE#PROCESS; results and errors as those of input_read, or with `once` of
 * input_read_once, or with `extras` (else NULL) of input_read_details (analysis/input/capture_reader.h). The file is opened
 * read-only and immutable. Times are the file's plus the start of the capture, so that they resemble CLOCK_MONOTONIC. META
 * `note.nsys.*` lists what the file lacks. */
int input_nsys_read(const char *path, unsigned jobs, bool once, const trace_visitor *v,
                    const input_extras *extras, trace_status *status, char error[TRACE_ERROR_BYTES]);

#endif
