/* What happened in one request: its ranges, its calls, and the work that they launched. */
#include "analysis/charts/timeline_internal.h"

#include "analysis/base/alloc.h"
#include "analysis/names/kernel_display_name.h"
#include "analysis/report/text_table.h"

#include <stdlib.h>
#include <string.h>

static uint32_t name_index(charts_timeline *t, const char *text) {
    return names_intern(&t->names, text, strlen(text));
}

static const char *row_name(const charts_timeline *t, uint32_t name) {
    return t->rows.names.list[name].text;
}

/* The thread of the request: that of the range which begins with it. */
static bool find_thread(charts_timeline *t) {
    const events_range *row;
    t->thread = BASE_NONE;
    while ((row = base_sorter_next(t->rows.ranges)) != NULL) {
        if (row->start == t->request.start && row->style != EVENTS_MARK) {
            t->thread = row->thread;
        }
    }
    base_sorter_rewind(t->rows.ranges);
    return t->thread != BASE_NONE;
}

/* The ranges that were opened in the request. */
static void take_ranges(charts_timeline *t) {
    const events_range *row;
    uint32_t stack[CHARTS_TIMELINE_DEPTH];
    unsigned depth = 0;
    while ((row = base_sorter_next(t->rows.ranges)) != NULL) {
        if (row->thread != t->thread || row->domain != BASE_NONE || row->style == EVENTS_MARK ||
            row->start < t->request.start || row->start >= t->request.end) {
            continue;
        }
        while (depth > 0 && t->ranges[stack[depth - 1]].end <= row->start) {
            depth--;
        }
        if (depth == CHARTS_TIMELINE_DEPTH) {
            continue;
        }
        t->ranges = base_grow(t->ranges, &t->range_cap, t->range_count + 1, sizeof *t->ranges);
        t->ranges[t->range_count] = (charts_timeline_range){.start = row->start,
                                                            .end = row->end,
                                                            .name = name_index(t, row_name(t, row->name)),
                                                            .outer = depth > 0 ? stack[depth - 1] : BASE_NONE,
                                                            .depth = depth};
        stack[depth++] = (uint32_t)t->range_count++;
    }
}

/* The innermost range around a call; `from` is where the last search ended, calls coming in order. */
static uint32_t range_at(const charts_timeline *t, uint64_t time, size_t *from, uint32_t *stack,
                         unsigned *depth) {
    for (; *from < t->range_count && t->ranges[*from].start <= time; ++*from) {
        while (*depth > 0 && t->ranges[stack[*depth - 1]].end <= t->ranges[*from].start) {
            --*depth;
        }
        stack[(*depth)++] = (uint32_t)*from;
    }
    while (*depth > 0 && t->ranges[stack[*depth - 1]].end <= time) {
        --*depth;
    }
    return *depth > 0 ? stack[*depth - 1] : BASE_NONE;
}

static void take_calls(charts_timeline *t) {
    const events_call *row;
    uint32_t stack[CHARTS_TIMELINE_DEPTH + 1];
    unsigned depth = 0;
    size_t from = 0;
    while ((row = base_sorter_next(t->rows.calls)) != NULL) {
        if (row->thread != t->thread || row->start < t->request.start || row->start >= t->request.end) {
            continue;
        }
        uint32_t around = range_at(t, row->start, &from, stack, &depth);
        charts_timeline_put(&t->calls, (charts_timeline_box){
                                           .start = row->start,
                                           .end = row->start + row->duration,
                                           .name = name_index(t, row_name(t, row->name)),
                                           .around = around == BASE_NONE ? BASE_NONE : t->ranges[around].name,
                                           .many = 1});
        if (row->correlation != 0) {
            base_map_put(&t->call_range, row->correlation, around == BASE_NONE ? 0 : around + 1);
        }
    }
}

static charts_timeline_lane *gpu_lane(charts_timeline *t, uint32_t queue) {
    for (size_t i = 0; i < t->gpu_count; i++) {
        if (t->gpu[i].queue == queue) {
            return &t->gpu[i];
        }
    }
    t->gpu = base_grow(t->gpu, &t->gpu_cap, t->gpu_count + 1, sizeof *t->gpu);
    t->gpu[t->gpu_count].queue = queue;
    return &t->gpu[t->gpu_count++];
}

static uint32_t work_name(charts_timeline *t, const events_gpu *row) {
    if (row->kind != TRACE_GPU_KERNEL) {
        return name_index(t, row->kind == TRACE_GPU_MEMCPY ? "memcpy" : "memset");
    }
    uint32_t name = t->rows.shapes[row->shape].shape.name;
    char *text = names_kernel_display(name == BASE_NONE ? "" : row_name(t, name), 60);
    uint32_t index = name_index(t, text);
    free(text);
    return index;
}

static void take_gpu(charts_timeline *t) {
    const events_gpu *row;
    while ((row = base_sorter_next(t->rows.gpu)) != NULL) {
        uint32_t around = row->correlation ? base_map_get(&t->call_range, row->correlation) : BASE_NONE;
        if (around == BASE_NONE) {
            t->foreign++;
            continue;
        }
        uint64_t end = row->start + row->duration;
        charts_timeline_range *owner = around == 0 ? NULL : &t->ranges[around - 1];
        charts_timeline_put(gpu_lane(t, row->queue),
                            (charts_timeline_box){.start = row->start,
                                                  .end = end,
                                                  .name = work_name(t, row),
                                                  .around = owner ? owner->name : BASE_NONE,
                                                  .many = 1});
        t->kernels++;
        if (owner) {
            owner->gpu_start =
                owner->gpu_start && owner->gpu_start < row->start ? owner->gpu_start : row->start;
            owner->gpu_end = owner->gpu_end > end ? owner->gpu_end : end;
        }
    }
}

bool charts_timeline_read(charts_timeline *t) {
    if (!find_thread(t)) {
        return false;
    }
    take_ranges(t);
    take_calls(t);
    take_gpu(t);
    return true;
}
