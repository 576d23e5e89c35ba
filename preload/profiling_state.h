/* Whether CUDA calls and GPU work are recorded now; capture.h decides it. */
#ifndef PRELOAD_PROFILING_STATE_H
#define PRELOAD_PROFILING_STATE_H

#include <stdbool.h>
#include <stdint.h>

/* Returns whether profiling is on. Any thread, lock-free. */
bool preload_profiling(void);
/* Returns a number that changes whenever profiling is switched: a call across a switch may lack its beginning or end. */
uint32_t preload_profiling_epoch(void);

/* Sets the initial state, at the start and in a fork's child. */
void preload_profiling_init(bool on);
/* Switches profiling. */
void preload_profiling_change(bool on);

#endif
