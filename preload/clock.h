/* The clock of the trace: CLOCK_MONOTONIC in nanoseconds, for host events and, through CUPTI, for GPU
 * records. */
#ifndef PRELOAD_CLOCK_H
#define PRELOAD_CLOCK_H

#include <stdint.h>
#include <time.h>

static inline uint64_t preload_clock_of(clockid_t clock) {
    struct timespec t;
    clock_gettime(clock, &t);
    return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static inline uint64_t preload_now(void) {
    return preload_clock_of(CLOCK_MONOTONIC);
}

#endif
