/* Reads whatever holds a recorded run, so that every subcommand takes a capture of another profiler in place
 * of a trace. */
#ifndef INPUT_CAPTURE_READER_H
#define INPUT_CAPTURE_READER_H

#include "analysis/input/capture_extras.h"
#include "trace/trace.h"

#include <stdbool.h>

/* Reads the file at `path` as trace_read does, with the same visitor, results and errors; status->header is
 * set before the first call of the visitor. By its content, the file may be a trace, an SQLite export of
 * Nsight Systems, or a Chrome trace. `jobs` threads may be used, the caller's among them. */
int input_read(const char *path, unsigned jobs, const trace_visitor *v, trace_status *status,
               char error[TRACE_ERROR_BYTES]);

/* As input_read for a report, which needs no shapes of kernels but their names, no bytes, and no calls
 * that only ask (NAMES_CALL_QUERY): these may be missing. What can be is read in one go: INPUT_READ_AGAIN
 * when it then turned out that something had to be known beforehand, as in a capture of several processes or
 * one whose rows are not in order, or was damaged. The visitor was told a part of the file by then; the
 * caller forgets that and begins anew with input_read. */
int input_read_once(const char *path, unsigned jobs, const trace_visitor *v, trace_status *status,
                    char error[TRACE_ERROR_BYTES]);

/* As input_read, and META `nsys.*` also says what only an export needs to give the capture back as it was:
 * suffixes of calls, names of kernels that ours would differ from, when domains were made, priorities of
 * threads. */
int input_read_details(const char *path, unsigned jobs, const trace_visitor *v, const input_extras *extras,
                       trace_status *status, char error[TRACE_ERROR_BYTES]);

/* The processes that the file at `path` holds, as FILE#PROCESS has them: the process id, or, where two have
 * the same, their whole number. 0 for all but SQLite exports of several processes. The caller frees the list.
 * All rows are looked at, unless `guess` is set and one process alone has a CUDA context, or where the file
 * does not say that, some rows of each table: then 0, and should there be others, reading the file says so in
 * META INPUT_SEVERAL. */
size_t input_processes(const char *path, bool guess, uint64_t **list);

#endif
