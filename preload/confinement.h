/* The rights that the recorder lost because the target gave them up. */
#ifndef PRELOAD_CONFINEMENT_H
#define PRELOAD_CONFINEMENT_H

#include <stdbool.h>

/* Returns whether the recorder may open files, including those of /proc: a filter of system calls could end the process. */
bool preload_may_open(void);
/* Makes preload_may_open return false from now on. */
void preload_forbid_opening(void);

/* Returns whether the recorder may make threads, which can end later: a filter of system calls could end the process. */
bool preload_may_make_threads(void);
/* Makes preload_may_make_threads return false from now on. */
void preload_forbid_threads(void);

#endif
