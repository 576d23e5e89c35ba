/* Per-thread streams of host events: see thread.h. */
#include "preload/thread.h"

#include "preload/clock.h"
#include "preload/confinement.h"
#include "preload/lock.h"
#include "preload/page_alloc.h"
#include "preload/profiling_state.h"

#include <pthread.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

static struct {
    pthread_mutex_t lock; /* protects the list and the spare segments */
    _Atomic(preload_thread *) first;
    /* A fork may occur between any two steps; each step leaves these lists consistent. */
    _Atomic(preload_segment *) spare[2]; /* first segments, further segments */
    _Atomic(preload_thread *) spare_threads;
    uint32_t count;
    pthread_key_t key; /* its destructor reports the end of a thread */
    pthread_once_t once;
    bool have_key;
    atomic_uint_fast64_t lost, appended;
    atomic_bool short_of_memory;
    void (*on_end)(preload_thread *t);
} threads = {.lock = PTHREAD_MUTEX_INITIALIZER, .once = PTHREAD_ONCE_INIT};

static __thread preload_thread *self;
static __thread bool self_ended; /* this thread is ending */
static __thread unsigned
    refused_events; /* events for which no stream could be created; creation is retried from time to time */

/* Other destructors of thread-specific data may open ranges. The C library calls destructors in up to four rounds while
 * data is set: this one acts in the third. The last round is left to users that must be last, such as the runtimes of
 * sanitizers. */
#define END_ROUNDS 3u

static void on_thread_end(void *value) {
    preload_thread *t = value;
    if (++t->end_rounds < END_ROUNDS && pthread_setspecific(threads.key, t) == 0) {
        return;
    }
    if (threads.on_end) {
        threads.on_end(t);
    }
    preload_thread_end_cut_call(t);
    preload_thread_settle(t);
    self = NULL;
    self_ended = true;
    if (preload_may_open()) { /* else the key is not set */
        prctl(PR_GET_NAME, t->last_name);
    }
    atomic_store(&t->ended, true);
}

void preload_threads_init(void (*on_end)(preload_thread *t)) {
    threads.on_end = on_end;
}

static void make_thread_key(void) {
    threads.have_key = pthread_key_create(&threads.key, on_thread_end) == 0;
}

static preload_segment *acquire_segment(size_t bytes) {
    _Atomic(preload_segment *) *spare = &threads.spare[bytes == PRELOAD_SEGMENT_BYTES];
    preload_lock(&threads.lock);
    preload_segment *s = *spare;
    if (s) {
        *spare = atomic_load(&s->next);
        atomic_store(&s->next, NULL);
    }
    preload_unlock(&threads.lock);
    if (!s && (s = preload_page_alloc_map(bytes))) {
        s->capacity = PRELOAD_SEGMENT_EVENTS(bytes);
    }
    return s;
}

static void release_segment(preload_segment *s) {
    atomic_store(&s->count, 0);
    s->taken = 0;
    _Atomic(preload_segment *) *spare =
        &threads.spare[s->capacity == PRELOAD_SEGMENT_EVENTS(PRELOAD_SEGMENT_BYTES)];
    preload_lock(&threads.lock);
    atomic_store(&s->next, *spare);
    *spare = s;
    preload_unlock(&threads.lock);
}

static preload_thread *acquire_thread(void) {
    preload_lock(&threads.lock);
    preload_thread *t = threads.spare_threads;
    if (t) {
        threads.spare_threads = t->next;
    }
    preload_unlock(&threads.lock);
    if (!t) {
        return preload_page_alloc_map(sizeof *t);
    }
    memset(t, 0, sizeof *t);
    return t;
}

static void release_thread(preload_thread *t) {
    preload_lock(&threads.lock);
    t->next = threads.spare_threads;
    threads.spare_threads = t;
    preload_unlock(&threads.lock);
}

static preload_thread *make_own_stream(void) {
    pthread_once(&threads.once, make_thread_key);
    preload_thread *t = acquire_thread();
    preload_segment *s = t ? acquire_segment(PRELOAD_FIRST_BYTES) : NULL;
    if (!s) {
        if (t) {
            release_thread(t);
        }
        atomic_fetch_add(&threads.lost, 1);
        atomic_store(&threads.short_of_memory, true);
        refused_events++;
        return NULL;
    }
    refused_events = 0;
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
    if (self) {
        return self;
    }
    if (self_ended) {
        atomic_fetch_add(&threads.lost, 1);
        return NULL;
    }
    if (refused_events % 256 != 0) {
        refused_events++;
        atomic_fetch_add(&threads.lost, 1);
        return NULL;
    }
    preload_hold(); /* a signal handler creates no second stream */
    preload_thread *t = self ? self : make_own_stream();
    preload_release();
    return t;
}

