/* The recorder's life in a process: see recorder.h. */
#include "preload/recorder.h"

#include "cupti/cupti_decode.h"
#include "cupti/cupti_session.h"
#include "preload/capture.h"
#include "preload/clock.h"
#include "preload/gate.h"
#include "preload/guard.h"
#include "preload/lock.h"
#include "preload/memory.h"
#include "preload/meta.h"
#include "preload/names.h"
#include "preload/trace_file.h"
#include "preload/writer.h"

#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum { IDLE, STARTING, RECORDING, STOPPED };

/* The CUPTI session: whoever moves it to CUPTI_BUSY starts or ends it, and moves it on. */
enum { CUPTI_NONE, CUPTI_BUSY, CUPTI_OURS, CUPTI_GONE };

static struct {
    preload_settings settings;
    atomic_int state;
    pid_t pid;                /* of the process that is recorded */
    atomic_int cupti;         /* of the states below */
    atomic_bool exit_handler; /* atexit was told after CUDA had begun */
    atomic_bool missed;       /* somebody would have begun the recording, and could not */
    bool child;               /* a fork's child whose parent had CUPTI running */
    pthread_mutex_t lock;
    dev_t stderr_device; /* what standard error was at the start */
    ino_t stderr_inode;
} recorder = {.lock = PTHREAD_MUTEX_INITIALIZER};

/* Standard error may be somebody else's by now, or a pipe that nobody reads: then nothing is said, and above
 * all nothing waits, and no SIGPIPE reaches the target. */
static void say(const char *text) {
    char line[600];
    int len = snprintf(line, sizeof line, "moetrace: %s\n", text);
    struct stat st;
    struct pollfd ready = {.fd = STDERR_FILENO, .events = POLLOUT};
    if (len < 0 || fstat(STDERR_FILENO, &st) || st.st_dev != recorder.stderr_device ||
        st.st_ino != recorder.stderr_inode || poll(&ready, 1, 0) != 1 || !(ready.revents & POLLOUT)) {
        return;
    }
    sigset_t before;
    preload_block_signals(&before);
    bool pended = preload_signal_pends(SIGPIPE);
    if (write(STDERR_FILENO, line, (size_t)len < sizeof line ? (size_t)len : sizeof line - 1) < 0) {
        preload_swallow_signal(SIGPIPE, pended);
    }
    pthread_sigmask(SIG_SETMASK, &before, NULL);
}

void preload_recorder_note(const char *topic, const char *format, ...) {
    static const char *_Atomic said[16];
    char text[512], key[64];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    snprintf(key, sizeof key, "note.%s", topic);
    preload_meta_set(key, text); /* also in a fork's child, for what its parent has said */
    for (size_t i = 0; i < sizeof said / sizeof said[0]; i++) {
        const char *other = NULL;
        if (atomic_compare_exchange_strong(&said[i], &other, topic)) {
            say(text);
            return;
        }
        if (strcmp(other, topic) == 0) {
            return;
        }
    }
}

/* ---- fork ---- */

/* A handler that forks after it interrupted the recorder's own code (only SIGSEGV and its like do) takes no
 * lock: its child records nothing. */
static __thread bool fork_in_recorder;

static void before_fork(void) {
    fork_in_recorder = preload_locks_held > 0;
    if (!fork_in_recorder) {
        preload_gate_before_fork();
        preload_lock(&recorder.lock);
        preload_writer_lock();
        preload_threads_lock();
        preload_names_lock();
    }
}

static void after_fork_parent(void) {
    if (!fork_in_recorder) {
        preload_names_unlock();
        preload_threads_unlock();
        preload_writer_unlock();
        preload_unlock(&recorder.lock);
        preload_gate_after_fork_parent();
        if (atomic_exchange(&recorder.missed, false) && atomic_load(&recorder.state) == IDLE) {
            preload_recorder_thread();
        }
    }
}

