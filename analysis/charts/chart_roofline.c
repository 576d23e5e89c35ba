/* The roofline: what each phase achieved, and the peaks of the device.*/
#include "analysis/charts/charts_internal.h"

#include "analysis/base/alloc.h"
#include "analysis/charts/chart_builder.h"

#include <math.h>
#include <stdio.h>

typedef struct {
    double low, high; /* FLOP/byte of the points */
    size_t count;
} extent;

/* A point can be placed when both of its numbers are known. */
static bool placed(const metrics_point *p) {
    return p->intensity > 0 && p->flops_per_s > 0 && isfinite(p->intensity) && isfinite(p->flops_per_s);
}

static const metrics_point *point_of(const metrics_bottleneck *b, names_part part) {
    if (part == NAMES_PARTS) {
        return &b->whole;
    }
    for (size_t i = 0; i < b->count; i++) {
        if (b->points[i].part == part) {
            return &b->points[i];
        }
    }
    return NULL;
}

/* The points of one phase, or of one part in it, at every k. */
static void add_points(cJSON *figure, const metrics_bottlenecks *b, metrics_row_kind kind, names_part part,
                       extent *e) {
    cJSON *series = NULL, *labels = NULL;
    for (size_t i = 0; i < b->count; i++) {
        const metrics_point *p = b->list[i].kind == kind ? point_of(&b->list[i], part) : NULL;
        if (!p || !placed(p)) {
            continue;
        }
        if (!series) {
            char name[64];
            snprintf(name, sizeof name, "%s%s%s", metrics_row_name(kind), part == NAMES_PARTS ? "" : ", ",
                     part == NAMES_PARTS ? "" : names_part_name(part));
            series = charts_add_series(figure, name);
            labels = cJSON_AddArrayToObject(series, "labels");
        }
        char label[32] = "";
        if (b->list[i].k != BASE_NONE) {
            snprintf(label, sizeof label, "k = %u", b->list[i].k);
        }
        charts_append(series, "x", p->intensity);
        charts_append(series, "y", p->flops_per_s / 1e12);
        cJSON_AddItemToArray(labels, cJSON_CreateString(label));
        e->low = e->count == 0 || p->intensity < e->low ? p->intensity : e->low;
        e->high = e->count == 0 || p->intensity > e->high ? p->intensity : e->high;
        e->count++;
    }
}

/* The roof: bandwidth up to the ridge, then the peak. */
static void add_roof(cJSON *figure, const metrics_bottlenecks *b, const extent *e) {
    if (isnan(b->ridge)) {
        return;
    }
    double low = fmin(e->low, b->ridge) / 4, high = fmax(e->high, b->ridge) * 4;
    const double x[] = {low, b->ridge, high};
    const double y[] = {low * b->peaks.memory, b->peak_flops, b->peak_flops};
    cJSON *roof = charts_add_series(figure, "peak of the device");
    cJSON_AddTrueToObject(roof, "ideal");
    for (size_t i = 0; i < 3; i++) {
        charts_append(roof, "x", x[i]);
        charts_append(roof, "y", y[i] / 1e12);
    }
}

void charts_roofline(cJSON *list, const metrics_results *r) {
    cJSON *own = cJSON_CreateArray(); /* kept only when something can be placed in it */
    cJSON *figure = charts_add_figure(own, "Roofline", "roofline", "scatter", "Roofline");
    extent e = {0};
    cJSON_AddStringToObject(figure, "x", "FLOP/byte");
    cJSON_AddStringToObject(figure, "y", "TFLOP/s");
    for (int kind = METRICS_ROW_VISION; kind <= METRICS_ROW_DECODE; kind++) {
        add_points(figure, &r->bottlenecks, (metrics_row_kind)kind, NAMES_PARTS, &e);
    }
    for (int kind = METRICS_ROW_PREFILL; kind <= METRICS_ROW_DECODE; kind++) {
        add_points(figure, &r->bottlenecks, (metrics_row_kind)kind, NAMES_PART_EXPERT, &e);
    }
    add_roof(figure, &r->bottlenecks, &e);
    cJSON_AddStringToObject(figure, "note",
                            "Means of the profiled requests while the GPU was busy: whole phases, and their "
                            "experts alone. The table Roofline lists the sources of the peaks.");
    if (e.count > 0) {
        cJSON_AddItemToArray(list, cJSON_DetachItemFromArray(own, 0));
    }
    cJSON_Delete(own);
}
