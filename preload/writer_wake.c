/* See writer_wake.h. */
#include "preload/writer_wake.h"

#include "preload/lock.h"

#include <errno.h>
#include <pthread.h>
#include <time.h>

static struct {
    pthread_mutex_t lock;
    pthread_cond_t cond;
    bool awake, stop, running;
} wake = {.lock = PTHREAD_MUTEX_INITIALIZER};

void preload_writer_wake_init(void) {
    pthread_condattr_t clock;
    pthread_condattr_init(&clock);
    pthread_condattr_setclock(&clock, CLOCK_MONOTONIC);
    pthread_cond_init(&wake.cond, &clock);
    pthread_condattr_destroy(&clock);
}

void preload_writer_wake_running(bool running) {
    preload_lock(&wake.lock); /* CUPTI may be waking it already */
    wake.running = running;
    if (!running) {
        wake.stop = false;
    }
    preload_unlock(&wake.lock);
}

void preload_writer_wake(void) {
    preload_lock(&wake.lock);
    wake.awake = true;
    if (wake.running) {
        pthread_cond_signal(&wake.cond);
    }
    preload_unlock(&wake.lock);
}

bool preload_writer_sleep(uint64_t ns) {
    struct timespec until;
    clock_gettime(CLOCK_MONOTONIC, &until);
    ns += (uint64_t)until.tv_nsec;
    until.tv_sec += (time_t)(ns / 1000000000);
    until.tv_nsec = (long)(ns % 1000000000);
    preload_lock(&wake.lock);
    while (!wake.awake && !wake.stop && pthread_cond_timedwait(&wake.cond, &wake.lock, &until) != ETIMEDOUT) {
    }
    wake.awake = false;
    bool stop = wake.stop;
    preload_unlock(&wake.lock);
    return stop;
}

void preload_writer_wake_stop(void) {
    if (preload_trylock(&wake.lock)) {
        wake.stop = true;
        if (wake.running) {
            pthread_cond_signal(&wake.cond);
        }
        preload_unlock(&wake.lock);
    }
}

void preload_writer_wake_after_fork(void) {
    pthread_mutex_init(&wake.lock, NULL);
    wake.awake = wake.stop = wake.running = false;
}
