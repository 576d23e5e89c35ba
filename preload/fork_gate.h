/* Mutual exclusion of forks and sections of the recorder: calls of the dynamic linker (whose lock would stay locked in the
 * child), and the opening and closing of the trace (whose descriptor the child must know to close it). The sections take
 * microseconds. If one does not end, because the disk stalls or of a deadlock, the waiting side continues after half a second. */
#ifndef PRELOAD_FORK_GATE_H
#define PRELOAD_FORK_GATE_H

#include <stdint.h>

/* Begin and end a section of the writer's thread. */
void preload_fork_gate_enter(void);
void preload_fork_gate_leave(void);

/* A section of one of the target's threads: the first call of a copy of NVTX, which loads the recorder while other threads of
 * the target spin, and look-ups by the dynamic linker. Any number of threads may be in such sections at once; a fork waits for
 * each until half a second after its beginning. Sections of one thread may nest. */
typedef struct {
    int slot;       /* -1: no section */
    uint64_t until; /* ns; a fork waits no longer */
} preload_fork_delay;

/* Begins a section, after waiting for a fork that is in progress. */
preload_fork_delay preload_fork_delay_begin(void);
/* Begins a section without waiting: a fork that is in progress waits for it. */
preload_fork_delay preload_fork_delay_begin_at_once(void);
/* Limits the waiting of forks to this time from now. */
void preload_fork_delay_shorten(preload_fork_delay *delay, unsigned milliseconds);
/* Ends the section. */
void preload_fork_delay_end(preload_fork_delay *delay);

/* Around fork (pthread_atfork): before it, after it in the parent, and after it in the child. */
void preload_fork_gate_before_fork(void);
void preload_fork_gate_after_fork_parent(void);
void preload_fork_gate_after_fork_child(void);

#endif
