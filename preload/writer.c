/* The writer: see writer.h. */
#include "preload/writer.h"

#include "cupti/cupti_session.h"
#include "preload/capture.h"
#include "preload/chunk_encoder.h"
#include "preload/clock.h"
#include "preload/confinement.h"
#include "preload/lock.h"
#include "preload/metadata.h"
#include "preload/profiling_state.h"
#include "preload/run_metadata.h"
#include "preload/trace_file.h"
#include "preload/writer_wake.h"

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define PERIOD_NS 50000000 /* limit of host events that are in memory only */

static struct {
    pthread_mutex_t drain_lock; /* held while writing */
    preload_settings settings;

    bool running; /* a thread exists */
    atomic_int tid;
    atomic_uint flushes_wanted, flushes_done;
    atomic_uint generation; /* another one: the thread of the one before ends, and the recording goes on */
    bool ready;             /* there is memory to write with */
    bool closed;            /* the trace has its end mark; under drain_lock */
} writer = {.drain_lock = PTHREAD_MUTEX_INITIALIZER};

/* A process exits with status 0 when its last thread ends, and this thread must not keep it alive. When the main thread
 * has ended and no other thread is left in two consecutive checks, it ends the process with that status. */
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

/* CUPTI delivers full buffers only: a crash would lose the records of a partly filled buffer. Flushes once after the end
 * of profiling, too, but not during unprofiled requests, which must not be slowed down. */
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

static void flush_cupti_if_wanted(void) {
    unsigned wanted = atomic_load(&writer.flushes_wanted);
    if (wanted != atomic_load(&writer.flushes_done)) {
        cupti_session_deliver();
        atomic_store(&writer.flushes_done, wanted);
    }
}

static void drain_unless_closed(void) {
    preload_lock(&writer.drain_lock);
    if (!writer.closed) {
        preload_chunk_encoder_drain();
    }
    preload_unlock(&writer.drain_lock);
}

static void *writer_thread(void *unused) {
    (void)unused;
    unsigned own = atomic_load(&writer.generation);
    atomic_store(&writer.tid, (int)syscall(SYS_gettid));
    prctl(PR_SET_NAME,
          "moetrace"); /* reading it from another thread takes a file of /proc, which a filter may forbid */
    while (!preload_writer_sleep(PERIOD_NS) && atomic_load(&writer.generation) == own) {
        flush_cupti_if_wanted();
        preload_capture_check();
        flush_cupti_now_and_then();
        drain_unless_closed();
        exit_after_last_thread();
    }
    if (atomic_load(&writer.generation) != own) {
        drain_unless_closed();
    }
    return NULL;
}

static bool start_writer_thread(void) {
    preload_writer_wake_init();
    /* No signal of the target is handled on this thread. */
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
    return rc == 0;
}

bool preload_writer_init(const preload_settings *settings) {
    writer.settings = *settings;
    writer.ready = preload_chunk_encoder_init(writer.settings.output);
    if (writer.ready) {
        preload_describe_run(settings);
    }
    return writer.ready;
}

/* Memory may have become available. */
static void init_again(void) {
    if (!writer.ready && writer.settings.output[0]) {
        preload_writer_init(&writer.settings);
    }
}

bool preload_writer_start(void) {
    init_again();
    if (writer.ready && !writer.running && preload_may_make_threads()) {
        writer.running = start_writer_thread();
        preload_writer_wake_running(writer.running);
    }
    return writer.running;
}

/* The thread counts until the kernel has removed it. */
static bool await_thread_gone(int tid, unsigned patience_ms) {
    struct timespec pause = {.tv_nsec = 50000};
    uint64_t begin = preload_now();
    bool gone = false;
    while (!(gone = syscall(SYS_tgkill, getpid(), tid, 0) != 0) &&
           preload_now() - begin < patience_ms * (uint64_t)1000000) {
        syscall(SYS_nanosleep, &pause, NULL);
    }
    return gone;
}

void preload_writer_end(unsigned patience_ms) {
    int tid = atomic_load(&writer.tid);
    if (writer.running && tid != 0 && !preload_locks_held) {
        atomic_fetch_add(&writer.generation, 1);
        preload_writer_wake();
        if (await_thread_gone(tid, patience_ms)) {
            preload_lock(&writer.drain_lock); /* its effects are visible here */
            preload_unlock(&writer.drain_lock);
        }
        writer.running = false;
        atomic_store(&writer.tid, 0);
        preload_writer_wake_running(false);
    }
}

