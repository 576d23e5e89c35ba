/* The clock of the trace: see clock.h. */
#include "preload/clock.h"

#include <fcntl.h>
#include <pthread.h>
#include <string.h>
#include <unistd.h>

/* Both clocks are read within some 20 ns of each other, so after this long the rate is known to 20 in a
 * million. */
#define ENOUGH_NS 2000000

struct preload_clock preload_clock;

typedef struct {
    uint64_t counter, ns;
} reading;

static reading first;

/* The pair that took the least time of a few, so that an interruption between the two does no harm. */
static reading read_counter_and_clock(void) {
    reading best = {0, 0};
    uint64_t least = UINT64_MAX;
    for (int i = 0; i < 5; i++) {
        uint64_t before = PRELOAD_COUNTER();
        uint64_t ns = preload_clock_of(CLOCK_MONOTONIC);
        uint64_t after = PRELOAD_COUNTER();
        if (after - before < least) {
            least = after - before;
            best = (reading){before + (after - before) / 2, ns};
        }
    }
    return best;
}

/* The kernel uses the counter for its own clock only when it runs at one rate and alike on all processors. */
static bool kernel_trusts_counter(void) {
    char name[8] = "";
    int fd = open("/sys/devices/system/clocksource/clocksource0/current_clocksource", O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        return false;
    }
    ssize_t n = read(fd, name, sizeof name - 1);
    close(fd);
    return n >= 3 && strncmp(name, "tsc", 3) == 0;
}

void preload_clock_init(void) {
    first = read_counter_and_clock();
}

static void calibrate_clock(void) {
    reading now = read_counter_and_clock();
    if (now.ns - first.ns < ENOUGH_NS || now.counter <= first.counter || !kernel_trusts_counter()) {
        return;
    }
    unsigned __int128 ns = now.ns - first.ns;
    preload_clock.scale = (uint64_t)((ns << 32) / (now.counter - first.counter));
    preload_clock.base_counter = first.counter;
    preload_clock.base_ns = first.ns;
    atomic_store_explicit(&preload_clock.use_counter, true, memory_order_release);
}

void preload_clock_begin(void) {
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, calibrate_clock);
}

const char *preload_clock_name(void) {
    return atomic_load(&preload_clock.use_counter) ? "tsc" : "CLOCK_MONOTONIC";
}
