/* NVTX: how the target's ranges, marks and names reach the recorder. */
#ifndef PRELOAD_NVTX_H
#define PRELOAD_NVTX_H

#include <stdint.h>

/* Ranges and marks that the recorder's own code makes for the target, as if by NVTX. Names, and the domain, are string ids;
 * category 0 is none, payload may be NULL. */
void preload_nvtx_push(uint32_t name, uint32_t category, const int64_t *payload);
void preload_nvtx_pop(void);
void preload_nvtx_mark(uint32_t domain, uint32_t name, uint32_t category, const int64_t *payload);

/* A copy of NVTX asks on this thread for the path of the recorder: its first call is under way. */
void preload_nvtx_first_call(void);

#endif
