/* The parts of a time line: what happened in the request is read, put into lanes, and becomes a figure. */
#ifndef CHARTS_TIMELINE_INTERNAL_H
#define CHARTS_TIMELINE_INTERNAL_H

#include "analysis/events/event_store.h"
#include "analysis/metrics/analyze.h"

#include <cjson/cJSON.h>

/* Ranges nested deeper than this are not drawn. */
#define CHARTS_TIMELINE_DEPTH 12

typedef struct {
    uint64_t start, end;
    uint32_t name, around; /* indices into the figure's names; around: BASE_NONE without one */
    uint32_t many;         /* drawn as one */
} charts_timeline_box;

typedef struct {
    charts_timeline_box *list; /* by start */
    size_t count, cap;
    uint32_t queue; /* of GPU lanes */
} charts_timeline_lane;

typedef struct {
    uint64_t start, end;
    uint32_t name;
    uint64_t gpu_start, gpu_end; /* of the work launched inside; 0 without any */
    uint32_t outer;              /* the range around, or BASE_NONE */
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
    uint64_t kernels, foreign; /* GPU work of the request; of others in its time */
    uint64_t within;           /* ns: boxes that lie within it are drawn as one; 0: none are */
} charts_timeline;

/* Adds a box at the end of the lane. */
void charts_timeline_put(charts_timeline_lane *to, charts_timeline_box b);

/* Finds the request's ranges, calls and GPU work in the rows, and puts calls and GPU work into their lanes.
 * False when no range begins with the request. */
bool charts_timeline_read(charts_timeline *t);

/* Puts the ranges into their lanes, and draws near boxes as one where there are too many. */
void charts_timeline_make_lanes(charts_timeline *t);

/* Adds the figure: of the request at the 99th percentile of `n`, or of the median one. */
void charts_timeline_add_figure(cJSON *figures, const charts_timeline *t, size_t n, bool p99);

#endif
