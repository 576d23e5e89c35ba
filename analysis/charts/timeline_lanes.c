/* The lanes of a time line: ranges by their depth, and no more boxes than can be drawn. */
#include "analysis/charts/timeline.h"
#include "analysis/charts/timeline_internal.h"

#include "analysis/base/alloc.h"

#include <stdlib.h>

void charts_timeline_put(charts_timeline_lane *to, charts_timeline_box b) {
    to->list = base_grow(to->list, &to->cap, to->count + 1, sizeof *to->list);
    to->list[to->count++] = b;
}

static int by_start(const void *a, const void *b) {
    const charts_timeline_box *x = a, *y = b;
    return (x->start > y->start) - (x->start < y->start);
}

static void add_work(charts_timeline_range *r, uint64_t start, uint64_t end) {
    r->gpu_start = r->gpu_end > 0 && r->gpu_start < start ? r->gpu_start : start;
    r->gpu_end = r->gpu_end > end ? r->gpu_end : end;
}

/* The ranges on the host, and where their work ran on the GPU. */
static void make_range_lanes(charts_timeline *t) {
    for (size_t i = t->range_count; i-- > 0;) { /* inner ones stand behind those around them */
        const charts_timeline_range *r = &t->ranges[i];
        charts_timeline_range *outer = r->outer == BASE_NONE ? NULL : &t->ranges[r->outer];
        if (outer && r->gpu_end > 0) {
            add_work(outer, r->gpu_start, r->gpu_end);
        }
    }
    for (size_t i = 0; i < t->range_count; i++) {
        const charts_timeline_range *r = &t->ranges[i];
        uint32_t outer = r->outer == BASE_NONE ? BASE_NONE : t->ranges[r->outer].name;
        charts_timeline_put(&t->host[r->depth], (charts_timeline_box){r->start, r->end, r->name, outer, 1});
        if (r->gpu_end > 0) {
            charts_timeline_put(&t->gpu_ranges[r->depth],
                                (charts_timeline_box){r->gpu_start, r->gpu_end, r->name, outer, 1});
        }
    }
    for (unsigned i = 0; i < CHARTS_TIMELINE_DEPTH; i++) {
        if (t->gpu_ranges[i].count > 0) {
            qsort(t->gpu_ranges[i].list, t->gpu_ranges[i].count, sizeof(charts_timeline_box), by_start);
        }
    }
}

/* How many boxes are left when those that lie within `within` ns are one; with `keep`, makes them one. */
static size_t merged(charts_timeline_lane *l, uint64_t within, bool keep) {
    size_t left = 0;
    charts_timeline_box last = {0};
    for (size_t i = 0; i < l->count; i++) {
        charts_timeline_box b = l->list[i];
        uint64_t end = b.end > last.end ? b.end : last.end;
        if (left > 0 && end - last.start <= within) {
            last.end = end;
            last.many += b.many;
        } else {
            last = b;
            left++;
        }
        if (keep) {
            l->list[left - 1] = last;
        }
    }
    l->count = keep ? left : l->count;
    return left;
}

/* Draws near boxes of these lanes as one until there are few enough; lanes with few boxes stay as they
 * are. */
static void thin_out(charts_timeline *t, charts_timeline_lane *lanes, size_t count) {
    size_t all = 0, used = 0;
    for (size_t i = 0; i < count; i++) {
        all += lanes[i].count;
        used += lanes[i].count > 0;
    }
    if (all <= CHARTS_TIMELINE_BOXES) {
        return;
    }
    uint64_t within = 500, longest = t->request.end - t->request.start;
    for (size_t left = all; left > CHARTS_TIMELINE_BOXES && within <= longest; within *= 2) {
        left = 0;
        for (size_t i = 0; i < count; i++) {
            bool few = lanes[i].count <= CHARTS_TIMELINE_BOXES / used;
            left += few ? lanes[i].count : merged(&lanes[i], within, false);
        }
    }
    within /= 2;
    for (size_t i = 0; i < count; i++) {
        if (lanes[i].count > CHARTS_TIMELINE_BOXES / used) {
            merged(&lanes[i], within, true);
        }
    }
    t->within = within > t->within ? within : t->within;
}

void charts_timeline_make_lanes(charts_timeline *t) {
    make_range_lanes(t);
    thin_out(t, t->host, CHARTS_TIMELINE_DEPTH);
    thin_out(t, t->gpu_ranges, CHARTS_TIMELINE_DEPTH);
    thin_out(t, &t->calls, 1);
    thin_out(t, t->gpu, t->gpu_count);
}
