/* The recorder's locks. While a thread holds one, asynchronous signals are blocked on it, so that no handler of the target waits
 * for a lock of its own thread. Synchronous signals (SIGSEGV, ...) are not blocked; their handlers may end the process or
 * fork, so both check preload_locks_held and skip what would deadlock. */
#ifndef PRELOAD_LOCK_H
#define PRELOAD_LOCK_H

#include <pthread.h>
#include <signal.h>
#include <stdbool.h>

/* Blocks all asynchronous signals on this thread and stores the previous mask. */
void preload_block_signals(sigset_t *was);

/* For a write by the recorder that may raise a signal in this thread (SIGPIPE, SIGXFSZ), which the target must not get. With the
 * signal blocked: preload_signal_pends, before the write, returns whether the signal is pending; preload_swallow_signal, after
 * it, removes the signal unless it was pending before. */
bool preload_signal_pends(int number);
void preload_swallow_signal(int number, bool pended);

/* The number of locks that this thread holds or is acquiring, plus its sections between preload_hold and preload_release. */
extern __thread unsigned preload_locks_held;

/* Begin and end a section in which asynchronous signals are blocked on this thread. Sections nest. */
void preload_hold(void);
void preload_release(void);

/* Acquire a lock: preload_trylock returns false when another thread holds it, preload_lock_for when that is still so after
 * the given time (CLOCK_MONOTONIC). preload_unlock releases it. */
void preload_lock(pthread_mutex_t *lock);
bool preload_trylock(pthread_mutex_t *lock);
bool preload_lock_for(pthread_mutex_t *lock, unsigned milliseconds);
void preload_unlock(pthread_mutex_t *lock);
/* In a fork's child: releases a lock that this thread held at the fork (`ours`), or reinitialises one that another thread held. */
void preload_lock_renew(pthread_mutex_t *lock, bool ours);

#endif
