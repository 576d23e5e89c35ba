/* Reads a recorded run in any supported format: every subcommand accepts captures of other profilers in place of a trace. */
#ifndef INPUT_CAPTURE_READER_H
#define INPUT_CAPTURE_READER_H

#include "analysis/input/capture_extras.h"
#include "trace/trace.h"

#include <stdbool.h>

/* Reads the file at `path`: a trace, an SQLite export of Nsight Systems (FILE#PROCESS selects one process), or a Chrome trace,
 * detected by its content; compressed by gzip, or from standard input (packed_file.h). Passes its records to the visitor; status->header is set before the visitor's first call. Uses at
 * most `jobs` threads, including the caller's. Returns, as trace_read does, 0, the non-zero result by which the visitor
 * stopped the reading, or -1 with one line in `error`. */
int input_read(const char *path, unsigned jobs, const trace_visitor *v, trace_status *status,
               char error[TRACE_ERROR_BYTES]);

/* As input_read, but faster, for a report: the visitor may get no launch configurations except the kernels' names, no byte
 * counts, and no calls of kind NAMES_CALL_QUERY. An SQLite export is read in a single pass where possible. Returns
 * INPUT_READ_AGAIN when the single pass found that the file needs a first pass (several processes, rows out of order, damage);
 * the visitor has received a part of the records by then, which the caller must discard before it calls input_read. */
int input_read_once(const char *path, unsigned jobs, const trace_visitor *v, trace_status *status,
                    char error[TRACE_ERROR_BYTES]);

/* As input_read, for an export that reproduces the capture: META entries `nsys.*` also hold the version suffixes of calls, the
 * kernel names that differ from those that moetrace would derive, the creation times of domains, and the priorities of
 * threads. `extras` receives the records that a trace does not have. */
int input_read_details(const char *path, unsigned jobs, const trace_visitor *v, const input_extras *extras,
                       trace_status *status, char error[TRACE_ERROR_BYTES]);

/* Stores the processes of the file at `path`, as FILE#PROCESS names them, in *list, which the caller frees, and returns their
 * number: process ids, or Nsight Systems' whole process numbers where several processes have the same id. Returns 0 for
 * other formats, for a single process, and on errors, which reading the file reports. All rows are examined. With `guess`,
 * the result is 0 without that when the file lists a single process with a CUDA context, or, where it lists no contexts, when
 * a sample of the rows is of one process; if the file holds several processes all the same, reading it adds META
 * INPUT_SEVERAL. */
size_t input_processes(const char *path, bool guess, uint64_t **list);

#endif
