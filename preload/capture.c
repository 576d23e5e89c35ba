/* Which part of the run is profiled: see capture.h. */
#include "preload/capture.h"

#include "cupti/cupti_session.h"
#include "preload/cancel_guard.h"
#include "preload/clock.h"
#include "preload/lock.h"
#include "preload/metadata.h"
#include "preload/profiling_state.h"
#include "preload/recorder_state.h"
#include "preload/writer_wake.h"
#include "trace/settings.h"

#include <fnmatch.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

enum { UNKNOWN, NEITHER, REQUEST, WINDOW };

/* The kind of each name is cached for the first names, which are the most frequent. */
#define REMEMBERED 65536u

/* The target's explicit request to profile or not, which takes precedence over all requests. */
enum { NOTHING, SAID_ON, SAID_OFF };

/* Pending marks, oldest first, which no thread's stream had room for. */
#define DUE_MAX 64u
typedef struct {
    uint64_t time;
    const char *name;
} due_mark;

static struct {
    preload_settings settings;
    void (*refuse)(const char *problem);
    atomic_uchar kind_of[REMEMBERED];
    const char *_Atomic refused; /* CUPTI's error, which is handled after the lock is released */

    atomic_bool profiler_on; /* not paused */
    atomic_int said;
    atomic_uint windows;            /* open ranges, over all threads, that match --capture-range */
    atomic_bool request_profiled;   /* the latest request is profiled */
    atomic_uint_fast64_t beginning; /* time at which the recording began; 0 after it was marked */
    atomic_uint requests;
    atomic_uint asked; /* number of changes of a condition, with or without the lock */
    atomic_bool left;  /* work is left to the writer */
    atomic_uint due_count;

    pthread_mutex_t lock; /* protects the following members and switching */
    due_mark due[DUE_MAX];
    bool begun;           /* the recording has begun */
    bool gone;            /* GPU work cannot be recorded, or no longer */
    bool yielded;         /* another tool uses CUPTI */
    bool touched;         /* CUPTI's records were enabled at least once */
    atomic_bool expired;  /* the time limit has expired */
    uint64_t first_check; /* time of the first check */
} capture = {.lock = PTHREAD_MUTEX_INITIALIZER};

/* Whether the conditions ask for profiling. */
static bool is_profiling_wanted(void) {
    int said = atomic_load(&capture.said);
    bool request = said == NOTHING ? atomic_load(&capture.request_profiled) : said == SAID_ON;
    return atomic_load(&capture.profiler_on) && request && !atomic_load(&capture.expired) &&
           (capture.settings.capture_range[0] == 0 || atomic_load(&capture.windows) > 0);
}

void preload_capture_init(const preload_settings *settings, void (*refuse)(const char *problem)) {
    capture.settings = *settings;
    capture.refuse = refuse;
    atomic_store(&capture.profiler_on, !settings->start_paused);
    atomic_store(&capture.request_profiled,
                 settings->capture != PRELOAD_CAPTURE_ALTERNATE || settings->level == PRELOAD_PHASES);
    preload_profiling_init(is_profiling_wanted());
}

/* ---- marks; the lock is held ---- */

/* Readers use the times of marks; the thread whose stream holds a mark does not matter. */
static void add_due_mark(const char *name, uint64_t time) {
    unsigned count = atomic_load(&capture.due_count);
    if (count < DUE_MAX) {
        capture.due[count] = (due_mark){time, name};
        atomic_store(&capture.due_count, count + 1);
    }
}

static void make_due_marks(preload_thread *t) {
    static atomic_uint domain;
    unsigned made = 0, count = atomic_load(&capture.due_count);
    for (; t && made < count; made++) {
        trace_host_event e = {.kind = TRACE_HOST_MARK,
                              .time = capture.due[made].time,
                              .domain = preload_string_once(&domain, TRACE_PROFILING_DOMAIN),
                              .name = preload_string_id(&t->names, capture.due[made].name)};
        if (!e.domain || !e.name || !preload_thread_offer(t, &e)) {
            break;
        }
    }
    memmove(capture.due, capture.due + made, (count - made) * sizeof capture.due[0]);
    atomic_store(&capture.due_count, count - made);
}

static void mark_recording_begin(void) {
    uint64_t time = atomic_exchange(&capture.beginning, 0);
    if (time && capture.settings.level != PRELOAD_PHASES) {
        capture.begun = true;
        if (capture.gone || !preload_profiling()) {
            add_due_mark(TRACE_PROFILING_OFF, time);
        }
        if (capture.yielded) {
            add_due_mark(TRACE_PROFILING_YIELDED, time);
        }
    }
}

