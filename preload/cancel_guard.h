/* Protects a section of the recorder that acquires locks or makes system calls on a thread of the target: within it the thread
 * cannot be cancelled or leave by a jump out of a signal handler, and errno is preserved. */
#ifndef PRELOAD_CANCEL_GUARD_H
#define PRELOAD_CANCEL_GUARD_H

#include "preload/lock.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>

typedef struct {
    int cancel_state, error;
    sigset_t signals;
} preload_cancel_guard;

/* Begins the section: disables cancellation, blocks asynchronous signals, saves errno. */
static inline preload_cancel_guard preload_cancel_guard_enter(void) {
    preload_cancel_guard g = {.error = errno};
    preload_block_signals(&g.signals);
    pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &g.cancel_state);
    return g;
}

/* Ends the section and restores all three. */
static inline void preload_cancel_guard_leave(const preload_cancel_guard *g) {
    pthread_setcancelstate(g->cancel_state, NULL);
    pthread_sigmask(SIG_SETMASK, &g->signals, NULL);
    errno = g->error;
}

#endif
