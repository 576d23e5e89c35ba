/* The writer: see writer.h. Definitions (names, threads, queues, shapes) go into the file before the chunk
 * that uses them: each chunk is encoded aside first, which makes its definitions known, then definitions and
 * chunk are appended. */
#include "preload/writer.h"

#include "cupti/cupti_decode.h"
#include "cupti/cupti_session.h"
#include "preload/capture.h"
#include "preload/clock.h"
#include "preload/describe.h"
#include "preload/lock.h"
#include "preload/memory.h"
#include "preload/meta.h"
#include "preload/out.h"
#include "preload/thread.h"
#include "preload/trace_file.h"
#include "trace/trace.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PERIOD_NS     50000000 /* at most this much of the host's events is in memory only */
#define SCRATCH_BYTES (128u << 10)
#define PENDING_MAX   256

static struct {
    pthread_mutex_t drain_lock; /* held by whoever writes */
    pthread_mutex_t wake_lock;
    pthread_cond_t wake;
    bool awake, stop, running;
    preload_settings settings;

    uint8_t *scratch;
    bool ready;     /* there is memory to write with */
    bool finishing; /* nothing will be written later */
    uint32_t names_written;
    trace_queue queues[PENDING_MAX]; /* found while encoding, not written yet */
    trace_shape shapes[PENDING_MAX];
    size_t queue_count, shape_count;
    bool decoder_ready, devices_described;

    uint64_t untimed, undecoded, cpu_ns;
} writer = {.drain_lock = PTHREAD_MUTEX_INITIALIZER, .wake_lock = PTHREAD_MUTEX_INITIALIZER};

/* ---- appending ---- */

/* Chunks were given up. Names and other definitions may be among them: all of them are written again. */
static void on_given_up(void) {
    writer.names_written = 0;
    for (preload_thread *t = preload_thread_first(); t; t = t->next) {
        t->announced = false;
    }
    cupti_decode_forget();
    preload_meta_again();
}

/* Definitions are small and rare: each kind gets a chunk built on the stack. */
static bool append_names(void) {
    static uint8_t buf[TRACE_STRING_MAX + 4096];
    uint32_t count = preload_name_count();
    trace_chunk c;
    trace_chunk_begin(&c, buf, sizeof buf, TRACE_CHUNK_STRINGS, 0, 0);
    while (writer.names_written < count) {
        size_t len;
        const char *bytes = preload_name_get(writer.names_written + 1, &len);
        if (trace_put_string(&c, writer.names_written + 1, bytes, len)) {
            writer.names_written++;
        } else {
            if (!preload_out_append(&c)) {
                return false;
            }
            trace_chunk_begin(&c, buf, sizeof buf, TRACE_CHUNK_STRINGS, 0, 0);
        }
    }
    return preload_out_append(&c);
}

static bool append_queues_and_shapes(void) {
    static uint8_t buf[PENDING_MAX * TRACE_RECORD_MAX + TRACE_CHUNK_BYTES];
    trace_chunk c;
    trace_chunk_begin(&c, buf, sizeof buf, TRACE_CHUNK_QUEUES, 0, 0);
    for (size_t i = 0; i < writer.queue_count; i++) {
        trace_put_queue(&c, &writer.queues[i]);
    }
    bool kept = preload_out_append(&c);
    trace_chunk_begin(&c, buf, sizeof buf, TRACE_CHUNK_SHAPES, 0, 0);
    for (size_t i = 0; i < writer.shape_count; i++) {
        trace_put_shape(&c, &writer.shapes[i]);
    }
    kept = preload_out_append(&c) && kept;
    writer.queue_count = writer.shape_count = 0;
    return kept;
}

static void append_with_definitions(trace_chunk *c) {
    bool names = append_names();
    if (append_queues_and_shapes() && names) {
        preload_out_append(c);
    } else {
        preload_out_lose(c->len); /* what it refers to is not there */
    }
}

static void append_meta(void) {
    static uint8_t buf[48u << 10];
    trace_chunk c;
    preload_meta_take(&c, buf, sizeof buf);
    preload_out_append(&c);
}

/* ---- host events ---- */

static void announce(preload_thread *t) {
    uint8_t buf[TRACE_CHUNK_BYTES + TRACE_RECORD_MAX];
    char name[64] = "";
    preload_describe_thread(t->tid, name, sizeof name);
    if (!name[0] && atomic_load(&t->ended)) {
        memcpy(name, t->last_name, sizeof t->last_name);
    }
    trace_chunk c;
    trace_chunk_begin(&c, buf, sizeof buf, TRACE_CHUNK_THREADS, 0, 0);
    trace_put_thread(
        &c, &(trace_thread){.index = t->index, .tid = t->tid, .name = name, .name_len = strlen(name)});
    t->announced = preload_out_append(&c);
}

