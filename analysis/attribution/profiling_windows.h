/* Profiling windows: the periods in which CUDA calls and GPU work were recorded.
 *
 * The recorder's marks (trace/settings.h, docs/trace-format.md) switch profiling on and off for the whole process. Before
 * the first mark, profiling was in the opposite state; a trace without marks was profiled throughout.
 *
 * A mark affects the ranges of all threads, but may be read after ranges of other threads that it affects. For samples this
 * is resolved at the end of the file; in the range tree, a range opened earlier stays in the state assumed at first. */
#ifndef ATTRIBUTION_PROFILING_WINDOWS_H
#define ATTRIBUTION_PROFILING_WINDOWS_H

#include "analysis/names/name_table.h"
#include "trace/trace.h"

typedef enum {
    ATTRIBUTION_PROFILING_UNKNOWN, /* earlier than all marks read so far */
    ATTRIBUTION_PROFILED,
    ATTRIBUTION_UNPROFILED,
    ATTRIBUTION_PARTLY_PROFILED, /* profiling was switched meanwhile, or another tool used CUPTI */
} attribution_profiling;

typedef struct {
    uint64_t time; /* ns */
    attribution_profiling begins;
    uint64_t queried; /* ns, the latest time between this mark and the next that was looked up */
} attribution_mark;

/* Consecutive marks. Marks of several threads are read out of order; inserting one moves only the marks of one block. */
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
    /* After attribution_windows_settle: the marks that change the state. */
    attribution_mark *changes;
    size_t change_count, change_cap;
    uint64_t queried;        /* ns, the latest time before the first mark that was looked up */
    size_t late;             /* marks that were read after a look-up whose result they change */
    bool ignored;            /* the trace's marks are not the recorder's: they do not count */
    bool yielded;            /* another tool used CUPTI for a part of the run */
    uint64_t first_profiled; /* ns: CUPTI's records were first enabled; 0: unknown */
} attribution_windows;

/* Adds a MARK event; marks other than the recorder's are ignored. */
void attribution_windows_event(attribution_windows *w, names_table *names, const trace_host_event *e);

/* Returns the state at a time by the marks read so far: PROFILED, UNPROFILED, PARTLY_PROFILED or UNKNOWN. */
attribution_profiling attribution_windows_at(attribution_windows *w, uint64_t time_ns);

/* Ends the trace: no marks are added after it. */
void attribution_windows_settle(attribution_windows *w);

/* After attribution_windows_settle: returns the final state for `seen`, a result of attribution_windows_at; UNKNOWN is
 * resolved by the first mark. */
attribution_profiling attribution_windows_settled(const attribution_windows *w, attribution_profiling seen);

/* After attribution_windows_settle: returns the state over [start, end], ns: PROFILED, UNPROFILED or PARTLY_PROFILED. */
attribution_profiling attribution_windows_over(const attribution_windows *w, uint64_t start_ns,
                                               uint64_t end_ns);

void attribution_windows_free(attribution_windows *w);

#endif
