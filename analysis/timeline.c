/* A second pass over the trace for the window of one request. */
#include "analysis/timeline.h"

#include "analysis/export_rows.h"
#include "analysis/figures.h"
#include "analysis/memory.h"
#include "analysis/table.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

/* Ranges nested deeper than this are not drawn. */
#define DEPTH_MAX 12

typedef struct {
    uint64_t start, end;
    uint32_t name, around; /* indices into the figure's names; around: ANALYSIS_NONE without one */
    uint32_t many;         /* drawn as one */
} box;

typedef struct {
    box *list; /* by start */
    size_t count, cap;
    uint32_t queue; /* of GPU lanes */
} lane;

typedef struct {
    uint64_t start, end;
    uint32_t name;
    uint64_t gpu_start, gpu_end; /* of the work launched inside; 0 without any */
    uint32_t outer;              /* the range around, or ANALYSIS_NONE */
    unsigned depth;
} range;

typedef struct {
    analysis_events rows;
    analysis_request request;
    uint32_t thread;      /* of the request, in rows */
    analysis_names names; /* the figure's */
    range *ranges;        /* by start, the outer first */
    size_t range_count, range_cap;
    analysis_map call_range; /* correlation -> innermost range around the call + 1 */
    lane host[DEPTH_MAX], gpu_ranges[DEPTH_MAX], calls;
    lane *gpu; /* one for each queue */
    size_t gpu_count, gpu_cap;
    uint64_t kernels, foreign; /* GPU work of the request; of others in its time */
    uint64_t within;           /* ns: boxes that lie within it are drawn as one; 0: none are */
} timeline;

static uint32_t name_index(timeline *t, const char *text) {
    return analysis_names_intern(&t->names, text, strlen(text));
}

static const char *row_name(const timeline *t, uint32_t name) {
    return t->rows.names.list[name].text;
}

static void put(lane *to, box b) {
    to->list = analysis_grow(to->list, &to->cap, to->count + 1, sizeof *to->list);
    to->list[to->count++] = b;
}

/* ---- Reading ---- */

/* The thread of the request: that of the range which begins with it. */
static bool find_thread(timeline *t) {
    const analysis_event_range *row;
    t->thread = ANALYSIS_NONE;
    while ((row = analysis_sorter_next(t->rows.ranges)) != NULL) {
        if (row->start == t->request.start && row->style != ANALYSIS_EVENT_MARK) {
            t->thread = row->thread;
        }
    }
    analysis_sorter_rewind(t->rows.ranges);
    return t->thread != ANALYSIS_NONE;
}

/* The ranges that were opened in the request. */
static void take_ranges(timeline *t) {
    const analysis_event_range *row;
    uint32_t stack[DEPTH_MAX];
    unsigned depth = 0;
    while ((row = analysis_sorter_next(t->rows.ranges)) != NULL) {
        if (row->thread != t->thread || row->domain != ANALYSIS_NONE || row->style == ANALYSIS_EVENT_MARK ||
            row->start < t->request.start || row->start >= t->request.end) {
            continue;
        }
        while (depth > 0 && t->ranges[stack[depth - 1]].end <= row->start) {
            depth--;
        }
        if (depth == DEPTH_MAX) {
            continue;
        }
        t->ranges = analysis_grow(t->ranges, &t->range_cap, t->range_count + 1, sizeof *t->ranges);
        t->ranges[t->range_count] = (range){.start = row->start,
                                            .end = row->end,
                                            .name = name_index(t, row_name(t, row->name)),
                                            .outer = depth > 0 ? stack[depth - 1] : ANALYSIS_NONE,
                                            .depth = depth};
        stack[depth++] = (uint32_t)t->range_count++;
    }
}

/* The innermost range around a call; `from` is where the last search ended, calls coming in order. */
static uint32_t range_at(const timeline *t, uint64_t time, size_t *from, uint32_t *stack, unsigned *depth) {
    for (; *from < t->range_count && t->ranges[*from].start <= time; ++*from) {
        while (*depth > 0 && t->ranges[stack[*depth - 1]].end <= t->ranges[*from].start) {
            --*depth;
        }
        stack[(*depth)++] = (uint32_t)*from;
    }
    while (*depth > 0 && t->ranges[stack[*depth - 1]].end <= time) {
        --*depth;
    }
    return *depth > 0 ? stack[*depth - 1] : ANALYSIS_NONE;
}

