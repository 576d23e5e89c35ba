/* The parts of a time line: what happened in the request is read, put into lanes, and becomes a figure. */
#ifndef ANALYSIS_TIMELINE_PARTS_H
#define ANALYSIS_TIMELINE_PARTS_H

#include "analysis/export_rows.h"
#include "analysis/timeline.h"

/* Ranges nested deeper than this are not drawn. */
#define ANALYSIS_TIMELINE_DEPTH 12

typedef struct {
    uint64_t start, end;
    uint32_t name, around; /* indices into the figure's names; around: ANALYSIS_NONE without one */
    uint32_t many;         /* drawn as one */
} analysis_timeline_box;

typedef struct {
    analysis_timeline_box *list; /* by start */
    size_t count, cap;
    uint32_t queue; /* of GPU lanes */
} analysis_timeline_lane;

typedef struct {
    uint64_t start, end;
    uint32_t name;
    uint64_t gpu_start, gpu_end; /* of the work launched inside; 0 without any */
    uint32_t outer;              /* the range around, or ANALYSIS_NONE */
    unsigned depth;
} analysis_timeline_range;

typedef struct {
    analysis_events rows;
    analysis_request request;
    uint32_t thread;                 /* of the request, in rows */
    analysis_names names;            /* the figure's */
    analysis_timeline_range *ranges; /* by start, the outer first */
    size_t range_count, range_cap;
    analysis_map call_range; /* correlation -> innermost range around the call + 1 */
    analysis_timeline_lane host[ANALYSIS_TIMELINE_DEPTH], gpu_ranges[ANALYSIS_TIMELINE_DEPTH], calls;
    analysis_timeline_lane *gpu; /* one for each queue */
    size_t gpu_count, gpu_cap;
    uint64_t kernels, foreign; /* GPU work of the request; of others in its time */
    uint64_t within;           /* ns: boxes that lie within it are drawn as one; 0: none are */
} analysis_timeline;

/* Adds a box at the end of the lane. */
void analysis_timeline_put(analysis_timeline_lane *to, analysis_timeline_box b);

/* Takes the request's ranges, calls and GPU work from the rows: calls and GPU work lie in their lanes then.
 * False when no range begins with the request. */
bool analysis_timeline_read(analysis_timeline *t);

/* Puts the ranges into their lanes, and draws near boxes as one where there are too many. */
void analysis_timeline_make_lanes(analysis_timeline *t);

/* Adds the figure: of the request at the 99th percentile of `n`, or of the median one. */
void analysis_timeline_add_figure(cJSON *figures, const analysis_timeline *t, size_t n, bool p99);

#endif