static void after_fork_child(void) {
    if (fork_in_recorder) {
        atomic_store(&recorder.state, STOPPED);
        return;
    }
    preload_names_unlock();
    preload_threads_after_fork();
    preload_writer_after_fork();
    preload_capture_after_fork();
    atomic_store(&recorder.missed, false);
    /* Whatever became of CUPTI in the parent, this process's copy of it is of no use. */
    recorder.child = recorder.child || atomic_load(&recorder.cupti) != CUPTI_NONE;
    atomic_store(&recorder.cupti, CUPTI_NONE);
    cupti_session_forget();
    if (atomic_load(&recorder.state) != STOPPED) {
        atomic_store(&recorder.state, IDLE);
    }
    preload_settings_after_fork(&recorder.settings);
    preload_unlock(&recorder.lock);
    preload_gate_after_fork_child(); /* signals come from here on */
}

/* ---- start ---- */

void preload_recorder_init(void) {
    struct stat st;
    if (fstat(STDERR_FILENO, &st) == 0) {
        recorder.stderr_device = st.st_dev;
        recorder.stderr_inode = st.st_ino;
    }
    preload_clock_init();
    preload_settings_read(&recorder.settings);
    preload_capture_init(&recorder.settings);
    preload_memory_init(recorder.settings.memory_bytes);
    pthread_atfork(before_fork, after_fork_parent, after_fork_child);
}

preload_level preload_recorder_level(void) {
    return recorder.settings.level;
}

/* True for the one caller that began the recording, whose events are all later than *time. Nobody waits for
 * another one who does: making a thread takes the dynamic linker's lock, and a signal handler may have
 * interrupted whoever has that. */
static bool start(uint64_t *time) {
    bool begun = false;
    preload_guard guard = preload_guard_enter();
    if (!preload_trylock(&recorder.lock)) {
        atomic_store(&recorder.missed, true); /* by a fork, perhaps, which does not begin it */
        preload_guard_leave(&guard);
        return false;
    }
    if (atomic_load(&recorder.state) == IDLE) {
        begun = true;
        *time = preload_now();
        preload_file_begin(*time);
        atomic_store(&recorder.state, STARTING);
        recorder.pid = getpid();
        preload_clock_begin();
        if (recorder.settings.complaint[0]) {
            preload_recorder_note("settings", "%s", recorder.settings.complaint);
        }
        if (!preload_writer_start(&recorder.settings)) {
            preload_recorder_note("writer",
                                  "the system gives no thread or no memory; events are written at exit only");
        }
        atomic_store(&recorder.state, RECORDING);
    }
    preload_unlock(&recorder.lock);
    preload_guard_leave(&guard);
    return begun;
}

preload_thread *preload_recorder_thread(void) {
    int state = atomic_load_explicit(&recorder.state, memory_order_relaxed);
    if (state == STOPPED) {
        return NULL;
    }
    preload_thread *t = preload_thread_self();
    uint64_t time;
    if (t && state == IDLE && start(&time)) {
        preload_capture_begin(t, time);
    }
    if (t && t->driver_call) {
        preload_thread_end_cut_call(t);
    }
    return t;
}

/* ---- CUDA ---- */

/* The name of a call that CUPTI tells of, remembered by the call's number. */
static uint32_t call_name(uint32_t call, const char *function) {
    static atomic_uint known[4][1024]; /* by domain and number */
    uint32_t domain = call >> 16, number = call & 0xffff;
    if (domain < 4 && number < 1024) {
        return preload_name_once(&known[domain][number], function);
    }
    return preload_name(NULL, function);
}

/* GPU work is issued on this thread: its correlation id belongs to the call that is under way. One call may
 * issue several pieces; each further one gets an event of its own. */
static void on_work(preload_thread *t, const char *function, uint32_t correlation) {
    if (t->call_correlation == 0) {
        t->call_correlation = correlation;
        t->call_function = function;
    } else if (t->call_correlation != correlation) {
        preload_thread_append_work(t, function, correlation);
    }
}

/* A call that CUPTI tells of: a driver call that issues GPU work or, at level full, any call. Calls inside an
 * interposed call, or inside another one, are part of it; the outermost one (of cuBLAS or Triton, say, which
 * no preload can interpose) is an event. */
