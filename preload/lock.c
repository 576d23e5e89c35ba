/* See lock.h. */
#include "preload/lock.h"

#include <signal.h>
#include <stdatomic.h>
#include <stdint.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

__thread unsigned preload_locks_held;

static __thread sigset_t signals_before_lock; /* the signal mask before the first lock was acquired */

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
    /* The count changes only while signals are blocked: a handler sees 0, or does not run. */
    if (preload_locks_held == 0) {
        sigset_t was;
        preload_block_signals(&was);
        signals_before_lock = was;
    }
    preload_locks_held++;
    atomic_signal_fence(memory_order_seq_cst);
}

void preload_release(void) {
    atomic_signal_fence(memory_order_seq_cst);
    if (--preload_locks_held == 0) {
        sigset_t was = signals_before_lock;
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

/* Polls: pthread_mutex_timedlock uses the wall clock, and pthread_mutex_clocklock is missing in older C libraries and
 * unknown to ThreadSanitizer. */
bool preload_lock_for(pthread_mutex_t *lock, unsigned milliseconds) {
    struct timespec begin, now, pause = {.tv_nsec = 100000};
    clock_gettime(CLOCK_MONOTONIC, &begin);
    for (;;) {
        if (preload_trylock(lock)) {
            return true;
        }
        clock_gettime(CLOCK_MONOTONIC, &now);
        int64_t waited_ms =
            (now.tv_sec - begin.tv_sec) * (int64_t)1000 + (now.tv_nsec - begin.tv_nsec) / 1000000;
        if (waited_ms >= milliseconds) {
            return false;
        }
        syscall(SYS_nanosleep, &pause, NULL); /* a system call, since the function is a cancellation point */
    }
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
