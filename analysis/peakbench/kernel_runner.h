/* Common parts of all benchmarks: kernels, buffers of random numbers, and repetitions timed by CUDA events. The device's
 * context must be current. */
#ifndef PEAKBENCH_KERNEL_RUNNER_H
#define PEAKBENCH_KERNEL_RUNNER_H

#include "analysis/peakbench/cuda_driver.h"
#include "analysis/peakbench/measured_peaks.h"

#define PEAKBENCH_BLOCK_THREADS 256

typedef struct {
    const peakbench_driver *driver;
    void *read, *copy, *fill; /* functions of peak_kernels_ptx.h */
    unsigned blocks;          /* grid size, in blocks of PEAKBENCH_BLOCK_THREADS threads */
} peakbench_runner;

/* Returns the bytes that all threads of a launch process in one iteration. */
size_t peakbench_runner_step(const peakbench_runner *on);

/* Launches one of the functions with `blocks` blocks. Returns 0 or a CUresult. */
int peakbench_runner_launch(const peakbench_runner *on, void *function, void **arguments);

/* Fills device memory with random 32-bit words, (word & mask) | base. It writes peakbench_runner_room(on, bytes) bytes:
 * `bytes` rounded up to a multiple of the step. Returns 0 or a CUresult. */
int peakbench_runner_fill(const peakbench_runner *on, uint64_t memory, size_t bytes, uint32_t base,
                          uint32_t mask);
size_t peakbench_runner_room(const peakbench_runner *on, size_t bytes);

/* Runs `once`, which enqueues work on the default stream, `times` times after some warm-up runs, each timed by CUDA events,
 * and stores the best and median rate: `amount` (bytes or FLOPs) per second. Returns 0, or the error of `once` or of the
 * driver. */
int peakbench_runner_repeat(const peakbench_runner *on, int (*once)(void *ctx), void *ctx, double amount,
                            unsigned times, peakbench_speed *speed);

#endif
