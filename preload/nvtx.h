/* NVTX: receives the target's ranges, marks and names. */
#ifndef PRELOAD_NVTX_H
#define PRELOAD_NVTX_H

#include <stdint.h>

/* Record a push, a pop and a mark on this thread, as NVTX does, for the Python helper. `name` and `domain` are string ids;
 * category 0: none; payload may be NULL. Pushes and pops are of the default domain. */
void preload_nvtx_push(uint32_t name, uint32_t category, const int64_t *payload);
void preload_nvtx_pop(void);
void preload_nvtx_mark(uint32_t domain, uint32_t name, uint32_t category, const int64_t *payload);

/* Call when a copy of NVTX reads NVTX's environment variable on this thread: its first call is in progress. */
void preload_nvtx_first_call(void);

#endif
