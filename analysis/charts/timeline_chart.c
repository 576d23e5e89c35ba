/* The figure of a timeline: its lanes, names and the note below. */
#include "analysis/charts/timeline_internal.h"

#include "analysis/base/alloc.h"
#include "analysis/charts/chart_builder.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

static void add_lane(cJSON *lanes, const charts_timeline *t, const charts_timeline_lane *l, const char *name,
                     const char *kind) {
    if (l->count == 0) {
        return;
    }
    cJSON *object = cJSON_CreateObject(), *boxes;
    cJSON_AddStringToObject(object, "name", name);
    cJSON_AddStringToObject(object, "kind", kind);
    boxes = cJSON_AddArrayToObject(object, "boxes");
    for (size_t i = 0; i < l->count; i++) {
        const charts_timeline_box *b = &l->list[i];
        double start = ((double)b->start - (double)t->request.start) / 1e3;
        const double values[] = {start, (double)(b->end - b->start) / 1e3, b->name, b->many};
        cJSON *item = cJSON_CreateDoubleArray(values, 4);
        cJSON_AddItemToArray(item,
                             b->around == BASE_NONE ? cJSON_CreateNull() : cJSON_CreateNumber(b->around));
        cJSON_AddItemToArray(boxes, item);
    }
    cJSON_AddItemToArray(lanes, object);
}

static void add_lanes(cJSON *lanes, const charts_timeline *t) {
    char name[64];
    for (unsigned i = 0; i < CHARTS_TIMELINE_DEPTH; i++) {
        snprintf(name, sizeof name, "host, ranges %u", i + 1);
        add_lane(lanes, t, &t->host[i], name, "range");
    }
    add_lane(lanes, t, &t->calls, "host, CUDA calls", "call");
    for (unsigned i = 0; i < CHARTS_TIMELINE_DEPTH; i++) {
        snprintf(name, sizeof name, "GPU, ranges %u", i + 1);
        add_lane(lanes, t, &t->gpu_ranges[i], name, "range");
    }
    for (size_t i = 0; i < t->gpu_count; i++) {
        const events_queue *queue =
            t->gpu[i].queue < t->rows.queue_count ? &t->rows.queues[t->gpu[i].queue] : NULL;
        snprintf(name, sizeof name, "GPU %u, stream %u", queue ? queue->device : 0,
                 queue ? queue->stream : 0);
        add_lane(lanes, t, &t->gpu[i], name, "work");
    }
}

static char *note_of(const charts_timeline *t, size_t n, bool p99) {
    char *text = NULL;
    size_t len;
    FILE *f = open_memstream(&text, &len);
    if (!f) {
        return NULL;
    }
    fprintf(f, "%.3f ms. ", (double)(t->request.end - t->request.start) / 1e6);
    if (p99 && n < 100) {
        fprintf(f, "The longest of %zu profiled requests", n);
    } else {
        fprintf(f, "Of %zu profiled requests, the one at %s", n, p99 ? "the 99th percentile" : "the median");
    }
    fputs(" (latencies above are of unprofiled ones where there are any). On the GPU, a range extends from "
          "the first to the last operation launched in it.",
          f);
    if (t->within > 0) {
        fprintf(f,
                " %" PRIu64
                " GPU operations; where there are too many, those within %.1f us are drawn as one.",
                t->kernels, (double)t->within / 1e3);
    }
    if (t->foreign > 0) {
        fprintf(f, " %" PRIu64 " GPU operations of other requests or threads during this time are not drawn.",
                t->foreign);
    }
    fclose(f);
    return text;
}

void charts_timeline_add_figure(cJSON *figures, const charts_timeline *t, size_t n, bool p99) {
    char title[64] = "";
    if (t->request.k != BASE_NONE) {
        snprintf(title, sizeof title, ", k = %u", t->request.k);
    }
    char whole[128], *note = note_of(t, n, p99);
    snprintf(whole, sizeof whole, "%s request%s", p99 ? "P99" : "Median", title);
    cJSON *figure = charts_add_figure(figures, "Timelines", p99 ? "time-p99" : "time-median", "time", whole);
    cJSON *names = cJSON_AddArrayToObject(figure, "names");
    cJSON_AddStringToObject(figure, "x", "ms from the start");
    cJSON_AddStringToObject(figure, "note", note ? note : "");
    add_lanes(cJSON_AddArrayToObject(figure, "lanes"), t);
    for (size_t i = 0; i < t->names.count; i++) {
        cJSON_AddItemToArray(names, cJSON_CreateString(t->names.list[i].text));
    }
    free(note);
}
