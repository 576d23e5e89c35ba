/* Launches, and repetitions timed by events. */
#include "analysis/peakbench/kernel_runner.h"

#include "analysis/base/alloc.h"
#include "analysis/stats/descriptive.h"

#include <math.h>
#include <stdlib.h>

#define WARM_UP 3

/* ---- Repetitions ---- */

static double speed_between_events(const peakbench_driver *d, void *from, void *to, double amount) {
    float ms = 0;
    return d->cuEventElapsedTime(&ms, from, to) == 0 && ms > 0 ? amount / (ms / 1e3) : NAN;
}

int peakbench_runner_repeat(const peakbench_runner *on, int (*once)(void *ctx), void *ctx, double amount,
                            unsigned times, peakbench_speed *speed) {
    const peakbench_driver *d = on->driver;
    void **events = base_alloc(times + 1, sizeof *events);
    double *values = base_alloc(times, sizeof *values);
    unsigned made = 0, known = 0;
    int rc = 0;
    *speed = (peakbench_speed){NAN, NAN};
    for (; rc == 0 && made <= times; made++) {
        rc = d->cuEventCreate(&events[made], 0);
    }
    for (unsigned i = 0; rc == 0 && i < WARM_UP; i++) {
        rc = once(ctx);
    }
    for (unsigned i = 0; rc == 0 && i <= times; i++) {
        rc = d->cuEventRecord(events[i], NULL);
        rc = rc == 0 && i < times ? once(ctx) : rc;
    }
    rc = rc == 0 ? d->cuCtxSynchronize() : rc;
    for (unsigned i = 0; rc == 0 && i < times; i++) {
        values[known] = speed_between_events(d, events[i], events[i + 1], amount);
        known += !isnan(values[known]);
    }
    if (known > 0) {
        stats_summary s = stats_summarize(values, known);
        *speed = (peakbench_speed){s.max, s.p50};
    }
    for (unsigned i = 0; i < made; i++) {
        if (events[i]) {
            d->cuEventDestroy_v2(events[i]);
        }
    }
    free(events);
    free(values);
    return rc;
}

/* ---- Kernels ---- */

size_t peakbench_runner_step(const peakbench_runner *on) {
    return (size_t)on->blocks * PEAKBENCH_BLOCK_THREADS * 16;
}

size_t peakbench_runner_room(const peakbench_runner *on, size_t bytes) {
    size_t step = peakbench_runner_step(on);
    return (bytes + step - 1) / step * step;
}

int peakbench_runner_launch(const peakbench_runner *on, void *function, void **arguments) {
    return on->driver->cuLaunchKernel(function, on->blocks, 1, 1, PEAKBENCH_BLOCK_THREADS, 1, 1, 0, NULL,
                                      arguments, NULL);
}

int peakbench_runner_fill(const peakbench_runner *on, uint64_t memory, size_t bytes, uint32_t base,
                          uint32_t mask) {
    uint64_t end = memory + peakbench_runner_room(on, bytes), step = peakbench_runner_step(on);
    return peakbench_runner_launch(on, on->fill, (void *[]){&memory, &end, &step, &base, &mask});
}
