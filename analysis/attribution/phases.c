/* The phases of a request: their names, and which ranges they are. */
#include "analysis/attribution/phases.h"

const char *attribution_phase_name(attribution_phase phase) {
    static const char *const names[] = {
        [ATTRIBUTION_VISION] = "vision",
        [ATTRIBUTION_PREFILL] = "prefill",
        [ATTRIBUTION_DECODE] = "decode",
        [ATTRIBUTION_PHASES] = "-",
    };
    return names[phase];
}

attribution_phase attribution_phase_of_role(names_role role) {
    switch (role) {
    case NAMES_ROLE_VISION:
        return ATTRIBUTION_VISION;
    case NAMES_ROLE_PREFILL:
        return ATTRIBUTION_PREFILL;
    case NAMES_ROLE_DECODE:
        return ATTRIBUTION_DECODE;
    default:
        return ATTRIBUTION_PHASES;
    }
}
