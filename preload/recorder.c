/* See recorder.h. */
#include "preload/recorder.h"

#include "cupti/cupti_session.h"
#include "preload/cancel_guard.h"
#include "preload/capture.h"
#include "preload/chunk_encoder.h"
#include "preload/clock.h"
#include "preload/confinement.h"
#include "preload/cupti_lifecycle.h"
#include "preload/fork_gate.h"
#include "preload/lock.h"
#include "preload/own_stack.h"
#include "preload/page_alloc.h"
#include "preload/program_name.h"
#include "preload/recorder_state.h"
#include "preload/string_ring.h"
#include "preload/trace_file.h"
#include "preload/warn_once.h"
#include "preload/writer.h"
#include "preload/writer_wake.h"

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <unistd.h>

static struct {
    pid_t pid; /* the recorded process */
    uint64_t alone_since;
    bool gave_up;
    pthread_mutex_t lock;
} recorder = {.lock = PTHREAD_MUTEX_INITIALIZER};

/* ---- fork ---- */

/* Fork holds none of the locks: it goes on to acquire the allocator's, which may be held by a thread whose signal handler
 * waits for a lock of the recorder. The child therefore initialises the locks and the state that they protect anew; whatever
 * it keeps is consistent at any moment. Signals are blocked on this thread meanwhile.
 *
 * A handler that forks after it interrupted the recorder's own code (possible for SIGSEGV and similar signals only) does
 * not wait for the gate either: its child records nothing. */
static __thread bool fork_in_recorder;

#define FORK_PATIENCE_MS 20u /* waits for the writer's end */

static void recorder_before_fork(void) {
    fork_in_recorder = preload_locks_held > 0;
    if (!fork_in_recorder) {
        preload_recorder_be_alone(FORK_PATIENCE_MS);
    }
    preload_hold();
    if (!fork_in_recorder) {
        preload_fork_gate_before_fork();
    }
}

static void recorder_after_fork_parent(void) {
    if (!fork_in_recorder) {
        preload_fork_gate_after_fork_parent();
    }
    preload_release();
}

static void recorder_after_fork_child(void) {
    preload_string_table_after_fork();
    pthread_mutex_init(&recorder.lock, NULL);
    if (fork_in_recorder) {
        atomic_store(&preload_recorder_state, PRELOAD_STOPPED);
    } else {
        preload_threads_after_fork();
        preload_writer_after_fork();
        preload_capture_after_fork();
        preload_cupti_after_fork();
        if (atomic_load(&preload_recorder_state) != PRELOAD_STOPPED) {
            atomic_store(&preload_recorder_state, PRELOAD_IDLE);
        }
        preload_settings_after_fork(preload_recorder_settings());
        preload_fork_gate_after_fork_child();
    }
    preload_release();
}

/* pthread_atfork passes the library's handle here, or NULL for the program. With the program's handle, exit on another
 * thread does not remove the handlers in the middle of a fork. */
/* NOLINTNEXTLINE(bugprone-reserved-identifier,cert-dcl37-c,cert-dcl51-cpp): the C library's name */
extern int __register_atfork(void (*prepare)(void), void (*parent)(void), void (*child)(void), void *library);

/* ---- start ---- */

static void warn_no_writer(void) {
    preload_warn_once("writer", "no thread or no memory for the writer; events are written at exit only");
}

/* A process without CUDA may depend on having one thread: unshare(CLONE_NEWUSER) fails in multithreaded processes, and
 * Python warns when they fork. The writer therefore starts with CUDA, when a thread's buffer is full, or with the first
 * event after this time. */
#define ALONE_NS      100000000u
#define ALONE_MOST_NS 2000000000u

/* In a signal handler at least that signal is blocked. The handler may have interrupted the allocator, which creating a
 * thread needs. */
static bool may_be_in_handler(void) {
    sigset_t blocked;
    return pthread_sigmask(SIG_BLOCK, NULL, &blocked) != 0 || !sigisemptyset(&blocked);
}

static bool is_writer_due(const preload_thread *t) {
    if (preload_cupti_begun()) {
        return true;
    }
    uint64_t alone_ns = preload_now() - recorder.alone_since;
    return alone_ns > ALONE_MOST_NS || ((alone_ns > ALONE_NS || t->drain != t->fill) && !may_be_in_handler());
}

