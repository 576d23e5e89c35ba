/* Whether CUDA calls and GPU work are recorded now; capture.h decides it. */
#ifndef PRELOAD_PROFILING_STATE_H
#define PRELOAD_PROFILING_STATE_H

#include <stdbool.h>
#include <stdint.h>

bool preload_profiling(void);
/* Changes whenever profiling begins or ends: what was under way then may lack its beginning or its end. */
uint32_t preload_profiling_epoch(void);

/* From the beginning on, and in a fork's child. */
void preload_profiling_init(bool on);
/* Profiling begins or ends. */
void preload_profiling_change(bool on);

#endif
