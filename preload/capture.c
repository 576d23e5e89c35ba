/* Which part of the run is watched: see capture.h. */
#include "preload/capture.h"

#include "cupti/cupti_session.h"
#include "preload/clock.h"
#include "preload/guard.h"
#include "preload/lock.h"
#include "preload/meta.h"
#include "preload/recorder.h"
#include "trace/settings.h"

#include <fnmatch.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

enum { UNKNOWN, NEITHER, REQUEST, WINDOW };

/* What a name is, remembered for the first names, which are most of them. */
#define REMEMBERED 65536u

static struct {
    preload_settings settings;
    atomic_uint epoch;
    atomic_bool watching; /* what the conditions below come to */
    atomic_uchar kind_of[REMEMBERED];
    atomic_bool directed;        /* the target says itself when to watch */
    const char *_Atomic refused; /* what CUPTI said, to be dealt with when the lock is open */

    atomic_bool profiler_on; /* not paused */
    atomic_uint profiler_calls;
    pthread_mutex_t lock; /* of what follows, and of switching */
    bool gone;            /* GPU work cannot be recorded, or not any more */
    bool touched;         /* CUPTI's records were switched on once */
    bool request_watched; /* the latest request is one that is watched, or the target said so */
    bool expired;         /* the time limit has come */
    uint64_t requests;
    uint32_t windows; /* ranges that --capture-range names and that are open, over all threads */
    uint64_t begun;   /* time of the first check */
} capture = {.lock = PTHREAD_MUTEX_INITIALIZER};

/* Under the lock: what the conditions come to. */
static bool wanted(void) {
    return atomic_load(&capture.profiler_on) && capture.request_watched && !capture.expired &&
           (capture.settings.capture_range[0] == 0 || capture.windows > 0);
}

void preload_capture_init(const preload_settings *settings) {
    capture.settings = *settings;
    atomic_store(&capture.profiler_on, !settings->start_paused);
    capture.request_watched =
        settings->capture != PRELOAD_CAPTURE_ALTERNATE || settings->level == PRELOAD_PHASES;
    atomic_store(&capture.watching, wanted());
}

bool preload_capture_watching(void) {
    return atomic_load_explicit(&capture.watching, memory_order_relaxed);
}

uint32_t preload_capture_epoch(void) {
    return atomic_load_explicit(&capture.epoch, memory_order_relaxed);
}

static void mark(preload_thread *t, bool on, uint64_t time) {
    trace_host_event e = {.kind = TRACE_HOST_MARK,
                          .time = time,
                          .domain = preload_name(&t->names, TRACE_WATCH_DOMAIN),
                          .name = preload_name(&t->names, on ? TRACE_WATCH_ON : TRACE_WATCH_OFF)};
    preload_thread_append(t, &e);
}

void preload_capture_begin(preload_thread *t, uint64_t time) {
    preload_lock(&capture.lock);
    if ((capture.gone || !preload_capture_watching()) && capture.settings.level != PRELOAD_PHASES) {
        mark(t, false, time);
    }
    preload_unlock(&capture.lock);
}

/* Under the lock. What is wrong, or NULL. */
static const char *switch_cupti(bool on) {
    if (on && !capture.touched && cupti_session_active()) {
        char text[24];
        snprintf(text, sizeof text, "%" PRIu64, preload_now());
        preload_meta_set(TRACE_FIRST_WATCH, text);
        capture.touched = true;
    }
    return cupti_session_watch(on);
}

/* Under the lock: brings CUPTI and the flag in line with the conditions. CUPTI calls back nothing that takes
 * this lock. */
static bool apply(preload_thread *t) {
    bool on = wanted();
    if (on == atomic_load(&capture.watching)) {
        return false;
    }
    uint64_t time =
        preload_now(); /* an end is marked before it, a beginning after it: between the marks all is there */
    if (on) {
        const char *problem = switch_cupti(true);
        if (problem) {
            capture.gone = true;
            atomic_store(&capture.refused, problem);
        }
        time = preload_now();
    }
    atomic_fetch_add(&capture.epoch, 1);
    atomic_store(&capture.watching, on);
    if (!on) {
        switch_cupti(false);
    }
    if (t && !capture.gone) {
        mark(t, on, time);
    }
    return true;
}

/* Ends what began with the lock: brings all in line, also with what a callback of CUPTI's left to us. */
static bool settle_and_unlock(preload_thread *t) {
    bool switched = false;
    for (;;) {
        unsigned calls = atomic_load(&capture.profiler_calls);
        switched |= apply(t);
        preload_unlock(&capture.lock);
        const char *problem = atomic_exchange(&capture.refused, NULL);
        if (problem) {
            preload_recorder_cupti_refused(problem);
        }
        if (atomic_load(&capture.profiler_calls) == calls || !preload_trylock(&capture.lock)) {
            return switched;
        }
    }
}

