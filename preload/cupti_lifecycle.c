/* See cupti_lifecycle.h. */
#include "preload/cupti_lifecycle.h"

#include "cupti/cupti_decode.h"
#include "cupti/cupti_session.h"
#include "preload/cancel_guard.h"
#include "preload/capture.h"
#include "preload/clock.h"
#include "preload/page_alloc.h"
#include "preload/profiling_state.h"
#include "preload/recorder_state.h"
#include "preload/string_table.h"
#include "preload/warn_once.h"
#include "preload/writer_wake.h"

#include <stdatomic.h>
#include <time.h>

/* The CUPTI session. The thread that sets CUPTI_STARTS or CUPTI_ENDS starts or ends it, and sets the next state. */
enum { CUPTI_NONE, CUPTI_STARTS, CUPTI_OURS, CUPTI_ENDS, CUPTI_GONE };

static struct {
    atomic_int cupti;         /* of the states above */
    atomic_bool initialized;  /* CUDA has been initialised, or is being */
    atomic_bool exit_handler; /* the exit handler was registered after CUDA had begun */
    atomic_bool ended_at_exit;
    bool child; /* a fork's child whose parent had CUPTI running */
} cuda;

/* The name of a call reported by CUPTI, cached by the call's number. */
static uint32_t id_of_call_name(uint32_t call, const char *function) {
    static atomic_uint known[4][1024]; /* by domain and number */
    uint32_t domain = call >> 16, number = call & 0xffff;
    if (domain < 4 && number < 1024) {
        return preload_string_once(&known[domain][number], function);
    }
    return preload_string_id(NULL, function);
}

/* GPU work is enqueued on this thread: its correlation id belongs to the current call. One call may enqueue several pieces
 * of work; each further piece gets an event of its own. */
static void note_gpu_work(preload_thread *t, const char *function, uint32_t correlation) {
    if (t->call_correlation == 0) {
        t->call_correlation = correlation;
        t->call_function = function;
    } else if (t->call_correlation != correlation) {
        preload_thread_append_work(t, function, correlation);
    }
}

/* A call reported by CUPTI: a driver call that enqueues GPU work or, at level full, any call. Calls inside an interposed
 * or another reported call are part of it; the outermost one (of cuBLAS or Triton, for example, which cannot be
 * interposed) becomes an event. */
static void record_driver_call(uint32_t call, const char *function, bool enter, uint32_t correlation,
                               bool issues_work, const int *result) {
    preload_thread *t = preload_recorder_thread();
    if (!t) {
        return;
    }
    uintptr_t here = (uintptr_t)__builtin_frame_address(0);
    bool part = t->ours || preload_is_reentry(&t->call);
    if (!part && enter && !preload_thread_in_driver(t, call, here)) {
        t->driver_call = call;
        t->driver_frame = here;
        t->driver_correlation = correlation;
        t->driver_epoch = preload_profiling_epoch();
        t->call_correlation = 0;
        t->driver_start = preload_now();
    }
    if (enter && issues_work) {
        note_gpu_work(t, function, correlation);
    }
    if (!part && !enter && t->driver_call == call && t->driver_correlation == correlation) {
        trace_host_event e = {.kind = TRACE_HOST_API,
                              .time = t->driver_start,
                              .duration = preload_now() - t->driver_start,
                              .name = id_of_call_name(call, function),
                              .correlation =
                                  t->call_correlation == t->told_correlation ? 0 : t->call_correlation,
                              .result = result ? *result : 0,
                              .no_result = !result};
        t->told_correlation = t->call_correlation;
        t->driver_call = 0;
        preload_thread_append(t, &e);
        if (e.result == 0) {
            preload_cupti_used();
        }
    }
}

