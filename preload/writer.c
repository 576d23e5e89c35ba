/* The writer: see writer.h. */
#include "preload/writer.h"

#include "cupti/cupti_session.h"
#include "preload/capture.h"
#include "preload/chunk_encoder.h"
#include "preload/clock.h"
#include "preload/lock.h"
#include "preload/metadata.h"
#include "preload/profiling_state.h"
#include "preload/run_metadata.h"
#include "preload/writer_wake.h"

#include <pthread.h>
#include <signal.h>
#include <stdlib.h>

#define PERIOD_NS 50000000 /* at most this much of the host's events is in memory only */

static struct {
    pthread_mutex_t drain_lock; /* held by whoever writes */
    preload_settings settings;

    bool ready;  /* there is memory to write with */
    bool closed; /* the trace has its end mark; under drain_lock */
} writer = {.drain_lock = PTHREAD_MUTEX_INITIALIZER};

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

/* CUPTI hands out full buffers only: what is in a part-full one would be lost in a crash. Once more after the end of
 * profiling; requests that nobody watches are left in peace. */
static void flush_cupti_now_and_then(void) {
    static uint64_t flushed;
    static bool profiled = true;
    bool profiling = preload_profiling();
    if ((profiling || profiled) && preload_now() - flushed >= PERIOD_NS) {
        cupti_session_flush(false);
        flushed = preload_now();
        profiled = profiling;
    }
}

static void *writer_thread(void *unused) {
    (void)unused;
    while (!preload_writer_sleep(PERIOD_NS)) {
        preload_capture_check();
        flush_cupti_now_and_then();
        preload_lock(&writer.drain_lock);
        if (!writer.closed) {
            preload_chunk_encoder_drain();
        }
        preload_unlock(&writer.drain_lock);
        exit_after_last_thread();
    }
    return NULL;
}

static bool start_writer_thread(void) {
    preload_writer_wake_init();
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
    preload_writer_wake_running(running);
    return running;
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
    preload_writer_wake_stop();
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

void preload_writer_write(unsigned patience_ms) {
    if (writer.ready && !preload_locks_held && preload_lock_for(&writer.drain_lock, patience_ms)) {
        preload_chunk_encoder_drain();
        preload_unlock(&writer.drain_lock);
    }
}

void preload_writer_amend(unsigned patience_ms) {
    if (writer.ready && !preload_locks_held && preload_lock_for(&writer.drain_lock, patience_ms)) {
        preload_chunk_encoder_amend();
        preload_unlock(&writer.drain_lock);
    }
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
    preload_writer_wake_after_fork();
    pthread_mutex_init(&writer.drain_lock, NULL);
    preload_metadata_after_fork();
    writer.ready = writer.closed = false;
    preload_chunk_encoder_after_fork();
}
