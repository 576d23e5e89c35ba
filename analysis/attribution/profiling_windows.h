/* When the recorder profiled: between its marks, CUDA calls and GPU work were recorded or were not.
 *
 * Marks of one thread concern ranges of all. A mark can be read after ranges of other threads that it
 * concerns: of samples that is known at the end of the file, but a range that was opened before is counted as
 * what it seemed to be.
 *
 * The marks (trace/settings.h, docs/trace-format.md) say when profiling began and ended, for the whole
 * process. Before the first one the opposite of what it says held; a trace without marks was profiled
 * throughout. */
#ifndef ATTRIBUTION_PROFILING_WINDOWS_H
#define ATTRIBUTION_PROFILING_WINDOWS_H

#include "analysis/names/name_table.h"
#include "trace/trace.h"

typedef enum {
    ATTRIBUTION_PROFILING_UNKNOWN, /* before the first mark that was read so far: not known yet */
    ATTRIBUTION_PROFILED,
    ATTRIBUTION_UNPROFILED,
    ATTRIBUTION_PARTLY_PROFILED, /* neither: profiling began or ended in it, or another tool had CUPTI */
} attribution_profiling;

typedef struct {
    uint64_t time; /* ns */
    attribution_profiling begins;
    uint64_t queried; /* ns, the latest moment after it, and before the next, that was looked up */
} attribution_mark;

/* Marks that follow each other. Marks of several threads are read in disorder: a late one moves those of one block only. */
#define ATTRIBUTION_MARK_BLOCK 256
typedef struct {
    size_t count; /* at least 1 */
    attribution_mark marks[ATTRIBUTION_MARK_BLOCK];
} attribution_mark_block;

/* A zeroed one has no marks. */
typedef struct {
    attribution_mark_block **blocks; /* by time */
    size_t block_count, block_cap;
    size_t count; /* of marks */
    /* Marks that begin something else than the one before, after attribution_windows_settle. */
    attribution_mark *changes;
    size_t change_count, change_cap;
    uint64_t queried;        /* ns, the latest moment before the first mark that was looked up */
    size_t late;             /* marks that were read after a moment was looked up that they change */
    bool ignored;            /* marks are not the recorder's */
    bool yielded;            /* another tool took CUPTI from some moment on, or had it */
    uint64_t first_profiled; /* ns: CUPTI's records were first switched on; 0: not known */
} attribution_windows;

/* Adds a MARK event; one that is not the recorder's own is ignored. */
void attribution_windows_event(attribution_windows *w, names_table *names, const trace_host_event *e);

/* The state at a moment by the marks read so far: PROFILED, UNPROFILED, PARTLY_PROFILED or UNKNOWN. */
attribution_profiling attribution_windows_at(attribution_windows *w, uint64_t time_ns);

/* The file is at its end: there will be no more marks. */
void attribution_windows_settle(attribution_windows *w);

/* The same once the file is at its end, when nothing is UNKNOWN any more; `seen` is what attribution_windows_at
 * returned. */
attribution_profiling attribution_windows_settled(const attribution_windows *w, attribution_profiling seen);

/* The state over [start, end], ns, by all marks, after attribution_windows_settle: PROFILED, UNPROFILED or PARTLY_PROFILED. */
attribution_profiling attribution_windows_over(const attribution_windows *w, uint64_t start_ns,
                                               uint64_t end_ns);

void attribution_windows_free(attribution_windows *w);

#endif
