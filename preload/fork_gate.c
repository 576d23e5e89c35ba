/* See fork_gate.h. */
#include "preload/fork_gate.h"

#include "preload/lock.h"

#include <stdatomic.h>

#define PATIENCE_MS 500u

static pthread_mutex_t gate = PTHREAD_MUTEX_INITIALIZER;
static __thread bool gate_held; /* this thread has it */
static atomic_bool gate_stuck;  /* somebody has waited in vain, and no other has got through since */

static void acquire_fork_gate(void) {
    gate_held = preload_lock_for(&gate, atomic_load(&gate_stuck) ? 0 : PATIENCE_MS);
    atomic_store(&gate_stuck, !gate_held);
}

void preload_fork_gate_enter(void) {
    acquire_fork_gate();
}

void preload_fork_gate_leave(void) {
    if (gate_held) {
        gate_held = false;
        preload_unlock(&gate);
    }
}

void preload_fork_gate_before_fork(void) {
    acquire_fork_gate();
}

void preload_fork_gate_after_fork_parent(void) {
    preload_fork_gate_leave();
}

void preload_fork_gate_after_fork_child(void) {
    preload_lock_renew(&gate, gate_held);
    gate_held = false;
}
