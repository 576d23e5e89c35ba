/* See fork_gate.h. */
#include "preload/fork_gate.h"

#include "preload/clock.h"
#include "preload/lock.h"

#include <stdatomic.h>
#include <sys/syscall.h>
#include <unistd.h>

#define PATIENCE_MS 500u
#define PATIENCE_NS (PATIENCE_MS * (uint64_t)1000000)

static pthread_mutex_t gate = PTHREAD_MUTEX_INITIALIZER;
static __thread bool gate_held; /* this thread holds the gate */
static atomic_bool gate_stuck;  /* a waiter timed out, and no other thread has passed since */

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

/* ---- what forks of other threads wait for ---- */

#define SLOTS 64u

/* The time until which fork waits for the holder of a slot; 0: the slot is free. An expired slot may be reused. */
static atomic_uint_fast64_t delay_until[SLOTS];
static atomic_uint forking;
static __thread bool forking_here;
static __thread uint64_t own_slots; /* bit i: this thread holds slot i */

static void pause_fork_wait(void) {
    struct timespec pause = {.tv_nsec = 50000};
    syscall(SYS_nanosleep, &pause, NULL); /* a system call, since the function is a cancellation point */
}

static bool acquire_slot(unsigned i, uint64_t now, uint64_t until) {
    uint64_t held = atomic_load(&delay_until[i]);
    return held < now && !(own_slots >> i & 1) &&
           atomic_compare_exchange_strong(&delay_until[i], &held, until);
}

static void release_slot(preload_fork_delay *delay) {
    uint64_t held = delay->until;
    if (delay->slot >= 0) {
        atomic_compare_exchange_strong(&delay_until[delay->slot], &held, 0);
    }
    delay->slot = -1;
}

/* Whether another thread is forking, so that this one waits, unless the fork may be waiting for it. */
static bool must_wait_for_fork(void) {
    return atomic_load(&forking) > 0 && !forking_here && own_slots == 0;
}

static preload_fork_delay acquire_any_slot(uint64_t now) {
    preload_fork_delay delay = {.slot = -1, .until = now + PATIENCE_NS};
    for (unsigned i = 0; i < SLOTS && delay.slot < 0; i++) {
        if (acquire_slot(i, now, delay.until)) {
            delay.slot = (int)i;
        }
    }
    return delay;
}

static preload_fork_delay own_slot(preload_fork_delay delay) {
    if (delay.slot >= 0) {
        own_slots |= (uint64_t)1 << delay.slot;
    }
    return delay;
}

preload_fork_delay preload_fork_delay_begin_at_once(void) {
    return own_slot(acquire_any_slot(preload_clock_of(CLOCK_MONOTONIC)));
}

preload_fork_delay preload_fork_delay_begin(void) {
    uint64_t begin = preload_clock_of(CLOCK_MONOTONIC), now = begin;
    preload_fork_delay delay = acquire_any_slot(now);
    /* Fork reads the slots after it has counted itself, so that one of the two sees the other. */
    while (must_wait_for_fork() && now - begin < PATIENCE_NS) {
        release_slot(&delay);
        pause_fork_wait();
        now = preload_clock_of(CLOCK_MONOTONIC);
        delay = acquire_any_slot(now);
    }
    return own_slot(delay);
}

void preload_fork_delay_shorten(preload_fork_delay *delay, unsigned milliseconds) {
    uint64_t held = delay->until;
    delay->until = preload_clock_of(CLOCK_MONOTONIC) + milliseconds * (uint64_t)1000000;
    if (delay->slot >= 0) {
        atomic_compare_exchange_strong(&delay_until[delay->slot], &held, delay->until);
    }
}

void preload_fork_delay_end(preload_fork_delay *delay) {
    if (delay->slot >= 0) {
        own_slots &= ~((uint64_t)1 << delay->slot);
        release_slot(delay);
    }
}

/* A slot of the forking thread itself was interrupted by the signal handler that forks: the child continues with it. */
static void wait_for_slots(void) {
    for (unsigned i = 0; i < SLOTS; i++) {
        while (!(own_slots >> i & 1) && atomic_load(&delay_until[i]) > preload_clock_of(CLOCK_MONOTONIC)) {
            pause_fork_wait();
        }
    }
}

void preload_fork_gate_before_fork(void) {
    atomic_fetch_add(&forking, 1);
    forking_here = true;
    wait_for_slots();
    acquire_fork_gate();
    wait_for_slots(); /* once more, as late as possible: a first call of NVTX may have begun meanwhile */
}

void preload_fork_gate_after_fork_parent(void) {
    preload_fork_gate_leave();
    forking_here = false;
    atomic_fetch_sub(&forking, 1);
}

void preload_fork_gate_after_fork_child(void) {
    for (unsigned i = 0; i < SLOTS; i++) {
        if (!(own_slots >> i & 1)) {
            atomic_store(&delay_until[i], 0);
        }
    }
    atomic_store(&forking, 0);
    forking_here = false;
    preload_lock_renew(&gate, gate_held);
    gate_held = false;
}
