/* The recorder's locks. While a thread holds one, signals are held back from it: no handler of the target's
 * ever runs where it would wait for what its own thread holds. Only signals that an instruction raises
 * (SIGSEGV and its like) come through; a handler of theirs may end the process or fork, so both look first
 * how many locks this thread holds, and leave undone what could never finish. */
#ifndef PRELOAD_LOCK_H
#define PRELOAD_LOCK_H

#include <pthread.h>
#include <signal.h>
#include <stdbool.h>

/* Blocks all signals but those that an instruction raises; *was is what was blocked before. */
void preload_block_signals(sigset_t *was);

/* A write of the recorder's own may raise a signal in this thread (SIGPIPE, SIGXFSZ), which must not reach
 * the target: the write stands between these two, with the signal blocked. */
bool preload_signal_pends(int number);
void preload_swallow_signal(int number, bool pended);

/* Locks that this thread holds or is about to, and stretches between preload_hold and preload_release. */
extern __thread unsigned preload_locks_held;

/* Holds signals back until as many calls of preload_release have come. */
void preload_hold(void);
void preload_release(void);

void preload_lock(pthread_mutex_t *lock);
bool preload_trylock(pthread_mutex_t *lock);
/* Waits at most this long, whatever becomes of the time of day. False: it was not locked. */
bool preload_lock_for(pthread_mutex_t *lock, unsigned milliseconds);
void preload_unlock(pthread_mutex_t *lock);
/* In a fork's child: opens a lock that was locked before the fork, or that another thread had (`ours` is
 * false). */
void preload_lock_renew(pthread_mutex_t *lock, bool ours);

#endif
