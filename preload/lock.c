/* See lock.h. */
#include "preload/lock.h"

#include <signal.h>
#include <stdatomic.h>
#include <stdint.h>
#include <time.h>

__thread unsigned preload_locks_held;

static __thread sigset_t before; /* what was blocked when the first lock was asked for */

void preload_block_signals(sigset_t *was) {
    static const int raised[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP, SIGSYS};
    sigset_t held;
    sigfillset(&held);
    for (size_t i = 0; i < sizeof raised / sizeof raised[0]; i++) {
        sigdelset(&held, raised[i]);
    }
    pthread_sigmask(SIG_BLOCK, &held, was);
}

bool preload_signal_pends(int number) {
    sigset_t pending;
    return sigpending(&pending) == 0 && sigismember(&pending, number) == 1;
}

void preload_swallow_signal(int number, bool pended) {
    if (!pended) {
        sigset_t own;
        struct timespec none = {0};
        sigemptyset(&own);
        sigaddset(&own, number);
        sigtimedwait(&own, NULL, &none);
    }
}

void preload_hold(void) {
    /* The count changes only while nothing can interrupt: a handler finds 0, or does not run. */
    if (preload_locks_held == 0) {
        sigset_t was;
        preload_block_signals(&was);
        before = was;
    }
    preload_locks_held++;
    atomic_signal_fence(memory_order_seq_cst);
}

void preload_release(void) {
    atomic_signal_fence(memory_order_seq_cst);
    if (--preload_locks_held == 0) {
        sigset_t was = before;
        pthread_sigmask(SIG_SETMASK, &was, NULL);
    }
}

void preload_lock(pthread_mutex_t *lock) {
    preload_hold();
    pthread_mutex_lock(lock);
}

bool preload_trylock(pthread_mutex_t *lock) {
    preload_hold();
    bool got = pthread_mutex_trylock(lock) == 0;
    if (!got) {
        preload_release();
    }
    return got;
}

bool preload_lock_for(pthread_mutex_t *lock, unsigned milliseconds) {
    struct timespec until;
    clock_gettime(CLOCK_MONOTONIC, &until);
    uint64_t ns = (uint64_t)until.tv_nsec + milliseconds * (uint64_t)1000000;
    until.tv_sec += (time_t)(ns / 1000000000);
    until.tv_nsec = (long)(ns % 1000000000);
    preload_hold();
    bool got = pthread_mutex_clocklock(lock, CLOCK_MONOTONIC, &until) == 0;
    if (!got) {
        preload_release();
    }
    return got;
}

void preload_unlock(pthread_mutex_t *lock) {
    pthread_mutex_unlock(lock);
    preload_release();
}

void preload_lock_renew(pthread_mutex_t *lock, bool ours) {
    if (ours) {
        preload_unlock(lock);
    } else {
        pthread_mutex_init(lock, NULL);
    }
}
