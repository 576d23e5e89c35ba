/* Measuring the memory. */
#include "analysis/peakbench/peak_bandwidth.h"

#include <stdio.h>

#define BYTES_MAX    ((size_t)1 << 30)  /* of each buffer */
#define BYTES_MIN    ((size_t)64 << 20) /* smaller ones would fit into caches */
#define MEMORY_TIMES 20

typedef struct {
    const peakbench_runner *on;
    uint64_t from, to;
    size_t bytes;
} memory_buffers;

static int launch_pass(const memory_buffers *b, void *function) {
    uint64_t from = b->from, end = b->from + b->bytes, step = peakbench_runner_step(b->on), other = b->to;
    return peakbench_runner_launch(b->on, function, (void *[]){&from, &end, &step, &other});
}

static int read_once(void *ctx) {
    const memory_buffers *b = ctx;
    return launch_pass(b, b->on->read);
}

static int copy_once(void *ctx) {
    const memory_buffers *b = ctx;
    return launch_pass(b, b->on->copy);
}

static int driver_once(void *ctx) {
    const memory_buffers *b = ctx;
    return b->on->driver->cuMemcpyDtoDAsync_v2(b->to, b->from, b->bytes, NULL);
}

static int measure_buffers(peakbench_measured *m, const memory_buffers *b, char error[TRACE_ERROR_BYTES]) {
    static int (*const ways[PEAKBENCH_MEMORY_WAYS])(void *) = {read_once, copy_once, driver_once};
    const peakbench_driver *d = b->on->driver;
    int rc = peakbench_runner_fill(b->on, b->from, b->bytes, 0x3f000000, 0x807fffff);
    for (int way = 0; rc == 0 && way < PEAKBENCH_MEMORY_WAYS; way++) {
        double moved = (double)b->bytes * (way == PEAKBENCH_MEMORY_READ ? 1 : 2);
        rc = peakbench_runner_repeat(b->on, ways[way], (void *)b, moved, MEMORY_TIMES, &m->memory[way]);
    }
    return peakbench_driver_check(d, rc, "measuring the memory", error);
}

int peakbench_measure_memory(peakbench_measured *m, const peakbench_runner *on,
                             char error[TRACE_ERROR_BYTES]) {
    const peakbench_driver *d = on->driver;
    size_t available = 0, total, round = 4 * peakbench_runner_step(on); /* bytes of a kernel's round */
    memory_buffers b = {.on = on};
    if (peakbench_driver_check(d, d->cuMemGetInfo_v2(&available, &total), "cuMemGetInfo", error) != 0) {
        return -1;
    }
    b.bytes = (available / 4 < BYTES_MAX ? available / 4 : BYTES_MAX) / round * round;
    if (b.bytes < BYTES_MIN) {
        snprintf(error, TRACE_ERROR_BYTES, "%s: only %zu MiB of its memory are free, and measuring takes %zu",
                 m->device, available >> 20, (BYTES_MIN + round) * 4 >> 20);
        return -1;
    }
    m->bytes = b.bytes;
    int rc = peakbench_driver_check(d, d->cuMemAlloc_v2(&b.from, b.bytes), "cuMemAlloc", error);
    if (rc == 0) {
        rc = peakbench_driver_check(d, d->cuMemAlloc_v2(&b.to, b.bytes), "cuMemAlloc", error);
    }
    if (rc == 0) {
        rc = measure_buffers(m, &b, error);
    }
    if (b.from) {
        d->cuMemFree_v2(b.from);
    }
    if (b.to) {
        d->cuMemFree_v2(b.to);
    }
    return rc;
}
