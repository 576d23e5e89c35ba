/* What the writer does that a fork must not split: while it asks the dynamic linker (whose lock the child
 * would find closed for ever), and while it opens or closes the trace (whose descriptor the child must know
 * of, to close it). These take microseconds, and fork and they wait for each other; should one of them not
 * end, because the disk stalls or whoever waits has what the other one needs, they go on all the same. */
#ifndef PRELOAD_FORK_GATE_H
#define PRELOAD_FORK_GATE_H

#include <stdint.h>

void preload_fork_gate_enter(void);
void preload_fork_gate_leave(void);

/* The same for what a thread of the target does because the recorder is there: the first call of a copy of
 * NVTX, which loads the recorder while other threads of the target spin, and look-ups by the dynamic linker.
 * Any number of threads may be in such a stretch at once; fork waits for each, but never longer than half a
 * second after it began. Stretches of one thread may nest. */
typedef struct {
    int slot; /* -1: no stretch */
    uint64_t until;
} preload_fork_delay;

preload_fork_delay preload_fork_delay_begin(void);
/* The same where a fork that is under way would find the stretch begun already: it is not waited for, and waits. */
preload_fork_delay preload_fork_delay_begin_at_once(void);
/* From now on forks wait this long at most. */
void preload_fork_delay_shorten(preload_fork_delay *delay, unsigned milliseconds);
void preload_fork_delay_end(preload_fork_delay *delay);

void preload_fork_gate_before_fork(void);
void preload_fork_gate_after_fork_parent(void);
void preload_fork_gate_after_fork_child(void);

#endif