static bool matches(const char *glob, uint32_t name) {
    char text[256];
    size_t len = 0;
    const char *bytes = name <= preload_name_count() ? preload_name_get(name, &len) : NULL;
    if (!bytes || len >= sizeof text) {
        return false;
    }
    memcpy(text, bytes, len);
    text[len] = 0;
    return fnmatch(glob, text, 0) == 0;
}

static int kind_of(uint32_t name) {
    int kind =
        name < REMEMBERED ? atomic_load_explicit(&capture.kind_of[name], memory_order_relaxed) : UNKNOWN;
    if (kind == UNKNOWN) {
        const preload_settings *s = &capture.settings;
        kind = NEITHER;
        if (name && s->capture_range[0] && matches(s->capture_range, name)) {
            kind = WINDOW;
        } else if (name && s->capture != PRELOAD_CAPTURE_ALL && s->level != PRELOAD_PHASES &&
                   matches(s->request, name)) {
            kind = REQUEST;
        }
        if (name < REMEMBERED) {
            atomic_store_explicit(&capture.kind_of[name], (unsigned char)kind, memory_order_relaxed);
        }
    }
    return kind;
}

bool preload_capture_push(preload_thread *t, uint32_t name) {
    int kind = kind_of(name);
    if (kind == NEITHER || (kind == REQUEST && atomic_load(&capture.directed)) ||
        (kind == WINDOW && t->window_depth) || (kind == REQUEST && t->request_depth)) {
        return false;
    }
    preload_guard guard = preload_guard_enter();
    preload_lock(&capture.lock);
    if (kind == REQUEST && atomic_load(&capture.directed)) {
        /* the target's own word came first */
    } else if (kind == REQUEST) {
        t->request_depth = t->default_depth + 1;
        /* The first is not watched, the second is, and so on: pairs of neighbours are compared. */
        capture.request_watched = capture.requests++ % 2 == 1;
    } else {
        t->window_depth = t->default_depth + 1;
        capture.windows++;
    }
    bool switched = settle_and_unlock(t);
    preload_guard_leave(&guard);
    return switched;
}

static void close_window(preload_thread *t) {
    preload_guard guard = preload_guard_enter();
    t->window_depth = 0;
    preload_lock(&capture.lock);
    capture.windows--;
    settle_and_unlock(t);
    preload_guard_leave(&guard);
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
    preload_guard guard = preload_guard_enter();
    atomic_store(&capture.profiler_on, start);
    atomic_fetch_add(&capture.profiler_calls, 1);
    /* Whoever has the lock may be waiting for this very callback to end. He looks again behind it. */
    bool locked = in_callback ? preload_trylock(&capture.lock) : (preload_lock(&capture.lock), true);
    if (locked) {
        settle_and_unlock(t);
    }
    preload_guard_leave(&guard);
}

void preload_capture_told(preload_thread *t, bool on) {
    if (capture.settings.capture != PRELOAD_CAPTURE_AUTO || capture.settings.level == PRELOAD_PHASES) {
        return;
    }
    preload_guard guard = preload_guard_enter();
    preload_lock(&capture.lock);
    atomic_store(&capture.directed, true);
    capture.request_watched = on;
    settle_and_unlock(t);
    preload_guard_leave(&guard);
}

void preload_capture_gone(preload_thread *t) {
    preload_lock(&capture.lock);
    if (t && !capture.gone && preload_capture_watching() && capture.settings.level != PRELOAD_PHASES) {
        mark(t, false, preload_now());
    }
    capture.gone = true;
    cupti_session_close(); /* under the lock, so that nobody is switching it on or off, or will */
    preload_unlock(&capture.lock);
}

const char *preload_capture_session_begun(void) {
    preload_lock(&capture.lock);
    const char *problem = switch_cupti(atomic_load(&capture.watching));
    preload_unlock(&capture.lock);
    return problem;
}

void preload_capture_check_time(void) {
    if (capture.settings.time_limit_ns == 0 || capture.expired) {
        return;
    }
    uint64_t now = preload_now();
    preload_thread *t = preload_recorder_thread();
    preload_lock(&capture.lock);
    capture.begun = capture.begun ? capture.begun : now;
    if (now - capture.begun >= capture.settings.time_limit_ns) {
        capture.expired = true;
    }
    settle_and_unlock(t);
}

static bool fork_has_lock;

void preload_capture_lock(void) {
    fork_has_lock = preload_trylock(&capture.lock);
}

void preload_capture_unlock(void) {
    if (fork_has_lock) {
        preload_unlock(&capture.lock);
    }
}

void preload_capture_after_fork(void) {
    capture.windows = 0;
    capture.gone = false;
    atomic_store(&capture.watching, wanted());
    preload_capture_unlock();
    if (!fork_has_lock) {
        pthread_mutex_init(&capture.lock, NULL);
    }
}