static void on_driver_call(uint32_t call, const char *function, bool enter, uint32_t correlation,
                           bool issues_work, const int *result) {
    preload_thread *t = preload_recorder_thread();
    if (!t) {
        return;
    }
    bool part = t->ours || preload_is_inside(&t->call);
    if (!part && enter && !preload_thread_in_driver(t, call)) {
        t->driver_call = call;
        t->driver_frame = (uintptr_t)__builtin_frame_address(0);
        t->driver_correlation = correlation;
        t->driver_epoch = preload_capture_epoch();
        t->call_correlation = 0;
        t->driver_start = preload_now();
    }
    if (enter && issues_work) {
        on_work(t, function, correlation);
    }
    if (!part && !enter && t->driver_call == call && t->driver_correlation == correlation) {
        trace_host_event e = {.kind = TRACE_HOST_API,
                              .time = t->driver_start,
                              .duration = preload_now() - t->driver_start,
                              .name = call_name(call, function),
                              .correlation =
                                  t->call_correlation == t->told_correlation ? 0 : t->call_correlation,
                              .result = result ? *result : 0,
                              .no_result = !result};
        t->told_correlation = t->call_correlation;
        t->driver_call = 0;
        preload_thread_append(t, &e);
        preload_recorder_cuda_used();
    }
}

static void on_graph(uint32_t graph, uint64_t node, uint64_t original) {
    preload_thread *t = preload_recorder_thread();
    if (t) {
        trace_host_event e = {.kind = node ? TRACE_HOST_NODE : TRACE_HOST_GRAPH,
                              .time = preload_now(),
                              .id = node ? node : graph,
                              .graph = graph,
                              .payload = original};
        preload_thread_append(t, &e);
    }
}

static void at_exit(void) {
    preload_recorder_stop("exit");
}

static void on_profiler(bool start) {
    preload_capture_profiler(start, true);
}

/* This thread's stream if the recording has begun: what cannot be recorded is no reason to begin it. */
static preload_thread *thread_of_recording(void) {
    return atomic_load(&recorder.state) == IDLE ? NULL : preload_recorder_thread();
}

/* What is wrong, or NULL. */
static const char *start_cupti(void) {
    const cupti_hooks hooks = {.now = preload_now,
                               .driver_call = on_driver_call,
                               .graph = on_graph,
                               .context = preload_recorder_cuda_used,
                               .profiler = recorder.settings.start_paused ? on_profiler : NULL,
                               .buffer_ready = preload_writer_wake,
                               .allocate = preload_memory_map};
    cupti_decode_reserve(preload_memory_map);
    const char *library = recorder.settings.cupti[0] ? recorder.settings.cupti : NULL;
    return cupti_session_start(&hooks, library, recorder.settings.level == PRELOAD_FULL);
}

void preload_recorder_cuda(void) {
    int none = CUPTI_NONE;
    if (atomic_load_explicit(&recorder.cupti, memory_order_relaxed) != CUPTI_NONE ||
        recorder.settings.level == PRELOAD_PHASES || atomic_load(&recorder.state) == STOPPED ||
        !atomic_compare_exchange_strong(&recorder.cupti, &none, CUPTI_BUSY)) {
        return;
    }
    preload_guard guard = preload_guard_enter();
    preload_clock_begin();
    const char *problem = recorder.child ? "" : start_cupti();
    bool held = problem && cupti_session_is_held();
    if (!problem && (problem = preload_capture_session_begun(thread_of_recording()))) {
        cupti_session_finish();
    }
    if (problem) {
        preload_recorder_note(
            "cupti", "%s%s",
            recorder.child ? "this process was forked after CUDA was in use; its GPU work is not recorded"
                           : "kernels are not recorded: ",
            problem);
        preload_capture_gone(thread_of_recording(), held);
    }
    atomic_store(&recorder.cupti, problem ? CUPTI_GONE : CUPTI_OURS);
    preload_guard_leave(&guard);
}

void preload_recorder_cupti_refused(const char *problem) {
    cupti_session_finish(); /* what was recorded before is delivered, and CUPTI left as it was found */
    preload_recorder_note("cupti", "kernels are not recorded: %s", problem);
    atomic_store(&recorder.cupti, CUPTI_GONE);
}