static void start_writer(void) {
    preload_cancel_guard guard = preload_cancel_guard_enter();
    if (preload_trylock(&recorder.lock)) {
        int alone = PRELOAD_ALONE;
        if (atomic_load(&preload_recorder_state) == alone) {
            if (!preload_writer_start()) {
                warn_no_writer();
            }
            atomic_compare_exchange_strong(&preload_recorder_state, &alone, PRELOAD_RECORDING);
        }
        preload_unlock(&recorder.lock);
    }
    preload_cancel_guard_leave(&guard);
}

/* Begins the recording on this thread. No thread waits for another one that does: creating a thread takes the dynamic
 * linker's lock, whose holder a signal handler may have interrupted. */
static void start_recording(preload_thread *t) {
    bool begun = false;
    uint64_t time = 0;
    preload_cancel_guard guard = preload_cancel_guard_enter();
    if (!preload_trylock(&recorder.lock)) {
        preload_cancel_guard_leave(&guard);
        return;
    }
    if (atomic_load(&preload_recorder_state) == PRELOAD_IDLE) {
        begun = true;
        time = preload_now();
        preload_file_begin(time);
        atomic_store(&preload_recorder_state, PRELOAD_STARTING);
        recorder.pid = getpid();
        preload_clock_begin();
        if (preload_recorder_settings()->complaint[0]) {
            preload_warn_once("settings", "%s", preload_recorder_settings()->complaint);
        }
        if (!preload_writer_init(preload_recorder_settings())) {
            warn_no_writer();
        }
        recorder.alone_since = time;
        atomic_store(&preload_recorder_state, PRELOAD_ALONE);
    }
    preload_unlock(&recorder.lock);
    if (begun) {
        preload_capture_begin(t, time);
    }
    preload_cancel_guard_leave(&guard);
}

static void move_on(preload_thread *t) {
    int state = atomic_load(&preload_recorder_state);
    if (state == PRELOAD_IDLE) {
        start_recording(t);
    } else if (state == PRELOAD_ALONE && is_writer_due(t)) {
        start_writer();
    }
}

static bool is_recording(void) {
    int state = atomic_load(&preload_recorder_state);
    return (state == PRELOAD_ALONE || state == PRELOAD_RECORDING) && recorder.pid == getpid();
}

/* ---- stop ---- */

/* A signal handler that ends the process may have interrupted CUDA or the recorder on this thread, so that neither can be
 * called. Records that CUPTI has delivered are still written. */
static bool is_thread_interrupted(void) {
    const preload_thread *t = preload_thread_known();
    return preload_locks_held > 0 || cupti_session_locked() || (t && preload_thread_in_cuda(t));
}

/* Appends the events that wait for this thread's next event, since there will be none. */
static void settle_last_event(void) {
    preload_thread *t = preload_thread_known();
    if (t) {
        preload_thread_end_cut_call(t);
        preload_thread_settle(t);
    }
}

/* Called on a stack of its own, since a signal handler's may be small. */
static void finish_recording(void *argument) {
    const char *reason = *(const char **)argument;
    preload_cancel_guard guard = preload_cancel_guard_enter();
    bool interrupted = is_thread_interrupted();
    if (!interrupted) {
        preload_capture_stop(preload_thread_known());
        preload_cupti_end();
        settle_last_event();
    }
    preload_writer_finish(reason, 2000, !interrupted && !preload_cupti_ended_at_exit());
    preload_recorder_exits_here();
    preload_cancel_guard_leave(&guard);
}

void preload_recorder_stop(const char *reason) {
    int state = atomic_load(&preload_recorder_state);
    if (state == PRELOAD_STOPPED || state == PRELOAD_IDLE) {
        atomic_store(&preload_recorder_state, PRELOAD_STOPPED);
        return;
    }
    /* A child created without fork handlers shares its parent's state: the trace belongs to the parent. */
    if (recorder.pid != getpid() ||
        atomic_exchange(&preload_recorder_state, PRELOAD_STOPPED) == PRELOAD_STOPPED) {
        return;
    }
    preload_on_own_stack(finish_recording, &reason);
}

static void finish_leaving(void *unused) {
    (void)unused;
    preload_cancel_guard guard = preload_cancel_guard_enter();
    if (!is_thread_interrupted() && cupti_session_active()) {
        preload_writer_flush_cupti(200);
    }
    preload_writer_finish("_exit", 200, false);
    preload_cancel_guard_leave(&guard);
}

