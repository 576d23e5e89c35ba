/* See capture_sweep.h. */
#include "analysis/metrics/capture_sweep.h"

#include "analysis/base/alloc.h"

#include <stdlib.h>
#include <string.h>

static void join_samples(metrics_samples *joined, metrics_samples *one) {
    metrics_sample *list = base_alloc(joined->count + one->count + 1, sizeof *list);
    if (joined->count > 0) {
        memcpy(list, joined->list, joined->count * sizeof *list);
    }
    if (one->count > 0) {
        memcpy(list + joined->count, one->list, one->count * sizeof *list);
    }
    free(joined->list);
    joined->list = list;
    joined->count += one->count;
    metrics_samples_free(one);
}

/* Model, type and peaks are those of the first capture; problems are the first that any has. */
static void join_bottlenecks(metrics_bottlenecks *joined, metrics_bottlenecks *one, bool first) {
    costmodel_workload *w = &joined->workload;
    if (first) {
        *w = one->workload;
        w->mark = NULL;
        joined->peaks = one->peaks;
        joined->peak_flops = one->peak_flops;
        joined->flops_source = one->flops_source;
        joined->ridge = one->ridge;
    }
    if (!w->contradiction[0]) {
        memcpy(w->contradiction, one->workload.contradiction, sizeof w->contradiction);
    }
    if (!w->problem[0]) {
        memcpy(w->problem, one->workload.problem, sizeof w->problem);
    }
    if (!joined->measured_on[0]) {
        memcpy(joined->measured_on, one->measured_on, sizeof joined->measured_on);
    }
    joined->beyond_peak += one->beyond_peak;
    joined->list = base_grow(joined->list, &joined->cap, joined->count + one->count, sizeof *joined->list);
    for (size_t i = 0; i < one->count; i++) {
        joined->list[joined->count++] = one->list[i]; /* with its points */
    }
    one->count = 0;
}

void metrics_capture_join(metrics_results *joined, metrics_results *one) {
    bool first = joined->samples.count == 0;
    join_samples(&joined->samples, &one->samples);
    join_bottlenecks(&joined->bottlenecks, &one->bottlenecks, first);
    joined->status.ended = true; /* the captures themselves say whether they are complete */
    joined->gpu_records += one->gpu_records;
    joined->host_events += one->host_events;
    joined->yielded = joined->yielded || one->yielded;
    joined->only_warmup = (first || joined->only_warmup) && one->only_warmup;
}

static int by_k_and_phase(const void *a, const void *b) {
    const metrics_bottleneck *x = a, *y = b;
    int order = (x->k > y->k) - (x->k < y->k);
    return order ? order : (x->kind > y->kind) - (x->kind < y->kind);
}

void metrics_capture_sweep_make(metrics_results *joined, unsigned jobs) {
    metrics_bottlenecks *b = &joined->bottlenecks;
    bool gpu = joined->gpu_records > 0;
    metrics_sweep_end(metrics_sweep_begin(&joined->rows, &joined->fits, &joined->samples, gpu, jobs));
    metrics_step_shapes_make(&joined->step_shapes, &joined->samples, &joined->rows, gpu);
    if (b->count > 0) {
        qsort(b->list, b->count, sizeof *b->list, by_k_and_phase);
    }
}