/* While the disk is full, events stay with their threads and records with CUPTI. When their memory gives out,
 * what is lost is lost there: whole ranges, and counted one by one. */
static bool may_take_more(void) {
    return writer.finishing || preload_out_ready();
}

static bool drain_thread(preload_thread *t) {
    bool any = false;
    uint32_t count;
    const trace_host_event *e;
    while (may_take_more() && (e = preload_thread_peek(t, &count))) {
        if (!t->announced) {
            announce(t);
        }
        trace_chunk c;
        trace_chunk_begin(&c, writer.scratch, SCRATCH_BYTES, TRACE_CHUNK_HOST, t->index, e->time);
        uint32_t done = 0;
        while (done < count && trace_put_host(&c, &e[done])) {
            done++;
        }
        append_with_definitions(&c);
        preload_thread_consume(t, done);
        any = true;
    }
    return any;
}

/* ---- GPU records ---- */

static uint32_t intern_kernel(const char *name) {
    return preload_name(NULL, name);
}

static void on_queue(const trace_queue *q) {
    writer.queues[writer.queue_count++] = *q;
}

static void on_shape(const trace_shape *s) {
    writer.shapes[writer.shape_count++] = *s;
}

static void begin_gpu_chunk(trace_chunk *c, uint64_t time) {
    trace_chunk_begin(c, writer.scratch, SCRATCH_BYTES, TRACE_CHUNK_GPU, 0, time);
}

static void encode_buffer(const cupti_buffer *buffer) {
    trace_chunk c;
    trace_gpu_event e;
    begin_gpu_chunk(&c, 0);
    for (void *record = NULL; cupti_session_next(buffer, &record);) {
        int rc = cupti_decode(record, &e);
        writer.undecoded += rc < 0;
        if (rc <= 0) {
            /* It may have defined a queue before it failed. */
            if (writer.queue_count == PENDING_MAX || writer.shape_count == PENDING_MAX) {
                append_with_definitions(&c);
                begin_gpu_chunk(&c, 0);
            }
            continue;
        }
        writer.untimed += !e.timed;
        if (c.records == 0) {
            begin_gpu_chunk(&c, e.start);
        }
        trace_put_gpu(&c, &e);
        bool full = c.cap - c.len < TRACE_RECORD_MAX || writer.queue_count == PENDING_MAX ||
                    writer.shape_count == PENDING_MAX;
        if (full) {
            append_with_definitions(&c);
            begin_gpu_chunk(&c, 0);
        }
    }
    append_with_definitions(&c);
}

static bool drain_gpu(void) {
    cupti_buffer buffer;
    bool any = false;
    while (may_take_more() && cupti_session_take(&buffer)) {
        if (!writer.decoder_ready) {
            cupti_decode_hooks hooks = {.intern = intern_kernel,
                                        .allocate = preload_memory_map,
                                        .queue = on_queue,
                                        .shape = on_shape};
            cupti_decode_init(&hooks, cupti_session_library()->version);
            writer.decoder_ready = true;
        }
        if (!writer.devices_described) {
            preload_describe_devices();
            writer.devices_described = true;
        }
        encode_buffer(&buffer);
        cupti_session_return(&buffer);
        any = true;
    }
    return any;
}

/* ---- counters ---- */

static void append_counters(void) {
    uint8_t buf[2048];
    trace_chunk c;
    trace_chunk_begin(&c, buf, sizeof buf, TRACE_CHUNK_COUNTERS, 0, 0);
    cupti_counts gpu = cupti_session_counts();
    trace_put_counter(&c, "cost.host_events", preload_threads_events());
    trace_put_counter(&c, "host.dropped", preload_threads_lost());
    trace_put_counter(&c, "gpu.buffers", gpu.buffers);
    trace_put_counter(&c, "gpu.dropped", gpu.dropped_records);
    trace_put_counter(&c, "gpu.buffers_dropped", gpu.refused_buffers);
    trace_put_counter(&c, "gpu.undecoded", writer.undecoded);
    trace_put_counter(&c, "gpu.untimed", writer.untimed);
    trace_put_counter(&c, "string.cut", preload_names_cut());
    trace_put_counter(&c, "string.lost", preload_names_lost());
    trace_put_counter(&c, "file.lost_bytes", preload_out_lost_bytes());
    trace_put_counter(&c, "cost.writer_cpu_ns", writer.cpu_ns);
    trace_put_counter(&c, "cost.memory_peak_bytes", preload_memory_used());
    trace_put_counter(&c, "cost.file_bytes", preload_file_bytes() + preload_out_waiting());
    uint64_t host_ns = preload_describe_cost(preload_threads_events());
    if (host_ns > 0) {
        trace_put_counter(&c, "cost.host_ns", host_ns);
    }
    preload_out_append(&c);
}