/* ---- switching; the lock is held ---- */

/* Returns the problem, or NULL. */
static const char *switch_cupti(bool on) {
    if (on && !capture.touched && cupti_session_active()) {
        char text[24];
        snprintf(text, sizeof text, "%" PRIu64, preload_now());
        preload_metadata_set(TRACE_FIRST_PROFILED, text);
        capture.touched = true;
    }
    return cupti_session_profile(on);
}

/* Makes CUPTI and the flag match the conditions. CUPTI may wait for callbacks that other threads are in; none of them
 * waits for this lock. Nothing is switched if the mark has no room. */
static bool apply_conditions(void) {
    bool on = is_profiling_wanted();
    if (on == preload_profiling() || atomic_load(&capture.due_count) == DUE_MAX) {
        return false;
    }
    /* Profiling is complete between the marks: the end is marked before switching off, the beginning after switching on. */
    uint64_t time = preload_now();
    if (on) {
        const char *problem = switch_cupti(true);
        if (problem) {
            capture.gone = true;
            atomic_store(&capture.refused, problem);
        }
        time = preload_now();
    }
    preload_profiling_change(on);
    if (!on) {
        switch_cupti(false);
    }
    if (!capture.gone) {
        add_due_mark(on ? TRACE_PROFILING_ON : TRACE_PROFILING_OFF, time);
    }
    return true;
}

/* Called by every holder of the lock at the end: applies all conditions, including those that others changed without
 * getting the lock. `t` may be NULL. */
static bool settle_and_unlock(preload_thread *t) {
    bool switched = false;
    for (;;) {
        unsigned asked = atomic_load(&capture.asked);
        mark_recording_begin();
        switched |= apply_conditions();
        make_due_marks(t);
        preload_unlock(&capture.lock);
        const char *problem = atomic_exchange(&capture.refused, NULL);
        if (problem) {
            capture.refuse(problem);
        }
        if (atomic_load(&capture.asked) == asked || !preload_trylock(&capture.lock)) {
            return switched;
        }
    }
}

/* A condition was changed without the lock. The holder checks the conditions again before it releases the lock. */
static bool settle_unless_locked(preload_thread *t) {
    atomic_fetch_add(&capture.asked, 1);
    return preload_trylock(&capture.lock) && settle_and_unlock(t);
}

/* A signal handler may have interrupted a thread that holds the allocator's lock, and CUPTI waits for that lock while it
 * is switched. Code that may run in a handler therefore waits for a limited time, and the holder of the lock completes the
 * rest. */
#define PATIENCE_MS 100u

static bool settle_in_time(preload_thread *t) {
    atomic_fetch_add(&capture.asked, 1);
    return preload_lock_for(&capture.lock, PATIENCE_MS) && settle_and_unlock(t);
}

/* The same for a thread that may be inside a CUDA call, interrupted by a signal handler: CUDA must not be re-entered, and
 * others may wait for its locks. */
static bool settle_outside_cuda(preload_thread *t) {
    if (preload_thread_in_cuda(t)) {
        atomic_store(&capture.left, true);
        preload_writer_wake();
        return false;
    }
    return settle_in_time(t);
}

void preload_capture_begin(preload_thread *t, uint64_t time) {
    atomic_store(&capture.beginning, time);
    settle_unless_locked(t); /* this may be a callback of CUPTI */
}

static bool is_name_like(const char *glob, uint32_t name) {
    char text[256];
    return preload_string_copy(name, text, sizeof text) && fnmatch(glob, text, 0) == 0;
}

static int kind_of_name(uint32_t name) {
    int kind =
        name < REMEMBERED ? atomic_load_explicit(&capture.kind_of[name], memory_order_relaxed) : UNKNOWN;
    if (kind == UNKNOWN) {
        const preload_settings *s = &capture.settings;
        kind = NEITHER;
        if (name && s->capture_range[0] && is_name_like(s->capture_range, name)) {
            kind = WINDOW;
        } else if (name && s->capture != PRELOAD_CAPTURE_ALL && s->level != PRELOAD_PHASES &&
                   is_name_like(s->request, name)) {
            kind = REQUEST;
        }
        if (name < REMEMBERED) {
            atomic_store_explicit(&capture.kind_of[name], (unsigned char)kind, memory_order_relaxed);
        }
    }
    return kind;
}

