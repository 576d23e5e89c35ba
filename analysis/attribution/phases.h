/* The phases of a request. */
#ifndef ATTRIBUTION_PHASES_H
#define ATTRIBUTION_PHASES_H

#include "analysis/names/range_rules.h"

/* In the order in which a request has them. ATTRIBUTION_PHASES stands for "in no phase". */
typedef enum {
    ATTRIBUTION_VISION,
    ATTRIBUTION_PREFILL,
    ATTRIBUTION_DECODE,
    ATTRIBUTION_MIXED, /* of a server: prompts and decoded tokens in one step */
    ATTRIBUTION_DRAFT, /* of a server: the draft model's */
    ATTRIBUTION_IDLE,  /* of a server: a step without requests */
    ATTRIBUTION_PHASES
} attribution_phase;

/* "vision", "prefill", "decode", ...; "-" outside of them. */
const char *attribution_phase_name(attribution_phase phase);

/* The phase that a range with this role is, or ATTRIBUTION_PHASES. */
attribution_phase attribution_phase_of_role(names_role role);

#endif
