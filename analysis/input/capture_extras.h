/* What readers of captures share with their callers beyond a trace: records that only a capture of Nsight Systems holds,
 * META keys of captures, and the result that requests a second reading. */
#ifndef INPUT_CAPTURE_EXTRAS_H
#define INPUT_CAPTURE_EXTRAS_H

#include <stdint.h>

/* A result of input_read_once: the file must be read by input_read. */
#define INPUT_READ_AGAIN (-2)

/* Records of a capture of Nsight Systems that have no counterpart in a trace. Only an export needs them, to reproduce the
 * capture. Numbers are those of Nsight Systems' schema, -1 for NULL; times (ns), queues, threads, names (string ids) and
 * correlation ids are those that the visitor gets. */
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

/* An NVTX event that is neither a range nor a mark nor the name of a category: the name of a thread, the creation or
 * destruction of a domain, or any other. `type` is the schema's (ENUM_NSYS_EVENT_TYPE). */
#define INPUT_DOMAIN_MADE 75
typedef struct {
    uint64_t time;
    int64_t type;
    uint32_t thread, name, domain;
} input_nvtx;

/* Callbacks for these records; a NULL member is not called. `places` has the source and the destination of the copy that
 * the visitor gets next. */
typedef struct {
    void *ctx;
    void (*sync)(void *ctx, const input_sync *s);
    void (*overhead)(void *ctx, const input_overhead *o);
    void (*nvtx)(void *ctx, const input_nvtx *e);
    void (*places)(void *ctx, input_place from, input_place to);
} input_extras;

/* META of a capture whose marks `watch on` and `watch off` were made by the program. They address moetrace's recorder, which
 * did not run: the whole run was profiled. */
#define INPUT_MARKS "note.nsys.marks"
#define INPUT_MARKS_TEXT                                                                                     \
    "the program's marks `watch on` and `watch off` were for moetrace's recorder; here all of the run was "  \
    "profiled"

/* META of a capture of several processes that was read as one. */
#define INPUT_SEVERAL "note.nsys.processes"

/* Keys beside traceEvents in moetrace's Chrome exports: true, with the meaning of INPUT_MARKS; and the value of META
 * TRACE_FIRST_PROFILED, in the unit of the events' times. */
#define INPUT_CHROME_MARKS       "moetraceMarksOfProgram"
#define INPUT_CHROME_FIRST_WATCH "moetraceFirstWatch"

#endif
