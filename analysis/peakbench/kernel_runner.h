/* The parts of every measurement on a device: its kernels, memory filled with random numbers, and repetitions that events
 * time. The device's context must be current. */
#ifndef PEAKBENCH_KERNEL_RUNNER_H
#define PEAKBENCH_KERNEL_RUNNER_H

#include "analysis/peakbench/cuda_driver.h"
#include "analysis/peakbench/measured_peaks.h"

#define PEAKBENCH_BLOCK_THREADS 256

typedef struct {
    const peakbench_driver *driver;
    void *read, *copy, *fill; /* functions of peak_kernels_ptx.h */
    unsigned blocks;          /* of PEAKBENCH_BLOCK_THREADS threads */
} peakbench_runner;

/* Bytes that all threads of a launch process at once. */
size_t peakbench_runner_step(const peakbench_runner *on);

/* Launches one of the functions with `blocks` blocks. 0 or a CUDA error. */
int peakbench_runner_launch(const peakbench_runner *on, void *function, void **arguments);

/* Fills [memory, memory + bytes) with random words (word & mask | base), rounded up to whole steps of the kernel, which
 * the memory must have room for: peakbench_runner_room(on, bytes). 0 or a CUDA error. */
int peakbench_runner_fill(const peakbench_runner *on, uint64_t memory, size_t bytes, uint32_t base,
                          uint32_t mask);
size_t peakbench_runner_room(const peakbench_runner *on, size_t bytes);

/* Times what `once` enqueues on the default stream, `times` times after some that do not count: the amount / s of
 * each. 0, or the error of `once` or of the driver. */
int peakbench_runner_repeat(const peakbench_runner *on, int (*once)(void *ctx), void *ctx, double amount,
                            unsigned times, peakbench_speed *speed);

#endif
