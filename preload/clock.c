/* The clock of the trace: see clock.h. */
#include "preload/clock.h"

#include "preload/confinement.h"

#include <fcntl.h>
#include <pthread.h>
#include <string.h>
#include <unistd.h>

/* The two clocks are read within some 20 ns of each other, so after this time the rate is known to 20 ppm. */
#define ENOUGH_NS 2000000

/* The kernel's name of the counter, and its name in the trace. */
#if defined(__aarch64__)
#define KERNEL_NAME "arch_sys_counter"
#define TRACE_NAME  "cntvct"
#else
#define KERNEL_NAME "tsc"
#define TRACE_NAME  "tsc"
#endif

struct preload_clock preload_clock;

typedef struct {
    uint64_t counter, ns;
} reading;

static reading first;

/* The fastest of a few readings, so that an interruption between the two clocks does no harm. */
static reading read_counter_and_clock(void) {
    reading best = {0, 0};
    uint64_t least = UINT64_MAX;
    for (int i = 0; i < 5; i++) {
        uint64_t before = preload_counter();
        uint64_t ns = preload_clock_of(CLOCK_MONOTONIC);
        uint64_t after = preload_counter();
        if (after - before < least) {
            least = after - before;
            best = (reading){before + (after - before) / 2, ns};
        }
    }
    return best;
}

/* The kernel uses the counter for its own clock only if its rate is constant and the same on all processors. */
static bool kernel_trusts_counter(void) {
    char name[32] = "";
    int fd = !preload_may_open() ? -1
                                 : open("/sys/devices/system/clocksource/clocksource0/current_clocksource",
                                        O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        return false;
    }
    ssize_t n = read(fd, name, sizeof name - 1);
    close(fd);
    return n > 0 && strncmp(name, KERNEL_NAME, strlen(KERNEL_NAME)) == 0;
}

void preload_clock_init(void) {
    first = read_counter_and_clock();
}

/* The rate times 2^32. ARM processors report the rate of their counter; firmware may leave it 0. */
static uint64_t ns_per_count(reading now) {
#if defined(__aarch64__)
    uint64_t frequency;
    __asm__("mrs %0, cntfrq_el0" : "=r"(frequency));
    if ((uint32_t)frequency != 0) {
        return (uint64_t)(((unsigned __int128)1000000000 << 32) / (uint32_t)frequency);
    }
#endif
    unsigned __int128 ns = now.ns - first.ns;
    return (uint64_t)((ns << 32) / (now.counter - first.counter));
}

static void calibrate_clock(void) {
    reading now = read_counter_and_clock();
    if (now.ns - first.ns < ENOUGH_NS || now.counter <= first.counter || !kernel_trusts_counter()) {
        return;
    }
    preload_clock.scale = ns_per_count(now);
    preload_clock.base_counter = first.counter;
    preload_clock.base_ns = first.ns;
    atomic_store_explicit(&preload_clock.use_counter, true, memory_order_release);
}

void preload_clock_begin(void) {
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, calibrate_clock);
}

const char *preload_clock_name(void) {
    return atomic_load(&preload_clock.use_counter) ? TRACE_NAME : "CLOCK_MONOTONIC";
}
