/* What readers of captures share with their callers beyond a trace: records that only a capture of Nsight
 * Systems holds, META keys of captures, and the result that asks for a second reading. */
#ifndef INPUT_CAPTURE_EXTRAS_H
#define INPUT_CAPTURE_EXTRAS_H

#include <stdint.h>

/* A file that was read in one go must be read again, as something had to be known beforehand. */
#define INPUT_READ_AGAIN (-2)

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
#define INPUT_MARKS_TEXT                                                                                     \
    "the program's marks `watch on` and `watch off` were for moetrace's recorder; here all of the run was "  \
    "profiled"

/* META of a capture of several processes that was read as one. */
#define INPUT_SEVERAL "note.nsys.processes"

/* The key beside traceEvents by which a Chrome export of moetrace carries the same. */
#define INPUT_CHROME_MARKS "moetraceMarksOfProgram"
/* And the time of META TRACE_FIRST_PROFILED, as events have times. */
#define INPUT_CHROME_FIRST_WATCH "moetraceFirstWatch"

#endif
