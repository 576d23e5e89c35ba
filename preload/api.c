/* The interposed CUDA calls. Each calls the original, records an event, and returns the original's result, whatever
 * happens in the recorder. */
#include "cupti/cupti_session.h"
#include "preload/api_list.h"
#include "preload/capture.h"
#include "preload/clock.h"
#include "preload/cupti_lifecycle.h"
#include "preload/profiling_state.h"
#include "preload/real_symbol.h"
#include "preload/recorder_state.h"

#define EXPORT __attribute__((visibility("default")))

/* cudaErrorSharedObjectSymbolNotFound: CUDA's own error for a missing function. */
#define NOT_THERE 302

typedef struct {
    preload_thread *thread; /* NULL: this call is not recorded */
    uint64_t start;
    preload_call_class class;
    volatile uint64_t frame;
} call;

static void begin_api_call(call *c, preload_call_class class) {
    if (class != PRELOAD_CALL_SYNC && preload_recorder_level() == PRELOAD_PHASES) {
        return;
    }
    if (!preload_profiling()) {
        return;
    }
    preload_thread *t = preload_recorder_thread();
    if (!t || preload_is_reentry(&t->call)) {
        return; /* a nested call is part of the outer call */
    }
    preload_cupti_begin();
    if (class != PRELOAD_CALL_SYNC) {
        preload_cupti_await();
    }
    preload_enter(&t->call, &c->frame);
    t->call_correlation = 0;
    c->thread = t;
    c->class = class;
    c->start = preload_now();
}

static void end_api_call(const call *c, const char *name, atomic_uint *name_id, cuda_error result) {
    preload_thread *t = c->thread;
    if (!t) {
        return;
    }
    /* else a signal handler's call has discarded this one as abandoned */
    bool alone = t->call.at == &c->frame;
    trace_host_event e = {.kind = TRACE_HOST_API,
                          .time = c->start,
                          .duration = preload_now() - c->start,
                          .name = preload_string_once(name_id, name),
                          .correlation = alone ? t->call_correlation : 0,
                          .result = result};
    if (alone) {
        preload_leave(&t->call);
    }
    preload_thread_append(t, &e);
    if (result == 0) {
        preload_cupti_used();
        if (c->class != PRELOAD_CALL_SYNC && preload_cupti_ended_at_exit()) {
            cupti_session_missed();
        }
    }
}

#define WRAP(name, class, parameters, arguments)                                                             \
    EXPORT cuda_error name parameters;                                                                       \
    EXPORT cuda_error name parameters {                                                                      \
        static preload_real_symbol original;                                                                 \
        static atomic_uint name_id;                                                                          \
        cuda_error(*function) parameters;                                                                    \
        *(void **)&function = preload_real_symbol_find(&original, #name, __builtin_return_address(0));       \
        if (!function) {                                                                                     \
            return NOT_THERE;                                                                                \
        }                                                                                                    \
        call c = {.thread = NULL};                                                                           \
        begin_api_call(&c, PRELOAD_CALL_##class);                                                            \
        cuda_error result = function arguments;                                                              \
        end_api_call(&c, #name, &name_id, result);                                                           \
        return result;                                                                                       \
    }
PRELOAD_CALLS(WRAP)

/* cudaProfilerStart and cudaProfilerStop, cuProfilerStart and cuProfilerStop. */
#define WRAP_PROFILER(name, on)                                                                              \
    EXPORT cuda_error name(void);                                                                            \
    EXPORT cuda_error name(void) {                                                                           \
        static preload_real_symbol original;                                                                 \
        cuda_error (*function)(void);                                                                        \
        *(void **)&function = preload_real_symbol_find(&original, #name, __builtin_return_address(0));       \
        preload_capture_profiler(on, false);                                                                 \
        return function ? function() : NOT_THERE;                                                            \
    }
WRAP_PROFILER(cudaProfilerStart, true)
WRAP_PROFILER(cudaProfilerStop, false)
WRAP_PROFILER(cuProfilerStart, true)
WRAP_PROFILER(cuProfilerStop, false)
