/* Ranges by which a target marks its requests and phases itself: within them the Python helper opens none. */
#ifndef PRELOAD_PHASE_NAMES_H
#define PRELOAD_PHASE_NAMES_H

#include <stdbool.h>
#include <stdint.h>

/* Whether the string with this id names a request, a phase or a step (docs/attribution.md). */
bool preload_phase_name(uint32_t name);

#endif
