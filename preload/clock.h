/* The clock of the trace, in nanoseconds, for host events and, through CUPTI, for GPU records. It is CLOCK_MONOTONIC, computed
 * from the processor's counter (x86: time stamp counter; ARM: virtual counter) if the kernel itself uses that counter: each
 * launch reads the clock twice, and in a virtual machine clock_gettime is several times slower (measured on an H100 machine:
 * 64 ns against 18 ns). */
#ifndef PRELOAD_CLOCK_H
#define PRELOAD_CLOCK_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <time.h>

/* Returns the value of the processor's counter. */
#if defined(__x86_64__)
#include <x86intrin.h>
static inline uint64_t preload_counter(void) {
    return __rdtsc();
}
#elif defined(__aarch64__)
static inline uint64_t preload_counter(void) {
    uint64_t count;
    __asm__ volatile("mrs %0, cntvct_el0" : "=r"(count));
    return count;
}
#else
static inline uint64_t preload_counter(void) {
    return 0; /* none: the clock stays CLOCK_MONOTONIC */
}
#endif

extern struct preload_clock {
    atomic_bool use_counter; /* set last, once */
    uint64_t base_counter, base_ns;
    uint64_t scale; /* ns per count, times 2^32 */
} preload_clock;

/* Returns the time of a clock of the system in ns. */
static inline uint64_t preload_clock_of(clockid_t clock) {
    struct timespec t;
    clock_gettime(clock, &t);
    return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

/* Returns the time of the trace's clock in ns. Any thread; async-signal-safe. */
static inline uint64_t preload_now(void) {
    if (atomic_load_explicit(&preload_clock.use_counter, memory_order_acquire)) {
        unsigned __int128 counts = preload_counter() - preload_clock.base_counter;
        return preload_clock.base_ns + (uint64_t)(counts * preload_clock.scale >> 32);
    }
    return preload_clock_of(CLOCK_MONOTONIC);
}

/* Reads counter and CLOCK_MONOTONIC for the first time. Call it as early as possible. */
void preload_clock_init(void);
/* Reads both again and, if enough time has passed to compute the counter's rate and the kernel trusts the counter, uses it
 * from now on. Only the first call has an effect; it must precede the first preload_now. */
void preload_clock_begin(void);
/* Returns the source of time: "tsc", "cntvct" or "CLOCK_MONOTONIC". */
const char *preload_clock_name(void);

#endif
