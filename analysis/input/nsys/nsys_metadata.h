/* Metadata of an SQLite export: program, machine, devices, times. */
#ifndef INPUT_NSYS_NSYS_METADATA_H
#define INPUT_NSYS_NSYS_METADATA_H

#include "analysis/input/nsys/nsys_capture.h"

/* The row of META_DATA_EXPORT by which moetrace's exports state that the program itself made the marks `watch on` and
 * `watch off` (INPUT_MARKS). */
#define INPUT_NSYS_MARKS "MOETRACE_MARKS_OF_PROGRAM"

/* Passes the META entries of the run and its devices to the visitor, and stores the start of the session in status->header.
 * cap->first and cap->last must be set. An error is left in the connection. */
void input_nsys_read_metadata(input_nsys_capture *cap, trace_status *status);

#endif
