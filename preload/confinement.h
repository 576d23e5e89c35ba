/* The target gives up rights: what the recorder then may not do any more. */
#ifndef PRELOAD_CONFINEMENT_H
#define PRELOAD_CONFINEMENT_H

#include <stdbool.h>

/* Whether a file may be opened, also one of /proc: else that would end the process. */
bool preload_may_open(void);
void preload_forbid_opening(void);

#endif