static void take_calls(timeline *t) {
    const analysis_event_call *row;
    uint32_t stack[DEPTH_MAX + 1];
    unsigned depth = 0;
    size_t from = 0;
    while ((row = analysis_sorter_next(t->rows.calls)) != NULL) {
        if (row->thread != t->thread || row->start < t->request.start || row->start >= t->request.end) {
            continue;
        }
        uint32_t around = range_at(t, row->start, &from, stack, &depth);
        put(&t->calls, (box){.start = row->start,
                             .end = row->start + row->duration,
                             .name = name_index(t, row_name(t, row->name)),
                             .around = around == ANALYSIS_NONE ? ANALYSIS_NONE : t->ranges[around].name,
                             .many = 1});
        if (row->correlation != 0) {
            analysis_map_put(&t->call_range, row->correlation, around == ANALYSIS_NONE ? 0 : around + 1);
        }
    }
}

static lane *gpu_lane(timeline *t, uint32_t queue) {
    for (size_t i = 0; i < t->gpu_count; i++) {
        if (t->gpu[i].queue == queue) {
            return &t->gpu[i];
        }
    }
    t->gpu = analysis_grow(t->gpu, &t->gpu_cap, t->gpu_count + 1, sizeof *t->gpu);
    t->gpu[t->gpu_count].queue = queue;
    return &t->gpu[t->gpu_count++];
}

static uint32_t work_name(timeline *t, const analysis_event_gpu *row) {
    if (row->kind != TRACE_GPU_KERNEL) {
        return name_index(t, row->kind == TRACE_GPU_MEMCPY ? "copy" : "fill");
    }
    uint32_t name = t->rows.shapes[row->shape].shape.name;
    char *text = analysis_kernel_name(name == ANALYSIS_NONE ? "" : row_name(t, name), 60);
    uint32_t index = name_index(t, text);
    free(text);
    return index;
}

static void add_work(range *r, uint64_t start, uint64_t end) {
    r->gpu_start = r->gpu_end > 0 && r->gpu_start < start ? r->gpu_start : start;
    r->gpu_end = r->gpu_end > end ? r->gpu_end : end;
}

static void take_gpu(timeline *t) {
    const analysis_event_gpu *row;
    while ((row = analysis_sorter_next(t->rows.gpu)) != NULL) {
        uint32_t around =
            row->correlation ? analysis_map_get(&t->call_range, row->correlation) : ANALYSIS_NONE;
        if (around == ANALYSIS_NONE) {
            t->foreign++;
            continue;
        }
        uint64_t end = row->start + row->duration;
        range *owner = around == 0 ? NULL : &t->ranges[around - 1];
        put(gpu_lane(t, row->queue), (box){.start = row->start,
                                           .end = end,
                                           .name = work_name(t, row),
                                           .around = owner ? owner->name : ANALYSIS_NONE,
                                           .many = 1});
        t->kernels++;
        if (owner) {
            owner->gpu_start =
                owner->gpu_start && owner->gpu_start < row->start ? owner->gpu_start : row->start;
            owner->gpu_end = owner->gpu_end > end ? owner->gpu_end : end;
        }
    }
}

/* ---- Lanes ---- */

static int by_start(const void *a, const void *b) {
    const box *x = a, *y = b;
    return (x->start > y->start) - (x->start < y->start);
}

/* The ranges on the host, and where their work ran on the GPU. */
static void make_range_lanes(timeline *t) {
    for (size_t i = t->range_count; i-- > 0;) { /* inner ones stand behind those around them */
        const range *r = &t->ranges[i];
        range *outer = r->outer == ANALYSIS_NONE ? NULL : &t->ranges[r->outer];
        if (outer && r->gpu_end > 0) {
            add_work(outer, r->gpu_start, r->gpu_end);
        }
    }
    for (size_t i = 0; i < t->range_count; i++) {
        const range *r = &t->ranges[i];
        uint32_t outer = r->outer == ANALYSIS_NONE ? ANALYSIS_NONE : t->ranges[r->outer].name;
        put(&t->host[r->depth], (box){r->start, r->end, r->name, outer, 1});
        if (r->gpu_end > 0) {
            put(&t->gpu_ranges[r->depth], (box){r->gpu_start, r->gpu_end, r->name, outer, 1});
        }
    }
    for (unsigned i = 0; i < DEPTH_MAX; i++) {
        if (t->gpu_ranges[i].count > 0) {
            qsort(t->gpu_ranges[i].list, t->gpu_ranges[i].count, sizeof(box), by_start);
        }
    }
}

