/* Per-thread streams of host events: see thread.h. */
#include "preload/thread.h"

#include "preload/capture.h"
#include "preload/lock.h"
#include "preload/memory.h"

#include <pthread.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

static struct {
    pthread_mutex_t lock; /* of the list and of the spare segments */
    _Atomic(preload_thread *) first;
    preload_segment *spare;
    preload_thread *spare_threads;
    uint32_t count;
    pthread_key_t key; /* its destructor tells that a thread ends */
    pthread_once_t once;
    bool have_key;
    atomic_uint_fast64_t lost, appended;
} threads = {.lock = PTHREAD_MUTEX_INITIALIZER, .once = PTHREAD_ONCE_INIT};

static __thread preload_thread *self;
static __thread bool gone;        /* this thread is ending */
static __thread unsigned refused; /* events for which no stream could be made; tried again now and then */

static void on_thread_end(void *value) {
    preload_thread *t = value;
    preload_capture_thread_ends(t);
    preload_thread_settle(t);
    self = NULL;
    gone = true;
    prctl(PR_GET_NAME, t->last_name);
    atomic_store(&t->ended, true);
}

static void make_key(void) {
    threads.have_key = pthread_key_create(&threads.key, on_thread_end) == 0;
}

static preload_segment *segment_take(void) {
    preload_lock(&threads.lock);
    preload_segment *s = threads.spare;
    if (s) {
        threads.spare = atomic_load(&s->next);
        atomic_store(&s->next, NULL);
    }
    preload_unlock(&threads.lock);
    return s ? s : preload_memory_map(sizeof *s);
}

static void segment_give(preload_segment *s) {
    atomic_store(&s->count, 0);
    s->taken = 0;
    preload_lock(&threads.lock);
    atomic_store(&s->next, threads.spare);
    threads.spare = s;
    preload_unlock(&threads.lock);
}

static preload_thread *thread_take(void) {
    preload_lock(&threads.lock);
    preload_thread *t = threads.spare_threads;
    if (t) {
        threads.spare_threads = t->next;
    }
    preload_unlock(&threads.lock);
    if (!t) {
        return preload_memory_map(sizeof *t);
    }
    memset(t, 0, sizeof *t);
    return t;
}

static void thread_give(preload_thread *t) {
    preload_lock(&threads.lock);
    t->next = threads.spare_threads;
    threads.spare_threads = t;
    preload_unlock(&threads.lock);
}

/* Not again in a signal handler that interrupts it: it takes locks. */
static __thread bool making;

static preload_thread *make_self(void) {
    pthread_once(&threads.once, make_key);
    preload_thread *t = thread_take();
    preload_segment *s = t ? segment_take() : NULL;
    if (!s) {
        if (t) {
            thread_give(t);
        }
        atomic_fetch_add(&threads.lost, 1);
        refused++;
        return NULL;
    }
    refused = 0;
    t->tid = (uint32_t)syscall(SYS_gettid);
    t->fill = t->drain = s;
    if (threads.have_key) {
        pthread_setspecific(threads.key, t);
    }
    preload_lock(&threads.lock);
    t->index = threads.count++;
    t->next = atomic_load(&threads.first);
    atomic_store(&threads.first, t);
    preload_unlock(&threads.lock);
    self = t;
    return t;
}

preload_thread *preload_thread_self(void) {
    if (self || gone) {
        return self;
    }
    if (making || refused % 256 != 0) {
        refused += !making;
        atomic_fetch_add(&threads.lost, 1);
        return NULL;
    }
    making = true;
    preload_thread *t = make_self();
    making = false;
    return t;
}

preload_thread *preload_thread_known(void) {
    return self;
}

static trace_host_event *slot(preload_thread *t) {
    preload_segment *s = t->fill;
    uint32_t count = atomic_load_explicit(&s->count, memory_order_relaxed);
    if (count < PRELOAD_SEGMENT_EVENTS) {
        return &s->events[count];
    }
    preload_segment *more = segment_take();
    if (!more) {
        return NULL;
    }
    t->fill = more;
    atomic_store_explicit(&s->next, more, memory_order_release);
    return &more->events[0];
}

static bool put(preload_thread *t, const trace_host_event *e) {
    trace_host_event *to = slot(t);
    if (to) {
        *to = *e;
        atomic_store_explicit(&t->fill->count, (unsigned)(to - t->fill->events) + 1, memory_order_release);
    }
    return to != NULL;
}

/* Appends, or what decides the nesting waits. */
static bool put_or_keep(preload_thread *t, const trace_host_event *e) {
    if (t->backlog.count == 0 && put(t, e)) {
        return true;
    }
    preload_backlog_keep(&t->backlog, e);
    atomic_fetch_add(&threads.lost, 1);
    return false;
}

