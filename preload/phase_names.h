/* Names of ranges by which the target itself marks its requests and phases: within them the Python helper opens no ranges. */
#ifndef PRELOAD_PHASE_NAMES_H
#define PRELOAD_PHASE_NAMES_H

#include <stdbool.h>
#include <stdint.h>

/* Returns whether the string with this id names a request, a phase or a step (docs/attribution.md). */
bool preload_phase_name(uint32_t name);

#endif
