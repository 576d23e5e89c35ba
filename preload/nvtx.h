/* NVTX: how the target's ranges, marks and names reach the recorder. */
#ifndef PRELOAD_NVTX_H
#define PRELOAD_NVTX_H

/* A copy of NVTX asks on this thread for the path of the recorder: its first call is under way. */
void preload_nvtx_first_call(void);

#endif