/* Appends what waits, in its order, as far as there is room. */
static void settle(preload_thread *t) {
    t->unsettled = false; /* before all else: a handler may set it meanwhile */
    atomic_signal_fence(memory_order_seq_cst);
    while (t->backlog.count && put(t, preload_backlog_first(&t->backlog))) {
        atomic_fetch_sub(&threads.lost, 1);
        if (!preload_backlog_settled(&t->backlog)) {
            preload_name_lost();
        }
    }
    for (unsigned done = 0, count; (count = atomic_load(&t->interrupting_count)) > 0;) {
        for (; done < count; done++) {
            put_or_keep(t, &t->interrupting[done]);
        }
        if (atomic_compare_exchange_strong(&t->interrupting_count, &count, 0)) {
            break;
        }
    }
    if (t->backlog.count > 0) {
        t->unsettled = true;
    }
}

/* A signal handler's event, in the midst of another append on the same thread. */
static bool set_aside(preload_thread *t, const trace_host_event *e) {
    unsigned at = atomic_load(&t->interrupting_count);
    if (at == PRELOAD_INTERRUPTING) {
        atomic_fetch_add(&threads.lost, 1);
        return false;
    }
    t->interrupting[at] = *e;
    atomic_store(&t->interrupting_count, at + 1);
    t->unsettled = true;
    return true;
}

bool preload_thread_append(preload_thread *t, const trace_host_event *e) {
    if (t->busy) {
        return set_aside(t, e);
    }
    t->busy = true;
    atomic_signal_fence(memory_order_seq_cst);
    bool done = !t->unsettled && put(t, e);
    if (!done) {
        settle(t);
        done = put_or_keep(t, e);
        t->unsettled |= !done;
    }
    atomic_signal_fence(memory_order_seq_cst);
    t->busy = false;
    return done;
}

void preload_thread_settle(preload_thread *t) {
    if (t->unsettled && !t->busy) {
        t->busy = true;
        atomic_signal_fence(memory_order_seq_cst);
        settle(t);
        atomic_signal_fence(memory_order_seq_cst);
        t->busy = false;
    }
}

preload_thread *preload_thread_first(void) {
    return atomic_load(&threads.first);
}

const trace_host_event *preload_thread_peek(preload_thread *t, uint32_t *count) {
    for (;;) {
        preload_segment *s = t->drain;
        uint32_t whole = atomic_load_explicit(&s->count, memory_order_acquire);
        if (s->taken < whole) {
            *count = whole - s->taken;
            return &s->events[s->taken];
        }
        preload_segment *next = atomic_load_explicit(&s->next, memory_order_acquire);
        if (whole < PRELOAD_SEGMENT_EVENTS || !next) {
            return NULL;
        }
        t->drain = next;
        segment_give(s);
    }
}

void preload_thread_consume(preload_thread *t, uint32_t count) {
    t->drain->taken += count;
    atomic_fetch_add(&threads.appended, count);
}

static bool finished(const preload_thread *t) {
    return atomic_load(&t->ended) && t->drain == t->fill && t->drain->taken == atomic_load(&t->drain->count);
}

/* Takes one finished thread off the list; NULL when there is none. */
static preload_thread *unlink_finished(void) {
    preload_lock(&threads.lock);
    preload_thread *before = NULL;
    preload_thread *t = atomic_load(&threads.first);
    while (t && !finished(t)) {
        before = t;
        t = t->next;
    }
    if (t && before) {
        before->next = t->next;
    } else if (t) {
        atomic_store(&threads.first, t->next);
    }
    preload_unlock(&threads.lock);
    return t;
}

void preload_threads_reap(void) {
    for (preload_thread *t = unlink_finished(); t; t = unlink_finished()) {
        segment_give(t->drain);
        thread_give(t);
    }
}

uint64_t preload_threads_lost(void) {
    return atomic_load(&threads.lost);
}

uint64_t preload_threads_events(void) {
    return atomic_load(&threads.appended);
}

void preload_threads_lock(void) {
    preload_lock(&threads.lock);
}

void preload_threads_unlock(void) {
    preload_unlock(&threads.lock);
}

static void give_all_segments(preload_thread *t) {
    for (preload_segment *s = t->drain; s;) {
        preload_segment *next = atomic_load(&s->next);
        segment_give(s);
        s = next;
    }
}

void preload_threads_after_fork(void) {
    preload_threads_unlock();
    for (preload_thread *t = atomic_load(&threads.first); t; t = t->next) {
        give_all_segments(t);
        /* This thread's end is still told with its old stream, of which nothing is left. */
        t->window_depth = 0;
        t->backlog.count = 0;
        atomic_store(&t->interrupting_count, 0);
        t->unsettled = false;
    }
    atomic_store(&threads.first, NULL);
    atomic_store(&threads.lost, 0);
    atomic_store(&threads.appended, 0);
    threads.count = 0;
    self = NULL;
    gone = false;
}
