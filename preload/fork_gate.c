/* See gate.h. */
#include "preload/fork_gate.h"

#include "preload/lock.h"

#include <stdatomic.h>

#define PATIENCE_MS 500u

static pthread_mutex_t gate = PTHREAD_MUTEX_INITIALIZER;
static __thread bool inside; /* this thread has it */
static atomic_bool stuck;    /* somebody has waited in vain, and no other has got through since */

static void wait_for_it(void) {
    inside = preload_lock_for(&gate, atomic_load(&stuck) ? 0 : PATIENCE_MS);
    atomic_store(&stuck, !inside);
}

void preload_fork_gate_enter(void) {
    wait_for_it();
}

void preload_fork_gate_leave(void) {
    if (inside) {
        inside = false;
        preload_unlock(&gate);
    }
}

void preload_fork_gate_before_fork(void) {
    wait_for_it();
}

void preload_fork_gate_after_fork_parent(void) {
    preload_fork_gate_leave();
}

void preload_fork_gate_after_fork_child(void) {
    preload_lock_renew(&gate, inside);
    inside = false;
}
