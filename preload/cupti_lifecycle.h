/* The life cycle of the CUPTI session in a process, and the handling of its callbacks. */
#ifndef PRELOAD_CUPTI_LIFECYCLE_H
#define PRELOAD_CUPTI_LIFECYCLE_H

#include <stdbool.h>

/* Call before CUDA is used: starts CUPTI, once, if the level requires it. */
void preload_cupti_begin(void);
/* Waits, for a limited time, while another thread starts CUPTI: kernels that are launched before are not recorded, but counted
 * as dropped. Must be called outside CUDA calls. */
void preload_cupti_await(void);
/* Returns whether a start was tried. */
bool preload_cupti_begun(void);
/* Call when CUDA has been initialised successfully (so far). */
void preload_cupti_initialized(void);
/* Call when a CUDA call has succeeded: registers the recorder's exit handler. Exit handlers run in the reverse order of their
 * registration, and the recorder's must run before those that CUDA registers while it initialises. */
void preload_cupti_used(void);
/* Ends the session after CUPTI failed to start recording, and warns with the message `problem`. No lock may be held. */
void preload_cupti_refused(const char *problem);
/* Ends the session permanently, because another tool in this process requests CUPTI. */
void preload_cupti_yield(void);
/* Ends the session, if there is one. Returns true to the one caller that ended it. */
bool preload_cupti_end(void);
/* Ends the session before CUDA's exit handler, after which CUPTI delivers nothing; GPU work that is launched later is not
 * recorded. preload_cupti_ended_at_exit returns whether that happened. */
void preload_cupti_end_at_exit(void);
bool preload_cupti_ended_at_exit(void);
/* After fork in the child. */
void preload_cupti_after_fork(void);

#endif