/* ---- one pass, and the thread that makes them ---- */

/* Under the drain lock. */
static void drain_all(void) {
    uint64_t begin = preload_clock_of(CLOCK_THREAD_CPUTIME_ID);
    append_meta();
    bool any = false;
    for (preload_thread *t = preload_thread_first(); t; t = t->next) {
        any |= drain_thread(t);
    }
    preload_threads_reap();
    any |= drain_gpu();
    writer.cpu_ns += preload_clock_of(CLOCK_THREAD_CPUTIME_ID) - begin;
    if (any) {
        append_counters();
        append_meta(); /* what the drain itself learned: devices, notes */
    }
    if (any || preload_file_exists()) {
        preload_out_flush();
    }
}

/* When the last thread of a process ends, the process exits with status 0. This thread must not be the one
 * that it waits for: once the main thread has ended and nobody else is left, twice in a row, it ends the
 * process as the last one would have. */
static void follow_the_last(void) {
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
    bool watched = true;
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
            bool watching = preload_capture_watching();
            if ((watching || watched) && preload_now() - flushed >= PERIOD_NS) {
                /* CUPTI hands out full buffers only: what is in a part-full one would be lost in a crash. */
                cupti_session_flush(false);
                flushed = preload_now();
                watched =
                    watching; /* once more after its end; requests that nobody watches are left in peace */
            }
            preload_lock(&writer.drain_lock);
            drain_all();
            preload_unlock(&writer.drain_lock);
            follow_the_last();
        }
    }
    return NULL;
}

static bool start_thread(void) {
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
    if (!writer.scratch) {
        writer.scratch = preload_memory_map(SCRATCH_BYTES);
    }
    writer.ready = preload_out_init(writer.settings.output, on_given_up) && writer.scratch;
    if (!writer.ready) {
        return false;
    }
    preload_describe_run(settings);
    bool running = start_thread();
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

static const char *end_reason;

static void append_end(const char *reason) {
    uint8_t buf[256];
    trace_chunk c;
    trace_chunk_begin(&c, buf, sizeof buf, TRACE_CHUNK_END, 0, 0);
    trace_put_end(&c, preload_now(), reason);
    preload_out_append(&c);
}

static void append_last(void) {
    append_counters();
    append_end(end_reason);
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
        end_reason = reason;
        writer.finishing = true;
        writer.devices_described |= !may_ask_cuda;
        drain_all();
        preload_out_finish(append_last);
        preload_swallow_signal(SIGXFSZ, pended);
        preload_unlock(&writer.drain_lock);
    }
    pthread_sigmask(SIG_SETMASK, &before, NULL);
}

/* ---- fork ---- */

/* Whoever drains may be waiting for the disk, and fork waits for neither: the child makes its own of all that
 * draining uses. What it uses beside that has locks of its own. */
static bool fork_has_drain_lock;

void preload_writer_lock(void) {
    fork_has_drain_lock = preload_trylock(&writer.drain_lock);
    preload_lock(&writer.wake_lock);
    preload_meta_lock();
}

void preload_writer_unlock(void) {
    preload_meta_unlock();
    preload_unlock(&writer.wake_lock);
    if (fork_has_drain_lock) {
        preload_unlock(&writer.drain_lock);
    }
}

void preload_writer_after_fork(void) {
    preload_meta_after_fork();
    preload_unlock(&writer.wake_lock);
    preload_lock_renew(&writer.drain_lock, fork_has_drain_lock);
    writer.awake = writer.stop = writer.running = writer.ready = writer.finishing = false;
    writer.names_written = 0;
    writer.queue_count = writer.shape_count = 0;
    writer.decoder_ready = writer.devices_described = false;
    writer.untimed = writer.undecoded = writer.cpu_ns = 0;
    preload_out_after_fork();
    preload_file_forget();
}