void preload_writer_flush_cupti(unsigned patience_ms) {
    struct timespec pause = {.tv_nsec = 50000};
    uint64_t begin = preload_now();
    if (atomic_load(&writer.tid) == 0) {
        return;
    }
    unsigned wanted = atomic_fetch_add(&writer.flushes_wanted, 1) + 1;
    preload_writer_wake();
    while ((int)(atomic_load(&writer.flushes_done) - wanted) < 0 &&
           preload_now() - begin < patience_ms * (uint64_t)1000000) {
        syscall(SYS_nanosleep, &pause, NULL);
    }
}

/* Under drain_lock. */
static void reopen_if_closed(void) {
    if (writer.closed) {
        preload_chunk_encoder_reopen();
        writer.closed = false;
    }
}

typedef struct {
    sigset_t signals;
    bool pended;
} write_guard;

/* Becomes the writer. A file size limit raises a signal in the thread that writes. */
static bool enter_writing(write_guard *guard, unsigned patience_ms) {
    if (!writer.ready) {
        return false;
    }
    preload_block_signals(&guard->signals);
    guard->pended = preload_signal_pends(SIGXFSZ);
    if (preload_lock_for(&writer.drain_lock, patience_ms)) {
        return true;
    }
    pthread_sigmask(SIG_SETMASK, &guard->signals, NULL);
    return false;
}

static void leave_writing(const write_guard *guard) {
    preload_swallow_signal(SIGXFSZ, guard->pended);
    preload_unlock(&writer.drain_lock);
    pthread_sigmask(SIG_SETMASK, &guard->signals, NULL);
}

void preload_writer_finish(const char *reason, unsigned patience_ms, bool may_ask_cuda) {
    write_guard guard;
    /* A signal handler may end the process. If it interrupted the recorder on this thread, the writer cannot get its
     * locks: the trace ends with what has been written. */
    if (preload_locks_held || cupti_session_locked()) {
        return;
    }
    init_again();
    preload_writer_wake_stop();
    if (enter_writing(&guard, patience_ms)) {
        reopen_if_closed();
        preload_chunk_encoder_finish(reason, may_ask_cuda);
        leave_writing(&guard);
    }
}

void preload_writer_write(unsigned patience_ms) {
    write_guard guard;
    if (!preload_locks_held && enter_writing(&guard, patience_ms)) {
        preload_chunk_encoder_drain();
        leave_writing(&guard);
    }
}

void preload_writer_keep_file(unsigned patience_ms) {
    write_guard guard;
    if (!preload_locks_held && enter_writing(&guard, patience_ms)) {
        preload_chunk_encoder_drain();
        preload_file_keep();
        leave_writing(&guard);
    }
}

void preload_writer_amend(unsigned patience_ms) {
    write_guard guard;
    if (!preload_locks_held && enter_writing(&guard, patience_ms)) {
        preload_chunk_encoder_amend();
        leave_writing(&guard);
    }
}

bool preload_writer_close(const char *reason, unsigned patience_ms) {
    bool closed = false;
    write_guard guard;
    if (enter_writing(&guard, patience_ms)) {
        if (!writer.closed) {
            closed = writer.closed = preload_chunk_encoder_close(reason);
        }
        leave_writing(&guard);
    }
    return closed;
}

void preload_writer_reopen(void) {
    preload_lock(&writer.drain_lock);
    reopen_if_closed();
    preload_unlock(&writer.drain_lock);
}

/* ---- fork ---- */

/* The writing thread may be waiting for the disk, and fork does not wait for it: the child recreates everything that writing uses. */
void preload_writer_after_fork(void) {
    preload_writer_wake_after_fork();
    pthread_mutex_init(&writer.drain_lock, NULL);
    preload_metadata_after_fork();
    writer.ready = writer.closed = writer.running = false;
    atomic_store(&writer.tid, 0);
    atomic_store(&writer.flushes_done, atomic_load(&writer.flushes_wanted));
    preload_chunk_encoder_after_fork();
}
