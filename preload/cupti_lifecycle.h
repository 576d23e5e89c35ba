/* The CUPTI session's life in a process, and what CUPTI tells of the target's calls. */
#ifndef PRELOAD_CUPTI_LIFECYCLE_H
#define PRELOAD_CUPTI_LIFECYCLE_H

#include <stdbool.h>

/* CUDA is about to be used: starts CUPTI, once, if the level wants it. */
void preload_cupti_begin(void);
/* Waits while another thread starts CUPTI, but not for ever: what is launched before CUPTI is there is not recorded, and
 * then counted as dropped. To be called outside of CUDA only. */
void preload_cupti_await(void);
/* Whether that was tried. */
bool preload_cupti_begun(void);
/* CUDA is being initialised, successfully as far as it got. */
void preload_cupti_initialized(void);
/* CUDA has been used with success: what comes later than its initialisation is done now. Exit handlers run in the reverse
 * order of their registration, and the recorder's must run before those that CUDA registers while it
 * initialises. */
void preload_cupti_used(void);
/* CUPTI would not begin to record: ends its session and says so. No lock may be held. */
void preload_cupti_refused(const char *problem);
/* Another tool in this process asks for CUPTI: ends our session, for good. */
void preload_cupti_yield(void);
/* Ends the session, if it is there to be ended: true for the one caller that did. */
bool preload_cupti_end(void);
/* The same before CUDA's own exit handler, which ends all delivery; GPU work that is issued later is not recorded. */
void preload_cupti_end_at_exit(void);
bool preload_cupti_ended_at_exit(void);
/* After fork in the child. */
void preload_cupti_after_fork(void);

#endif
