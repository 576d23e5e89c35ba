/* The steps of making a time line: read the request's events, assign them to lanes, make the figure. */
#ifndef CHARTS_TIMELINE_INTERNAL_H
#define CHARTS_TIMELINE_INTERNAL_H

#include "analysis/events/event_store.h"
#include "analysis/metrics/analyze.h"

#include <cjson/cJSON.h>

/* Greatest nesting depth of ranges that is drawn. */
#define CHARTS_TIMELINE_DEPTH 12

typedef struct {
    uint64_t start, end;
    uint32_t name,
        around;    /* indices into the figure's names: its own, and the enclosing range's or BASE_NONE */
    uint32_t many; /* number of events drawn as one */
} charts_timeline_box;

typedef struct {
    charts_timeline_box *list; /* by start */
    size_t count, cap;
    uint32_t queue; /* of a GPU lane */
} charts_timeline_lane;

typedef struct {
    uint64_t start, end;
    uint32_t name;
    uint64_t gpu_start, gpu_end; /* of the work launched inside; 0 without any */
    uint32_t outer;              /* index of the enclosing range, or BASE_NONE */
    unsigned depth;
} charts_timeline_range;

typedef struct {
    events_store rows;
    metrics_request request;
    uint32_t thread;               /* of the request, in rows */
    names_table names;             /* the figure's */
    charts_timeline_range *ranges; /* by start, the outer first */
    size_t range_count, range_cap;
    base_map call_range; /* correlation -> innermost range around the call + 1 */
    charts_timeline_lane host[CHARTS_TIMELINE_DEPTH], gpu_ranges[CHARTS_TIMELINE_DEPTH], calls;
    charts_timeline_lane *gpu; /* one for each queue */
    size_t gpu_count, gpu_cap;
    uint64_t kernels, foreign; /* GPU records of the request, and of other work during it */
    uint64_t within;           /* ns: boxes within this distance are merged; 0: none */
} charts_timeline;

/* Appends a box to the lane. */
void charts_timeline_put(charts_timeline_lane *to, charts_timeline_box b);

/* Finds the request's ranges, calls and GPU work in t->rows, and assigns calls and GPU work to lanes. False if no range
 * starts with the request. */
bool charts_timeline_read(charts_timeline *t);

/* Assigns the ranges to lanes, and merges adjacent boxes if there are too many. */
void charts_timeline_make_lanes(charts_timeline *t);

/* Adds the figure; for its title, `n` is the number of requests, and `p99` distinguishes the P99 from the median one. */
void charts_timeline_add_figure(cJSON *figures, const charts_timeline *t, size_t n, bool p99);

#endif
