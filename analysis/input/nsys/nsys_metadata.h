/* What the export holds on the run: program, machine, devices, times. */
#ifndef INPUT_NSYS_NSYS_METADATA_H
#define INPUT_NSYS_NSYS_METADATA_H

#include "analysis/input/nsys/nsys_capture.h"

/* The row of META_DATA_EXPORT by which an export of moetrace marks the capture's watch marks as the
 * program's. */
#define INPUT_NSYS_MARKS "MOETRACE_MARKS_OF_PROGRAM"

/* Reads what describes the capture: META of the run and its devices, and the session's start into
 * status->header. Call it once the times are known. */
void input_nsys_read_metadata(input_nsys_capture *cap, trace_status *status);

#endif
