/* The writer: see writer.h. */
#include "preload/writer.h"

#include "cupti/cupti_session.h"
#include "preload/capture.h"
#include "preload/chunk_encoder.h"
#include "preload/clock.h"
#include "preload/lock.h"
#include "preload/metadata.h"
#include "preload/run_metadata.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PERIOD_NS 50000000 /* at most this much of the host's events is in memory only */

static struct {
    pthread_mutex_t drain_lock; /* held by whoever writes */
    pthread_mutex_t wake_lock;
    pthread_cond_t wake;
    bool awake, stop, running;
    preload_settings settings;

    bool ready;  /* there is memory to write with */
    bool closed; /* the trace has its end mark; under drain_lock */
} writer = {.drain_lock = PTHREAD_MUTEX_INITIALIZER, .wake_lock = PTHREAD_MUTEX_INITIALIZER};

/* When the last thread of a process ends, the process exits with status 0. This thread must not be the one
 * that it waits for: once the main thread has ended and nobody else is left, twice in a row, it ends the
 * process as the last one would have. */
static void exit_after_last_thread(void) {
    static int alone;
    alone = preload_describe_left_alone() ? alone + 1 : 0;
    if (alone == 2) {
        sigset_t none;
        sigemptyset(&none);
        pthread_sigmask(SIG_SETMASK, &none, NULL);
        exit(0);
    }
}

static void *writer_thread(void *unused) {
    (void)unused;
    bool stop = false;
    uint64_t flushed = preload_now();
    bool profiled = true;
    while (!stop) {
        struct timespec until;
        clock_gettime(CLOCK_MONOTONIC, &until);
        until.tv_nsec += PERIOD_NS;
        if (until.tv_nsec >= 1000000000) {
            until.tv_sec++;
            until.tv_nsec -= 1000000000;
        }
        preload_lock(&writer.wake_lock);
        while (!writer.awake && !writer.stop &&
               pthread_cond_timedwait(&writer.wake, &writer.wake_lock, &until) != ETIMEDOUT) {
        }
        writer.awake = false;
        stop = writer.stop;
        preload_unlock(&writer.wake_lock);
        if (!stop) {
            preload_capture_check();
            bool profiling = preload_capture_profiling();
            if ((profiling || profiled) && preload_now() - flushed >= PERIOD_NS) {
                /* CUPTI hands out full buffers only: what is in a part-full one would be lost in a crash. */
                cupti_session_flush(false);
                flushed = preload_now();
                profiled =
                    profiling; /* once more after its end; requests that nobody watches are left in peace */
            }
            preload_lock(&writer.drain_lock);
            if (!writer.closed) {
                preload_chunk_encoder_drain();
            }
            preload_unlock(&writer.drain_lock);
            exit_after_last_thread();
        }
    }
    return NULL;
}

static bool start_writer_thread(void) {
    pthread_condattr_t clock;
    pthread_condattr_init(&clock);
    pthread_condattr_setclock(&clock, CLOCK_MONOTONIC);
    pthread_cond_init(&writer.wake, &clock);
    pthread_condattr_destroy(&clock);
    /* The target's signals are the target's: none is ever handled on this thread. */
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    pthread_attr_t attr;
    pthread_attr_init(&attr);
    pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
    pthread_attr_setstacksize(&attr, 256u << 10);
    pthread_t id;
    int rc = pthread_create(&id, &attr, writer_thread, NULL);
    pthread_attr_destroy(&attr);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (rc == 0) {
        pthread_setname_np(id, "moetrace");
    }
    return rc == 0;
}

bool preload_writer_start(const preload_settings *settings) {
    writer.settings = *settings;
    writer.ready = preload_chunk_encoder_init(writer.settings.output);
    if (!writer.ready) {
        return false;
    }
    preload_describe_run(settings);
    bool running = start_writer_thread();
    preload_lock(&writer.wake_lock); /* CUPTI may be waking it already */
    writer.running = running;
    preload_unlock(&writer.wake_lock);
    return running;
}

void preload_writer_wake(void) {
    preload_lock(&writer.wake_lock);
    writer.awake = true;
    if (writer.running) {
        pthread_cond_signal(&writer.wake);
    }
    preload_unlock(&writer.wake_lock);
}

/* Under drain_lock. */
static void reopen_if_closed(void) {
    if (writer.closed) {
        preload_chunk_encoder_reopen();
        writer.closed = false;
    }
}

void preload_writer_finish(const char *reason, unsigned patience_ms, bool may_ask_cuda) {
    /* A signal handler may end the process. If it interrupted the recorder itself on this thread, what the
     * writer needs is in nobody's hands: what it has written so far is the trace. */
    if (!writer.ready || preload_locks_held || cupti_session_locked()) {
        return;
    }
    if (preload_trylock(&writer.wake_lock)) {
        writer.stop = true;
        if (writer.running) {
            pthread_cond_signal(&writer.wake);
        }
        preload_unlock(&writer.wake_lock);
    }

    sigset_t before;
    preload_block_signals(&before);
    bool pended = preload_signal_pends(SIGXFSZ); /* a limit on the file's size raises it in who writes */
    if (preload_lock_for(&writer.drain_lock, patience_ms)) {
        reopen_if_closed();
        preload_chunk_encoder_finish(reason, may_ask_cuda);
        preload_swallow_signal(SIGXFSZ, pended);
        preload_unlock(&writer.drain_lock);
    }
    pthread_sigmask(SIG_SETMASK, &before, NULL);
}

bool preload_writer_close(const char *reason, unsigned patience_ms) {
    bool closed = false;
    sigset_t before;
    if (!writer.ready) {
        return false;
    }
    preload_block_signals(&before);
    bool pended = preload_signal_pends(SIGXFSZ);
    if (preload_lock_for(&writer.drain_lock, patience_ms)) {
        if (!writer.closed) {
            closed = writer.closed = preload_chunk_encoder_close(reason);
            preload_swallow_signal(SIGXFSZ, pended);
        }
        preload_unlock(&writer.drain_lock);
    }
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return closed;
}

void preload_writer_reopen(void) {
    preload_lock(&writer.drain_lock);
    reopen_if_closed();
    preload_unlock(&writer.drain_lock);
}

/* ---- fork ---- */

/* Whoever drains may be waiting for the disk, and fork waits for neither: the child makes its own of all that
 * draining uses. */
void preload_writer_after_fork(void) {
    pthread_mutex_init(&writer.wake_lock, NULL);
    pthread_mutex_init(&writer.drain_lock, NULL);
    preload_metadata_after_fork();
    writer.awake = writer.stop = writer.running = writer.ready = writer.closed = false;
    preload_chunk_encoder_after_fork();
}
