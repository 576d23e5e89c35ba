/* The phases of a request. */
#ifndef ATTRIBUTION_PHASES_H
#define ATTRIBUTION_PHASES_H

#include "analysis/names/range_rules.h"

/* In the order within a request. ATTRIBUTION_PHASES means "in no phase". */
typedef enum {
    ATTRIBUTION_VISION,
    ATTRIBUTION_PREFILL,
    ATTRIBUTION_DECODE,
    ATTRIBUTION_MIXED, /* a server's step of prompts and decoded tokens */
    ATTRIBUTION_DRAFT, /* a server's step of the draft model */
    ATTRIBUTION_IDLE,  /* a server's step without requests */
    ATTRIBUTION_PHASES
} attribution_phase;

/* Returns the phase's name, as reports print it: "vision", "prefill", "decode", ...; "-" for ATTRIBUTION_PHASES. */
const char *attribution_phase_name(attribution_phase phase);

/* Returns the phase of a range with this role; ATTRIBUTION_PHASES if the range is not a phase. */
attribution_phase attribution_phase_of_role(names_role role);

#endif