void preload_recorder_leave(void) {
    /* A child of vfork shares its parent's memory and must not change it. */
    if (is_recording() && atomic_exchange(&preload_recorder_state, PRELOAD_STOPPED) != PRELOAD_STOPPED) {
        preload_on_own_stack(finish_leaving, NULL);
    }
}

typedef struct {
    const char *reason;
    bool done;
} closing;

static void close_trace(void *argument) {
    closing *c = argument;
    preload_cancel_guard guard = preload_cancel_guard_enter();
    cupti_session_deliver();
    c->done = preload_writer_close(c->reason, 2000);
    preload_cancel_guard_leave(&guard);
}

bool preload_recorder_before_exec(const char *reason) {
    closing c = {.reason = reason, .done = false};
    if (is_recording() && !is_thread_interrupted()) {
        preload_on_own_stack(close_trace, &c);
    }
    return c.done;
}

void preload_recorder_after_failed_exec(void) {
    preload_cancel_guard guard = preload_cancel_guard_enter();
    preload_writer_reopen();
    preload_cancel_guard_leave(&guard);
}

/* ---- the target drops privileges ---- */

void preload_recorder_before_confinement(void) {
    if (is_recording() && !is_thread_interrupted()) {
        preload_cancel_guard guard = preload_cancel_guard_enter();
        preload_writer_keep_file(2000);
        preload_cancel_guard_leave(&guard);
    }
}

/* Only without CUDA, which has its own threads. */
void preload_recorder_be_alone(unsigned patience_ms) {
    if (is_recording() && !is_thread_interrupted() && !preload_cupti_begun() &&
        atomic_load(&preload_recorder_state) == PRELOAD_RECORDING) {
        int recording = PRELOAD_RECORDING;
        preload_cancel_guard guard = preload_cancel_guard_enter();
        preload_writer_end(patience_ms);
        recorder.alone_since = preload_now();
        atomic_compare_exchange_strong(&preload_recorder_state, &recording, PRELOAD_ALONE);
        preload_cancel_guard_leave(&guard);
    }
}

void preload_recorder_give_up(const char *why) {
    preload_forbid_opening();
    if (is_recording()) {
        preload_warn_once("confined", "%s; nothing is recorded from here on", why);
        preload_recorder_stop("seccomp");
        recorder.gave_up = true;
        preload_writer_end(2000);
    } else {
        atomic_store(&preload_recorder_state, PRELOAD_STOPPED);
    }
}

/* ---- start of the recording ---- */

static void end_gpu(void *unused) {
    (void)unused;
    preload_cancel_guard guard = preload_cancel_guard_enter();
    preload_capture_stop(preload_thread_known());
    preload_cupti_end_at_exit();
    preload_writer_write(2000);
    preload_cancel_guard_leave(&guard);
}

/* The process exits. Handlers that were registered before CUDA was used still follow, and may open ranges. */
static void end_gpu_at_exit(void) {
    if (is_recording() && !is_thread_interrupted()) {
        preload_on_own_stack(end_gpu, NULL);
    }
}

/* Runs after the recorder's own destructor on the same thread. */
static void count_late_event(void) {
    if (recorder.gave_up) {
        return; /* not permitted */
    }
    preload_cancel_guard guard = preload_cancel_guard_enter();
    preload_threads_lose_event();
    preload_writer_amend(200);
    preload_cancel_guard_leave(&guard);
}

void preload_recorder_init(void) {
    preload_warn_init();
    preload_clock_init();
    preload_program_name_init();
    preload_settings_read(preload_recorder_settings());
    preload_recorder_state_init(move_on, end_gpu_at_exit, count_late_event);
    preload_threads_init(preload_capture_thread_ends);
    preload_capture_init(preload_recorder_settings(), preload_cupti_refused);
    preload_string_ring_init(preload_writer_wake);
    preload_page_alloc_init(preload_recorder_settings()->memory_bytes, PRELOAD_CHUNK_ENCODER_BYTES);
    __register_atfork(recorder_before_fork, recorder_after_fork_parent, recorder_after_fork_child, NULL);
}

void preload_recorder_disable(void) {
    atomic_store(&preload_recorder_state, PRELOAD_STOPPED);
}
