/* The recorder's locks, and how many of them this thread holds. A signal handler may end the process while
 * the code that it interrupted holds one: whoever ends the process looks here first, and then leaves undone
 * what it could never finish. */
#ifndef PRELOAD_LOCK_H
#define PRELOAD_LOCK_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>

/* Counts a lock from before it is asked for until after it is given back. */
extern __thread unsigned preload_locks_held;

static inline void preload_lock(pthread_mutex_t *lock) {
    preload_locks_held++;
    atomic_signal_fence(memory_order_seq_cst);
    pthread_mutex_lock(lock);
}

static inline bool preload_trylock(pthread_mutex_t *lock) {
    preload_locks_held++;
    atomic_signal_fence(memory_order_seq_cst);
    bool got = pthread_mutex_trylock(lock) == 0;
    preload_locks_held -= !got;
    return got;
}

static inline void preload_unlock(pthread_mutex_t *lock) {
    pthread_mutex_unlock(lock);
    atomic_signal_fence(memory_order_seq_cst);
    preload_locks_held--;
}

#endif