void preload_recorder_cuda_used(void) {
    if (!atomic_load_explicit(&recorder.exit_handler, memory_order_relaxed) &&
        !atomic_exchange(&recorder.exit_handler, true)) {
        atexit(at_exit);
    }
}

/* Ends the session, if it is there to be ended: true for the one caller that did. */
static bool end_cupti(void) {
    int ours = CUPTI_OURS;
    if (!atomic_compare_exchange_strong(&recorder.cupti, &ours, CUPTI_BUSY)) {
        return false;
    }
    cupti_session_finish();
    atomic_store(&recorder.cupti, CUPTI_GONE);
    return true;
}

void preload_recorder_yield_cupti(void) {
    preload_guard guard = preload_guard_enter();
    int none = CUPTI_NONE;
    if (atomic_compare_exchange_strong(&recorder.cupti, &none, CUPTI_GONE)) {
        /* Never begun: it must not begin under the other tool's feet. */
        if (recorder.settings.level != PRELOAD_PHASES && atomic_load(&recorder.state) != STOPPED) {
            preload_recorder_note("cupti.yield",
                                  "another tool in this process uses CUPTI; kernels are not recorded");
            preload_capture_gone(thread_of_recording(), true);
        }
    } else {
        /* Another thread may be starting or ending the session: CUPTI is free when it has done so. */
        for (int i = 0; i < 5000 && atomic_load(&recorder.cupti) == CUPTI_BUSY; i++) {
            nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
        }
        if (atomic_load(&recorder.cupti) == CUPTI_OURS) {
            preload_capture_gone(thread_of_recording(), true);
        }
        if (end_cupti()) {
            preload_recorder_note("cupti.yield",
                                  "another tool in this process asks for CUPTI; from here on kernels are not "
                                  "recorded");
        }
    }
    preload_guard_leave(&guard);
}

/* ---- stop ---- */

/* A signal handler that ends the process may have interrupted CUDA or the recorder on this thread: neither
 * can be asked for anything then. What CUPTI has delivered is there all the same. */
static bool is_interrupted(void) {
    const preload_thread *t = preload_thread_known();
    return preload_locks_held > 0 || cupti_session_locked() || (t && preload_thread_in_cuda(t));
}

/* What waits for this thread's next event: there will be none. */
static void settle_last(void) {
    preload_thread *t = preload_thread_known();
    if (t) {
        preload_thread_end_cut_call(t);
        preload_thread_settle(t);
    }
}

void preload_recorder_stop(const char *reason) {
    int state = atomic_load(&recorder.state);
    if (state == STOPPED || state == IDLE) {
        atomic_store(&recorder.state, STOPPED);
        return;
    }
    /* A child that was made without the handlers of fork has its parent's memory: the trace is the parent's.
     */
    if (recorder.pid != getpid() || atomic_exchange(&recorder.state, STOPPED) == STOPPED) {
        return;
    }
    preload_guard guard = preload_guard_enter();
    bool interrupted = is_interrupted();
    if (!interrupted) {
        preload_capture_stop(preload_thread_known());
        end_cupti();
        settle_last();
    }
    preload_writer_finish(reason, 2000, !interrupted);
    preload_guard_leave(&guard);
}

/* Whether this is a signal handler's stack of its own, and too small for what is to be done at the end. */
static bool on_small_stack(void) {
    stack_t stack;
    return sigaltstack(NULL, &stack) == 0 && (stack.ss_flags & SS_ONSTACK) && stack.ss_size < (64u << 10);
}

void preload_recorder_leave(void) {
    /* A vfork's child leaves with its parent's memory, and must not touch it. */
    if (atomic_load(&recorder.state) == RECORDING && recorder.pid == getpid() &&
        atomic_exchange(&recorder.state, STOPPED) == RECORDING) {
        preload_guard guard = preload_guard_enter();
        if (!on_small_stack()) { /* else the trace is what the writer has written so far */
            preload_writer_finish("_exit", 200, false);
        }
        preload_guard_leave(&guard);
    }
}