preload_thread *preload_thread_known(void) {
    return self;
}

static trace_host_event *next_event_slot(preload_thread *t) {
    preload_segment *s = t->fill;
    uint32_t count = atomic_load_explicit(&s->count, memory_order_relaxed);
    if (count < s->capacity) {
        return &s->events[count];
    }
    preload_hold(); /* so that no handler jumps out in between */
    preload_segment *more = acquire_segment(PRELOAD_SEGMENT_BYTES);
    if (more) {
        t->fill = more;
        atomic_store_explicit(&s->next, more, memory_order_release);
    }
    preload_release();
    return more ? &more->events[0] : NULL;
}

static bool store_event(preload_thread *t, const trace_host_event *e) {
    trace_host_event *to = next_event_slot(t);
    if (to) {
        *to = *e;
        atomic_store_explicit(&t->fill->count, (unsigned)(to - t->fill->events) + 1, memory_order_release);
    }
    return to != NULL;
}

/* Appends pending events in order as far as there is room. Signals are blocked. */
static void settle_waiting_events(preload_thread *t) {
    unsigned done = 0;
    while (done < t->interrupting_count && store_event(t, &t->interrupting[done])) {
        done++;
    }
    t->interrupting_count -= done;
    memmove(t->interrupting, t->interrupting + done, t->interrupting_count * sizeof t->interrupting[0]);
    /* The backlog is younger than the events that remain there. */
    while (t->interrupting_count == 0 && t->backlog.count &&
           store_event(t, preload_pending_ranges_first(&t->backlog))) {
        atomic_fetch_sub(&threads.lost, 1);
        if (!preload_pending_ranges_settled(&t->backlog)) {
            preload_string_lost();
        }
    }
    t->unsettled = t->interrupting_count > 0 || t->backlog.count > 0;
}

/* Events that determine the nesting are kept, the others are lost. Signals are blocked. */
static void keep_or_lose_event(preload_thread *t, const trace_host_event *e) {
    if (!preload_pending_ranges_keep(&t->backlog, e)) {
        atomic_store(&threads.short_of_memory, true);
    }
    atomic_fetch_add(&threads.lost, 1);
    t->unsettled = t->interrupting_count > 0 || t->backlog.count > 0;
}

/* After the pending events. */
static bool settle_and_store_event(preload_thread *t, const trace_host_event *e) {
    preload_hold();
    settle_waiting_events(t);
    bool done = !t->unsettled && store_event(t, e);
    if (!done) {
        keep_or_lose_event(t, e);
    }
    preload_release();
    return done;
}

/* A signal handler's event during another append on the same thread. */
static bool queue_interrupting_event(preload_thread *t, const trace_host_event *e) {
    bool kept = false;
    preload_hold();
    if (preload_locks_held > 1) {
        atomic_fetch_add(&threads.lost, 1); /* the pending events are inconsistent, too */
    } else if (t->backlog.count == 0 && t->interrupting_count < PRELOAD_INTERRUPTING) {
        t->interrupting[t->interrupting_count++] = *e;
        t->unsettled = kept = true;
    } else {
        keep_or_lose_event(t, e);
    }
    preload_release();
    return kept;
}

bool preload_thread_append(preload_thread *t, const trace_host_event *e) {
    volatile uint64_t frame = 0;
    if (preload_is_reentry(&t->append)) {
        return queue_interrupting_event(t, e);
    }
    preload_enter(&t->append, &frame);
    bool done = (!t->unsettled && store_event(t, e)) || settle_and_store_event(t, e);
    preload_leave(&t->append);
    if (t->interrupting_count > 0) {
        preload_thread_settle(t);
    }
    return done;
}

void preload_thread_append_work(preload_thread *t, const char *function, uint32_t correlation) {
    trace_host_event e = {.kind = TRACE_HOST_API,
                          .time = preload_now(),
                          .name = preload_string_id(&t->names, function),
                          .correlation = correlation,
                          .no_result = true};
    preload_thread_append(t, &e);
}

