/* Another tool in the process (such as torch.profiler) requests CUPTI, which serves one tool at a time. The recorder yields: it
 * writes its records, ends its session, and continues with host events. The other tool then finds CUPTI unused. */
#include "preload/cupti_lifecycle.h"
#include "preload/real_symbol.h"
#include "preload/recorder_state.h"

#include <stddef.h>

#define EXPORT __attribute__((visibility("default")))

/* CUPTI_ERROR_UNKNOWN: the real function was not found. */
#define NOT_THERE 999

#define YIELD(name, parameters, arguments)                                                                   \
    EXPORT int name parameters;                                                                              \
    EXPORT int name parameters {                                                                             \
        static preload_real_symbol original;                                                                 \
        int(*function) parameters;                                                                           \
        *(void **)&function = preload_real_symbol_find(&original, #name, __builtin_return_address(0));       \
        preload_cupti_yield();                                                                               \
        return function ? function arguments : NOT_THERE;                                                    \
    }

YIELD(cuptiSubscribe, (void *subscriber, void *callback, void *userdata), (subscriber, callback, userdata))
YIELD(cuptiSubscribe_v2, (void *subscriber, void *callback, void *userdata, void *parameters),
      (subscriber, callback, userdata, parameters))
YIELD(cuptiActivityRegisterCallbacks, (void *requested, void *completed), (requested, completed))
