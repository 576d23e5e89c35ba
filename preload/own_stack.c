/* See own_stack.h. */
#include "preload/own_stack.h"

#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <ucontext.h>

#define SMALL_STACK (64u << 10)
#define OWN_STACK   (256u << 10)

static struct {
    atomic_flag taken;
    void (*function)(void *argument);
    void *argument;
    ucontext_t here, there;
    char bytes[OWN_STACK] __attribute__((aligned(16)));
} own_stack = {.taken = ATOMIC_FLAG_INIT};

static bool is_on_small_signal_stack(void) {
    stack_t stack;
    return sigaltstack(NULL, &stack) == 0 && (stack.ss_flags & SS_ONSTACK) && stack.ss_size < SMALL_STACK;
}

static void run_on_own_stack(void) {
    own_stack.function(own_stack.argument);
}

void preload_on_own_stack(void (*function)(void *argument), void *argument) {
    if (!is_on_small_signal_stack()) {
        function(argument);
    } else if (!atomic_flag_test_and_set(&own_stack.taken)) {
        own_stack.function = function;
        own_stack.argument = argument;
        if (getcontext(&own_stack.there) == 0) {
            own_stack.there.uc_link = &own_stack.here;
            own_stack.there.uc_stack = (stack_t){.ss_sp = own_stack.bytes, .ss_size = sizeof own_stack.bytes};
            makecontext(&own_stack.there, run_on_own_stack, 0);
            swapcontext(&own_stack.here, &own_stack.there);
        }
        atomic_flag_clear(&own_stack.taken);
    }
}
