/* What the writer does that a fork must not split: while it asks the dynamic linker (whose lock the child
 * would find closed for ever), and while it opens or closes the trace (whose descriptor the child must know
 * of, to close it). These take microseconds, and fork and they wait for each other; should one of them not
 * end, because the disk stalls or whoever waits has what the other one needs, they go on all the same. */
#ifndef PRELOAD_FORK_GATE_H
#define PRELOAD_FORK_GATE_H

void preload_fork_gate_enter(void);
void preload_fork_gate_leave(void);

void preload_fork_gate_before_fork(void);
void preload_fork_gate_after_fork_parent(void);
void preload_fork_gate_after_fork_child(void);

#endif
