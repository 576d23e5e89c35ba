/* Reads whatever holds a recorded run, so that every subcommand takes a capture of another profiler in place
 * of a trace. */
#ifndef INPUT_CAPTURE_READER_H
#define INPUT_CAPTURE_READER_H

#include "trace/trace.h"

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
#define INPUT_READ_AGAIN (-2)
int input_read_once(const char *path, unsigned jobs, const trace_visitor *v, trace_status *status,
                    char error[TRACE_ERROR_BYTES]);

/* What a capture of Nsight Systems holds and a trace does not: only an export needs it, to give the capture
 * back as it was. Numbers are the schema's, -1 for NULL; times, queues, threads, names and correlation ids
 * are the visitor's. */
typedef struct {
    uint64_t start, end;
    uint32_t queue, correlation;
    int64_t type, event, event_sync;
} input_sync;

typedef struct {
    uint64_t start, end;
    uint32_t thread, name;
    int64_t result;
} input_overhead;

typedef struct {
    int64_t device, context;
} input_place;

/* An NVTX event that is no range, mark or name of a category: a thread is named, a domain made or destroyed,
 * or what else there may be; type is the schema's. */
#define INPUT_DOMAIN_MADE 75
typedef struct {
    uint64_t time;
    int64_t type;
    uint32_t thread, name, domain;
} input_nvtx;

/* A NULL member is not wanted. `places` is called before the visitor gets the copy that it is of. */
typedef struct {
    void *ctx;
    void (*sync)(void *ctx, const input_sync *s);
    void (*overhead)(void *ctx, const input_overhead *o);
    void (*nvtx)(void *ctx, const input_nvtx *e);
    void (*places)(void *ctx, input_place from, input_place to);
} input_extras;

/* META of a capture whose marks `watch on` and `watch off` the program made, for a recorder that was not
 * there: all of it was profiled. */
#define INPUT_MARKS "note.nsys.marks"

/* META of a capture of several processes that was read as one. */
#define INPUT_SEVERAL "note.nsys.processes"

/* As input_read, and META `nsys.*` also says what only an export needs to give the capture back as it was:
 * suffixes of calls, names of kernels that ours would differ from, when domains were made, priorities of
 * threads. */
int input_read_details(const char *path, unsigned jobs, const trace_visitor *v, const input_extras *extras,
                       trace_status *status, char error[TRACE_ERROR_BYTES]);

/* A path may name one process of an SQLite export: FILE#PROCESS. The length of FILE, with the number in
 * *process; the whole length when the path names no process, or a file has that very name. */
size_t input_capture_file(const char *path, uint64_t *process);

/* The processes that the file at `path` holds, as FILE#PROCESS has them: the process id, or, where two have
 * the same, their whole number. 0 for all but SQLite exports of several processes. The caller frees the list.
 * All rows are looked at, unless `guess` is set and one process alone has a CUDA context, or where the file
 * does not say that, some rows of each table: then 0, and should there be others, reading the file says so in
 * META INPUT_SEVERAL. */
size_t input_processes(const char *path, bool guess, uint64_t **list);

/* The same for an SQLite export of Nsight Systems. The file is opened read-only and immutable. Times become
 * CLOCK_MONOTONIC-like by adding the capture's start. What the file does not hold is said in META
 * `note.nsys.*`; with `extras`, META is as input_read_details has it. The path may be FILE#PROCESS. */
int input_nsys_read(const char *path, unsigned jobs, bool once, const trace_visitor *v,
                    const input_extras *extras, trace_status *status, char error[TRACE_ERROR_BYTES]);
size_t input_nsys_processes(const char *path, bool guess, uint64_t **list);

/* The same for a Chrome trace of torch.profiler, not compressed. */
int input_chrome_read(const char *path, const trace_visitor *v, trace_status *status,
                      char error[TRACE_ERROR_BYTES]);

#endif