/* How many boxes are left when those that lie within `within` ns are one; with `keep`, makes them one. */
static size_t merged(lane *l, uint64_t within, bool keep) {
    size_t left = 0;
    box last = {0};
    for (size_t i = 0; i < l->count; i++) {
        box b = l->list[i];
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

/* Draws near boxes of these lanes as one until there are few enough; lanes with few boxes stay as they are.
 */
static void thin_out(timeline *t, lane *lanes, size_t count) {
    size_t all = 0, used = 0;
    for (size_t i = 0; i < count; i++) {
        all += lanes[i].count;
        used += lanes[i].count > 0;
    }
    if (all <= ANALYSIS_TIMELINE_BOXES) {
        return;
    }
    uint64_t within = 500, longest = t->request.end - t->request.start;
    for (size_t left = all; left > ANALYSIS_TIMELINE_BOXES && within <= longest; within *= 2) {
        left = 0;
        for (size_t i = 0; i < count; i++) {
            bool few = lanes[i].count <= ANALYSIS_TIMELINE_BOXES / used;
            left += few ? lanes[i].count : merged(&lanes[i], within, false);
        }
    }
    within /= 2;
    for (size_t i = 0; i < count; i++) {
        if (lanes[i].count > ANALYSIS_TIMELINE_BOXES / used) {
            merged(&lanes[i], within, true);
        }
    }
    t->within = within > t->within ? within : t->within;
}

/* ---- The figure ---- */

static void add_lane(cJSON *lanes, const timeline *t, const lane *l, const char *name, const char *kind) {
    if (l->count == 0) {
        return;
    }
    cJSON *object = cJSON_CreateObject(), *boxes;
    cJSON_AddStringToObject(object, "name", name);
    cJSON_AddStringToObject(object, "kind", kind);
    boxes = cJSON_AddArrayToObject(object, "boxes");
    for (size_t i = 0; i < l->count; i++) {
        const box *b = &l->list[i];
        double start = ((double)b->start - (double)t->request.start) / 1e3;
        const double values[] = {start, (double)(b->end - b->start) / 1e3, b->name, b->many};
        cJSON *item = cJSON_CreateDoubleArray(values, 4);
        cJSON_AddItemToArray(item,
                             b->around == ANALYSIS_NONE ? cJSON_CreateNull() : cJSON_CreateNumber(b->around));
        cJSON_AddItemToArray(boxes, item);
    }
    cJSON_AddItemToArray(lanes, object);
}

static void add_lanes(cJSON *lanes, const timeline *t) {
    char name[64];
    for (unsigned i = 0; i < DEPTH_MAX; i++) {
        snprintf(name, sizeof name, "host, ranges %u", i + 1);
        add_lane(lanes, t, &t->host[i], name, "range");
    }
    add_lane(lanes, t, &t->calls, "host, CUDA calls", "call");
    for (unsigned i = 0; i < DEPTH_MAX; i++) {
        snprintf(name, sizeof name, "GPU, ranges %u", i + 1);
        add_lane(lanes, t, &t->gpu_ranges[i], name, "range");
    }
    for (size_t i = 0; i < t->gpu_count; i++) {
        const analysis_event_queue *queue =
            t->gpu[i].queue < t->rows.queue_count ? &t->rows.queues[t->gpu[i].queue] : NULL;
        snprintf(name, sizeof name, "GPU %u, stream %u", queue ? queue->device : 0,
                 queue ? queue->stream : 0);
        add_lane(lanes, t, &t->gpu[i], name, "work");
    }
}

static char *note_of(const timeline *t, size_t n, bool p99) {
    char *text = NULL;
    size_t len;
    FILE *f = open_memstream(&text, &len);
    if (!f) {
        return NULL;
    }
    fprintf(f, "%.3f ms. ", (double)(t->request.end - t->request.start) / 1e6);
    if (p99 && n < 100) {
        fprintf(f, "The longest of %zu watched requests", n);
    } else {
        fprintf(f, "Of %zu watched requests, the one at %s", n, p99 ? "the 99th percentile" : "the median");
    }
    fputs(" (latencies above are of unwatched ones, where there are any). A range's time on the GPU is from "
          "the "
          "first to the last work that was launched in it.",
          f);
    if (t->within > 0) {
        fprintf(f,
                " %" PRIu64
                " pieces of GPU work; where there are too many, what lies within %.1f us is drawn as one.",
                t->kernels, (double)t->within / 1e3);
    }
    if (t->foreign > 0) {
        fprintf(f, " %" PRIu64 " pieces of GPU work of other requests or threads in this time are not drawn.",
                t->foreign);
    }
    fclose(f);
    return text;
}

static void add_figure(cJSON *figures, timeline *t, size_t n, bool p99) {
    char title[64] = "";
    if (t->request.k != ANALYSIS_NONE) {
        snprintf(title, sizeof title, ", k = %u", t->request.k);
    }
    char whole[128], *note = note_of(t, n, p99);
    snprintf(whole, sizeof whole, "%s request%s", p99 ? "P99" : "Median", title);
    cJSON *figure =
        analysis_figure_add(figures, "Time lines", p99 ? "time-p99" : "time-median", "time", whole);
    cJSON *names = cJSON_AddArrayToObject(figure, "names");
    cJSON_AddStringToObject(figure, "x", "ms from the start");
    cJSON_AddStringToObject(figure, "note", note ? note : "");
    add_lanes(cJSON_AddArrayToObject(figure, "lanes"), t);
    for (size_t i = 0; i < t->names.count; i++) {
        cJSON_AddItemToArray(names, cJSON_CreateString(t->names.list[i].text));
    }
    free(note);
}

static void free_timeline(timeline *t) {
    for (unsigned i = 0; i < DEPTH_MAX; i++) {
        free(t->host[i].list);
        free(t->gpu_ranges[i].list);
    }
    for (size_t i = 0; i < t->gpu_count; i++) {
        free(t->gpu[i].list);
    }
    free(t->calls.list);
    free(t->gpu);
    free(t->ranges);
    analysis_map_free(&t->call_range);
    analysis_names_free(&t->names);
    analysis_events_free(&t->rows);
}

static void add_request(cJSON *figures, const analysis_results *results, analysis_request request, size_t n,
                        bool p99) {
    timeline t = {.request = request};
    uint64_t zero = results->status.header.monotonic_ns;
    char error[TRACE_ERROR_BYTES];
    analysis_events_filter window = {.from = request.start > zero ? request.start - zero : 0,
                                     .to = request.end > zero ? request.end - zero : 1};
    if (analysis_events_read(&t.rows, &results->path, 1, &window, NULL, NULL, error) == 0 &&
        find_thread(&t)) {
        take_ranges(&t);
        take_calls(&t);
        take_gpu(&t);
        make_range_lanes(&t);
        thin_out(&t, t.host, DEPTH_MAX);
        thin_out(&t, t.gpu_ranges, DEPTH_MAX);
        thin_out(&t, &t.calls, 1);
        thin_out(&t, t.gpu, t.gpu_count);
        add_figure(figures, &t, n, p99);
    }
    free_timeline(&t);
}

void analysis_timeline_add(cJSON *figures, const analysis_results *results, uint32_t k) {
    analysis_request median, p99;
    struct stat st;
    size_t n = 0;
    if (stat(results->path, &st) != 0 || !S_ISREG(st.st_mode)) {
        return;
    }
    if (k != ANALYSIS_NONE) {
        n = analysis_requests_choose(&results->requests, k, &median, &p99);
    }
    for (size_t i = results->rows.count;
         k == ANALYSIS_NONE && n == 0 && i-- > 0;) { /* by k, the missing last */
        bool known = results->rows.list[i].k != ANALYSIS_NONE || results->rows.list[0].k == ANALYSIS_NONE;
        n = known ? analysis_requests_choose(&results->requests, results->rows.list[i].k, &median, &p99) : 0;
    }
    if (n > 0) {
        add_request(figures, results, median, n, false);
    }
    if (n > 1) {
        add_request(figures, results, p99, n, true);
    }
}