static void record_graph(uint32_t graph, uint64_t node, uint64_t original) {
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

static void obey_profiler_call(bool start) {
    preload_capture_profiler(start, true);
}

/* Returns the problem, or NULL. */
static const char *start_cupti(void) {
    const cupti_hooks hooks = {.now = preload_now,
                               .driver_call = record_driver_call,
                               .graph = record_graph,
                               .context = preload_cupti_used,
                               .profiler =
                                   preload_recorder_settings()->start_paused ? obey_profiler_call : NULL,
                               .buffer_ready = preload_writer_wake,
                               .allocate = preload_page_alloc_map,
                               .keep_name = preload_string_keep};
    cupti_decode_reserve(preload_page_alloc_map);
    const char *library = preload_recorder_settings()->cupti[0] ? preload_recorder_settings()->cupti : NULL;
    return cupti_session_start(&hooks, library, preload_recorder_settings()->level == PRELOAD_FULL);
}

/* Starting takes some 50 ms, and the starting thread may wait for the dynamic linker's lock, which this thread may hold. */
#define START_PATIENCE_NS 500000000u
#define START_POLL_NS     100000

/* This thread starts it. */
static __thread bool starts_here;

void preload_cupti_await(void) {
    if (starts_here || atomic_load_explicit(&cuda.cupti, memory_order_relaxed) != CUPTI_STARTS) {
        return;
    }
    preload_cancel_guard guard = preload_cancel_guard_enter();
    uint64_t begin = preload_now();
    while (atomic_load(&cuda.cupti) == CUPTI_STARTS && preload_now() - begin < START_PATIENCE_NS) {
        nanosleep(&(struct timespec){.tv_nsec = START_POLL_NS}, NULL);
    }
    if (atomic_load(&cuda.cupti) == CUPTI_STARTS) {
        cupti_session_missed();
    }
    preload_cancel_guard_leave(&guard);
}

void preload_cupti_begin(void) {
    int none = CUPTI_NONE;
    if (atomic_load_explicit(&cuda.cupti, memory_order_relaxed) != CUPTI_NONE ||
        preload_recorder_settings()->level == PRELOAD_PHASES || preload_recorder_stopped() ||
        !atomic_compare_exchange_strong(&cuda.cupti, &none, CUPTI_STARTS)) {
        return;
    }
    preload_cancel_guard guard = preload_cancel_guard_enter();
    starts_here = true;
    preload_clock_begin();
    cupti_session_finish(); /* begun in the parent without success */
    const char *problem = cuda.child ? "" : start_cupti();
    bool held = problem && cupti_session_is_held();
    if (!problem && (problem = preload_capture_session_begun(preload_recorder_thread_if_begun()))) {
        cupti_session_finish();
    }
    if (problem) {
        preload_warn_once("cupti", "%s%s",
                          cuda.child
                              ? "this process was forked after CUDA was in use; its GPU work is not recorded"
                              : "kernels are not recorded: ",
                          problem);
        preload_capture_gone(preload_recorder_thread_if_begun(), held);
    }
    atomic_store(&cuda.cupti, problem ? CUPTI_GONE : CUPTI_OURS);
    starts_here = false;
    preload_cancel_guard_leave(&guard);
}

void preload_cupti_refused(const char *problem) {
    cupti_session_finish(); /* delivers what was recorded before, and restores CUPTI's state */
    preload_warn_once("cupti", "kernels are not recorded: %s", problem);
    atomic_store(&cuda.cupti, CUPTI_GONE);
}

bool preload_cupti_begun(void) {
    return atomic_load(&cuda.cupti) != CUPTI_NONE;
}

void preload_cupti_initialized(void) {
    atomic_store(&cuda.initialized, true);
    preload_cupti_begin();
}

void preload_cupti_used(void) {
    if (!atomic_load_explicit(&cuda.initialized, memory_order_relaxed)) {
        atomic_store(&cuda.initialized, true);
    }
    if (!atomic_load_explicit(&cuda.exit_handler, memory_order_relaxed) &&
        !atomic_exchange(&cuda.exit_handler, true)) {
        preload_recorder_register_exit();
    }
}

bool preload_cupti_end(void) {
    int ours = CUPTI_OURS;
    if (!atomic_compare_exchange_strong(&cuda.cupti, &ours, CUPTI_ENDS)) {
        return false;
    }
    cupti_session_finish();
    atomic_store(&cuda.cupti, CUPTI_GONE);
    return true;
}

void preload_cupti_end_at_exit(void) {
    if (preload_cupti_end()) {
        atomic_store(&cuda.ended_at_exit, true);
    }
}

bool preload_cupti_ended_at_exit(void) {
    return atomic_load_explicit(&cuda.ended_at_exit, memory_order_relaxed);
}

static bool is_cupti_moving(void) {
    int state = atomic_load(&cuda.cupti);
    return state == CUPTI_STARTS || state == CUPTI_ENDS;
}

void preload_cupti_yield(void) {
    preload_cancel_guard guard = preload_cancel_guard_enter();
    int none = CUPTI_NONE;
    if (atomic_compare_exchange_strong(&cuda.cupti, &none, CUPTI_GONE)) {
        /* Not begun: it must not begin while the other tool uses CUPTI. */
        if (preload_recorder_settings()->level != PRELOAD_PHASES && !preload_recorder_stopped()) {
            preload_warn_once("cupti.yield",
                              "another tool in this process uses CUPTI; kernels are not recorded");
            preload_capture_gone(preload_recorder_thread_if_begun(), true);
        }
    } else {
        /* Another thread may be starting or ending the session; CUPTI is free afterwards. */
        for (int i = 0; i < 5000 && is_cupti_moving(); i++) {
            nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
        }
        if (atomic_load(&cuda.cupti) == CUPTI_OURS) {
            preload_capture_gone(preload_recorder_thread_if_begun(), true);
        }
        if (preload_cupti_end()) {
            preload_warn_once("cupti.yield",
                              "another tool in this process requests CUPTI; from here on kernels are not "
                              "recorded");
        }
    }
    preload_cancel_guard_leave(&guard);
}

void preload_cupti_after_fork(void) {
    /* The child's copy of the parent's CUPTI session is unusable. If CUDA never began in the parent (for example because
     * no device was visible), it may begin here, and CUPTI with it. */
    cuda.child = cuda.child || (preload_cupti_begun() && atomic_load(&cuda.initialized));
    atomic_store(&cuda.cupti, CUPTI_NONE);
    atomic_store(&cuda.ended_at_exit, false);
    cupti_session_forget(cuda.child);
}
