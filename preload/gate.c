/* See gate.h. */
#include "preload/gate.h"

#include "preload/lock.h"

#include <stdatomic.h>

#define PATIENCE_MS 500u

static pthread_mutex_t gate = PTHREAD_MUTEX_INITIALIZER;
static __thread bool passed;
static atomic_bool stuck; /* a fork has waited in vain, and no other has got through since */

void preload_gate_enter(void) {
    preload_lock(&gate);
}

void preload_gate_leave(void) {
    preload_unlock(&gate);
}

void preload_gate_before_fork(void) {
    passed = preload_lock_for(&gate, atomic_load(&stuck) ? 0 : PATIENCE_MS);
    atomic_store(&stuck, !passed);
}

void preload_gate_after_fork_parent(void) {
    if (passed) {
        preload_unlock(&gate);
    }
}

void preload_gate_after_fork_child(void) {
    preload_lock_renew(&gate, passed);
}