bool preload_capture_push(preload_thread *t, uint32_t name) {
    int kind = kind_of_name(name);
    bool request = kind == REQUEST && atomic_load(&capture.said) == NOTHING && !t->request_depth &&
                   !preload_thread_in_cuda(t);
    if (!request && (kind != WINDOW || t->window_depth)) {
        return false;
    }
    bool switched;
    preload_cancel_guard guard = preload_cancel_guard_enter();
    if (request) {
        t->request_depth = t->default_depth + 1;
        /* Unprofiled and profiled requests alternate, beginning with an unprofiled one, so that neighbours can be compared
         * in pairs. */
        atomic_store(&capture.request_profiled, atomic_fetch_add(&capture.requests, 1) % 2 == 1);
        switched = settle_in_time(t);
    } else {
        t->window_depth = t->default_depth + 1;
        atomic_fetch_add(&capture.windows, 1);
        switched = settle_outside_cuda(t);
    }
    preload_cancel_guard_leave(&guard);
    return switched;
}

static void close_window(preload_thread *t) {
    preload_cancel_guard guard = preload_cancel_guard_enter();
    t->window_depth = 0;
    atomic_fetch_sub(&capture.windows, 1);
    settle_outside_cuda(t);
    preload_cancel_guard_leave(&guard);
}

void preload_capture_pop(preload_thread *t) {
    if (t->request_depth && t->default_depth < t->request_depth) {
        t->request_depth = 0;
    }
    if (t->window_depth && t->default_depth < t->window_depth) {
        close_window(t);
    }
}

void preload_capture_thread_ends(preload_thread *t) {
    if (t->window_depth) {
        close_window(t);
    }
}

void preload_capture_profiler(bool start, bool in_callback) {
    if (!capture.settings.start_paused) {
        return;
    }
    preload_thread *t = preload_recorder_thread();
    preload_cancel_guard guard = preload_cancel_guard_enter();
    atomic_store(&capture.profiler_on, start);
    if (in_callback) {
        settle_unless_locked(t); /* the holder of the lock may be waiting for this callback to return */
    } else {
        settle_in_time(t);
    }
    preload_cancel_guard_leave(&guard);
}

void preload_capture_notified(preload_thread *t, bool on) {
    if (capture.settings.capture != PRELOAD_CAPTURE_AUTO || capture.settings.level == PRELOAD_PHASES) {
        return;
    }
    preload_cancel_guard guard = preload_cancel_guard_enter();
    atomic_store(&capture.said, on ? SAID_ON : SAID_OFF);
    settle_outside_cuda(t);
    preload_cancel_guard_leave(&guard);
}

void preload_capture_gone(preload_thread *t, bool yielded) {
    preload_lock(&capture.lock);
    mark_recording_begin();
    if (capture.begun && !capture.gone && preload_profiling()) {
        add_due_mark(TRACE_PROFILING_OFF, preload_now());
    }
    if (capture.begun && yielded && !capture.yielded) {
        add_due_mark(TRACE_PROFILING_YIELDED, preload_now());
    }
    capture.gone = true;
    capture.yielded = capture.yielded || yielded;
    cupti_session_close(); /* with the lock held, so that no thread switches it meanwhile or later */
    settle_and_unlock(t);
}

const char *preload_capture_session_begun(preload_thread *t) {
    preload_lock(&capture.lock);
    const char *problem = switch_cupti(preload_profiling());
    settle_and_unlock(t);
    return problem;
}

/* Returns whether the time limit has expired in this call. */
static bool has_time_limit_come(void) {
    if (capture.settings.time_limit_ns == 0 || atomic_load(&capture.expired)) {
        return false;
    }
    uint64_t now = preload_now();
    capture.first_check = capture.first_check ? capture.first_check : now;
    atomic_store(&capture.expired, now - capture.first_check >= capture.settings.time_limit_ns);
    return atomic_load(&capture.expired);
}

void preload_capture_check(void) {
    if (atomic_exchange(&capture.left, false) || has_time_limit_come() ||
        atomic_load(&capture.due_count) > 0) {
        preload_thread *t = preload_recorder_thread();
        preload_lock(&capture.lock);
        settle_and_unlock(t);
    }
}

void preload_capture_stop(preload_thread *t) {
    preload_lock(&capture.lock);
    make_due_marks(t);
    capture.gone = true;
    cupti_session_close();
    preload_unlock(&capture.lock);
}

void preload_capture_after_fork(void) {
    pthread_mutex_init(&capture.lock, NULL); /* fork does not wait for a thread that is switching */
    atomic_store(&capture.windows, 0);
    atomic_store(&capture.due_count, 0);
    atomic_store(&capture.beginning, 0);
    atomic_store(&capture.refused, NULL);
    atomic_store(&capture.left, false);
    capture.begun = capture.gone = capture.yielded = false;
    preload_profiling_init(is_profiling_wanted());
}
