/* Whether this thread is inside something of the recorder's or of CUDA's: a signal handler may have
 * interrupted it, and may have left it for ever by siglongjmp. So the one who enters leaves a token on the
 * stack; while its frame lives, whoever runs inside it lies deeper in the stack, and finds the token. */
#ifndef PRELOAD_REENTRY_H
#define PRELOAD_REENTRY_H

#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct {
    const volatile uint64_t *at; /* the token, in the frame of whoever entered; NULL: nobody is inside */
    uint64_t token;
} preload_reentry;

static inline bool preload_on_signal_stack(void) {
    stack_t stack;
    return sigaltstack(NULL, &stack) == 0 && (stack.ss_flags & SS_ONSTACK);
}

/* A handler's own stack may lie anywhere. It is asked for only where something else than the usual is so. */
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

/* `frame` is a variable of the caller's, which lives until preload_leave. */
static inline void preload_enter(preload_reentry *inside, volatile uint64_t *frame) {
    *frame = ++inside->token;
    inside->at = frame;
    atomic_signal_fence(memory_order_seq_cst);
}

static inline void preload_leave(preload_reentry *inside) {
    atomic_signal_fence(memory_order_seq_cst);
    inside->at = NULL;
}

#endif
