/* Detects whether this thread is inside an operation of the recorder or of CUDA. A signal handler may have interrupted the
 * operation, and may have abandoned it by siglongjmp. So preload_enter stores a token in the stack frame: as long as that
 * frame exists, code that runs inside it is deeper in the stack and finds the token. */
#ifndef PRELOAD_REENTRY_H
#define PRELOAD_REENTRY_H

#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct {
    const volatile uint64_t *at; /* address of the token, in the frame that entered; NULL: outside */
    uint64_t token;
} preload_reentry;

/* Returns whether this thread runs on an alternate signal stack. */
static inline bool preload_on_signal_stack(void) {
    stack_t stack;
    return sigaltstack(NULL, &stack) == 0 && (stack.ss_flags & SS_ONSTACK);
}

/* Returns whether the thread is inside the operation. An alternate signal stack may be at any address; that costs a system call,
 * and is checked only when the addresses are out of order. */
__attribute__((no_sanitize("address", "thread"))) static inline bool
preload_is_reentry(const preload_reentry *inside) {
    if (!inside->at) {
        return false;
    }
    if ((uintptr_t)inside->at < (uintptr_t)__builtin_frame_address(0)) {
        return preload_on_signal_stack();
    }
    return *inside->at == inside->token;
}

/* Enters the operation. `frame` is a local variable of the caller, which exists until preload_leave. */
static inline void preload_enter(preload_reentry *inside, volatile uint64_t *frame) {
    *frame = ++inside->token;
    inside->at = frame;
    atomic_signal_fence(memory_order_seq_cst);
}

/* Leaves the operation. */
static inline void preload_leave(preload_reentry *inside) {
    atomic_signal_fence(memory_order_seq_cst);
    inside->at = NULL;
}

#endif