void preload_thread_end_cut_call(preload_thread *t) {
    if (t->driver_call && t->driver_epoch != preload_profiling_epoch()) {
        t->driver_call = 0;
        if (t->call_correlation && t->call_correlation != t->told_correlation) {
            t->told_correlation = t->call_correlation;
            preload_thread_append_work(t, t->call_function, t->call_correlation);
        }
    }
}

bool preload_thread_offer(preload_thread *t, const trace_host_event *e) {
    volatile uint64_t frame = 0;
    bool done = false;
    if (!preload_is_reentry(&t->append)) {
        preload_hold();
        preload_enter(&t->append, &frame);
        settle_waiting_events(t);
        done = !t->unsettled && store_event(t, e);
        preload_leave(&t->append);
        preload_release();
    }
    return done;
}

void preload_thread_settle(preload_thread *t) {
    volatile uint64_t frame = 0;
    if (t->unsettled && !preload_is_reentry(&t->append)) {
        preload_hold();
        preload_enter(&t->append, &frame);
        settle_waiting_events(t);
        preload_leave(&t->append);
        preload_release();
    }
}

/* The largest difference in stack depth between the callbacks of two calls, or between a call and a handler that
 * interrupts it. */
#define CALLBACK_DEPTH 16384u

bool preload_thread_in_driver(const preload_thread *t, uint32_t call, uintptr_t here) {
    return t->driver_call && t->driver_epoch == preload_profiling_epoch() &&
           (here < t->driver_frame + (call == t->driver_call ? 0 : CALLBACK_DEPTH) ||
            preload_on_signal_stack());
}

bool preload_thread_in_cuda(const preload_thread *t) {
    return preload_is_reentry(&t->call) ||
           preload_thread_in_driver(t, 0, (uintptr_t)__builtin_frame_address(0));
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
        if (whole < s->capacity || !next) {
            return NULL;
        }
        t->drain = next;
        release_segment(s);
    }
}

void preload_thread_consume(preload_thread *t, uint32_t count) {
    t->drain->taken += count;
    atomic_fetch_add(&threads.appended, count);
}

static bool is_thread_finished(const preload_thread *t) {
    return atomic_load(&t->ended) && t->drain == t->fill && t->drain->taken == atomic_load(&t->drain->count);
}

/* Removes one finished thread from the list; NULL if there is none. */
static preload_thread *unlink_finished_thread(void) {
    preload_lock(&threads.lock);
    preload_thread *before = NULL;
    preload_thread *t = atomic_load(&threads.first);
    while (t && !is_thread_finished(t)) {
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
    for (preload_thread *t = unlink_finished_thread(); t; t = unlink_finished_thread()) {
        release_segment(t->drain);
        release_thread(t);
    }
}

void preload_threads_lose_event(void) {
    atomic_fetch_add(&threads.lost, 1);
}

uint64_t preload_threads_lost(void) {
    return atomic_load(&threads.lost);
}

bool preload_threads_short_of_memory(void) {
    return atomic_load(&threads.short_of_memory);
}

uint64_t preload_threads_events(void) {
    return atomic_load(&threads.appended);
}

/* Frees all but `last`. */
static void release_segments_before(preload_thread *t, preload_segment *last) {
    for (preload_segment *s = t->drain; s != last;) {
        preload_segment *next = atomic_load(&s->next);
        release_segment(s);
        s = next;
    }
    t->drain = last;
}

/* This thread may be in a call, or (if its handler forked) in an append. It keeps its stream, whose content belongs to the
 * parent. */
static void reset_own_stream(preload_thread *t) {
    release_segments_before(t, t->fill);
    t->fill->taken = atomic_load(&t->fill->count);
    t->next = NULL;
    t->index = threads.count++;
    t->tid = (uint32_t)syscall(SYS_gettid);
    t->announced = false;
    t->default_depth = t->other_depth = t->window_depth = t->request_depth = t->phase_depth = 0;
    t->call_correlation = t->driver_call = t->told_correlation = 0;
    t->backlog.count = 0;
    t->interrupting_count = 0;
    t->unsettled = false;
}

void preload_threads_after_fork(void) {
    pthread_mutex_init(&threads.lock, NULL);
    for (preload_thread *t = atomic_load(&threads.first); t; t = t->next) {
        if (t != self) {
            release_segments_before(t, NULL);
        }
    }
    threads.count = 0;
    if (self) {
        reset_own_stream(self);
    }
    atomic_store(&threads.first, self);
    atomic_store(&threads.lost, 0);
    atomic_store(&threads.short_of_memory, false);
    atomic_store(&threads.appended, 0);
    self_ended = false;
}
